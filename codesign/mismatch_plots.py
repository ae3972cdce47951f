"""Pictures of a mismatch study: which regimes the chips fire in, and their rhythms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.mismatch_study import RHYTHM, MismatchStudy, rhythm
from codesign.plots import COLOURS, STYLE
from neuron_model.regimes import Regime

_TITLES: Mapping[str, str] = {
    "spikes_per_burst": "spikes per burst",
    "interspike_interval": "interval between spikes",
    "interburst_interval": "pause between bursts",
}
_WHO: Mapping[str, str] = {"as_built": "as built", "circuit": "ngspice"}
# matplotlib's stubs spell out every key, which a mapping of our own cannot promise.
_STYLE: Any = dict(STYLE)
_PALE = "#c5cdd3"
_INK = "#333f48"


def mismatch_figure(study: MismatchStudy) -> Figure:
    """Chips by regime, and each quantity of the rhythm: predicted against ngspice, chip by chip.

    Where no chip was simulated, the quantities are histograms of what is predicted. Intervals are
    in model time.
    """
    simulated = any(chip.circuit is not None for chip in study.chips)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(10.4, 3.1), layout="constrained")
        row = figure.subplots(1, 1 + len(RHYTHM), width_ratios=(1.25, 1, 1, 1))
        _draw_regimes(row[0], study, simulated)
        for axes, name in zip(row[1:], RHYTHM, strict=True):
            if simulated:
                _draw_pairs(axes, study, name)
            else:
                _draw_histogram(axes, study, name)
        where = f"{study.technology}, {study.corner}, {study.temperature:g} °C"
        figure.suptitle(f"{study.name} on {where}: {len(study.chips)} chips", fontsize=9)
        return figure


def _draw_regimes(axes: Axes, study: MismatchStudy, simulated: bool) -> None:
    who = list(_WHO) if simulated else ["as_built"]
    reports = {w: [getattr(c, w) for c in study.chips if getattr(c, w) is not None] for w in who}
    counts = {w: Counter(report.regime for report in reports[w]) for w in who}
    shown = [x for x in Regime if any(counts[w][x] for w in who)]
    height = 0.8 / len(who)
    for index, w in enumerate(who):
        places = np.arange(len(shown)) + (index - (len(who) - 1) / 2) * height
        shares = [100 * counts[w][x] / len(reports[w]) for x in shown]
        bars = axes.barh(places, shares, height * 0.9, color=COLOURS[w], label=_WHO[w])
        axes.bar_label(bars, fmt="%.3g %%", padding=2, fontsize=7, color=_INK)
    labels = [x.value.replace("_", "\n") for x in shown]
    axes.set_yticks(np.arange(len(shown)), labels)
    for label, x in zip(axes.get_yticklabels(), shown, strict=True):
        label.set_fontweight("bold" if x == study.wanted else "normal")
    axes.invert_yaxis()
    axes.set_xlim(0, 125)
    axes.set_xticks([0, 50, 100])
    axes.set_xlabel("chips (%)")
    axes.set_title("regime")
    if len(who) > 1:
        axes.legend(loc="lower right", fontsize=7)


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
    axes.plot(ends, ends, color=_PALE, linewidth=0.8, zorder=0)
    axes.plot(*pairs.T, ".", color=COLOURS["circuit"], markersize=4, alpha=0.6, markeredgewidth=0)
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
        axes.axvline(nominal, color=_INK, linewidth=1.0)
        axes.text(
            nominal, 1.0, " nominal", transform=axes.get_xaxis_transform(), fontsize=7, va="top"
        )
    axes.set_ylabel("chips as predicted")
