"""Each mismatch set against what the library's own switch draws in plain ngspice.

The decks are written here, from the library's files as they are installed; none of our own draws
takes part in them. Tolerances are those of the numbers of samples, by a chi-squared or F
distribution: with other seeds a test would fail once in a hundred times. These are fixed.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks.amplifier_offsets import drawn_offsets
from circuits.ota import ota
from circuits.structure import Polarity, Size, Transistor
from circuits.technology import Technology, load_technology, with_mismatch_set
from netlists.engine import Engine
from netlists.pdk_cache import PACKAGES

pytestmark = pytest.mark.ngspice

RARE = 0.01
BIAS = 1e-9
SUBCIRCUIT = r"^\.subckt\s+{name}\s.*?^\.ends\b[^\n]*\n"


@dataclass(frozen=True)
class Library:
    """A model library with its mismatch switched on.

    head: deck lines. A kind's text: of a subcircuit ``called`` a name of our own that holds the
    models of devices of one size alone; none where the library's own is called.
    """

    technology: Technology
    head: str
    texts: dict[Polarity, str]
    copies: str
    unit: str = ""

    def deck(self, transistors: Sequence[tuple[Transistor, str]]) -> str:
        """The head, and a line for each transistor under the name that is given with it."""
        kinds = {(t.polarity, t.size.width, t.size.length): t for t, _ in transistors}
        cut = {key: self._cut(t, f"kind{i}") for i, (key, t) in enumerate(kinds.items())}
        lines = [self.head, *(text for text, _ in cut.values())]
        for t, name in transistors:
            size = t.size
            model = cut[t.polarity, size.width, size.length][1]
            copies = self.copies.format(m=size.multiplier)
            sides = f"w={size.width:g}{self.unit} l={size.length:g}{self.unit}"
            lines.append(f"x{name} {' '.join(t.nets)} {model} {sides} {copies}")
        return "\n".join(lines)

    def _cut(self, transistor: Transistor, called: str) -> tuple[str, str]:
        """Text of a subcircuit with the models of one size, and its name."""
        model = self.technology.device(transistor.polarity).model
        text = self.texts.get(transistor.polarity, "")
        found = re.search(SUBCIRCUIT.format(name=model), text, re.M | re.S | re.I)
        if found is None:
            return "", model
        head, *bins = re.split(r"(?=^\.model )", found.group(), flags=re.M)
        *_, end = found.group().splitlines()
        kept = [b for b in bins if _holds(b, transistor.size)]
        assert len(kept) == 1
        body = "".join([head.replace(model, called, 1), *kept])
        return (body if end in body else f"{body}{end}\n"), called


def _holds(model: str, size: Size) -> bool:
    """Whether a bin is that of a size."""
    found = re.findall(r"\b([lw]m(?:in|ax)) = (\S+)", model)
    ends = {key: float(value) for key, value in reversed(found)}  # the first of each counts
    width, length = 1.0000001e-6 * size.width, 1.0000001e-6 * size.length
    return ends["lmin"] < length < ends["lmax"] and ends["wmin"] < width < ends["wmax"]


def sky130(mismatch_set: str) -> Library:
    technology = with_mismatch_set(load_technology("sky130"), mismatch_set)
    folder = PACKAGES["sky130"].folder
    switches = ".param MC_MM_SWITCH=1 MC_PR_SWITCH=0 corner_factor=1 process_mc_factor=1"
    if mismatch_set == "ordinary":
        models = folder / "combined_models/continuous"
        names = ("parameters_fet_tt", "parameters_res_nom", "parameters_cap_nom", "models_global")
        includes = [f".include {models / name}.spice" for name in names]
        text = (models / "models_fet.spice").read_text()
        texts = dict.fromkeys(Polarity, text)
    else:
        fets = {kind: f"sky130_fd_pr__{kind[0]}fet_01v8" for kind in Polarity}
        cells = {
            kind: folder / "cells" / fet.removeprefix("sky130_fd_pr__") / fet
            for kind, fet in fets.items()
        }
        corner = "subvt_mismatch" if mismatch_set == "subthreshold" else "mismatch"
        texts = {kind: Path(f"{cell}__tt.pm3.spice").read_text() for kind, cell in cells.items()}
        includes = [".option scale=1u", f".include {folder / 'models/parameters/lod.spice'}"]
        for kind, cell in cells.items():
            includes.append(f".include {cell}__{corner}.corner.spice")
            fet = fets[kind]
            includes.append(f".param {fet}__ajunction_mult=1 {fet}__pjunction_mult=1")
    head = "\n".join([f"{switches} mismatch_factor=1", *includes])
    return Library(technology, head, texts, "m={m} mult={m}")


def gf180mcu(mismatch_set: str) -> Library:
    technology = with_mismatch_set(load_technology("gf180mcu"), mismatch_set)
    folder = PACKAGES["gf180mcu"].folder
    head = (
        f".include {folder / 'design.ngspice'}\n.lib {folder / 'sm141064.ngspice'} typical\n"
        ".param sw_stat_mismatch=1"
    )
    return Library(technology, head, {}, "m={m} par={m}", "u")


@pytest.fixture(params=["sky130 ordinary", "sky130 subthreshold", "gf180mcu library"])
def library(request: pytest.FixtureRequest) -> Library:
    technology, mismatch_set = request.param.split()
    return {"sky130": sky130, "gf180mcu": gf180mcu}[technology](mismatch_set)


def ngspice(deck: str, commands: Sequence[str], seed: int, folder: Path) -> np.ndarray:
    """What ``commands`` print of ``deck``, its random numbers being those of ``seed``, from 1."""
    options = ".option gmin=1e-15 abstol=1e-16 reltol=1e-5 vntol=1e-8"
    (folder / "drawn.cir").write_text(f"* drawn by the library\n{deck}\n{options}\n.end\n")
    before = ("set num_threads=1", f"setseed {seed}", "source drawn.cir", "set numdgt=9")
    run = folder / "run.cir"
    run.write_text("\n".join(["* run", ".control", *before, *commands, ".endc", ".end", ""]))
    done = subprocess.run(
        ["ngspice", "-b", "-n", run.name],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    values = [float(v) for v in re.findall(r"^\S+ = (\S+)$", done.stdout, re.M)]
    assert len(values) == sum(c.startswith("print") for c in commands), done.stdout + done.stderr
    return np.array(values)


@pytest.mark.parametrize("current", [5e-11, 5e-9])
def test_single_devices_spread_as_the_set_says(library: Library, current: float, tmp_path: Path):
    """Gate voltages at a current, of an amplifier's devices and of four of them in parallel."""
    technology, each = library.technology, 50
    parts = {t.role: t for _, t in ota(technology).transistors()}
    parts["parallel"] = replace(parts["pair"], size=replace(parts["pair"].size, multiplier=4))
    devices, currents = [], [f"vdd vdd 0 {technology.supply}"]
    for role, t in parts.items():
        for index in range(each):
            gate = f"{role}{index}"
            devices.append((single(gate, t), gate))
            ends = f"0 {gate}" if t.polarity == Polarity.NMOS else f"{gate} 0"
            currents.append(f"i{gate} {ends} {current}")
    deck = "\n".join([library.deck(devices), *currents])
    commands = ["op", *(f"print v({name})" for _, name in devices)]
    gates = np.array([ngspice(deck, commands, seed, tmp_path) for seed in (1, 2)])
    squares = {}
    for (role, t), found in zip(parts.items(), np.split(gates, len(parts), axis=1), strict=True):
        size = t.size
        sigma = technology.mismatch.of(t.polarity).threshold_spread(
            size.width, size.length, size.multiplier, current
        )
        squares[role] = float(np.var(found, ddof=1)) / sigma**2
    degrees = gates.size // len(parts) - 1
    low, high = stats.chi2.interval(1 - RARE / len(parts), degrees)
    assert all(low < square * degrees < high for square in squares.values()), squares
    degrees *= len(parts)
    low, high = stats.chi2.interval(1 - RARE, degrees)
    assert low < np.mean(list(squares.values())) * degrees < high, squares


def single(name: str, transistor: Transistor) -> Transistor:
    """``transistor`` as a diode, from which the current of ``name`` is drawn."""
    rail = "0" if transistor.polarity == Polarity.NMOS else "vdd"
    return replace(transistor, drain=name, gate=name, source=rail, bulk=rail)


def test_offsets_of_amplifiers_spread_as_drawn_by_us(library: Library, tmp_path: Path):
    """Input offsets of OTAs that the library draws, and of those that we draw and alter."""
    theirs = np.concatenate([their_offsets(library, 25, seed, tmp_path) for seed in (1, 2, 3, 4)])
    with Engine(workers=1) as engine:
        ours = drawn_offsets(library.technology, BIAS, 400, 1, engine)
    ratio = float(np.var(theirs, ddof=1) / np.var(ours, ddof=1))
    low, high = stats.f.interval(1 - RARE, len(theirs) - 1, len(ours) - 1)
    assert low < ratio < high


def their_offsets(library: Library, count: int, seed: int, folder: Path) -> np.ndarray:
    """Volt: output currents at equal inputs, over the transconductance."""
    technology = library.technology
    middle, step = technology.reference, 1e-3
    parts: list[tuple[Transistor, str]] = []
    shared = {"vdd": "vdd", "vss": "0", "inn": "inn", "inp": "inp"}
    lines = [f"vdd vdd 0 {technology.supply}", f"vn inn 0 {middle}", f"vp inp 0 {middle}"]
    for index in range(count):
        for _, t in ota(technology).transistors():
            drain, gate, source, bulk = (shared.get(net, f"{net}_{index}") for net in t.nets)
            moved = replace(t, drain=drain, gate=gate, source=source, bulk=bulk)
            parts.append((moved, f"{index}_{t.name}"))
        lines += [f"ib{index} vdd ibias_{index} {BIAS}", f"vo{index} out_{index} 0 {middle}"]
    shown = [f"print i(vo{index})" for index in range(count)]
    commands = ["op", *shown, f"alter vp dc = {middle + step}", "op", *shown]
    deck = "\n".join([library.deck(parts), *lines])
    balanced, driven = np.split(ngspice(deck, commands, seed, folder), 2)
    return -balanced * step / float(np.mean(driven - balanced))
