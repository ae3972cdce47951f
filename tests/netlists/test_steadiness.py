"""Libraries whose transistors are drawn: found before anything else, with the true reason."""

import pytest

from circuits.structure import Polarity
from circuits.technology import Models
from netlists.device_outline import outline
from netlists.device_probe import probe
from netlists.model_source import expand
from neuron_model.errors import InputError
from tests.netlists.test_device_probe import CARDS, SUPPLY, measured

DRAWN = """.param sw={switch}
.subckt x d g s b w=1u l=1u mult=1
.param dv=agauss(0,0.0003,1)
m0 d g1 s b n w={{w}} l={{l}}
vdv g1 g {{sw*dv}}
.ends
"""


@pytest.mark.ngspice
def test_models_that_are_drawn_anew_are_refused_before_anything_is_believed(tmp_path, engine):
    for _ in range(3):
        with pytest.raises(InputError, match=r"drawn anew .* dv = agauss.*--parameter sw=0.*tried"):
            measured(tmp_path, engine, DRAWN.format(switch=1))
    assert measured(tmp_path, engine, DRAWN.format(switch=0)).device.prefix == "X"


FET = ".subckt {0} d g s b w=1u l=1u {1}\nm0 d g s b n w={{w}} l={{l}} delvto={{{2}}}\n.ends\n"
INNER = ".subckt x d g s b w=1u l=1u\nx0 d g s b y w={w} l={l} dv={agauss(0,0.01,1)}\n.ends\n"


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        (".func dv(s) {agauss(0,s,1)}\n" + FET.format("x", "", "dv(0.01)"), r"dv\(\) = agauss"),
        (FET.format("x", "dv={agauss(0,0.01,1)}", "dv"), "dv = agauss"),
        (FET.format("y", "dv=0", "dv") + INNER, "dv = agauss.* in the subcircuit x"),
        # the seed makes all runs alike, and still no two transistors
        (".option seed=7\n" + FET.format("x", "", "agauss(0,0.01,1)"), "delvto = agauss"),
    ],
)
def test_wherever_it_is_drawn_and_whatever_the_bins_the_reason_is_the_true_one(
    tmp_path, engine, text, drawn
):
    path = tmp_path / "lib.sp"
    for name in ("n nmos", "n.1 nmos lmin=1e-7 lmax=1e-4 wmin=1e-7 wmax=1e-3"):
        path.write_text(CARDS.replace("n nmos", name) + text)
        models = Models("strange", tmp_path, (str(path),))
        with pytest.raises(InputError, match=f"drawn anew .* {drawn}.*Equal transistors carry"):
            probe(outline(expand(path), "x", "lib"), Polarity.NMOS, models, "tt", SUPPLY, engine)


@pytest.mark.ngspice
def test_a_wrappers_own_switch_of_its_statistics_is_switched_off(tmp_path, engine):
    text = FET.format("x", "on=1 all=1", "all*on*agauss(0,0.01,1)")
    # a parameter by which nothing conducts any more is no switch
    text = text.replace("w={w}", "w={w*all}")
    found = measured(tmp_path, engine, text).device
    assert found.parameters == {"on": 0.0}
    assert found.multiplier == ("m",)


@pytest.mark.ngspice
def test_a_draw_of_two_values_is_refused_every_time(tmp_path, engine):
    two_valued = DRAWN.replace("agauss(0,0.0003,1)", "limit(0,0.02)").format(switch=1)
    for _ in range(8):
        with pytest.raises(InputError, match=r"drawn anew .* dv = limit"):
            measured(tmp_path, engine, two_valued)
