"""Pictures of a mismatch study: which regimes the chips fire in, and their rhythms."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.mismatch_study import RHYTHM, WHO, MismatchStudy, rhythm
from codesign.plots import COLOURS, INK, PALE, STYLE
from codesign.regime_bars import RegimeBars, draw_regimes

_TITLES: Mapping[str, str] = {
    "spikes_per_burst": "spikes per burst",
    "interspike_interval": "interval between spikes",
    "interburst_interval": "pause between bursts",
}
# As many chips or fewer are drawn as larger dots.
_FEW = 40


def mismatch_figure(study: MismatchStudy) -> Figure:
    """Chips by regime, and each quantity of the rhythm: predicted against ngspice, chip by chip.

    Where no chip was simulated, the quantities are histograms of what is predicted. Intervals are
    in model time.
    """
    simulated = any(chip.circuit is not None for chip in study.chips)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.4, 3.1), layout="constrained")
        row = figure.subplots(1, 1 + len(RHYTHM), width_ratios=(1.25, 1, 1, 1))
        bars = [RegimeBars(WHO["as_built"], [c.as_built for c in study.chips], COLOURS["as_built"])]
        if simulated:
            circuits = [c.circuit for c in study.chips if c.circuit is not None]
            bars.append(RegimeBars(WHO["circuit"], circuits, COLOURS["circuit"]))
        draw_regimes(row[0], bars, study.wanted)
        for axes, name in zip(row[1:], RHYTHM, strict=True):
            if simulated:
                _draw_pairs(axes, study, name)
            else:
                _draw_histogram(axes, study, name)
        where = f"{study.technology}, {study.corner}, {study.temperature:g} °C"
        figure.suptitle(f"{study.name} on {where}: {len(study.chips)} chips", fontsize=9)
        return figure


def _draw_pairs(axes: Axes, study: MismatchStudy, name: str) -> None:
    pairs = rhythm(study, name)
    agreement = study.agreement
    axes.set_title(_TITLES[name])
    if not len(pairs):
        axes.set_axis_off()
        return
    low, high = float(pairs.min()), float(pairs.max())
    room = 0.06 * (high - low or abs(high) or 1.0)
    ends = (low - room, high + room)
    axes.plot(ends, ends, color=PALE, linewidth=0.8, zorder=0)
    size = 4 if len(pairs) > _FEW else 8
    axes.plot(
        *pairs.T, ".", color=COLOURS["circuit"], markersize=size, alpha=0.6, markeredgewidth=0
    )
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_aspect("equal")
    axes.set_xlabel("as built")
    axes.set_ylabel("ngspice")
    correlation = agreement.correlation[name] if agreement else None
    if correlation is not None:
        text = f"r = {correlation:.3f}\n{len(pairs)} chips"
        axes.text(0.05, 0.95, text, transform=axes.transAxes, va="top", fontsize=7.5)


def _draw_histogram(axes: Axes, study: MismatchStudy, name: str) -> None:
    chips = [c.as_built for c in study.chips if c.as_built.regime == study.wanted]
    values = [getattr(report, name) for report in chips]
    values = [value for value in values if value is not None]
    axes.set_title(_TITLES[name])
    if not values:
        axes.set_axis_off()
        return
    axes.hist(values, bins="auto", color=COLOURS["as_built"], edgecolor="white", linewidth=0.5)
    nominal = getattr(study.nominal, name)
    if nominal is not None:
        axes.axvline(nominal, color=INK, linewidth=1.0)
        axes.text(
            nominal, 1.0, " nominal", transform=axes.get_xaxis_transform(), fontsize=7, va="top"
        )
    axes.set_ylabel("chips as predicted")
