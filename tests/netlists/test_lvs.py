"""netgen reads the exported netlists, matches them with themselves and finds planted errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from circuits.neuron import neuron_circuit
from circuits.structure import Polarity
from circuits.technology import load_technology
from mapping.mapper import map_neuron
from netlists.lvs import lvs_setup
from netlists.writer import cell_text
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster
from tests.netlists.netgen import (
    EQUAL,
    OTHER_SIZES,
    UNEQUAL,
    check_equal,
    needs_netgen,
    netgen,
)

TECHNOLOGIES = ("generic", "sky130", "gf180mcu")


@pytest.mark.parametrize("name", TECHNOLOGIES)
def test_the_setup_names_the_devices(name: str):
    technology = load_technology(name)
    text = lvs_setup(technology)
    for polarity in Polarity:
        assert technology.device(polarity).model in text
    assert text.count("{") == text.count("}")


def test_sizes_are_compared_by_what_they_are_called():
    generic = load_technology("generic")
    named = replace(generic.nmos, prefix="X", width_parameter="wr", length_parameter="lr")
    assert "tolerance {wr 0.01} {lr 0.01} {w 0.01} {l 0.01}" in lvs_setup(
        replace(generic, nmos=named)
    )


def _line(text: str, beginning: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(beginning))


def _less(text: str) -> str:
    """Without the current sink."""
    return text.replace(_line(text, "Xcompensation"), "")


def _swapped(text: str) -> str:
    """An element whose output goes to a slow voltage."""
    line = _line(text, "Xsm2")
    a, b, *rest = line.split()[1:]
    return text.replace(line, " ".join([line.split()[0], b, a, *rest]))


def _wider(text: str) -> str:
    """One device of the OTA is wider by a tenth."""
    line = next(x for x in text.splitlines() if "pair_p" in x)
    width = next(word for word in line.split() if word.startswith("w="))
    number = width[2:].rstrip("u")
    return text.replace(
        line, line.replace(width, f"w={1.1 * float(number):g}{width[2 + len(number) :]}")
    )


def _larger(text: str) -> str:
    """The membrane's capacitor is larger by a tenth."""
    line = _line(text, "Cmembrane")
    *words, value = line.split()
    return text.replace(line, " ".join([*words, f"{1.1 * float(value):g}"]))


@needs_netgen
@pytest.mark.parametrize("name", TECHNOLOGIES)
@pytest.mark.parametrize(
    ("planted", "verdict"),
    [
        (lambda text: text, EQUAL),
        (_less, UNEQUAL),
        (_swapped, UNEQUAL),
        (_wider, OTHER_SIZES),
        (_larger, OTHER_SIZES),
    ],
)
def test_netgen_finds_what_is_planted(
    name: str, planted: Callable[[str], str], verdict: str, tmp_path: Path
):
    technology = load_technology(name)
    circuit = neuron_circuit(map_neuron(burster(), real_cells(), LIMITS), technology)
    text = cell_text(circuit.cell, technology)
    said = netgen(tmp_path, (planted(text), text), circuit.cell.name, technology)
    assert verdict in said, said[-2000:]
    if planted(text) == text:
        check_equal(said)


@needs_netgen
def test_junctions_and_exchanged_ends_are_no_errors(tmp_path: Path):
    def another(text: str) -> str:
        line = next(x for x in text.splitlines() if x.startswith("Xtail"))
        name, drain, gate, source, *rest = line.split()
        rest = [
            f"ad={9.0 if word.startswith('ad=') else 1}" if "d=" in word else word for word in rest
        ]
        return text.replace(line, " ".join([name, source, gate, drain, *rest]))

    test_netgen_finds_what_is_planted("sky130", another, EQUAL, tmp_path)
    assert "Property errors" not in (tmp_path / "out.txt").read_text()
