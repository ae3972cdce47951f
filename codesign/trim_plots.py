"""Picture of a trim: regimes before and after, what it took, and where the codes went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.plots import COLOURS, STYLE
from codesign.trim_study import TrimOutcome, TrimStudy, moves
from mapping.trim.knobs import OFFSET
from neuron_model.regimes import Regime

_WHO: Mapping[str, str] = {"as_built": "as built", "circuit": "ngspice"}
# matplotlib's stubs spell out every key, which a mapping of our own cannot promise.
_STYLE: Any = dict(STYLE)
_INK = "#333f48"
_PALE = 0.35


def trim_figure(study: TrimStudy) -> Figure:
    """Chips by regime before and after their trim, firing patterns that it took, and by how much
    each line was moved; as built and, where it was simulated, in ngspice."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(10.4, 3.3), layout="constrained")
        row = figure.subplots(1, 3, width_ratios=(1.5, 1, 1.2))
        _draw_regimes(row[0], study)
        _draw_patterns(row[1], study)
        _draw_moves(row[2], study)
        where = f"{study.technology}, {study.corner}, {study.temperature:g} °C"
        chips = len(study.as_built.before)
        figure.suptitle(f"{study.name} on {where}: {chips} chips trimmed", fontsize=9)
        return figure


def _draw_regimes(axes: Axes, study: TrimStudy) -> None:
    bars: list[tuple[str, Counter[Regime], str, float]] = []
    for who, outcome in study.outcomes.items():
        for when, reports in (("before", outcome.before), ("after", outcome.trimmed.reports)):
            label = f"{_WHO[who]}, {when}"
            counts = Counter(r.regime for r in reports)
            bars.append((label, counts, COLOURS[who], _PALE if when == "before" else 1.0))
    shown = [x for x in Regime if any(counts[x] for _, counts, _, _ in bars)]
    height = 0.84 / len(bars)
    for index, (label, counts, colour, alpha) in enumerate(bars):
        places = np.arange(len(shown)) + (index - (len(bars) - 1) / 2) * height
        shares = [100 * counts[x] / counts.total() for x in shown]
        drawn = axes.barh(places, shares, height * 0.9, color=colour, alpha=alpha, label=label)
        axes.bar_label(
            drawn, [f"{s:.3g} %" if s else "" for s in shares], padding=2, fontsize=7, color=_INK
        )
    axes.set_yticks(np.arange(len(shown)), [x.value.replace("_", "\n") for x in shown])
    for tick, x in zip(axes.get_yticklabels(), shown, strict=True):
        tick.set_fontweight("bold" if x == study.wanted else "normal")
    axes.invert_yaxis()
    axes.set_xlim(0, 125)
    axes.set_xticks([0, 50, 100])
    axes.set_xlabel("chips (%)")
    axes.set_title("regime")
    axes.legend(loc="lower right", fontsize=7)


def _draw_patterns(axes: Axes, study: TrimStudy) -> None:
    count = len(study.outcomes)
    for index, (who, outcome) in enumerate(study.outcomes.items()):
        taken = outcome.trimmed.patterns
        places = np.arange(1, study.budget + 1)
        shares = [100 * float(np.mean(taken == place)) for place in places]
        width = 0.84 / count
        axes.bar(
            places + (index - (count - 1) / 2) * width,
            shares,
            width,
            color=COLOURS[who],
            label=f"{_WHO[who]}: mean {taken.mean():.2g}",
        )
    axes.set_xlabel("firing patterns measured")
    axes.set_ylabel("chips (%)")
    axes.set_title(f"beside {study.as_built.trimmed.currents.max()} currents a chip")
    axes.legend(loc="upper right", fontsize=7)


def _draw_moves(axes: Axes, study: TrimStudy) -> None:
    """Every chip's codes, in units in which curves move alike."""
    knobs = study.as_built.trimmed.knobs
    count = len(study.outcomes)
    for index, (who, outcome) in enumerate(study.outcomes.items()):
        shown = _in_units(outcome, study)
        places = np.arange(len(knobs)) + (index - (count - 1) / 2) * 0.4
        boxes = axes.boxplot(
            list(shown.T),
            positions=places,
            widths=0.3,
            showfliers=True,
            flierprops={"markersize": 2, "markeredgecolor": COLOURS[who]},
            medianprops={"color": COLOURS[who]},
            manage_ticks=False,
        )
        for part in ("boxes", "whiskers", "caps"):
            for line in boxes[part]:
                line.set_color(COLOURS[who])
    axes.axhline(0, color=_INK, linewidth=0.5, alpha=0.5)
    axes.set_xticks(np.arange(len(knobs)), [_named(knob.port) for knob in knobs], fontsize=7)
    axes.set_title("codes, beside those drawn")


def _in_units(outcome: TrimOutcome, study: TrimStudy) -> np.ndarray:
    shown = moves(outcome.trimmed)
    for index, knob in enumerate(outcome.trimmed.knobs):
        if knob.is_reference:
            shown[:, index] /= 1e3 * knob.per_unit
    return shown


def _named(port: str) -> str:
    if port == OFFSET:
        return "offset\n(I0)"
    kind, _, name = port.partition("_")
    return f"{name}\ncurrent\n(share)" if kind == "ib" else f"{name}\nreference\n(V0)"
