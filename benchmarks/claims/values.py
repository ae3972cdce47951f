"""How figures are taken out of the JSON documents that claims are held against."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.claims.claim import Values

YIELDS = "docs/results/regime_yield/table_macromodel.json"
SIZING = "docs/results/regime_yield/sizing.json"
HEAT = "docs/results/temperature/sky130.json"
STEP_LEVELS = "docs/results/training_step_levels.json"
DETAILED_STEP = "docs/results/detailed_step.json"
NETWORKS = "docs/results/mackey_glass/table.json"
REFINED = "docs/results/refine/burster_85.json"
REFINED_27 = "docs/results/refine/burster_27.json"
REFINED_125 = "docs/results/refine/burster_125.json"
PRESETS = "docs/results/presets/gf180mcu.json"
CALIBRATED = "docs/results/calibration/sky130.json"
CALIBRATED_NGSPICE = "docs/results/calibration/sky130_ngspice.json"
MISMATCH = "docs/results/mismatch/sky130.json"
VARIATION = "docs/results/variation"
CODES = "docs/results/quantization/demo.json"
DEMO = "docs/results/demo/training.json"
TUNED_NETWORK = "docs/results/network/two_layers_sky130.json"
TUNED_GF180 = "docs/results/network/two_layers_gf180mcu.json"
NETWORK_SAMPLES = "docs/results/network/two_layers_sky130_samples.json"
NETWORK_RESIDUAL = "docs/results/network/demo_residual.json"
CLASSES = "docs/results/network/power_sky130.json"
NINE_CLASSES = "docs/results/network/vowels_sky130.json"
DEMO_NETWORK = "docs/results/demo/network.json"
DEMO_NEURONS = "docs/results/demo/validation.json"
RANDOM = "docs/results/macromodel/random_neurons.json"
STUDIES = "docs/results/study_overhead.json"
THROUGHPUT = "docs/results/study_throughput.json"
NEUROBENCH = "docs/results/neurobench/mackey_glass.json"
VALIDATE_TIME = "docs/results/validate_time.json"
FORECASTS = "docs/results/forecasts/table.json"
FORECAST_LENGTHS = "docs/results/forecasts/lengths.json"
FORECAST_WAYS = "docs/results/forecasts/why.json"

ISI, IBI = "interspike_interval", "interburst_interval"
BOTH = ("macromodel", "circuit")
_WHEN = ("before", "after")
BURSTERS = ("ribar_sepulchre_burster", "ribar_sepulchre_burster_raised")


def noise(technology: str) -> str:
    """The recorded noise study of the tonic spiker on ``technology``."""
    return f"docs/results/noise/{technology}_tonic_spiking.json"


def percent(values: Iterable[float]) -> list[float]:
    """Shares as per cent."""
    return [100.0 * value for value in values]


def yield_row(table: Any, step: str, mismatch_set: str) -> Any:
    """The row of one step of the yield chain."""
    (row,) = [r for r in table if (r["step"], r["mismatch_set"]) == (step, mismatch_set)]
    return row


def yields(step: str, mismatch_set: str, what: str, who: str = "macromodel") -> Values:
    """Share and ends of its interval, per cent; ``what``: ``"regime"`` or ``"rhythm"``."""

    def of(table: Any) -> list[float]:
        found = yield_row(table, step, mismatch_set)[who][what]
        return percent([found["share"], *found["interval"]])

    return of


def heat_row(table: Any, neuron: str, currents: str = "ptat", references: str = "ptat") -> Any:
    """The row of a published neuron whose biases follow those laws."""
    wanted = (neuron, currents, references)
    (row,) = [r for r in table if (r["neuron"], r["currents"], r["references"]) == wanted]
    return row


def heat(
    table: Any,
    neurons: Sequence[str],
    quantity: str,
    temperatures: Sequence[str] = ("-40", "85", "125"),
    who: Sequence[str] = ("circuit",),
    laws: tuple[str, str] = ("ptat", "ptat"),
) -> list[float]:
    """Changes of ``quantity`` from 27 °C, per cent: each neuron at each temperature."""
    rows = [heat_row(table, neuron, *laws) for neuron in neurons]
    return percent(row[at][one][quantity] for row in rows for at in temperatures for one in who)


def iterations(refinement: Any) -> Any:
    """What each simulation of a refined neuron came to."""
    return refinement["neurons"][0]["iterations"]


def calibrated(study: Any, who: str = "macromodel") -> list[float]:
    """Samples that keep the regime before and after, the rhythm likewise, and patterns a sample."""
    found = study[who]
    patterns = found["measurements"]["patterns"]
    counts = [found["yield"][at][what]["count"] for what in ("regime", "rhythm") for at in _WHEN]
    return [*counts, patterns["mean"], patterns["most"]]


def calibration_errors(quantity: str) -> Values:
    """The largest error of the macromodel against ngspice over all samples, before and after, %."""

    def of(study: Any) -> list[float]:
        pairs = [
            (ours[at][quantity], theirs[at][quantity])
            for ours, theirs in zip(*(study[who]["samples"] for who in BOTH), strict=True)
            for at in _WHEN
        ]
        return [max(100.0 * abs(a / b - 1.0) for a, b in pairs if a is not None and b is not None)]

    return of


def reference_difference(study: Any) -> list[float]:
    """The largest difference of a calibrated reference of macromodel and ngspice, mV."""
    return [
        max(
            1e3 * abs(ours["lines"][port] - theirs["lines"][port])
            for ours, theirs in zip(*(study[who]["samples"] for who in BOTH), strict=True)
            for port in ours["lines"]
            if port.startswith("vr_")
        )
    ]


def drawn_errors(*which: str) -> Values:
    """Median and worst NRMSE of the samples of a training with variation, one set by name."""

    def of(study: Any) -> list[float]:
        found = [(statistics.median(study[one]), max(study[one])) for one in which]
        return [value for pair in found for value in pair]

    return of


def largest(values: Iterable[float]) -> float:
    """The largest absolute value."""
    return max(map(abs, values))


def drifts(study: Any, who: str = "macromodel") -> list[float]:
    """Of the ISI over the conditions of a temperature study, per cent."""
    return percent(c[who]["drift"][ISI] for c in study["conditions"])


def sweep_errors(name: str) -> Values:
    """Smallest and largest error of a sweep, per cent, each with the number of its point."""

    def of(study: Any) -> list[float]:
        found = sorted(
            (100.0 * sample[name], point["point"])
            for point in study["points"]
            for sample in point["outcome"]["samples"]
            if sample[name] is not None
        )
        return [*found[0], *found[-1]]

    return of


def worst_curve(study: Any) -> list[float]:
    """The largest error of an I-V curve of a sweep, per cent, and the number of its point."""
    return list(
        max(
            (100.0 * max(sample["iv"].values()), point["point"])
            for point in study["points"]
            for sample in point["outcome"]["samples"]
        )
    )


def kept(study: Any) -> list[int]:
    """Points of a sweep that keep the regime, of how many that can be built, and the rhythm."""
    built = [point for point in study["points"] if point["outcome"] is not None]
    return [
        sum(point["match"] for point in built),
        len(built),
        sum(point["yield"]["rhythm"]["count"] for point in built),
    ]


def white_over_shot(study: Any) -> list[float]:
    """Smallest and largest white noise of an OTA at the membrane, in units of its shot noise."""
    amplifiers = [c for c in study["cells"] if c["cell"].startswith("OTA")]
    ratios = [c["white"] / c["shot"] for c in amplifiers if "follower" not in c["cell"]]
    return [min(ratios), max(ratios)]
