"""The report's lead: the task of the network, by its circuit where that was simulated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from codesign.networks.sequence_validation import CIRCUIT, SequenceValidation
from codesign.networks.verdict import AnyValidation
from codesign.pictures.network_plots import network_picture
from codesign.pictures.plots import forecast_figure
from codesign.report.markup import Child, element
from codesign.report.parts import over, table
from codesign.report.run_folder import RunFolder
from codesign.report.vector_image import StyleSheet, both_widths
from codesign.terminal.quantities import conditions_text, number, percent, quantity
from codesign.training.sequence_text import confusion_table
from neuron_model.analysis.verdicts import LARGEST_RATIO, LEAST_AGREEMENT, LEAST_CORRELATION

_SHOWN = 400
"""Samples of the forecast: the last ones, to which the continuous run has come at its end."""


def _of_torch(run: RunFolder, sheet: StyleSheet) -> Child:
    """Forecast and target at the end of one continuous run."""
    forecast = run.forecast
    if forecast is None:
        return None
    count = len(forecast.target)
    first = max(forecast.warmup, count - _SHOWN)
    text = (
        f"Forecast of the trained network in one continuous run, since a circuit has no reset: "
        f"samples {first} to {count - 1} of the {count} of the test part."
    )
    if run.scores is not None:
        text += (
            f" NRMSE on the test part: {number(run.scores.stream)} in this run, "
            f"{number(run.scores.windows)} in windows, each from rest (1: as good as the mean). "
            f"The first {forecast.warmup} samples are not scored."
        )
    shown = forecast.target[first:], forecast.forecast[first:], first
    svg = both_widths(lambda w: forecast_figure(*shown, w), sheet, "Forecast on the stream", text)
    return element("figure", svg, element("figcaption", text))


def _predictors(run: RunFolder) -> Child:
    """The network's test error beside that of ridge regression and the trivial predictors."""
    if run.scores is None or not run.predictors:
        return None
    every = {"trained network in torch": run.scores, **run.predictors}
    return table(
        "The trained network beside simple predictors (test NRMSE; 1: as good as the mean)",
        ("predictor", "one continuous run", "windows from rest"),
        [[name, number(found.stream), number(found.windows)] for name, found in every.items()],
    )


def task(run: RunFolder, sheet: StyleSheet) -> list[Child]:
    """Forecast and target, with the errors; empty where the run has neither.

    Target, torch and circuit where `codesign validate --network` was run; else what torch says.
    """
    beside = _predictors(run)
    if run.network is not None:
        return [*_of_circuit(run.network, sheet), beside]
    found = [part for part in (_of_torch(run, sheet), beside) if part is not None]
    return [element("h2", "The task"), *found] if found else []


def _of_circuit(found: AnyValidation, sheet: StyleSheet) -> list[Child]:
    """What the whole network's circuit says of the test part, beside torch."""
    sign, does = ("\u2713", "does") if found.passed else ("\u2717", "does not do")
    headline = f"{sign} the circuit of the network {does} the task as torch does"
    where = f"{found.technology}, corner {conditions_text(found.conditions)}"
    text = (
        f"The whole network in transistors ({found.neurons} neurons on {where}, simulated "
        f"{found.method}), "
    )
    tables: list[Child]
    if isinstance(found, SequenceValidation):
        text += (
            f"{len(found.sequences)} test sequences, each from rest, beside torch with the trained "
            "weights."
        )
        title, tables = "Readouts of the circuit", list(_of_sequences(found))
    else:
        windows = "one stream" if found.windows == 1 else f"{found.windows} windows from rest"
        text += (
            "its prediction of the test series beside that of torch with the "
            f"trained weights: {windows}, {found.scored} scored samples. The grey samples are the "
            "washout, which is not scored. y is scaled as in training."
        )
        rows = [[text, number(error)] for text, error in found.errors_in_words]
        title = "Prediction of the circuit"
        tables = [table("Test error (NRMSE; 1: as good as the mean)", ("predictor", "NRMSE"), rows)]
    svg = both_widths(lambda w: network_picture(found, w), sheet, title, text)
    return [
        element("h2", "The task"),
        element("p", headline, class_=f"verdict {'good' if found.passed else 'bad'}"),
        element("figure", svg, element("figcaption", text)),
        *tables,
        table("The circuit beside torch", ("quantity", "value", "to pass"), list(_figures(found))),
        [element("p", f"Note: {note}") for note in found.notes],
    ]


def _of_sequences(found: SequenceValidation) -> Iterator[Child]:
    """Accuracy and confusion, or the errors of numbers."""
    if not found.classes:
        outputs = (f"output {i}" for i in range(1, found.circuit.shape[1] + 1))
        yield table(
            "Test error (NRMSE; 1: as good as the mean)",
            ("predictor", *outputs),
            [[text, *map(number, one.nrmse)] for text, one in found.scores_in_words],
        )
        return
    rows: list[list[Child]] = [
        [text, percent(one.accuracy), percent(one.balanced_accuracy)]
        for text, one in found.scores_in_words
    ]
    yield table("Classes", ("classifier", "accuracy", "balanced accuracy"), rows)
    title, columns, lines = confusion_table(found.scores[CIRCUIT], found.classes)
    cells: list[list[Child]] = [[str(cell) for cell in line] for line in lines]
    yield table(f"The circuit's {title}", columns, cells)


def _figures(found: AnyValidation) -> Iterator[list[Child]]:
    if isinstance(found, SequenceValidation) and found.classes:
        share = percent(found.agreement)
        low = found.agreement < LEAST_AGREEMENT
        yield ["decisions in common", over(share, low), f"at least {LEAST_AGREEMENT:.0%}"]
        each = ", ".join(f"{rho:.4f}" for rho in found.correlation)
        yield ["correlation of y, by readout", each, ""]
    else:
        least = float(np.min(found.correlation))
        yield [
            "NRMSE over torch's",
            over(f"{found.ratio:.2f}", found.ratio > LARGEST_RATIO),
            f"at most {LARGEST_RATIO}",
        ]
        low = least < LEAST_CORRELATION
        yield ["correlation of y", over(f"{least:.4f}", low), f"at least {LEAST_CORRELATION}"]
    if not isinstance(found, SequenceValidation):
        yield ["gain of y", f"{found.gain:.3f}", ""]
        yield ["delay of y", f"{found.delay:.2f} samples", ""]
    yield ["energy per sample, from the supply", quantity(found.energy, "J"), ""]
    error = found.estimated_energy / found.energy - 1
    estimated = f"{quantity(found.estimated_energy, 'J')} ({percent(error, signed=True)})"
    yield ["energy per sample, by the design", estimated, ""]
