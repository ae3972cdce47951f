"""Pictures of a mismatch study: which regimes the samples fire in, and their rhythms."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from codesign.pictures.picture import Picture
from codesign.pictures.plots import COLORS, FAINT, INK, PALE, STYLE
from codesign.pictures.regime_bars import RegimeBars, draw_regimes
from codesign.studies.mismatch.results import Agreement, MismatchResults, rhythm
from codesign.terminal.quantities import conditions_text, drawn_by
from codesign.terminal.tables import wrapped
from neuron_model.analysis.regime_reports import RHYTHM, WHO
from neuron_model.analysis.verdicts import BURST_TOLERANCE, IBI_TOLERANCE, ISI_TOLERANCE

_TITLES: Mapping[str, str] = {
    "spikes_per_burst": "spikes per burst",
    "interspike_interval": "inter-spike interval (ISI)",
    "interburst_interval": "inter-burst interval (IBI)",
}
_TOLERANCES: Mapping[str, float] = {
    "spikes_per_burst": BURST_TOLERANCE,
    "interspike_interval": ISI_TOLERANCE,
    "interburst_interval": IBI_TOLERANCE,
}
# The largest value over the smallest from which on a decade has three ticks, and one.
_WIDE, _DECADES = 8.0, 60.0
# of the figure's title
_LETTERS_PER_INCH = 15
# As many samples or fewer are drawn as larger dots.
_FEW = 40


def mismatch_figure(results: MismatchResults) -> Figure:
    """Samples by regime, and each quantity of the rhythm: predicted against ngspice, sample by
    sample.

    Both axes are logarithmic, so that equal relative errors are equally far from the diagonal; the
    band is what a rhythm that is kept may be off by. Where no sample was simulated, the quantities
    are histograms of what is predicted. Intervals are in model time.
    """
    simulated = any(sample.circuit is not None for sample in results.samples)
    with mpl.rc_context(STYLE):
        # a spiker has no bursts: what no sample has is not drawn
        reports = [r for c in results.samples for r in (c.macromodel, c.circuit) if r is not None]
        there = [n for n in RHYTHM if any(getattr(r, n) is not None for r in reports)]
        figure = Picture(figsize=(2.75 + 2.55 * max(1, len(there)), 3.5), layout="constrained")
        row = figure.subplots(1, 1 + len(there), width_ratios=(1.25, *[1] * len(there)))
        row = np.atleast_1d(row)
        bars = [
            RegimeBars(
                WHO["macromodel"], [c.macromodel for c in results.samples], COLORS["macromodel"]
            )
        ]
        if simulated:
            circuits = [c.circuit for c in results.samples if c.circuit is not None]
            bars.append(RegimeBars(WHO["circuit"], circuits, COLORS["circuit"]))
        draw_regimes(row[0], bars, results.wanted)
        for axes, name in zip(row[1:], there, strict=True):
            if simulated:
                _draw_pairs(axes, results, name)
            else:
                _draw_histogram(axes, results, name)
        where = f"{results.technology}, {conditions_text(results.conditions)}"
        samples = f"{len(results.samples)} samples{drawn_by(results.mismatch_set)}"
        title = f"{results.name} on {where}: {samples}"
        found = {"macromodel": results.predicted_yield, "ngspice": results.circuit_yield}
        told = (f"{who}: {each}" for who, each in found.items() if each is not None)
        letters = int(_LETTERS_PER_INCH * figure.get_figwidth())
        figure.suptitle(wrapped("\n".join([title, *told]), letters, indent=""), fontsize=8.5)
        return figure


def _draw_pairs(axes: Axes, results: MismatchResults, name: str) -> None:
    pairs = rhythm(results, name)
    agreement = results.agreement
    axes.set_title(_TITLES[name])
    if not len(pairs):
        axes.set_axis_off()
        return
    low, high = float(pairs.min()), float(pairs.max())
    room = max((high / low) ** 0.06, 1.02)
    ends = (low / room, high * room)
    axes.plot(ends, ends, color=PALE, linewidth=0.8, zorder=0)
    off = _TOLERANCES[name]
    axes.fill_between(
        ends, [(1 - off) * e for e in ends], [(1 + off) * e for e in ends], color=FAINT, linewidth=0
    )
    size = 4 if len(pairs) > _FEW else 8
    axes.plot(*pairs.T, ".", color=COLORS["circuit"], markersize=size, alpha=0.6, markeredgewidth=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_aspect("equal")
    for axis in (axes.xaxis, axes.yaxis):
        _plain_ticks(axis, high / low)
    unit = "" if name == "spikes_per_burst" else ", model time"
    axes.set_xlabel(f"macromodel{unit}")
    axes.set_ylabel(f"ngspice{unit}")
    if agreement is not None:
        text = _agreement(agreement, name)
        axes.text(0.05, 0.95, text, transform=axes.transAxes, va="top", fontsize=7)


def _agreement(found: Agreement, name: str) -> str:
    lines = [f"{found.compared[name]} samples"]
    error, correlation = found.error[name], found.correlation[name]
    if error is not None:
        lines.insert(0, f"error {100 * error[0]:.2g} % median\n{100 * error[1]:.2g} % 90th pct.")
    if correlation is not None:
        lines.append(f"r = {correlation:.3f}")
    return "\n".join(lines)


def _plain_ticks(axis: Axis, ratio: float) -> None:
    """Ticks of a logarithmic axis written out, also where it spans less than a decade."""
    if ratio > _DECADES:
        axis.set_major_locator(LogLocator())
    elif ratio > _WIDE:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    else:
        axis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def _draw_histogram(axes: Axes, results: MismatchResults, name: str) -> None:
    samples = [c.macromodel for c in results.samples if c.macromodel.regime == results.wanted]
    values = [getattr(report, name) for report in samples]
    values = [value for value in values if value is not None]
    axes.set_title(_TITLES[name])
    if not values:
        axes.set_axis_off()
        return
    axes.hist(values, bins="auto", color=COLORS["macromodel"], edgecolor="white", linewidth=0.5)
    nominal = getattr(results.nominal, name)
    if nominal is not None:
        axes.axvline(nominal, color=INK, linewidth=1.0)
        axes.text(
            nominal, 1.0, " nominal", transform=axes.get_xaxis_transform(), fontsize=7, va="top"
        )
    axes.set_ylabel("samples as predicted")
    axes.set_xlabel("spikes" if name == "spikes_per_burst" else "model time")
