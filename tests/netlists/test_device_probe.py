"""Devices of libraries that nobody knows: how they are written is measured, not believed."""

from pathlib import Path

import numpy as np
import pytest

from circuits.structure import Polarity, Size
from circuits.technology import Models, SizeStyle
from netlists.device_outline import DeviceOutline, outline
from netlists.device_probe import ProbedDevice, probe, threshold
from netlists.engine import Engine
from netlists.model_source import expand
from netlists.probe_benches import probe_models
from neuron_model.errors import InputError

SUPPLY = 1.8
CARD = """.model {name} {kind} level=54 version=4.5 tnom=27 toxe={oxide} toxp={oxide} toxm={oxide}
+ ndep=1.7e17 vth0={vth0} k1=0.5 k2=0 k3=0 dvt0=0 nfactor=1.1 voff=-0.08 u0=0.03 vsat=9e4
+ cdsc=0 cit=0 eta0=0.01 etab=0 dsub=0.5 capmod=2 diomod=1 jss=1e-6 cjs=1e-3
"""
CARDS = CARD.format(name="n", kind="nmos", vth0=0.45, oxide=4e-9) + CARD.format(
    name="p", kind="pmos", vth0=-0.45, oxide=4e-9
)


def wrapped(ports: str, w: str = "w", length: str = "l") -> str:
    """A subcircuit `x` with these ports around an NMOS; the four are called d, g, s, b inside."""
    return f".subckt x {ports} w=1u l=1u mult=1\nm0 d g s b n w={{{w}}} l={{{length}}}\n.ends\n"


def measured(
    folder: Path,
    engine: Engine,
    text: str,
    name: str = "x",
    polarity: Polarity = Polarity.NMOS,
) -> ProbedDevice:
    path = folder / "lib.sp"
    path.write_text(CARDS + text)
    models = Models("strange", folder, (str(path),))
    return probe(outline(expand(path), name, "lib"), polarity, models, "tt", SUPPLY, engine)


@pytest.mark.ngspice
@pytest.mark.parametrize(("name", "polarity"), [("n", Polarity.NMOS), ("p", Polarity.PMOS)])
def test_a_model_is_written_as_m_elements_are(tmp_path, engine, name, polarity):
    found = measured(tmp_path, engine, "", name, polarity)
    assert found.device.prefix == "M"
    assert found.device.terminals == ("drain", "gate", "source", "bulk")
    assert found.device.size_style == SizeStyle.MICRO
    assert found.device.multiplier == ("m",)
    # electrical thickness: the card's four nanometres and the channel's depth
    assert found.oxide == pytest.approx(4.3e-9, abs=0.3e-9)
    assert found.gate_leakage < 1e-18
    assert 1e-15 < found.off_current < 1e-10


@pytest.mark.ngspice
@pytest.mark.parametrize("ports", ["g d b s", "b s g d", "s b d g", "d g s b"])
def test_terminals_are_found_whatever_their_order(tmp_path, engine, ports):
    names = {"d": "drain", "g": "gate", "s": "source", "b": "bulk"}
    found = measured(tmp_path, engine, wrapped(ports))
    assert found.device.terminals == tuple(names[port] for port in ports.split())


@pytest.mark.ngspice
def test_terminals_that_have_no_names_are_found_too(tmp_path, engine):
    text = ".subckt x 1 2 3 4 w=1u l=1u\nm0 3 1 4 2 n w={w} l={l}\n.ends\n"
    order = measured(tmp_path, engine, text).device.terminals
    assert (order[0], order[1]) == ("gate", "bulk")
    assert sorted(order[2:]) == ["drain", "source"]


@pytest.mark.ngspice
def test_sizes_in_plain_micrometres_are_found_by_the_gates_capacitance(tmp_path, engine):
    """A square of two metres conducts as one of two micrometres does."""
    found = measured(tmp_path, engine, wrapped("d g s b", w="w*1u", length="l*1u"))
    assert found.device.size_style == SizeStyle.PLAIN


@pytest.mark.ngspice
@pytest.mark.parametrize(("scale", "style"), [("0.9", SizeStyle.MICRO), ("0.9u", SizeStyle.PLAIN)])
def test_an_oxide_is_as_thick_in_a_library_that_shrinks(tmp_path, engine, scale, style):
    card = CARDS.replace("n nmos", "n.1 nmos lmin=9e-8 lmax=9e-5 wmin=9e-8 wmax=9e-4")
    (tmp_path / "lib.sp").write_text(f".option scale={scale}\n{card}")
    models = Models("strange", tmp_path, ("lib.sp",))
    device = outline(expand(tmp_path / "lib.sp"), "n", "lib")
    assert device.length == pytest.approx((0.1, 100.0))
    found = probe(device, Polarity.NMOS, models, "tt", SUPPLY, engine)
    assert found.device.size_style == style
    assert found.oxide == pytest.approx(4.2e-9, abs=0.1e-9)


@pytest.mark.ngspice
def test_what_puts_devices_in_parallel(tmp_path, engine):
    assert measured(tmp_path, engine, wrapped("d g s b")).device.multiplier == ("m", "mult")


@pytest.mark.ngspice
def test_sizes_by_another_name_are_written_by_it(tmp_path, engine):
    named = wrapped("d g s b").replace("w=1u l=1u", "wr=1u lr=1u").replace("{w}", "{wr}")
    found = measured(tmp_path, engine, named.replace("{l}", "{lr}"))
    assert found.device.size_parameters == ("wr", "lr")
    assert found.oxide == pytest.approx(4.3e-9, abs=0.3e-9)
    with pytest.raises(InputError, match=r"clearly the length .* \(it has wr, lr, mult\)"):
        measured(tmp_path, engine, named.replace("{l}", "1u"))


@pytest.mark.ngspice
def test_what_is_no_such_transistor_is_refused_by_name(tmp_path, engine):
    with pytest.raises(InputError, match="n is an nmos device, not a pmos one"):
        measured(tmp_path, engine, "", "n", Polarity.PMOS)
    resistor = ".subckt x d g s b w=1u l=1u\nr0 d s 1k\n.ends\n"
    with pytest.raises(InputError, match="x does not conduct as an nmos does between"):
        measured(tmp_path, engine, resistor)


@pytest.mark.ngspice
def test_a_parameter_that_another_file_sets_is_named(tmp_path, engine):
    asking = wrapped("d g s b").replace("w={w}", "w='{w}*(1+stretch)'")
    with pytest.raises(InputError, match="x asks for stretch, which neither .* --include"):
        measured(tmp_path, engine, asking)


def test_five_terminals_are_one_too_many(tmp_path):
    five = DeviceOutline("rf", "X", ("d", "g", "s", "b", "dnw"), {}, frozenset({"nmos"}))
    with pytest.raises(InputError, match="terminals d g s b dnw: a transistor of four"):
        probe(five, Polarity.NMOS, Models("x", tmp_path, ()), "tt", SUPPLY, Engine(1))


@pytest.mark.ngspice
def test_the_threshold_is_that_of_the_card_and_moves_with_it(tmp_path, engine):
    found = {}
    for shift in (0.0, 0.03):
        path = tmp_path / f"{shift}.sp"
        path.write_text(CARDS.replace("vth0=0.45", f"vth0={0.45 + shift}"))
        models = Models("strange", tmp_path, (str(path),))
        device = probe(
            outline(expand(path), "n", "lib"), Polarity.NMOS, models, "tt", SUPPLY, engine
        ).device
        size = Size(4.0, 4.0)
        text = probe_models(models, "tt", device, size)
        found[shift] = threshold(device, Polarity.NMOS, size, text, SUPPLY, engine)
    assert 0.2 < found[0.0] < 0.6
    assert found[0.03] - found[0.0] == pytest.approx(0.03, abs=1e-3)
    with pytest.raises(InputError, match="do not flow at any gate voltage"):
        threshold(device, Polarity.NMOS, size, text, SUPPLY, engine, per_square=np.inf)


LEAKY = """.model {name} {kind} level=54 version=4.5 tnom=27 toxe={oxide} toxp={oxide} toxm={oxide}
+ toxref={oxide} ntox=1 igcmod=1 igbmod=1 aigc=0.0136 bigc=0.0017 cigc=0.075 nigc=1
+ aigsd=0.0136 bigsd=0.0017 cigsd=0.075 poxedge=1 pigcd=1
+ ndep=1.7e17 vth0={vth0} k1=0.5 k2=0 k3=0 dvt0=0 nfactor=1.1 voff=-0.08 u0=0.03 vsat=9e4
+ cdsc=0 cit=0 eta0=0.01 etab=0 dsub=0.5 capmod=2 diomod=1 jss=1e-6 cjs=1e-3
"""


@pytest.mark.ngspice
def test_a_gate_that_leaks_has_the_oxide_of_its_card(tmp_path, engine):
    card = LEAKY.format(name="thin", kind="nmos", vth0=0.4, oxide=2e-9)
    found = measured(tmp_path, engine, card, "thin")
    assert found.gate_leakage > 1e-12
    assert found.oxide == pytest.approx(2.3e-9, abs=0.3e-9)


@pytest.mark.ngspice
def test_a_gate_that_takes_all_at_the_supply_is_looked_at_below_it(tmp_path, engine):
    """Fitted to thin oxides, gate currents of thick ones explode at a supply that no cell's gate
    sees."""
    card = LEAKY.format(name="thick", kind="nmos", vth0=0.5, oxide=6e-9)
    card += "+ aigbinv=0.014 bigbinv=0.009 cigbinv=0.004 nigbinv=3\n"
    found = measured(tmp_path, engine, card, "thick")
    assert found.oxide == pytest.approx(6.4e-9, abs=0.5e-9)
    assert found.device.terminals == ("drain", "gate", "source", "bulk")


@pytest.mark.ngspice
def test_what_is_tried_for_devices_in_parallel_is_told(tmp_path, engine):
    swallowed = "b1 d1 d v=0\nm0 d1 g s b n w={w} l={l} m=1\n.ends\n"
    for given, tried in (("m=1", "m = 2 makes not"), ("m=1 mult=1", "neither m = 2 nor mult = 2")):
        with pytest.raises(InputError, match=tried):
            measured(tmp_path, engine, f".subckt x d g s b w=1u l=1u {given}\n{swallowed}")
