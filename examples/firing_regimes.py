"""One model, six firing regimes: a current step, the membrane voltage, and what is measured.

python examples/firing_regimes.py [picture.png]
"""

import sys

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from codesign.pictures.neuron_plots import draw_current, draw_trace
from codesign.pictures.plots import INPUT, MEMBRANE, STYLE, save_figure
from neuron_model.analysis.regimes import Regime, RegimeReport, classify
from neuron_model.analysis.simulation import simulate
from neuron_model.model.presets import Preset, presets


def main(picture: str = "firing_regimes.png") -> None:
    """Simulate each preset, tell its regime from the waveform and draw it."""
    with mpl.rc_context({**STYLE}):
        figure = Figure(figsize=(8.0, 5.6), layout="constrained")
        rows = figure.subplots(6, 2, height_ratios=(4, 1) * 3)
        for place, regime in enumerate(Regime):
            row, column = 2 * (place // 2), place % 2
            report = draw(rows[row, column], rows[row + 1, column], presets()[regime])
            assert report.regime == regime
        for axes in rows[-1]:
            axes.set_xlabel(r"time / $\tau_m$")
        figure.align_ylabels()
        save_figure(figure, picture)
    print(f"{picture}: six regimes")


def draw(upper: Axes, lower: Axes, preset: Preset) -> RegimeReport:
    """Voltage above current, and the regime that the voltage alone shows."""
    run = simulate(preset.parameters, preset.stimulus, preset.duration)
    report = classify(
        run.time, run.voltage, preset.stimulus.onset, float(preset.parameters.u_threshold)
    )
    draw_trace(upper, run.time, run.voltage)
    upper.set_ylim(-4.0, 4.0)
    upper.set_yticks([-3, 0, 3])
    upper.set_ylabel(MEMBRANE)
    upper.set_title(report.regime.words)
    upper.set_title(summary(report), loc="right", fontsize=7.5, fontweight="normal")
    upper.tick_params(labelbottom=False)
    upper.axhline(preset.parameters.u_threshold, color="#9aa5ad", linewidth=0.6, dashes=(4, 3))
    draw_current(lower, run.time, run.current)
    lower.set_ylim(-2.2, 2.2)
    lower.set_yticks([-1, 1])
    lower.set_ylabel(INPUT)
    for axes in (upper, lower):
        axes.xaxis.set_major_locator(MaxNLocator(5))
    return report


def summary(report: RegimeReport) -> str:
    """What was measured, in a few words."""
    words = [f"{report.spike_count} spike{'' if report.spike_count == 1 else 's'}"]
    if report.burst_count:
        words.append(f"{report.spikes_per_burst:g} a burst")
    if report.interspike_interval:
        words.append(f"ISI {report.interspike_interval:.0f}")
    return ", ".join(words)


if __name__ == "__main__":
    main(*sys.argv[1:])
