"""Shaping I-V curves shapes behavior: a second N at the slow timescale turns spikes into bursts.

    python examples/iv_curves.py [picture.png]

The amplifying slow element of the published burster is turned up in steps. The fast curve keeps
its N (the neuron is excitable), the slow one grows a second (slow excitability), and the ultraslow
one stays monotone (one state of rest), because the restoring ultraslow element is turned up alike.
"""

import sys
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.pictures.neuron_plots import draw_trace
from codesign.pictures.plots import CURRENT, MEMBRANE, STYLE, VOLTAGE, save_figure
from codesign.terminal.answers import excitability_answer
from neuron_model.analysis.excitability import excitability, negative_conductance
from neuron_model.analysis.iv_curves import iv_curves
from neuron_model.analysis.regimes import classify
from neuron_model.analysis.simulation import simulate
from neuron_model.model.parameters import TIMESCALES, Element, NeuronParameters, Timescale
from neuron_model.model.stimulus import Stimulus

STRENGTHS = (0.0, 0.5, 1.0, 1.5)
SHAPES = {
    Timescale.FAST: "always an N",
    Timescale.SLOW: "grows one",
    Timescale.ULTRASLOW: "always rises",
}
COLORS = ("#bcd3e6", "#7fabd0", "#3a7ab0", "#14406b")
STEP = Stimulus((0.0, 1000.0), (-2.4, -0.6))
DURATION = 6000.0


def neuron(strength: float) -> NeuronParameters:
    """Excitable; the stronger, the more its slow elements amplify."""
    elements = [Element(Timescale.FAST, -2.0, 0.0), Element(Timescale.SLOW, 2.0, 0.0)]
    if strength > 0:
        elements += [
            Element(Timescale.SLOW, -strength, -0.9),
            Element(Timescale.ULTRASLOW, strength, -0.9),
        ]
    return NeuronParameters(tuple(elements), tau_slow=50.0, tau_ultraslow=2500.0)


def main(picture: str = "iv_curves.png") -> None:
    """Draw the curves of every strength, and what the weakest and the strongest do."""
    neurons = [neuron(strength) for strength in STRENGTHS]
    with mpl.rc_context({**STYLE}):
        figure = Figure(figsize=(7.4, 4.8), layout="constrained")
        rows: Any = [TIMESCALES, ["weakest"] * 3, ["strongest"] * 3]
        axes: dict[str, Axes] = figure.subplot_mosaic(rows, height_ratios=(2.5, 1, 1))
        for timescale in TIMESCALES:
            draw_curves(axes[timescale], neurons, timescale)
        axes[Timescale.FAST].set_ylabel(CURRENT)
        handles, labels = axes[Timescale.FAST].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
        draw_response(axes["weakest"], neurons[0], STRENGTHS[0], COLORS[1])
        draw_response(axes["strongest"], neurons[-1], STRENGTHS[-1], COLORS[-1])
        axes["weakest"].tick_params(labelbottom=False)
        axes["strongest"].set_xlabel(r"time / $\tau_m$")
        save_figure(figure, picture)
    first, last = (excitability_answer(excitability(one)) for one in (neurons[0], neurons[-1]))
    print(f"{picture}: at the weakest {first}; at the strongest {last}")


def draw_curves(axes: Axes, neurons: Sequence[NeuronParameters], timescale: Timescale) -> None:
    """One curve for each neuron; where the strongest one's falls, the ground is grey."""
    voltage = np.linspace(-3.0, 3.0, 301)
    for region in negative_conductance(neurons[-1], timescale):
        axes.axvspan(region.low, region.high, color="#e9edf0", linewidth=0)
    for one, strength, color in zip(neurons, STRENGTHS, COLORS, strict=True):
        current = iv_curves(one, voltage, operating_point=-0.9).at(timescale)
        axes.plot(voltage, current, color=color, linewidth=1.6, label=f"strength {strength:g}")
    axes.axhline(0.0, color="#9aa5ad", linewidth=0.6, zorder=0)
    axes.set_xlim(-3.0, 3.0)
    axes.set_xlabel(VOLTAGE)
    axes.set_title(f"{timescale}: {SHAPES[timescale]}")


def draw_response(axes: Axes, one: NeuronParameters, strength: float, color: str) -> None:
    """The response to the same current step, and the regime."""
    run = simulate(one, STEP, DURATION)
    report = classify(run.time, run.voltage, STEP.onset)
    draw_trace(axes, run.time, run.voltage, color)
    axes.set_ylabel(MEMBRANE)
    axes.set_ylim(-5.2, 4.2)
    axes.set_title(f"strength {strength:g}: {report.regime.replace('_', ' ')}")


if __name__ == "__main__":
    main(*sys.argv[1:])
