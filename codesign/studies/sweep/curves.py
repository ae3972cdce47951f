"""A sweep over one axis: a band of regimes above curves of intervals, errors and costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from codesign.pictures.picture import Picture, with_minus
from codesign.pictures.plots import COLORS, FAINT, INK, PALE
from codesign.pictures.regime_colors import REGIME_COLORS
from codesign.studies.sweep.axes import Axis
from codesign.studies.sweep.legend import (
    MISSED,
    MOST_TEXTS,
    UNBUILT,
    WHO,
    cell_text,
    error_title,
    missed_handles,
    readable,
    regime_handles,
    title,
)
from codesign.studies.sweep.outcome import PointOutcome
from codesign.studies.sweep.results import SweepPoint, SweepResults
from codesign.terminal.quantities import si_unit
from neuron_model.analysis.regimes import Regime
from neuron_model.analysis.verdicts import IV_LIMIT

# Letters of all labels below one of the curves.
_MOST_LETTERS = 44


def curves_figure(study: SweepResults) -> Figure:
    """A band of regimes above curves of intervals, errors, power and energy."""
    axis = study.axis(study.shown[0] if study.shown else "neuron")
    points = list(study.points)
    places = _places(axis)
    figure = Picture(figsize=(9.2, 5.6), layout="constrained")
    grid = figure.subplot_mosaic(
        [["regime", "regime"], ["interval", "IBI"], ["error", "iv"], ["energy", "power"]],
        height_ratios=(0.9 if study.samples else 0.45, 1, 1, 1),
    )
    _draw_regime_band(grid["regime"], study, points, places)
    joined, who = axis.kind.is_number, WHO[study.backend]
    for place, name, what in (
        ("interval", "interspike_interval", "inter-spike interval"),
        ("IBI", "interburst_interval", "inter-burst interval"),
    ):
        _draw_rhythm(grid[place], points, places, joined, name, what, who)
    _draw_errors(grid["error"], points, places, joined, error_title(study))
    _draw_iv(grid["iv"], points, places, joined)
    costs: tuple[tuple[str, str, str, Callable[[PointOutcome], float | None]], ...] = (
        ("energy", "energy per spike", "J", lambda o: o.energy_per_spike),
        ("power", "static power", "W", lambda o: o.static_power),
    )
    for place, what, unit, of in costs:
        _draw_cost(grid[place], points, places, joined, what, unit, of)
    for name, axes in grid.items():
        _axis_ticks(axes, axis, places, name in ("energy", "power"))
    handles = [*regime_handles(study), *missed_handles(study)]
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=4, fontsize=7.5)
    figure.suptitle(title(study), fontsize=9)
    return figure


def _places(axis: Axis) -> np.ndarray:
    """Where each value stands: one step each where they are words, else as far apart as they are,
    on a logarithmic scale if that has them more evenly."""
    values = list(axis.values)
    if not axis.kind.is_number or len(values) < 3 or (axis.kind.zero and 0 in values):
        return np.arange(len(values), dtype=float)
    linear = np.array([float(v) for v in values])
    if linear.min() <= 0:
        return linear
    return min(linear, np.log10(linear), key=_unevenness)


def _unevenness(places: np.ndarray) -> float:
    steps = np.diff(np.sort(places))
    return float(steps.std() / steps.mean())


def _axis_ticks(axes: Axes, axis: Axis, places: np.ndarray, labelled: bool) -> None:
    """A label at every value that leaves room for the one before."""
    reach = float(np.ptp(places)) or 1.0
    room = reach * max(map(len, axis.labels)) / _MOST_LETTERS
    kept: list[int] = []
    for index in np.argsort(places):
        if not kept or places[index] - places[kept[-1]] >= room:
            kept.append(int(index))
    axes.set_xticks(places[kept], [with_minus(axis.labels[i]) if labelled else "" for i in kept])
    axes.set_xlabel(axis.kind.label if labelled else "")
    edges = _edges(places)
    axes.set_xlim(edges.min(), edges.max())


def _edges(places: np.ndarray) -> np.ndarray:
    """Between the places in their rising order, and as far beyond the ends, (places + 1,)."""
    rising = np.sort(places)
    if len(rising) == 1:
        return rising[0] + np.array([-0.5, 0.5])
    middle = (rising[1:] + rising[:-1]) / 2
    first, last = rising[0] - (middle[0] - rising[0]), rising[-1] + (rising[-1] - middle[-1])
    return np.concatenate([[first], middle, [last]])


def _draw_regime_band(
    axes: Axes, study: SweepResults, points: Sequence[SweepPoint], places: np.ndarray
) -> None:
    """What fires how: one color a point, or shares of the samples on each other."""
    edges = _edges(places)
    order = np.argsort(places)
    for left, right, index in zip(edges[:-1], edges[1:], order, strict=True):
        outcome = points[index].outcome
        width = right - left
        if outcome is None:
            axes.add_patch(Rectangle((left, 0), width, 1, **UNBUILT))
            continue
        bottom = 0.0
        for regime in Regime:
            share = np.mean([c.report.regime == regime for c in outcome.samples])
            if share > 0:
                color = REGIME_COLORS[regime]
                axes.add_patch(Rectangle((left, bottom), width, share, color=color, linewidth=0))
            bottom += share
        if not study.is_match(outcome):
            frame = (left + 0.03 * width, 0.05), 0.94 * width, 0.9
            axes.add_patch(Rectangle(*frame, **MISSED))
        if len(points) <= 2 * MOST_TEXTS:
            axes.text(
                (left + right) / 2,
                0.5,
                f"{outcome.share:.0%}" if study.samples else cell_text(outcome),
                ha="center",
                va="center",
                fontsize=7,
                color=readable(REGIME_COLORS[outcome.regime]),
            )
        axes.axvline(right, color="white", linewidth=0.6)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    what = "regime, and share of the samples in the model's" if study.samples else "regime"
    axes.set_title(what)


def _draw_rhythm(
    axes: Axes,
    points: Sequence[SweepPoint],
    places: np.ndarray,
    joined: bool,
    name: str,
    what: str,
    who: str,
) -> None:
    """Seconds between spikes or bursts, beside what the model has."""
    found = _values(points, lambda o: o.rhythm(name))
    model = _values(points, lambda o: o.model_rhythm(name))
    known = np.concatenate([found[np.isfinite(found)], model[np.isfinite(model)]])
    axes.set_title(what)
    if not known.size:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", color=INK)
        axes.set_yticks([])
        return
    scale, unit = si_unit(float(np.median(known)), "s")
    order = np.argsort(places)
    axes.plot(
        places[order],
        model[order] / scale,
        "s-" if joined else "s",
        color=COLORS["model"],
        linewidth=3.2,
        markersize=6,
        label="model",
    )
    spread = [p.outcome.spread(name) if p.outcome else None for p in points]
    if any(p.outcome is not None and len(p.outcome.samples) > 1 for p in points):
        low = np.array([s[0] if s else np.nan for s in spread]) / scale
        high = np.array([s[1] if s else np.nan for s in spread]) / scale
        axes.vlines(places, low, high, color=COLORS["circuit"], linewidth=1.0, alpha=0.6)
    _line(axes, places, found / scale, joined, who)
    axes.set_ylabel(unit)
    axes.legend(fontsize=7, loc="best")


def _line(
    axes: Axes, places: np.ndarray, values: np.ndarray, joined: bool, label: str | None = None
) -> None:
    """joined: whether something lies between two places; nothing does between two corners."""
    order = np.argsort(places)
    axes.plot(
        places[order],
        values[order],
        "o-" if joined else "o",
        color=COLORS["circuit"],
        linewidth=1.0,
        markersize=3.5,
        label=label,
    )


def _draw_errors(
    axes: Axes, points: Sequence[SweepPoint], places: np.ndarray, joined: bool, title: str
) -> None:
    axes.axhline(0.0, color=PALE, linewidth=0.7)
    _line(axes, places, 100 * _values(points, lambda o: o.error("isi_error")), joined)
    axes.set_title(title)
    axes.set_ylabel("%")


def _draw_iv(axes: Axes, points: Sequence[SweepPoint], places: np.ndarray, joined: bool) -> None:
    values = 100 * _values(points, lambda o: o.worst_iv)
    axes.set_title("I-V curve, worst error (nrmse)")
    if not np.isfinite(values).any():
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=INK)
        axes.set_yticks([])
        return
    if np.nanmax(values) > 50 * IV_LIMIT:
        axes.axhspan(0, 100 * IV_LIMIT, color=FAINT, linewidth=0, zorder=0)
    _line(axes, places, values, joined)
    axes.set_ylim(0, 1.1 * float(np.nanmax(values)) or 1.0)
    axes.set_ylabel("%")


def _draw_cost(
    axes: Axes,
    points: Sequence[SweepPoint],
    places: np.ndarray,
    joined: bool,
    what: str,
    unit: str,
    of: Callable[[PointOutcome], float | None],
) -> None:
    values = _values(points, of)
    axes.set_title(what)
    known = values[np.isfinite(values)]
    if not known.size:
        axes.set_yticks([])
        return
    scale, name = si_unit(float(np.median(known)), unit)
    _line(axes, places, values / scale, joined)
    axes.set_ylim(0, 1.1 * float(known.max()) / scale or 1.0)
    axes.set_ylabel(name)


def _values(points: Sequence[SweepPoint], of: Callable[[PointOutcome], float | None]) -> np.ndarray:
    found = [None if p.outcome is None else of(p.outcome) for p in points]
    return np.array([np.nan if v is None else v for v in found], dtype=float)
