"""Pictures of a network's task: forecasts over the samples; readouts and confusion of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from codesign.networks.sequence_validation import SequenceValidation
from codesign.pictures.picture import Picture
from codesign.pictures.plots import COLORS, NARROW, PALE, STYLE, WIDE
from codesign.pictures.sequence_plots import sequence_figure

if TYPE_CHECKING:
    from codesign.networks.validation import NetworkValidation
    from codesign.networks.verdict import AnyValidation

_TARGET = "0.5"


def network_picture(found: AnyValidation, width: float = WIDE) -> Figure:
    """Of forecasts, or of sequences; ``width``: inches."""
    if isinstance(found, SequenceValidation):
        return sequence_figure(found, width)
    return network_figure(found, width)


def network_figure(found: NetworkValidation, width: float = WIDE) -> Figure:
    """A row for each output: target, trained network in torch, circuit; errors below; ``width``:
    inches."""
    outputs = found.target.shape[1]
    moments = np.arange(found.samples)
    lines = (
        (found.target, "target", _TARGET, "-"),
        (found.trained, "torch", COLORS["model"], "-"),
        (found.circuit, "circuit in ngspice", COLORS["circuit"], "-"),
    )
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(width, 1.2 + 2.3 * outputs), layout="constrained")
        axes = figure.subplots(
            2 * outputs, 1, sharex=True, squeeze=False, height_ratios=[2.6, 1.0] * outputs
        )
        for output in range(outputs):
            shown, error = axes[2 * output, 0], axes[2 * output + 1, 0]
            for values, label, color, style in lines:
                shown.plot(moments, values[:, output], style, color=color, label=label, lw=1.2)
            error.axhline(0.0, color=PALE, linewidth=0.7)
            for values, _, color, style in lines[1:]:
                off = values[:, output] - found.target[:, output]
                error.plot(moments, off, style, color=color, lw=0.9)
            error.set_ylabel("error")
            shown.set_ylabel(f"y{output}" if outputs > 1 else "y")
            for each in (shown, error):
                for window in range(found.windows):
                    start = window * found.samples // found.windows
                    each.axvspan(start, start + found.warmup, color=PALE, alpha=0.25, lw=0)
        where = f"{found.technology}, {found.conditions}"
        errors = found.errors
        said = f"NRMSE {errors['circuit']:.3f} in ngspice, {errors['trained']:.3f} in torch"
        if width > NARROW:
            axes[0, 0].set_title(f"{where}: {said}", loc="left")
            axes[0, 0].legend(ncols=3, loc="lower right", bbox_to_anchor=(1.0, 1.0))
        else:
            axes[0, 0].set_title(f"{where}:\n{said}", loc="left")
            handles = axes[0, 0].get_legend_handles_labels()
            figure.legend(*handles, ncols=3, loc="outside lower center")
        axes[-1, 0].set_xlabel("sample of the test part (grey: not scored)")
        axes[-1, 0].set_xlim(0, found.samples - 1)
        return figure
