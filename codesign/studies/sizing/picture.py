"""Picture of a search for cell sizes: the trade-off of yield, area and energy."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.pictures.picture import Picture
from codesign.pictures.plots import COLORS, INK, PALE, STYLE
from codesign.studies.sizing.results import SizingFigures, SizingGoal, SizingResults
from codesign.terminal.quantities import drawn_by

_NANO = 1e9
_THOUSAND = 1e-3


def sizing_figure(study: SizingResults) -> Figure:
    """Yield and energy per spike over area: every trial, the Pareto front, the selected sizes."""
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(9.2, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
        _draw_yield(left, study)
        _draw_energy(right, study)
        for axes in (left, right):
            axes.set_xlabel("devices and capacitors (1000 µm²)")
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        where = f"{study.name} on {study.technology}{drawn_by(study.mismatch_set)}"
        figure.suptitle(f"{where}: {len(study.trials)} trials", fontsize=9)
        return figure


def _draw_yield(axes: Axes, study: SizingResults) -> None:
    _draw(axes, study, lambda f: 100 * study.goal.reached(f))
    if study.checked is not None:
        _draw_interval(axes, study.checked, study.goal)
    axes.axhline(100 * study.goal.sample_yield, color=INK, linewidth=0.8, linestyle=":")
    axes.text(
        0.01,
        100 * study.goal.sample_yield,
        "target",
        transform=axes.get_yaxis_transform(),
        fontsize=7,
        va="bottom",
    )
    axes.set_ylim(top=102)
    kept = "regime" if study.goal.keep == "regime" else "regime and rhythm"
    axes.set_ylabel(f"samples that keep the {kept} (%)")
    axes.set_title("yield")


def _draw_interval(axes: Axes, checked: SizingFigures, goal: SizingGoal) -> None:
    """Wilson's interval of the yield that was verified."""
    low, high = checked.share(goal.keep).interval
    place = _THOUSAND * checked.area
    axes.vlines(place, 100 * low, 100 * high, color=COLORS["circuit"], linewidth=1.2)


def _draw_energy(axes: Axes, study: SizingResults) -> None:
    _draw(axes, study, lambda f: _NANO * f.energy_per_spike)
    axes.set_ylabel("energy per spike (nJ)")
    axes.set_title("energy")


def _draw(axes: Axes, study: SizingResults, height: Any) -> None:
    """Trials pale, those of the front filled, the initial sizes and the selected ones marked."""
    known = {t.number: t.figures for t in study.trials if t.figures is not None}

    def points(figures: list[SizingFigures]) -> np.ndarray:
        pairs = [(_THOUSAND * f.area, height(f)) for f in figures if np.isfinite(height(f))]
        return np.array(pairs).reshape(-1, 2).T

    axes.plot(*points(list(known.values())), "o", color=PALE, markersize=3.5, label="trials")
    best = [known[n] for n in study.front]
    axes.plot(*points(best), "o", color=COLORS["macromodel"], markersize=5, label="Pareto front")
    if study.start in known:
        start = points([known[study.start]])
        axes.plot(*start, "D", color=COLORS["model"], markersize=6, label="initial sizes")
    if study.checked is not None:
        chosen = points([study.checked])
        axes.plot(
            *chosen,
            "o",
            markerfacecolor="none",
            markeredgecolor=COLORS["circuit"],
            markeredgewidth=1.6,
            markersize=10,
            label="selected, verified",
        )
