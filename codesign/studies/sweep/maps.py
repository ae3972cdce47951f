"""A sweep over two axes and more: maps of regimes and of the intervals' errors.

Cells are as wide as each other, whatever lies between their values, so that corners and
logarithmic axes are read alike; the first axis runs to the right, the second upwards, and each
value of further ones has a pair of maps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from codesign.pictures.picture import Picture, with_minus
from codesign.pictures.plots import FAINT
from codesign.pictures.regime_colors import REGIME_COLORS
from codesign.studies.sweep.axes import Axis, AxisValue
from codesign.studies.sweep.legend import (
    CANNOT,
    MISSED,
    MOST_TEXTS,
    MOST_TICKS,
    UNBUILT,
    cell_text,
    error_title,
    missed_handles,
    readable,
    regime_handles,
    title,
)
from codesign.studies.sweep.results import SweepPoint, SweepResults
from neuron_model.analysis.verdicts import IBI_TOLERANCE

MOST_PANELS = 12
"""Values of the axes beyond the second that are drawn."""

_COLUMNS = 4
# Errors of intervals beyond this (per cent) are shown in the color of this one.
_LARGEST_ERROR = 50.0
# The scale reaches at least as far as a rhythm that is kept, so that what is kept looks pale.
_SMALLEST_ERROR = 100 * IBI_TOLERANCE


@dataclass(frozen=True)
class _Panel:
    """The points of one pair of maps; label: the values of the further axes."""

    label: str
    points: Mapping[tuple[int, int], SweepPoint]


def maps_figure(study: SweepResults) -> Figure:
    """A pair of maps, or one for each value of the axes beyond the second."""
    first, second = (study.axis(name) for name in study.shown[:2])
    panels, left_out = _panels(study)
    columns = _columns([len(study.axis(name).values) for name in study.shown[2:]])
    blocks = math.ceil(len(panels) / columns)
    alone = len(panels) == 1
    size = _size(first, second, alone)
    # two maps beside each other, or one above the other with a column for each further value
    rows, across = (1, 2) if alone else (2 * blocks, columns)
    figure = Picture(
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
        what = "samples that keep the regime" if study.samples else "regime"
        upper.set_title(what if alone else panel.label)
        lower.set_title(error_title(study) if alone else "")
        for axes in (upper, lower):
            _map_ticks(axes, first, second)
            is_last = alone or axes is lower
            axes.set_xlabel(first.kind.label if is_last else "")
            axes.set_ylabel(second.kind.label if column == 0 else "")
    for index in range(len(panels), blocks * columns):
        block, column = divmod(index, columns)
        for row in (2 * block, 2 * block + 1):
            grid[row, column].set_axis_off()
    lower_axes = [grid[0, 1]] if alone else list(grid[1::2, :].ravel())
    upper_axes = [grid[0, 0]] if alone else list(grid[0::2, :].ravel())
    if image is not None:
        bar = figure.colorbar(image, ax=lower_axes, extend="both", **_bar(blocks))
        bar.set_label("ISI against the model's (%)")
        bar.outline.set_visible(False)
    if study.samples and share is not None:
        bar = figure.colorbar(share, ax=upper_axes, **_bar(blocks))
        bar.set_label("samples (%)")
        bar.outline.set_visible(False)
    handles = _map_handles(study)
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=4, fontsize=7.5)
    more = f"; {left_out} further panels are left out" if left_out else ""
    figure.suptitle(title(study) + more, fontsize=9)
    return figure


def _bar(blocks: int) -> dict[str, Any]:
    """How a color bar stands beside so many rows of maps."""
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


def _panels(study: SweepResults) -> tuple[list[_Panel], int]:
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


def _draw_regimes(axes: Axes, study: SweepResults, panel: _Panel, first: Axis, second: Axis) -> Any:
    """Colors of the regimes or, with samples, of the share that matches; returns what a color bar
    is made of."""
    scale = mpl.cm.ScalarMappable(Normalize(0, 100), "cividis")
    few = len(first.values) <= MOST_TEXTS
    for (x, y), point in panel.points.items():
        outcome = point.outcome
        if outcome is None:
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **UNBUILT))
            continue
        color: Any = REGIME_COLORS[outcome.regime]
        if study.samples:
            color = scale.to_rgba(100 * outcome.share)  # type: ignore[arg-type]
        axes.add_patch(
            Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=0.8)
        )
        if not study.is_match(outcome):
            axes.add_patch(Rectangle((x - 0.44, y - 0.42), 0.88, 0.84, **MISSED))
        if few:
            text = f"{100 * outcome.share:.0f}" if study.samples else cell_text(outcome)
            axes.text(x, y, text, ha="center", va="center", fontsize=7, color=readable(color))
    _map_limits(axes, first, second)
    return scale


def _error_scale(study: SweepResults) -> TwoSlopeNorm:
    errors = [o.error("isi_error") for o in study.outcomes]
    largest = max((abs(100 * e) for e in errors if e is not None), default=_SMALLEST_ERROR)
    reach = min(max(largest, _SMALLEST_ERROR), _LARGEST_ERROR)
    return TwoSlopeNorm(0.0, -reach, reach)


def _draw_error_map(
    axes: Axes, panel: _Panel, first: Axis, second: Axis, norm: TwoSlopeNorm
) -> Any:
    """Errors of intervals; pale where there is nothing to compare."""
    scale = mpl.cm.ScalarMappable(norm, "PuOr_r")
    few = len(first.values) <= MOST_TEXTS
    for (x, y), point in panel.points.items():
        outcome = point.outcome
        if outcome is None:
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **UNBUILT))
            continue
        error = outcome.error("isi_error")
        color: Any = FAINT if error is None else scale.to_rgba(100 * error)  # type: ignore[arg-type]
        axes.add_patch(
            Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=0.8)
        )
        if few:
            text = "–" if error is None else _signed(100 * error)
            axes.text(x, y, text, ha="center", va="center", fontsize=7, color=readable(color))
    _map_limits(axes, first, second)
    return scale


def _signed(value: float) -> str:
    digits = 1 if abs(value) < 99.95 else 0
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return "0"
    return f"{'-' if value < 0 else '+'}{text}"


def _map_limits(axes: Axes, first: Axis, second: Axis) -> None:
    axes.set_xlim(-0.5, len(first.values) - 0.5)
    axes.set_ylim(-0.5, len(second.values) - 0.5)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _map_ticks(axes: Axes, first: Axis, second: Axis) -> None:
    for axis, line in ((first, axes.xaxis), (second, axes.yaxis)):
        step = max(1, math.ceil(len(axis.values) / MOST_TICKS))
        places = range(0, len(axis.values), step)
        line.set_ticks(places, [with_minus(axis.labels[i]) for i in places])
    long = max(map(len, first.labels)) > 6
    if long:
        axes.tick_params(axis="x", labelrotation=45)


def _map_handles(study: SweepResults) -> list[Any]:
    handles = regime_handles(study)
    if study.samples:
        handles = [h for h in handles if h.get_label() == CANNOT]
    return [*handles, *missed_handles(study)]
