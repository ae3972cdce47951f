"""Picture: intervals and spike counts by the macromodel against ngspice, neuron by neuron."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from benchmarks.macromodel.comparison import Comparison
from codesign.pictures.plots import STYLE
from neuron_model.analysis.rhythm import SAME_COUNT, SAME_INTERVAL

# matplotlib's stubs spell out every key, which a mapping of our own cannot promise.
_STYLE: Any = dict(STYLE)
# Okabe and Ito's colors by corner, a shape by technology.
_COLORS = ("#14406b", "#d55e00", "#009e73", "#f0a830", "#8d5a99")
_SHAPES = "os^v"
_PALE = "#c5cdd3"


def figure(groups: Mapping[tuple[str, str], Sequence[Comparison]]) -> Figure:
    """groups: comparisons by technology and corner; hollow: neurons at a boundary."""
    technologies = list(dict.fromkeys(t for t, _ in groups))
    corners = list(dict.fromkeys(c for _, c in groups))
    with mpl.rc_context(_STYLE):
        drawn = Figure(figsize=(10.4, 3.3), layout="constrained")
        interval, ibi, count = drawn.subplots(1, 3)
        for (technology, corner), every in groups.items():
            look = {
                "marker": _SHAPES[technologies.index(technology) % len(_SHAPES)],
                "color": _COLORS[corners.index(corner) % len(_COLORS)],
                "markersize": 3.5,
                "linestyle": "none",
                "alpha": 0.7,
            }
            clear = {**look, "label": f"{technology} {corner}", "markeredgewidth": 0}
            near = {**look, "markerfacecolor": "none", "markeredgewidth": 0.8}
            for at_boundary, style in ((True, near), (False, clear)):
                same = [c for c in every if c.at_boundary == at_boundary and c.same_regime]
                _errors(interval, same, "interspike_interval", lambda c: c.isi_error, style)
                _errors(ibi, same, "interburst_interval", lambda c: c.ibi_error, style)
                x = [c.circuit.report.spike_count for c in same]
                y = [-c.count_difference for c in same]
                count.plot(x, y, **style)
        for axes, title in ((interval, "inter-spike interval"), (ibi, "inter-burst interval")):
            _band(axes, 100 * SAME_INTERVAL)
            axes.set_title(title)
            axes.set_xlabel("in ngspice (ms)")
            axes.set_ylabel("error of the macromodel (%)")
        for axes in (interval, ibi, count):
            # ticks at 1, 2 and 5 of each decade, written out
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter(NullFormatter())
        count.yaxis.set_major_locator(MaxNLocator(integer=True))
        _band(count, SAME_COUNT)
        count.set_title("spikes")
        count.set_xlabel("in ngspice")
        count.set_ylabel("spikes of the macromodel less ngspice's")
        handles, labels = count.get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside right center", fontsize=7)
        return drawn


def _errors(
    axes: Axes,
    every: Sequence[Comparison],
    name: str,
    error: Callable[[Comparison], float | None],
    look: Mapping[str, Any],
) -> None:
    pairs = [(getattr(c.circuit.report, name), error(c), c) for c in every]
    points = [
        (1e3 * value * c.time_unit, 100 * off)
        for value, off, c in pairs
        if value is not None and off is not None
    ]
    if points:
        axes.plot(*np.array(points).T, **look)


def _band(axes: Axes, half: float) -> None:
    axes.axhspan(-half, half, color=_PALE, alpha=0.35, linewidth=0, zorder=0)
    axes.axhline(0.0, color=_PALE, linewidth=0.7, zorder=0)
