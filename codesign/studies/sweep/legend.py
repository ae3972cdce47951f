"""What the pictures of a sweep have in common: titles, texts of cells, and legends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.patches import Patch

from codesign.pictures.plots import INK, PALE
from codesign.pictures.regime_colors import REGIME_COLORS, REGIME_LETTERS
from codesign.studies.sweep.outcome import PointOutcome
from codesign.studies.sweep.results import SweepResults
from codesign.terminal.quantities import drawn_by
from neuron_model.analysis.regimes import Regime

MOST_TEXTS = 14
"""More cells than these in a row leave no room for numbers in them."""
MOST_TICKS = 12
UNBUILT: Mapping[str, Any] = {
    "facecolor": "white",
    "edgecolor": PALE,
    "hatch": "////",
    "linewidth": 0.0,
}
"""What cannot be built."""
MISSED: Mapping[str, Any] = {"facecolor": "none", "edgecolor": "black", "linewidth": 1.5}
"""A frame around what does not match."""
CANNOT = "cannot be built"

WHO: Mapping[str, str] = {
    "macromodel": "macromodel",
    "macromodel_detail": "macromodel in detail",
    "ngspice": "in ngspice",
}
"""Backends in words."""


def title(study: SweepResults) -> str:
    """What does not change over the picture."""
    fixed = [axis for axis in study.axes if axis.name not in study.shown]
    named = {axis.name: axis.labels[0] for axis in fixed}
    parts = [named.pop(name) for name in ("neuron", "technology") if name in named]
    text = " on ".join(parts)
    for name, label in named.items():
        short = name in ("corner", "temperature")
        text += f", {label}" if short else f", {study.axis(name).kind.title} {label}"
    samples = f"; {study.samples} samples a point{_drawn_by(study)}" if study.samples else ""
    return f"{text.removeprefix(', ')}: {WHO[study.backend]}{samples}"


def _drawn_by(study: SweepResults) -> str:
    """The mismatch set, or that of each technology where they are several."""
    sets = study.mismatch_sets
    if len(set(sets.values())) <= 1:
        return "".join(map(drawn_by, dict.fromkeys(sets.values())))
    return ", mismatch sets " + ", ".join(f"{n} ({t})" for t, n in sets.items())


def cell_text(outcome: PointOutcome) -> str:
    """The regime's letter, with its spikes per burst where it bursts."""
    spikes = outcome.rhythm("spikes_per_burst")
    letter = REGIME_LETTERS[outcome.regime]
    return letter if spikes is None else f"{letter} {spikes:.3g}"


def error_title(study: SweepResults) -> str:
    """What is compared with the model's interval."""
    return f"{'median ' if study.samples else ''}error of the ISI"


def readable(color: Any) -> str:
    """Black or white, whichever is seen on ``color``."""
    red, green, blue = mpl.colors.to_rgb(color)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else INK


def regime_handles(study: SweepResults) -> list[Any]:
    """A patch for each regime that occurs, and for what cannot be built."""
    seen = {sample.report.regime for outcome in study.outcomes for sample in outcome.samples}
    handles: list[Any] = []
    for regime in Regime:
        if regime in seen:
            label = f"{REGIME_LETTERS[regime]}  {regime.words}"
            if regime in (Regime.TONIC_BURSTING, Regime.PHASIC_BURSTING) and not study.samples:
                label += " (spikes per burst)"
            handles.append(Patch(color=REGIME_COLORS[regime], label=label))
    if any(p.outcome is None for p in study.points):
        handles.append(Patch(**UNBUILT, label=CANNOT))
    return handles


def missed_handles(study: SweepResults) -> list[Any]:
    """A frame, where a point has one."""
    if all(map(study.is_match, study.outcomes)):
        return []
    few = f"fewer than {study.least_yield:.0%} as the model"
    what = few if study.samples else "fires otherwise than its model"
    return [Patch(**MISSED, label=what)]
