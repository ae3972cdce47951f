"""Pictures of a sweep: curves over one axis, maps over two, a pair of maps for each value beyond.

Cells of a map are as wide as each other, whatever lies between their values, so that corners and
logarithmic axes are read alike; the first axis runs to the right, the second upwards.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from codesign.plots import COLOURS, FAINT, INK, PALE, STYLE
from codesign.quantities import si_unit
from codesign.regime_colours import REGIME_COLOURS, REGIME_LETTERS, regime_words
from codesign.sweep_axes import Axis, AxisValue
from codesign.sweep_study import PointOutcome, SweepPoint, SweepStudy
from codesign.validation import IV_LIMIT, MODEL_INTERVAL_LIMIT
from neuron_model.regimes import Regime

MOST_PANELS = 12
"""Values of the axes beyond the second that are drawn."""

_COLUMNS = 4
# More cells than these in a row leave no room for numbers in them.
_MOST_TEXTS = 14
_MOST_TICKS = 12
# Of all labels below one of the curves.
_MOST_LETTERS = 44
_UNBUILT: Mapping[str, Any] = {
    "facecolor": "white",
    "edgecolor": PALE,
    "hatch": "////",
    "linewidth": 0.0,
}
# A frame around what does not match.
_MISSED: Mapping[str, Any] = {"facecolor": "none", "edgecolor": "black", "linewidth": 1.5}
_CANNOT = "cannot be built"
# Errors of intervals beyond this (per cent) are shown in the colour of this one.
_LARGEST_ERROR = 50.0
# The scale reaches at least as far as a validation allows, so that what passes looks pale.
_SMALLEST_ERROR = 100 * MODEL_INTERVAL_LIMIT


def sweep_figure(study: SweepStudy) -> Figure:
    """What a designer wants to see of a sweep: see the module."""
    with mpl.rc_context(STYLE):
        if len(study.shown) < 2:
            return _curves_figure(study)
        return _maps_figure(study)


WHO: Mapping[str, str] = {
    "as_built": "as built",
    "as_built_detail": "as built in detail",
    "ngspice": "in ngspice",
}
"""Backends in words."""


def title(study: SweepStudy) -> str:
    """What does not change over the picture."""
    fixed = [axis for axis in study.axes if axis.name not in study.shown]
    named = {axis.name: axis.labels[0] for axis in fixed}
    parts = [named.pop(name) for name in ("neuron", "technology") if name in named]
    text = " on ".join(parts)
    for name, label in named.items():
        short = name in ("corner", "temperature")
        text += f", {label}" if short else f", {study.axis(name).kind.title} {label}"
    chips = f"; {study.samples} chips a point" if study.samples else ""
    return f"{text.removeprefix(', ')}: {WHO[study.backend]}{chips}"


# ---- one axis ----------------------------------------------------------------------------------


def _curves_figure(study: SweepStudy) -> Figure:
    """A band of regimes above curves of intervals, errors, power and energy."""
    axis = study.axis(study.shown[0] if study.shown else "neuron")
    points = list(study.points)
    places = _places(axis)
    figure = Figure(figsize=(9.2, 5.6), layout="constrained")
    grid = figure.subplot_mosaic(
        [["regime", "regime"], ["interval", "pause"], ["error", "iv"], ["energy", "power"]],
        height_ratios=(0.9 if study.samples else 0.45, 1, 1, 1),
    )
    _draw_regime_band(grid["regime"], study, points, places)
    joined, who = axis.kind.is_number, WHO[study.backend]
    for place, name, what in (
        ("interval", "interspike_interval", "interval between spikes"),
        ("pause", "interburst_interval", "pause between bursts"),
    ):
        _draw_rhythm(grid[place], points, places, joined, name, what, who)
    _draw_errors(grid["error"], points, places, joined, _error_title(study))
    _draw_iv(grid["iv"], points, places, joined)
    costs: tuple[tuple[str, str, str, Callable[[PointOutcome], float | None]], ...] = (
        ("energy", "energy per spike", "J", lambda o: o.energy_per_spike),
        ("power", "static power", "W", lambda o: o.static_power),
    )
    for place, what, unit, of in costs:
        _draw_cost(grid[place], points, places, joined, what, unit, of)
    for name, axes in grid.items():
        _axis_ticks(axes, axis, places, name in ("energy", "power"))
    handles = [*_regime_handles(study), *_missed_handles(study)]
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=4, fontsize=7.5)
    figure.suptitle(title(study), fontsize=9)
    return figure


def _places(axis: Axis) -> np.ndarray:
    """Where each value stands: as far apart as they are, on a logarithmic scale if they span a
    decade; one step each where they are words."""
    if not axis.kind.is_number or len(axis.values) < 3:
        return np.arange(len(axis.values), dtype=float)
    values = np.array([float(v) for v in axis.values])
    if values.min() > 0 and values.max() >= 10 * values.min():
        return np.log10(values)
    return values


def _axis_ticks(axes: Axes, axis: Axis, places: np.ndarray, labelled: bool) -> None:
    room = _MOST_LETTERS // max(map(len, axis.labels))
    step = max(1, math.ceil(len(places) / max(2, room)))
    labels = list(axis.labels[::step]) if labelled else []
    if labelled:
        axes.set_xticks(places[::step], labels)
        axes.set_xlabel(axis.kind.title)
    else:
        axes.set_xticks(places[::step], [""] * len(places[::step]))
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
    axes: Axes, study: SweepStudy, points: Sequence[SweepPoint], places: np.ndarray
) -> None:
    """What fires how: one colour a point, or shares of the chips on each other."""
    edges = _edges(places)
    order = np.argsort(places)
    for left, right, index in zip(edges[:-1], edges[1:], order, strict=True):
        outcome = points[index].outcome
        width = right - left
        if outcome is None:
            axes.add_patch(Rectangle((left, 0), width, 1, **_UNBUILT))
            continue
        bottom = 0.0
        for regime in Regime:
            share = np.mean([c.report.regime == regime for c in outcome.chips])
            if share > 0:
                colour = REGIME_COLOURS[regime]
                axes.add_patch(Rectangle((left, bottom), width, share, color=colour, linewidth=0))
            bottom += share
        if not study.is_match(outcome):
            frame = (left + 0.03 * width, 0.05), 0.94 * width, 0.9
            axes.add_patch(Rectangle(*frame, **_MISSED))
        if len(points) <= 2 * _MOST_TEXTS:
            axes.text(
                (left + right) / 2,
                0.5,
                f"{outcome.share:.0%}" if study.samples else _cell_text(outcome),
                ha="center",
                va="center",
                fontsize=7,
                color=_readable(REGIME_COLOURS[outcome.regime]),
            )
        axes.axvline(right, color="white", linewidth=0.6)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    what = "regime, and share of the chips in the model's" if study.samples else "regime"
    axes.set_title(what)


def _cell_text(outcome: PointOutcome) -> str:
    spikes = outcome.rhythm("spikes_per_burst")
    letter = REGIME_LETTERS[outcome.regime]
    return letter if spikes is None else f"{letter} {spikes:.3g}"


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
        color=COLOURS["model"],
        linewidth=3.2,
        markersize=6,
        label="model",
    )
    spread = [p.outcome.spread(name) if p.outcome else None for p in points]
    if any(p.outcome is not None and len(p.outcome.chips) > 1 for p in points):
        low = np.array([s[0] if s else np.nan for s in spread]) / scale
        high = np.array([s[1] if s else np.nan for s in spread]) / scale
        axes.vlines(places, low, high, color=COLOURS["circuit"], linewidth=1.0, alpha=0.6)
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
        color=COLOURS["circuit"],
        linewidth=1.0,
        markersize=3.5,
        label=label,
    )


def _draw_errors(
    axes: Axes, points: Sequence[SweepPoint], places: np.ndarray, joined: bool, title: str
) -> None:
    axes.axhline(0.0, color=PALE, linewidth=0.7)
    _line(axes, places, 100 * _values(points, lambda o: o.error("interval_error")), joined)
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


# ---- two axes and more -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Panel:
    """The points of one pair of maps; label: the values of the further axes."""

    label: str
    points: Mapping[tuple[int, int], SweepPoint]


def _maps_figure(study: SweepStudy) -> Figure:
    first, second = (study.axis(name) for name in study.shown[:2])
    panels, left_out = _panels(study)
    columns = _columns([len(study.axis(name).values) for name in study.shown[2:]])
    blocks = math.ceil(len(panels) / columns)
    alone = len(panels) == 1
    size = _size(first, second, alone)
    # two maps beside each other, or one above the other with a column for each further value
    rows, across = (1, 2) if alone else (2 * blocks, columns)
    figure = Figure(
        figsize=(max(7.0, 1.6 + size[0] * across), 1.5 + size[1] * rows), layout="constrained"
    )
    grid = figure.subplots(rows, across, squeeze=False)
    error = _error_scale(study)
    image = share = None
    for index, panel in enumerate(panels):
        block, column = divmod(index, columns)
        upper = grid[0, 0] if alone else grid[2 * block, column]
        lower = grid[0, 1] if alone else grid[2 * block + 1, column]
        share = _draw_regimes(upper, study, panel, first, second)
        image = _draw_error_map(lower, panel, first, second, error)
        what = "chips that fire as the model" if study.samples else "regime"
        upper.set_title(what if alone else panel.label)
        lower.set_title(_error_title(study) if alone else "")
        for axes in (upper, lower):
            _map_ticks(axes, first, second)
            is_last = alone or axes is lower
            axes.set_xlabel(first.kind.title if is_last else "")
            axes.set_ylabel(second.kind.title if column == 0 else "")
    for index in range(len(panels), blocks * columns):
        block, column = divmod(index, columns)
        for row in (2 * block, 2 * block + 1):
            grid[row, column].set_axis_off()
    lower_axes = [grid[0, 1]] if alone else list(grid[1::2, :].ravel())
    upper_axes = [grid[0, 0]] if alone else list(grid[0::2, :].ravel())
    if image is not None:
        bar = figure.colorbar(image, ax=lower_axes, extend="both", **_bar(blocks))
        bar.set_label("interval against the model's (%)")
        bar.outline.set_visible(False)
    if study.samples and share is not None:
        bar = figure.colorbar(share, ax=upper_axes, **_bar(blocks))
        bar.set_label("chips (%)")
        bar.outline.set_visible(False)
    handles = _map_handles(study)
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=4, fontsize=7.5)
    more = f"; {left_out} further panels are left out" if left_out else ""
    figure.suptitle(title(study) + more, fontsize=9)
    return figure


def _error_title(study: SweepStudy) -> str:
    return f"{'median ' if study.samples else ''}error of the interval"


def _bar(blocks: int) -> dict[str, Any]:
    """How a colour bar stands beside so many rows of maps."""
    return {"shrink": 0.85 / blocks, "pad": 0.01, "aspect": 18}


def _columns(further: Sequence[int]) -> int:
    """Panels beside each other: a row for each value of the axes before the last, if they fit."""
    if not further:
        return 1
    return min(further[-1], _COLUMNS)


def _size(first: Axis, second: Axis, alone: bool) -> tuple[float, float]:
    """Inches of one map."""
    widest = 5.2 if alone else 3.4
    width = min(max(0.46 * len(first.values) + 1.0, 2.4), widest)
    height = min(max(0.34 * len(second.values) + 0.5, 1.3), 4.2)
    return width, height


def _panels(study: SweepStudy) -> tuple[list[_Panel], int]:
    """(those to draw, how many are left out)."""
    first, second, *others = (study.axis(name) for name in study.shown)
    places = [{value: i for i, value in enumerate(axis.values)} for axis in (first, second)]
    found: list[_Panel] = []
    for chosen in itertools.product(*(axis.values for axis in others)):
        wanted = dict(zip((axis.name for axis in others), chosen, strict=True))
        points = {
            (places[0][p.values[first.name]], places[1][p.values[second.name]]): p
            for p in study.points
            if all(p.values[name] == value for name, value in wanted.items())
        }
        label = "\n".join(_label(axis, wanted[axis.name]) for axis in others)
        found.append(_Panel(label, points))
    return found[:MOST_PANELS], max(0, len(found) - MOST_PANELS)


def _label(axis: Axis, value: AxisValue) -> str:
    shown = axis.kind.shown(value)
    return (
        shown
        if axis.name in ("corner", "temperature", "technology", "neuron")
        else (f"{axis.kind.title} {shown}")
    )


def _draw_regimes(axes: Axes, study: SweepStudy, panel: _Panel, first: Axis, second: Axis) -> Any:
    """Colours of the regimes or, with chips, of the share that matches; returns what a colour bar
    is made of."""
    scale = mpl.cm.ScalarMappable(Normalize(0, 100), "cividis")
    few = len(first.values) <= _MOST_TEXTS
    for (x, y), point in panel.points.items():
        outcome = point.outcome
        if outcome is None:
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **_UNBUILT))
            continue
        colour: Any = REGIME_COLOURS[outcome.regime]
        if study.samples:
            colour = scale.to_rgba(100 * outcome.share)  # type: ignore[arg-type]
        axes.add_patch(
            Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.8)
        )
        if not study.is_match(outcome):
            axes.add_patch(Rectangle((x - 0.44, y - 0.42), 0.88, 0.84, **_MISSED))
        if few:
            text = f"{100 * outcome.share:.0f}" if study.samples else _cell_text(outcome)
            axes.text(x, y, text, ha="center", va="center", fontsize=7, color=_readable(colour))
    _map_limits(axes, first, second)
    return scale


def _error_scale(study: SweepStudy) -> TwoSlopeNorm:
    errors = [o.error("interval_error") for o in study.outcomes]
    largest = max((abs(100 * e) for e in errors if e is not None), default=_SMALLEST_ERROR)
    reach = min(max(largest, _SMALLEST_ERROR), _LARGEST_ERROR)
    return TwoSlopeNorm(0.0, -reach, reach)


def _draw_error_map(
    axes: Axes, panel: _Panel, first: Axis, second: Axis, norm: TwoSlopeNorm
) -> Any:
    """Errors of intervals; pale where there is nothing to compare."""
    scale = mpl.cm.ScalarMappable(norm, "PuOr_r")
    few = len(first.values) <= _MOST_TEXTS
    for (x, y), point in panel.points.items():
        outcome = point.outcome
        if outcome is None:
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **_UNBUILT))
            continue
        error = outcome.error("interval_error")
        colour: Any = FAINT if error is None else scale.to_rgba(100 * error)  # type: ignore[arg-type]
        axes.add_patch(
            Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.8)
        )
        if few:
            text = "–" if error is None else _signed(100 * error)
            axes.text(x, y, text, ha="center", va="center", fontsize=7, color=_readable(colour))
    _map_limits(axes, first, second)
    return scale


def _signed(value: float) -> str:
    digits = 1 if abs(value) < 99.95 else 0
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return "0"
    return f"{'−' if value < 0 else '+'}{text}"


def _readable(colour: Any) -> str:
    """Black or white, whichever is seen on ``colour``."""
    red, green, blue = mpl.colors.to_rgb(colour)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else INK


def _map_limits(axes: Axes, first: Axis, second: Axis) -> None:
    axes.set_xlim(-0.5, len(first.values) - 0.5)
    axes.set_ylim(-0.5, len(second.values) - 0.5)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _map_ticks(axes: Axes, first: Axis, second: Axis) -> None:
    for axis, line in ((first, axes.xaxis), (second, axes.yaxis)):
        step = max(1, math.ceil(len(axis.values) / _MOST_TICKS))
        places = range(0, len(axis.values), step)
        line.set_ticks(places, [axis.labels[i] for i in places])
    long = max(map(len, first.labels)) > 6
    if long:
        axes.tick_params(axis="x", labelrotation=45)


def _regime_handles(study: SweepStudy) -> list[Any]:
    """A patch for each regime that occurs, and for what cannot be built."""
    seen = {chip.report.regime for outcome in study.outcomes for chip in outcome.chips}
    handles: list[Any] = []
    for regime in Regime:
        if regime in seen:
            label = f"{REGIME_LETTERS[regime]}  {regime_words(regime)}"
            if regime in (Regime.TONIC_BURSTING, Regime.PHASIC_BURSTING) and not study.samples:
                label += " (spikes per burst)"
            handles.append(Patch(color=REGIME_COLOURS[regime], label=label))
    if any(p.outcome is None for p in study.points):
        handles.append(Patch(**_UNBUILT, label=_CANNOT))
    return handles


def _map_handles(study: SweepStudy) -> list[Any]:
    handles = _regime_handles(study)
    if study.samples:
        handles = [h for h in handles if h.get_label() == _CANNOT]
    return [*handles, *_missed_handles(study)]


def _missed_handles(study: SweepStudy) -> list[Any]:
    """A frame, where a point has one."""
    if all(map(study.is_match, study.outcomes)):
        return []
    few = f"fewer than {study.least_yield:.0%} as the model"
    what = few if study.samples else "fires otherwise than its model"
    return [Patch(**_MISSED, label=what)]
