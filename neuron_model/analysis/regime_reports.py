"""How neurons fire, as JSON and as a table: reports of many forms of one neuron side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from neuron_model.analysis.regimes import Regime, RegimeReport

RHYTHM = ("spikes_per_burst", "interspike_interval", "interburst_interval")
"""What of two rhythms is compared sample by sample."""

WHO: Mapping[str, str] = {"macromodel": "macromodel", "circuit": "ngspice"}
"""Who tells how a sample fires, in words."""


def report_to_json(report: RegimeReport, spikes: bool = False) -> dict[str, Any]:
    """A regime with its rhythm; the times of spikes one by one only with ``spikes``."""
    names = ("margin", "spike_count", "burst_count", *RHYTHM)
    document = {"regime": report.regime.value, **{name: getattr(report, name) for name in names}}
    return {**document, "spike_times": list(report.spike_times)} if spikes else document


def report_from_json(content: Any) -> RegimeReport:
    """The inverse of :func:`report_to_json`; the times of spikes are empty where it left them."""
    spikes = tuple(content.get("spike_times", ()))
    return RegimeReport(**{**content, "regime": Regime(content["regime"]), "spike_times": spikes})


def regime_counts(reports: Sequence[RegimeReport]) -> dict[str, int]:
    """How many fire in each regime, the most frequent first."""
    return dict(Counter(report.regime.value for report in reports).most_common())


def regime_table(
    reports: Mapping[str, Sequence[RegimeReport]],
) -> tuple[list[str], list[tuple[object, ...]]]:
    """Columns and rows: how many fire in each regime, by what ``reports`` are called."""
    counts = [regime_counts(each) for each in reports.values()]
    names = dict.fromkeys(name for each in counts for name in each)
    rows = [(Regime(name).words, *(each.get(name, 0) for each in counts)) for name in names]
    return ["regime", *reports], rows
