"""Pictures of a validation: curves and waveforms of model, macromodel and circuit over each other.

The colors are of Okabe and Ito's palette, which people with any color vision can tell apart;
widths and dashes say the same in print. A wide pale line is the model, so that a circuit that
lies on it is seen inside of it.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from codesign.pictures.picture import Picture
from codesign.terminal.picture_file import check_picture
from codesign.terminal.quantities import percent, quantity, si_unit
from codesign.validation.validation import CurveComparison, NeuronValidation, Waveform
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.spikes import split_at_gaps
from neuron_model.analysis.verdicts import IV_LIMIT
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.model.stimulus import Stimulus

LABELS: Mapping[str, str] = {"model": "model", "macromodel": "macromodel", "circuit": "circuit"}
"""Name of each of the three, in the order in which they are drawn."""

COLORS: Mapping[str, str] = {"model": "#f0a830", "macromodel": "#009e73", "circuit": "#14406b"}
"""Color of each of the three, in every picture and table."""


_LINES: Mapping[str, Mapping[str, Any]] = {
    "model": {"linewidth": 3.2, "solid_capstyle": "round"},
    "macromodel": {"linewidth": 1.4, "dashes": (4, 2)},
    "circuit": {"linewidth": 0.9},
}
# Where many spikes stand side by side.
_THIN_LINES: Mapping[str, Mapping[str, Any]] = {
    "model": {"linewidth": 1.7},
    "macromodel": {"linewidth": 0.9, "dashes": (3, 1.5)},
    "circuit": {"linewidth": 0.6},
}
WIDE, NARROW = 9.2, 4.4
"""Inches of a picture on a page or a screen, and on a phone, where its letters are as large."""
INK, PALE, FAINT = "#333f48", "#c5cdd3", "#e9edf0"
"""Of text, of what lies behind the data, of areas behind it."""

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 8.5,
    "mathtext.fontset": "dejavusans",
    "axes.edgecolor": "#9aa5ad",
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "mtc-codesign",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.major.size": 3,
    "xtick.major.width": 0.7,
    "ytick.color": INK,
    "ytick.major.size": 3,
    "ytick.major.width": 0.7,
}
"""Of every picture; it has to be in force when a figure is made and when it is saved."""


VOLTAGE, MEMBRANE = "$U$ / $V_0$", "$U_m$ / $V_0$"
CURRENT, INPUT = "$I$ / $I_0$", "$I_{in}$ / $I_0$"
"""Of axes: quantity and unit."""


@dataclass(frozen=True)
class _CloseUp:
    """Which stretch of each waveform to show: from zero + start to zero + end."""

    zero: Mapping[str, float]
    start: float
    end: float
    title: str
    label: str


# More than these in one picture run into each other: the picture then shows the first ones.
_MOST_BURSTS = 8
_MOST_SPIKES = 30
_MOST_UNCROWDED = 12
_TONIC_INTERVALS = 3
_SHORTEST_CLOSE_UP = 0.04


def iv_figure(neuron: NeuronValidation, width: float = WIDE) -> Figure:
    """I-V curves by timescale, and below each what macromodel and circuit differ from the model.

    They stand side by side or, in a narrow picture, below each other.

    Voltages in U (above: volt), currents in I0, errors in per cent of the model curve's peak to
    peak; grey is where the model's slope is negative, the band what a curve's nrmse may be.

    Args:
        neuron: of a validation, ``validation.neurons[0]``.
        width: inches.
    """
    with mpl.rc_context(STYLE):
        count = max(1, len(neuron.iv))
        across = count if width > NARROW else 1
        down = count // across
        figure = Picture(figsize=(width, 4.1 * down), layout="constrained")
        axes = figure.subplots(
            2 * down, across, sharex=True, squeeze=False, height_ratios=(2.6, 1) * down
        )
        upper, lower = axes[0::2].ravel(), axes[1::2].ravel()
        for curve, above, below in zip(neuron.iv, upper, lower, strict=False):
            _draw_curve(above, curve, neuron.units)
            _draw_error(below, curve)
        _same_height(lower.tolist())
        current = neuron.units.get("current")
        unit = f"  ($I_0$ = {quantity(current, 'A')})" if current else ""
        for left, below in zip(axes[0::2, 0], axes[1::2, 0], strict=True):
            left.set_ylabel(f"{CURRENT}{unit}")
            below.set_ylabel("error (%)")
        _legend(figure)
        return figure


def waveform_figure(
    neuron: NeuronValidation, stimulus: Stimulus | None = None, width: float = WIDE
) -> Figure:
    """Spikes of the whole run, U_m over time, the input current, and a burst or some spikes.

    In the close-up each waveform is shifted so that its first spike is at 0: above it is seen
    when it fires, below how. Where a recorded current sets the pace, nothing is shifted.

    Args:
        neuron: the outcome.
        stimulus: the input current where ``neuron.current`` only describes it.
        width: inches.
    """
    close_up = _close_up(neuron)
    stimulus = stimulus or _stimulus(neuron)
    rows = {
        **({"spikes": 0.5} if close_up else {}),
        "run": 2.2,
        **({"current": 0.5} if stimulus else {}),
        **({"close-up": 2.4} if close_up else {}),
    }
    with mpl.rc_context(STYLE):
        height = 1.0 + 0.9 * sum(rows.values())
        figure = Picture(figsize=(width, height), layout="constrained")
        stacked = figure.subplots(len(rows), 1, squeeze=False, height_ratios=list(rows.values()))
        axes = dict(zip(rows, stacked[:, 0], strict=True))
        window = _window(neuron)
        if close_up:
            _draw_raster(axes["spikes"], neuron, window)
        _seconds_axis(stacked[0, 0], neuron)
        _draw_run(axes["run"], neuron, window)
        last = axes["run"]
        if stimulus:
            last = axes["current"]
            _draw_current(last, stimulus, neuron, window)
            axes["run"].tick_params(labelbottom=False)
        last.set_xlabel(_time_label(neuron, window))
        if close_up:
            _draw_close_up(axes["close-up"], neuron, close_up)
        _legend(figure)
        return figure


def loss_figure(
    steps: Sequence[float],
    losses: Sequence[float],
    column: str = "step",
    validation: Sequence[tuple[float, float]] = (),
    validation_stream: Sequence[tuple[float, float]] = (),
    width: float = 6.2,
) -> Figure:
    """The loss while training, on a logarithmic axis where it spans more than a factor of 3.

    Args:
        steps: their numbers. losses: one each.
        column: what the steps are called.
        validation: (step, NRMSE on the validation part) in windows from rest, drawn on the same
            axis. validation_stream: the same in one continuous run.
        width: inches.
    """
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(width, 2.5), layout="constrained")
        axes = figure.subplots()
        windows, stream = (
            np.asarray(looks, dtype=float).reshape(-1, 2)
            for looks in (validation, validation_stream)
        )
        axes.plot(steps, losses, color=COLORS["circuit"], linewidth=1.2, label="loss")
        for looks, color, what in (
            (stream, COLORS["macromodel"], "validation NRMSE, continuous run"),
            (windows, COLORS["model"], "validation NRMSE, windows from rest"),
        ):
            if len(looks):
                axes.plot(*looks.T, color=color, linewidth=1.2, marker=".", label=what)
                axes.legend(frameon=False)
        values = np.concatenate([np.asarray(losses, dtype=float), stream[:, 1], windows[:, 1]])
        if values.size and values.min() > 0 and values.max() > 3 * values.min():
            axes.set_yscale("log")
        axes.set_xlabel(column)
        axes.set_ylabel("loss, NRMSE" if len(stream) or len(windows) else "loss")
        axes.grid(axis="y", color=FAINT, linewidth=0.7)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        return figure


def forecast_figure(
    target: np.ndarray, forecast: np.ndarray, first: int, width: float = WIDE
) -> Figure:
    """Target and forecast of a network, a row for each output, its error below.

    Args:
        target, forecast: (moments, outputs), in the units of the data.
        first: the number of the first moment.
        width: inches.
    """
    moments = first + np.arange(len(target))
    outputs = target.shape[1]
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(width, 1.0 + 1.9 * outputs), layout="constrained")
        ratios = [2.6, 1.0] * outputs
        axes = figure.subplots(2 * outputs, 1, sharex=True, squeeze=False, height_ratios=ratios)
        for output in range(outputs):
            shown, error = axes[2 * output, 0], axes[2 * output + 1, 0]
            lines = ((target, "model", "target"), (forecast, "circuit", "forecast"))
            for values, style, what in lines:
                line = _LINES[style]
                shown.plot(moments, values[:, output], color=COLORS[style], label=what, **line)
            off = forecast[:, output] - target[:, output]
            error.axhline(0.0, color=PALE, linewidth=0.7)
            error.plot(moments, off, color=COLORS["circuit"], linewidth=0.9)
            error.set_ylabel("error")
            shown.set_ylabel(f"y{output}" if outputs > 1 else "y")
        axes[0, 0].legend(ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0))
        axes[-1, 0].set_xlabel("sample of the test part")
        axes[-1, 0].set_xlim(moments[0], moments[-1])
        return figure


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write ``figure`` as PNG, SVG or PDF, by the name's suffix; whole or not at all.

    Raises:
        InputError: another suffix, or the file cannot be written.
    """
    suffix = check_picture(path)
    # No dates: the same validation makes the same file.
    undated = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[suffix]
    content = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(content, format=suffix, dpi=200, metadata=undated)
    return write_atomically(path, content.getvalue())


def _draw_lines(
    axes: Axes,
    x: Mapping[str, np.ndarray],
    y: Mapping[str, np.ndarray],
    lines: Mapping[str, Mapping[str, Any]] = _LINES,
) -> None:
    for who in LABELS:
        if who in y:
            axes.plot(x[who], y[who], color=COLORS[who], **lines[who])


def _volt_axis(axes: Axes, side: Literal["top", "right"], units: Mapping[str, float]) -> None:
    """The membrane voltage in volt on the side where U is not, if its unit is known."""
    unit, reference = units.get("voltage"), units.get("reference")
    if not unit or reference is None:
        return
    there = _linear(unit, reference)
    line: Any
    if side == "top":
        line = axes.secondary_xaxis("top", functions=there).xaxis
    else:
        line = axes.secondary_yaxis("right", functions=there).yaxis
    line.set_major_locator(MaxNLocator(4))
    line.set_major_formatter(lambda value, _: f"{value:g} V")


def _draw_curve(axes: Axes, curve: CurveComparison, units: Mapping[str, float]) -> None:
    voltage = curve.voltage
    falling = np.gradient(curve.model, voltage) < 0 if voltage.size > 2 else np.zeros(0, bool)
    for first, last in _stretches(falling):
        axes.axvspan(voltage[first], voltage[last], color=FAINT, linewidth=0)
    axes.axhline(0, color=PALE, linewidth=0.7)
    axes.set_title(f"{curve.timescale.value}: nrmse {percent(curve.nrmse)}")
    currents = {who: getattr(curve, who) for who in LABELS}
    _draw_lines(axes, dict.fromkeys(LABELS, voltage), currents)
    if voltage.size > 1:
        axes.set_xlim(voltage[0], voltage[-1])
    _volt_axis(axes, "top", units)


def _draw_error(axes: Axes, curve: CurveComparison) -> None:
    model = np.asarray(curve.model)
    height = float(np.ptp(model)) if model.size else 1.0
    axes.axhspan(-100 * IV_LIMIT, 100 * IV_LIMIT, color=FAINT, linewidth=0)
    axes.axhline(0, color=COLORS["model"], linewidth=2.2)
    for who in ("macromodel", "circuit"):
        shown: np.ndarray = getattr(curve, who)
        error = (100.0 / (height or 1.0)) * (shown - model)
        axes.plot(curve.voltage, error, color=COLORS[who], **_LINES[who])
    axes.set_xlabel(VOLTAGE)


def _draw_raster(axes: Axes, neuron: NeuronValidation, window: tuple[float, float]) -> None:
    whole = window == (0.0, neuron.duration)
    if not whole:
        axes.axvspan(*window, color=FAINT, linewidth=0)
    names = list(LABELS)[::-1]
    for row, who in enumerate(names):
        spikes = getattr(neuron, who).spike_times
        axes.vlines(spikes, row - 0.36, row + 0.36, color=COLORS[who], linewidth=0.8)
    axes.set_yticks(range(len(names)), [LABELS[who] for who in names])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(0, neuron.duration)
    axes.tick_params(left=False, labelbottom=not whole)
    axes.spines["left"].set_visible(False)
    axes.set_title("Spikes")


def _seconds_axis(axes: Axes, neuron: NeuronValidation) -> None:
    """Time on the sample above ``axes``, if the unit of time is known."""
    unit = neuron.units.get("time")
    if not unit:
        return
    scale, name = si_unit(unit * neuron.duration, "s")
    top = axes.secondary_xaxis("top", functions=_linear(unit / scale, 0.0))
    top.xaxis.set_major_formatter(lambda value, _: f"{value:g} {name}")
    figure = axes.get_figure(root=True)
    if figure is not None and figure.get_figwidth() <= NARROW:
        top.xaxis.set_major_locator(MaxNLocator(4))


def _linear(scale: float, origin: float) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """There and back between an axis and the one opposite to it."""
    return lambda x: origin + scale * x, lambda y: (y - origin) / scale


def _draw_run(axes: Axes, neuron: NeuronValidation, window: tuple[float, float]) -> None:
    parts = {who: _cut(wave, *window) for who, wave in neuron.waveforms.items()}
    crowded = len(neuron.circuit.spike_times) > _MOST_UNCROWDED
    _draw_waveforms(axes, parts, neuron, _THIN_LINES if crowded else _LINES)
    axes.set_xlim(*window)


def _draw_waveforms(
    axes: Axes,
    parts: Mapping[str, Waveform],
    neuron: NeuronValidation,
    lines: Mapping[str, Mapping[str, Any]] = _LINES,
) -> None:
    times = {who: part.time for who, part in parts.items()}
    _draw_lines(axes, times, {who: part.voltage for who, part in parts.items()}, lines)
    axes.set_ylabel(MEMBRANE)
    _volt_axis(axes, "right", neuron.units)


def _draw_current(
    axes: Axes, stimulus: Stimulus, neuron: NeuronValidation, window: tuple[float, float]
) -> None:
    edges = np.append(stimulus.times, max(neuron.duration, stimulus.onset))
    axes.stairs(stimulus.values, edges, baseline=None, color=INK, linewidth=1.0)
    low, high = min(stimulus.values), max(stimulus.values)
    room = 0.25 * (high - low) or 0.5
    axes.set_ylim(low - room, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_xlim(*window)
    axes.set_ylabel(INPUT)


def _draw_close_up(axes: Axes, neuron: NeuronValidation, close_up: _CloseUp) -> None:
    parts = {}
    for who, wave in neuron.waveforms.items():
        zero = close_up.zero.get(who, 0.0)
        part = _cut(wave, zero + close_up.start, zero + close_up.end)
        parts[who] = Waveform(part.time - zero, part.voltage)
    _draw_waveforms(axes, parts, neuron)
    axes.set_xlim(close_up.start, close_up.end)
    axes.set_title(close_up.title)
    axes.set_xlabel(close_up.label)


def _close_up(neuron: NeuronValidation) -> _CloseUp | None:
    """A burst from the middle of the run, or some spikes; None where nothing fires."""
    reports = {who: getattr(neuron, who) for who in LABELS}
    groups = {who: _events(report, neuron.duration) for who, report in reports.items()}
    counts = [len(events) for events in groups.values() if events]
    if not counts:
        return None
    chosen = min(counts) // 2
    shown = {who: events[chosen] for who, events in groups.items() if events}
    first = next(iter(shown.values()))
    zero = {who: float(shown.get(who, first)[0]) for who in LABELS}
    length = max(float(event[-1] - event[0]) for event in shown.values())
    bursting = any(report.burst_count for report in reports.values())
    length = max(length, _SHORTEST_CLOSE_UP * neuron.duration)
    margin = 0.12 * length
    if neuron.driven:
        start = float(first[0])
        title = "Close-up of a burst" if bursting else "Close-up of some spikes"
        return _CloseUp({}, start - margin, start + length + margin, title, "model time")
    title = "A burst of each" if bursting else "Some spikes of each"
    label = "model time since the first spike shown"
    return _CloseUp(zero, -margin, length + margin, f"{title}, from its first spike", label)


def _events(report: RegimeReport, end: float) -> list[np.ndarray]:
    """Whole bursts as arrays of spike times; where there are none, runs of a few spikes."""
    spikes = np.array(report.spike_times, dtype=float)
    if spikes.size == 0:
        return []
    within, between = report.interspike_interval, report.interburst_interval
    if report.burst_count and within and between:
        level = float(np.sqrt(within * between))
        bursts = [g for g in split_at_gaps(spikes, level) if g.size > 1]
        return [g for g in bursts if g[-1] + level < end] or bursts or [spikes]
    if report.burst_count:
        return [spikes]
    last = max(1, spikes.size - _TONIC_INTERVALS)
    return [spikes[k : k + _TONIC_INTERVALS + 1] for k in range(last)]


def _window(neuron: NeuronValidation) -> tuple[float, float]:
    """The stretch of the run that can be shown without lines running into each other."""
    ends = []
    for report in (neuron.model, neuron.circuit):
        most = _MOST_SPIKES
        if report.burst_count and report.spikes_per_burst:
            most = round(_MOST_BURSTS * report.spikes_per_burst)
        if len(report.spike_times) > 1.25 * most:
            ends.append(report.spike_times[most])
    return 0.0, (max(ends) if ends else neuron.duration)


def _stimulus(neuron: NeuronValidation) -> Stimulus | None:
    try:
        return Stimulus.parse(neuron.current)
    except InputError:
        return None  # a long one is only described, see NeuronValidation.current


def _time_label(neuron: NeuronValidation, window: tuple[float, float]) -> str:
    unit = neuron.units.get("time")
    scale = f" (1 unit = {quantity(unit, 's')})" if unit else ""
    part = "" if window == (0.0, neuron.duration) else ", the part shaded above"
    return f"model time{scale}{part}"


def _cut(wave: Waveform, start: float, end: float) -> Waveform:
    """The samples from ``start`` to ``end`` and the one before and after, (points,)."""
    first = max(0, int(np.searchsorted(wave.time, start)) - 1)
    last = int(np.searchsorted(wave.time, end)) + 1
    return Waveform(wave.time[first:last], wave.voltage[first:last])


def _stretches(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    runs = []
    for value, group in itertools.groupby(range(flags.size), key=lambda i: bool(flags[i])):
        indices = list(group)
        if value:
            runs.append((indices[0], indices[-1]))
    return runs


def _same_height(row: Sequence[Axes]) -> None:
    reach = max(max(abs(limit) for limit in axes.get_ylim()) for axes in row)
    for axes in row:
        axes.set_ylim(-reach, reach)


def _legend(figure: Figure) -> None:
    handles = [Line2D([], [], color=COLORS[who], **_LINES[who]) for who in LABELS]
    figure.legend(handles, list(LABELS.values()), loc="outside upper right", ncols=len(LABELS))
