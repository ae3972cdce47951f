"""Pictures of a noise study: densities, intervals, spikes of many runs, regimes at a boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.pictures.picture import Picture
from codesign.pictures.plots import COLORS, PALE, STYLE
from codesign.pictures.regime_colors import REGIME_COLORS
from codesign.studies.noise.results import NoiseResults
from codesign.terminal.quantities import conditions_text, percent, si_unit
from mapping.jitter import QUANTITIES, Jitter, Train

_WHO: Mapping[str, str] = {"macromodel": "macromodel", "circuit": "ngspice"}
_MOST_RASTERED = 40
_RASTERED_INTERVALS = 6.0
_BINS = 31


def noise_figure(study: NoiseResults) -> Figure:
    """Noise of the nodes, histogram of the intervals, spikes run by run, and, where it was looked
    for, the share of each regime around a boundary."""
    columns = 3 if study.boundary is None else 4
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(3.3 * columns, 3.1), layout="constrained")
        row = figure.subplots(1, columns)
        _draw_densities(row[0], study)
        _draw_intervals(row[1], study)
        _draw_raster(row[2], study)
        if study.boundary is not None:
            _draw_boundary(row[3], study)
        where = f"{study.technology}, {conditions_text(study.conditions)}"
        figure.suptitle(f"{study.name} on {where}: noise of its transistors", fontsize=9)
        return figure


def _draw_densities(axes: Axes, study: NoiseResults) -> None:
    """One-sided densities of the noise currents at each node; dots: where flicker meets white."""
    rate = 1.0 / study.time_unit
    frequency = np.geomspace(1e-6 * rate, 0.3 * rate, 200)
    shades = ["#14406b", "#009e73", "#e69f00", "#cc79a7"]
    for node, color in zip(study.nodes, shades, strict=False):
        name = "membrane" if node.node is None else str(node.node)
        density = node.white + node.flicker / frequency**node.exponent
        axes.loglog(frequency, density, color=color, linewidth=1.2, label=name)
        if frequency[0] < node.corner < frequency[-1]:
            axes.plot(node.corner, 2 * node.white, "o", color=color, markersize=3.5)
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylabel("noise current (A²/Hz)")
    axes.set_title("noise at the nodes")
    axes.legend(fontsize=7)


def _main_quantity(study: NoiseResults) -> str | None:
    order = ("interburst_interval", "interspike_interval", "first_spike")
    return next((name for name in order if study.jitter[name] is not None), None)


def _draw_intervals(axes: Axes, study: NoiseResults) -> None:
    name = _main_quantity(study)
    if name is None:
        axes.set_axis_off()
        axes.set_title("no spike in any run")
        return
    values = {
        "macromodel": _values(study.trains, name, study.burst_gap),
        "circuit": _values(study.circuits, name, study.burst_gap),
    }
    scale, unit = si_unit(float(values["macromodel"].mean()) * study.time_unit, "s")
    factor = study.time_unit / scale
    every = np.concatenate([v for v in values.values() if v.size]) * factor
    low, high = np.quantile(every, [0.0005, 0.9995])
    room = 0.0 if high > low else 1e-3 * (abs(low) or 1.0)
    bins = np.linspace(low - room, high + room, _BINS).tolist()
    known: Mapping[str, Mapping[str, Jitter | None]] = {
        "macromodel": study.jitter,
        "circuit": study.circuit_jitter,
    }
    for who, of in values.items():
        found = known[who][name]
        if found is None:
            continue
        label = f"{_WHO[who]}: CV {percent(found.variation, 3)}, {found.count} values"
        filled = {"histtype": "stepfilled", "alpha": 0.45}
        style: dict[str, Any] = (
            filled if who == "macromodel" else {"histtype": "step", "linewidth": 1.3}
        )
        axes.hist(of * factor, bins=bins, density=True, color=COLORS[who], label=label, **style)
    axes.set_xlabel(f"{QUANTITIES[name]} ({unit})")
    axes.set_ylabel("density")
    axes.set_yticks([])
    axes.set_ylim(0, 1.35 * axes.get_ylim()[1])
    axes.set_title("jitter")
    axes.legend(fontsize=7, loc="upper left")


def _values(trains: Sequence[Train], name: str, burst_gap: float | None) -> np.ndarray:
    parts = [np.empty(0)]
    for train in trains:
        spikes = np.array(train.spikes)
        gaps = np.diff(spikes)
        if name == "first_spike":
            parts.append(spikes[:1])
        elif name == "interburst_interval" and burst_gap is not None:
            parts.append(gaps[gaps > burst_gap][1:])
        else:
            parts.append(gaps[2:])
    return np.concatenate(parts)


def _draw_raster(axes: Axes, study: NoiseResults) -> None:
    """The spikes of some runs, the last ones: there the noise has added up."""
    shown = [t for t in study.trains if t.spikes][:_MOST_RASTERED]
    circuits = [t for t in study.circuits if t.spikes]
    axes.set_title("spikes, run by run")
    if not shown:
        axes.set_axis_off()
        return
    end = study.duration
    span = _shown_span(shown, study.burst_gap)
    last = min(max(t.spikes[-1] for t in shown), end)
    scale, unit = si_unit(last * study.time_unit, "s")
    factor = study.time_unit / scale
    trains = [np.array(t.spikes) * factor for t in (*shown, *circuits)]
    colors = [COLORS["macromodel"]] * len(shown) + [COLORS["circuit"]] * len(circuits)
    axes.eventplot(trains, colors=colors, linewidths=0.9, linelengths=0.8)
    axes.set_xlim((last - span) * factor, last * factor)
    axes.set_ylim(-1, len(trains))
    axes.set_xlabel(f"time after the onset ({unit})")
    axes.set_ylabel("run")
    if circuits:
        axes.text(
            1.0,
            1.01,
            "dark: ngspice",
            transform=axes.transAxes,
            fontsize=7,
            ha="right",
            color=COLORS["circuit"],
        )


def _shown_span(trains: Sequence[Train], burst_gap: float | None) -> float:
    gaps = np.concatenate([np.diff(t.spikes) for t in trains])
    if not gaps.size:
        return max(t.spikes[-1] for t in trains) + 1.0
    usual = (
        float(np.median(gaps[gaps > burst_gap]))
        if burst_gap is not None
        else float(np.median(gaps))
    )
    return (2.2 if burst_gap is not None else _RASTERED_INTERVALS) * usual


def _draw_boundary(axes: Axes, study: NoiseResults) -> None:
    """Share of the runs in each regime over the current, with Wilson's intervals."""
    boundary = study.boundary
    assert boundary is not None
    apart = np.array([p.current - boundary.current for p in boundary.points])
    scale, unit = si_unit(float(np.abs(apart).max()) * study.unit_current, "A")
    x = apart * study.unit_current / scale
    regimes = [boundary.below, boundary.above]
    regimes += [r for p in boundary.points for r in p.counts if r not in regimes]
    axes.axvline(0.0, color=PALE, linewidth=0.8)
    for regime in dict.fromkeys(regimes):
        shares = [p.share(regime) for p in boundary.points]
        values = np.array([100 * s.value for s in shares])
        ends = 100 * np.array([s.interval for s in shares]).T
        errors = np.clip([values - ends[0], ends[1] - values], 0.0, None)
        axes.errorbar(
            x,
            values,
            errors,
            fmt="o-",
            color=REGIME_COLORS[regime],
            markersize=3.5,
            linewidth=1.0,
            capsize=2,
            label=regime.words,
        )
    axes.set_ylim(-4, 104)
    axes.set_xlabel(f"current from {boundary.current:.4f} $I_0$ ({unit})")
    axes.set_ylabel("runs (%)")
    axes.set_title("regime near a boundary")
    axes.legend(fontsize=7)
