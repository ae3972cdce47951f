"""Picture of sequences that a circuit tells apart: readouts of some of them, and the confusion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from codesign.networks.sequence_validation import CIRCUIT, TRAINED, SequenceValidation
from codesign.pictures.picture import Picture
from codesign.pictures.plots import COLORS, FAINT, INK, NARROW, STYLE, WIDE

if TYPE_CHECKING:
    from matplotlib.typing import ColorType

_SHOWN = 2
# Okabe and Ito's, without the yellow that is hard to see on white.
_OUTPUTS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
_NUMBERED = 12
"""Classes of which the confusion's counts and the names stand in the picture."""


def sequence_figure(found: SequenceValidation, width: float = WIDE) -> Figure:
    """Readouts of torch (wide and pale) and of the circuit over two sequences; the confusion of
    both below, or, of numbers, the circuit's over torch's; ``width``: inches."""
    with mpl.rc_context(STYLE):
        wide = width > NARROW
        figure = Picture(figsize=(width, 6.6 if wide else 7.2), layout="constrained")
        rows: list[Any] = [["first", "second"], ["left", "right"]]
        if not wide:
            rows = [["first"] * 2, ["second"] * 2, rows[1]]
        axes = figure.subplot_mosaic(rows, height_ratios=[1.0] * (len(rows) - 1) + [1.25])
        above, below = [axes["first"], axes["second"]], [axes["left"], axes["right"]]
        ends, shown = np.cumsum(found.lengths), _shown(found)
        for place, index in zip(above, shown, strict=False):
            stretch = slice(ends[index] - found.lengths[index], ends[index])
            _readouts(place, found, stretch)
            place.set_title(_title(found, index))
        if found.classes:
            _confusion(below[0], found, CIRCUIT, "circuit")
            _confusion(below[1], found, TRAINED, "torch")
        else:
            for output, place in enumerate(below[: found.labels.shape[1]]):
                _numbers(place, found, output)
        used = [*above[: len(shown)], *below[: 2 if found.classes else found.labels.shape[1]]]
        for place in axes.values():
            if place not in used:
                place.set_axis_off()
        return figure


def _shown(found: SequenceValidation) -> list[int]:
    """Two sequences: of other classes where there are such; one that is decided otherwise."""
    chosen = [0]
    if len(found.labels) == len(found.sequences) and found.classes:
        others = np.flatnonzero(found.labels != found.labels[0])
        chosen += [int(i) for i in (*found.differing, *others) if i]
    chosen += list(range(1, len(found.sequences)))
    return chosen[:_SHOWN]


def _title(found: SequenceValidation, index: int) -> str:
    name = f"test sequence {found.sequences[index]}"
    if not found.classes or len(found.labels) != len(found.sequences):
        return name
    circuit, torch, label = (
        found.classes[each[index]]
        for each in (found.decided[CIRCUIT], found.decided[TRAINED], found.labels)
    )
    return f"{name}, class {label}: circuit {circuit}, torch {torch}"


def _color(output: int, outputs: int) -> ColorType:
    if outputs <= len(_OUTPUTS):
        return _OUTPUTS[output]
    return mpl.colormaps["turbo"](0.05 + 0.9 * output / (outputs - 1))


def _readouts(axes: Axes, found: SequenceValidation, stretch: slice) -> None:
    outputs = found.circuit.shape[1]
    samples = np.arange(1, stretch.stop - stretch.start + 1)
    for output in range(outputs):
        color = _color(output, outputs)
        name = found.classes[output] if found.classes else f"y{output}"
        axes.plot(samples, found.trained[stretch, output], color=color, lw=3.2, alpha=0.35)
        axes.plot(samples, found.circuit[stretch, output], color=color, lw=1.1, label=name)
    axes.set_xlabel("sample (wide and pale: torch; thin: circuit)")
    axes.set_ylabel("y of each readout")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if outputs <= _NUMBERED:
        axes.legend(ncols=2 if outputs > 4 else 1, loc="best", handlelength=1.2)


def _confusion(axes: Axes, found: SequenceValidation, who: str, name: str) -> None:
    scores = found.scores[who]
    counts = np.array(scores.confusion)
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=max(1, 1.4 * counts.max()), aspect="equal")
    if len(counts) <= _NUMBERED:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                axes.text(column, row, str(count), ha="center", va="center", color=INK)
        axes.set_xticks(range(len(counts)), found.classes)
        axes.set_yticks(range(len(counts)), found.classes)
    axes.tick_params(length=0)
    axes.set_xlabel("decided")
    axes.set_ylabel("class")
    axes.set_title(f"{name}: {100 * (scores.accuracy or 0):.1f} % right")
    for side in axes.spines.values():
        side.set_visible(True)


def _numbers(axes: Axes, found: SequenceValidation, output: int) -> None:
    trained, circuit = (found.decided[who][:, output] for who in (TRAINED, CIRCUIT))
    wanted = found.labels[:, output]
    ends = [float(min(wanted.min(), trained.min())), float(max(wanted.max(), trained.max()))]
    axes.plot(ends, ends, color=FAINT, lw=2.0)
    axes.plot(wanted, trained, "o", color=COLORS["model"], ms=5, label="torch")
    axes.plot(wanted, circuit, "o", color=COLORS["circuit"], ms=2.5, label="circuit in ngspice")
    axes.set_xlabel("target")
    axes.set_ylabel(f"y{output}")
    axes.legend(loc="best")
