"""Picture of a refinement: errors over iterations, and the waveforms before and after."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.pictures.picture import Picture
from codesign.pictures.plots import COLORS, INK, MEMBRANE, STYLE
from codesign.studies.refinement.results import Iteration, Refinement
from codesign.terminal.quantities import conditions_text
from neuron_model.analysis.verdicts import QUANTITIES

_NAMES: Mapping[str, tuple[str, str]] = {
    "iv_fast": ("fast curve", "#56b4e9"),
    "iv_slow": ("slow curve", "#0072b2"),
    "iv_ultraslow": ("ultraslow curve", "#14406b"),
    "interspike_interval": (QUANTITIES["interspike_interval"], "#d55e00"),
    "interburst_interval": (QUANTITIES["interburst_interval"], "#cc79a7"),
    "spikes_per_burst": (QUANTITIES["spikes_per_burst"], "#009e73"),
}


def refinement_figure(refinement: Refinement) -> Figure:
    """Each error over what a validation allows, by iteration (hollow: not kept), and the circuit's
    waveform beside the model's, first and best."""
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(10.4, 3.6), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(1, 1.5))
        _draw_errors(figure.add_subplot(grid[:, 0]), refinement)
        first = figure.add_subplot(grid[0, 1])
        best = figure.add_subplot(grid[1, 1], sharex=first, sharey=first)
        _draw_waves(first, refinement.iterations[0], "first: as mapped")
        _draw_waves(best, refinement.best, f"best: {refinement.best.what}")
        best.set_xlabel("model time")
        handles, labels = first.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=2, fontsize=7.5)
        where = f"{refinement.technology}, {conditions_text(refinement.conditions)}"
        figure.suptitle(f"{refinement.name} on {where}: {refinement.reason}", fontsize=9)
        return figure


def _draw_errors(axes: Axes, refinement: Refinement) -> None:
    every = refinement.iterations
    for key, (label, color) in _NAMES.items():
        points = [(k, max(i.errors[key], 1e-3)) for k, i in enumerate(every) if key in i.errors]
        if not points:
            continue
        kept = [(k, e) for k, e in points if every[k].accepted]
        axes.plot(*zip(*kept, strict=True), color=color, linewidth=1.2, label=label, marker="o")
        left = [(k, e) for k, e in points if not every[k].accepted]
        if left:
            axes.plot(
                *zip(*left, strict=True), color=color, linestyle="", marker="o", fillstyle="none"
            )
    axes.axhline(1.0, color=INK, linewidth=0.8, linestyle=":")
    axes.set_yscale("log")
    axes.set_xticks(range(len(every)))
    axes.set_xlabel("iteration")
    axes.set_ylabel("error over its limit")
    axes.set_title("errors (hollow: design not kept)")
    axes.legend(fontsize=7, ncols=2, loc="best")


def _draw_waves(axes: Axes, iteration: Iteration, title: str) -> None:
    waves = iteration.validation.waveforms
    for who, label in (("model", "model"), ("circuit", "circuit (ngspice)")):
        wave = waves[who]
        width = 1.8 if who == "model" else 0.8
        axes.plot(wave.time, wave.voltage, color=COLORS[who], linewidth=width, label=label)
    axes.set_title(title)
    axes.set_ylabel(MEMBRANE)
