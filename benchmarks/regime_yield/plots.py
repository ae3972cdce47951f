"""Picture of the yield chain: yield, area and static power of each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.pictures.plots import COLORS, INK, STYLE

_LABELS = {
    "untrained": "as published,\nfirst sizes",
    "sized": "sized",
    "trained": "sized and\ntrained",
    "calibrated": "sized, trained\nand calibrated",
}
_HEIGHT = 0.38
_GATES, _CAPACITORS = "#6b7d8a", "#cfd6db"


def chain_figure(steps: Sequence[Mapping[str, Any]]) -> Figure:
    """A row of bars a step and mismatch set, from the first one on top.

    Args:
        steps: rows of the table, in their order.
    """
    several = len({step["mismatch_set"] for step in steps}) > 1
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.2, 0.9 + 0.5 * max(4, len(steps))), layout="constrained")
        left, middle, right = figure.subplots(1, 3, sharey=True, width_ratios=(1.4, 1.1, 1))
        places = np.arange(len(steps))
        for index, (who, label) in enumerate(
            (("macromodel", "macromodel"), ("circuit", "ngspice"))
        ):
            at = places + (index - 0.5) * _HEIGHT
            _draw_shares(left, at, [step[who] for step in steps], COLORS[who], label)
        left.set_xlim(0, 145)
        left.set_xticks([0, 25, 50, 75, 100])
        left.set_yticks(places, [_label(step, several) for step in steps], fontsize=7)
        left.invert_yaxis()
        left.set_xlabel("samples that keep the regime;\ndarker: the rhythm as well (%)")
        left.set_title("yield")
        left.legend(fontsize=7, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)

        gates = np.array([s["gate_area"] + s["diffusion_area"] for s in steps]) / 1000
        capacitors = np.array([step["capacitor_area"] for step in steps]) / 1000
        middle.barh(places, gates, 0.6, color=_GATES, label="transistors")
        total = middle.barh(
            places, capacitors, 0.6, left=gates, color=_CAPACITORS, label="capacitors"
        )
        sums = [f"{value:.1f}" for value in gates + capacitors]
        middle.bar_label(total, sums, padding=2, fontsize=7, color=INK)
        middle.set_xlim(0, 1.2 * float((gates + capacitors).max()))
        middle.set_xlabel("area (1000 µm²)")
        middle.set_title("area")
        figure.legend(
            *middle.get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=7
        )

        power = [1e9 * step["static_power"] for step in steps]
        bars = right.barh(places, power, 0.6, color=COLORS["model"])
        right.bar_label(bars, fmt="%.0f", padding=2, fontsize=7, color=INK)
        right.set_xlim(0, 1.2 * max(power))
        right.set_xlabel("static power (nW)")
        right.set_title("power")
        return figure


def _label(step: Mapping[str, Any], several: bool) -> str:
    """Of a step, with its mismatch set where there are several."""
    if not several:
        return _LABELS[step["step"]]
    return f"{_LABELS[step['step']].replace(chr(10), ' ')}:\n{step['mismatch_set']} set"


def _draw_shares(
    axes: Axes,
    places: np.ndarray,
    yields: Sequence[Mapping[str, Any] | None],
    color: str,
    label: str,
) -> None:
    """Bars of the samples that keep the regime with their intervals; full ones of the rhythm."""
    for place, each in zip(places, yields, strict=True):
        if each is None:
            continue
        regime, rhythm = each["regime"], each["rhythm"]
        axes.barh(place, 100 * regime["share"], 0.9 * _HEIGHT, color=color, alpha=0.45)
        axes.barh(place, 100 * rhythm["share"], 0.9 * _HEIGHT, color=color)
        low, high = (100 * end for end in regime["interval"])
        axes.hlines(place, low, high, color=INK, linewidth=0.8)
        text = f"{100 * regime['share']:.3g} / {100 * rhythm['share']:.3g} %"
        axes.text(high + 2, place, text, fontsize=7, color=INK, va="center")
    axes.barh(np.nan, np.nan, color=color, label=label)
