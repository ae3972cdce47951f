"""Pictures of one neuron: its response to a current and its I-V curves, in model units."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from codesign.pictures.picture import Picture
from codesign.pictures.plots import CURRENT, FAINT, INPUT, MEMBRANE, STYLE, VOLTAGE
from neuron_model.analysis.iv_curves import IVCurves
from neuron_model.analysis.simulation import Trajectory
from neuron_model.model.parameters import TIMESCALES, Timescale
from neuron_model.small_picture import MEMBRANE_COLOR, TIMESCALE_COLORS

_MOST_POINTS = 8000


def trace_figure(run: Trajectory, title: str = "", tau_m: float = 1.0) -> Figure:
    """U_m over time, and below it the input current.

    Args:
        run: in model time, of the model, a macromodel or a circuit.
        title: above the picture.
        tau_m: of the neuron, in model time.
    """
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(9.2, 3.2), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        draw_trace(upper, run.time / tau_m, run.voltage)
        upper.set_ylabel(MEMBRANE)
        upper.set_title(title)
        draw_current(lower, run.time / tau_m, run.current)
        lower.set_ylabel(INPUT)
        lower.set_xlabel(r"time / $\tau_m$")
        return figure


def curves_figure(curves: IVCurves, title: str = "") -> Figure:
    """One axis for each timescale, in model units; grey where the curve falls.

    Args:
        curves: of one neuron.
        title: above the picture.
    """
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(9.2, 2.9), layout="constrained")
        row = figure.subplots(1, len(TIMESCALES), sharex=True)
        for axes, timescale in zip(row, TIMESCALES, strict=True):
            draw_curve(axes, curves.voltage, curves.at(timescale), timescale)
            axes.set_title(str(timescale))
            axes.set_xlabel(VOLTAGE)
        row[0].set_ylabel(CURRENT)
        figure.suptitle(title)
        grey = Patch(color=FAINT, label="negative conductance")
        figure.legend(handles=[grey], loc="outside lower right")
        return figure


def draw_trace(
    axes: Axes, time: np.ndarray, voltage: np.ndarray, color: str = MEMBRANE_COLOR
) -> None:
    """A waveform, thinned so that every extreme stays."""
    keep = extremes(voltage, _MOST_POINTS)
    axes.plot(time[keep], voltage[keep], color=color, linewidth=0.8)
    axes.set_xlim(time[0], time[-1])


def draw_current(axes: Axes, time: np.ndarray, current: np.ndarray) -> None:
    """A piecewise constant current."""
    corners = np.flatnonzero(np.diff(current, prepend=np.nan) != 0)
    keep = np.append(corners, len(time) - 1)
    axes.step(time[keep], current[keep], where="post", color="#6b7780", linewidth=1.2)
    axes.margins(y=0.25)
    axes.set_xlim(time[0], time[-1])


def draw_curve(axes: Axes, voltage: np.ndarray, current: np.ndarray, timescale: Timescale) -> None:
    """An I-V curve over grey where its conductance is negative."""
    falls = np.gradient(current, voltage) < 0
    whole = axes.get_xaxis_transform()
    axes.fill_between(voltage, 0, 1, where=falls, transform=whole, color=FAINT, linewidth=0)
    axes.axhline(0.0, color="#9aa5ad", linewidth=0.6)
    axes.plot(voltage, current, color=TIMESCALE_COLORS[timescale], linewidth=1.8)
    axes.set_xlim(voltage[0], voltage[-1])


def extremes(values: np.ndarray, most: int) -> np.ndarray:
    """Indices of at most ``most`` samples: least and greatest of each stretch, in order."""
    if len(values) <= most:
        return np.arange(len(values))
    stretches = np.array_split(np.arange(len(values)), most // 2)
    kept = {0, len(values) - 1}
    for stretch in stretches:
        kept |= {int(stretch[np.argmin(values[stretch])]), int(stretch[np.argmax(values[stretch])])}
    return np.array(sorted(kept))
