"""Bars: how many of the samples fire in each regime, by who says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from codesign.pictures.plots import INK
from mapping.yields import Share
from neuron_model.analysis.regimes import Regime, RegimeReport

# A line is seen on a dark bar as well.
_HALO = [withStroke(linewidth=2.2, foreground="white")]


@dataclass(frozen=True)
class RegimeBars:
    """Bars of one color: the reports of all samples."""

    label: str
    reports: Sequence[RegimeReport]
    color: str
    alpha: float = 1.0


def draw_regimes(axes: Axes, bars: Sequence[RegimeBars], wanted: Regime) -> None:
    """Per cent of the samples in each regime that any fires in.

    The ``wanted`` one is bold, and its shares have their interval
    (:mod:`mapping.yields`).
    """
    counts = [Counter(report.regime for report in each.reports) for each in bars]
    shown = [x for x in Regime if any(count[x] for count in counts)]
    height = 0.84 / len(bars)
    for index, (each, count) in enumerate(zip(bars, counts, strict=True)):
        places = np.arange(len(shown)) + (index - (len(bars) - 1) / 2) * height
        shares = [100 * count[x] / count.total() for x in shown]
        drawn = axes.barh(
            places, shares, height * 0.9, color=each.color, alpha=each.alpha, label=each.label
        )
        texts = [f"{share:.3g} %" if share else "" for share in shares]
        labels = axes.bar_label(drawn, texts, padding=2, fontsize=7, color=INK)
        if wanted in shown:
            row = shown.index(wanted)
            low, high = (100 * end for end in Share(count[wanted], count.total()).interval)
            axes.hlines(places[row], low, high, color=INK, linewidth=0.8, path_effects=_HALO)
            # the text stands right of the line
            labels[row].xy = (high, labels[row].xy[1])
    axes.set_yticks(np.arange(len(shown)), [x.value.replace("_", "\n") for x in shown])
    for label, x in zip(axes.get_yticklabels(), shown, strict=True):
        label.set_fontweight("bold" if x == wanted else "normal")
    axes.invert_yaxis()
    axes.set_xlim(0, 125)
    axes.set_xticks([0, 50, 100])
    axes.set_xlabel("samples (%)")
    axes.set_title("regime")
    if len(bars) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.18), ncols=2, fontsize=7)
