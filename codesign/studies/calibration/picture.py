"""Picture of a trim: regimes before and after, what it took, and where the codes went."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.pictures.picture import Picture
from codesign.pictures.plots import COLORS, INK, STYLE
from codesign.pictures.regime_bars import RegimeBars, draw_regimes
from codesign.studies.calibration.results import CalibrationOutcome, CalibrationResults, moves
from codesign.terminal.quantities import conditions_text, drawn_by
from mapping.calibration.knobs import OFFSET
from neuron_model.analysis.regime_reports import WHO

# How faint the bars of before are.
_BEFORE = 0.35


def calibration_figure(study: CalibrationResults) -> Figure:
    """Samples by regime before and after their trim, firing patterns that it took, and by how much
    each line was moved; by the macromodel and, where it was simulated, in ngspice."""
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(10.4, 3.9), layout="constrained")
        row = figure.subplots(1, 3, width_ratios=(1.5, 1, 1.2))
        draw_regimes(row[0], _regime_bars(study), study.wanted)
        _draw_patterns(row[1], study)
        _draw_moves(row[2], study)
        where = f"{study.technology}, {conditions_text(study.conditions)}"
        samples = f"{len(study.macromodel.before)} samples calibrated{drawn_by(study.mismatch_set)}"
        told = [
            f"{WHO[who]}, {when}: {found}"
            for who, outcome in study.outcomes.items()
            for when, found in zip(("before", "after"), outcome.yields(study.model), strict=True)
        ]
        title = f"{study.name} on {where}: {samples}"
        figure.suptitle("\n".join([title, *told]), fontsize=8.5)
        return figure


def _regime_bars(study: CalibrationResults) -> list[RegimeBars]:
    return [
        RegimeBars(f"{WHO[who]}, {when}", reports, COLORS[who], alpha)
        for who, outcome in study.outcomes.items()
        for when, reports, alpha in (
            ("before", outcome.before, _BEFORE),
            ("after", outcome.calibrated.reports, 1.0),
        )
    ]


def _draw_patterns(axes: Axes, study: CalibrationResults) -> None:
    count = len(study.outcomes)
    for index, (who, outcome) in enumerate(study.outcomes.items()):
        taken = outcome.calibrated.patterns
        places = np.arange(1, study.budget + 1)
        shares = [100 * float(np.mean(taken == place)) for place in places]
        width = 0.84 / count
        axes.bar(
            places + (index - (count - 1) / 2) * width,
            shares,
            width,
            color=COLORS[who],
            label=f"{WHO[who]}: mean {taken.mean():.2g}",
        )
    axes.set_ylabel("samples (%)")
    currents = study.macromodel.calibrated.currents.max()
    axes.set_xlabel(f"firing patterns (and {currents} currents)")
    axes.set_title("measured of a sample")
    axes.legend(loc="upper right", fontsize=7)


def _draw_moves(axes: Axes, study: CalibrationResults) -> None:
    """Every sample's codes, in units in which curves move alike."""
    knobs = study.macromodel.calibrated.knobs
    count = len(study.outcomes)
    for index, (who, outcome) in enumerate(study.outcomes.items()):
        shown = _in_units(outcome, study)
        places = np.arange(len(knobs)) + (index - (count - 1) / 2) * 0.4
        boxes = axes.boxplot(
            list(shown.T),
            positions=places,
            widths=0.3,
            showfliers=True,
            flierprops={"markersize": 2, "markeredgecolor": COLORS[who]},
            medianprops={"color": COLORS[who]},
            manage_ticks=False,
        )
        for part in ("boxes", "whiskers", "caps"):
            for line in boxes[part]:
                line.set_color(COLORS[who])
    axes.axhline(0, color=INK, linewidth=0.5, alpha=0.5)
    axes.set_xticks(np.arange(len(knobs)), [_named(knob.port) for knob in knobs], fontsize=7)
    axes.set_title("calibrated lines")
    axes.set_ylabel("set minus drawn (units below)")


def _in_units(outcome: CalibrationOutcome, study: CalibrationResults) -> np.ndarray:
    shown = moves(outcome.calibrated)
    for index, knob in enumerate(outcome.calibrated.knobs):
        if knob.is_reference:
            shown[:, index] /= 1e3 * knob.per_unit
    return shown


def _named(port: str) -> str:
    if port == OFFSET:
        return "offset\n($I_0$)"
    kind, _, name = port.partition("_")
    return f"{name}\ncurrent\n(relative)" if kind == "ib" else f"{name}\nreference\n($V_0$)"
