"""Picture of a temperature study: regimes, and how intervals drift."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.pictures.picture import Picture
from codesign.pictures.plots import COLORS, PALE, STYLE
from codesign.studies.temperature.results import INTERVALS, TemperatureResults
from neuron_model.analysis.regimes import Regime

_TITLES: Mapping[str, str] = {
    "interspike_interval": "inter-spike interval (ISI)",
    "interburst_interval": "inter-burst interval (IBI)",
}
_WHO: Mapping[str, tuple[str, str, float]] = {
    "macromodel": ("macromodel", "o-", 6.0),
    "circuit": ("ngspice", "s", 4.0),
}


_LEVEL_LABELS = 5
"""More temperatures than these have their numbers upright."""


def temperature_figure(results: TemperatureResults) -> Figure:
    """Regime over temperature, and the drift of each interval from the nominal temperature."""
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(9.2, 2.9), layout="constrained")
        # a spiker has no bursts, a neuron at rest neither
        there = [n for n in INTERVALS if any(any(results.drift(who, n)) for who in _WHO)]
        figure.set_size_inches(3.07 * (1 + len(there)), 2.9)
        row = np.atleast_1d(figure.subplots(1, 1 + len(there)))
        _draw_regimes(row[0], results)
        for axes, name in zip(row[1:], there, strict=True):
            _draw_drift(axes, results, name)
        for axes in row:
            axes.set_xlabel("temperature (°C)")
            axes.set_xticks([c.temperature for c in results.conditions])
            if len(results.conditions) > _LEVEL_LABELS:
                axes.tick_params("x", labelrotation=90, labelsize=6)
        row[0].legend(fontsize=7, loc="best")
        laws = f"currents {results.laws.currents}, references {results.laws.references}"
        figure.suptitle(
            f"{results.name} on {results.technology}, {results.corner}: {laws}".replace("_", " "),
            fontsize=9,
        )
        return figure


def _draw_regimes(axes: Axes, results: TemperatureResults) -> None:
    there = {c.macromodel.regime for c in results.conditions}
    there |= {c.circuit.regime for c in results.conditions if c.circuit is not None}
    shown = [x for x in Regime if x in there | {results.wanted}]
    for who, (label, line, size) in _WHO.items():
        points = [
            (c.temperature, shown.index(getattr(c, who).regime))
            for c in results.conditions
            if getattr(c, who) is not None
        ]
        if points:
            x, y = np.array(points).T
            axes.plot(x, y, line, color=COLORS[who], label=label, markersize=size, linewidth=1.0)
    axes.set_yticks(range(len(shown)), [x.value.replace("_", "\n") for x in shown])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set_title("regime")


def _draw_drift(axes: Axes, results: TemperatureResults, name: str) -> None:
    temperatures = [c.temperature for c in results.conditions]
    axes.axhline(0.0, color=PALE, linewidth=0.7)
    axes.set_title(_TITLES[name])
    for who, (_, line, size) in _WHO.items():
        drift = [np.nan if v is None else 100 * v for v in results.drift(who, name)]
        if np.isfinite(drift).any():
            axes.plot(temperatures, drift, line, color=COLORS[who], markersize=size, linewidth=1.0)
    axes.set_ylabel(f"change from {results.nominal:g} °C (%)")
