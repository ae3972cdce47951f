"""What a training on sequences came to, for people and as JSON."""

from __future__ import annotations

from codesign.terminal.console import note, print_json
from codesign.terminal.tables import print_table
from codesign.training.sequence_run import SequenceRun
from neuron_model.runs.sequence_files import result_entries
from neuron_model.training.sequence_scoring import SequenceScores

_MOST_CLASSES = 20
"""Of which a terminal shows all mistakes; of more the ones that were made most often."""


def print_sequences(run: SequenceRun, json: bool) -> None:
    """On standard output, what was resumed on standard error."""
    result = run.result
    steps = len(result.history)
    if run.resumed == steps and steps:
        note(f"{run.folder}: was trained already; --restart begins anew.")
    elif run.resumed:
        note(f"{run.folder}: resumed after step {run.resumed}.")
    if json:
        print_json(
            {
                "run": run.folder,
                "steps": steps,
                "resumed": run.resumed,
                **result_entries(result, run.classes, run.trivial),
            }
        )
        return
    scores = {"trained": result.test, "before training": result.before, **run.trivial}
    if not run.classes:
        rows = [(name, *found.nrmse) for name, found in scores.items()]
        outputs = range(1, len(result.test.nrmse) + 1)
        print_table(
            f"test error of {run.folder}, NRMSE",
            ("predictor", *(f"output {i}" for i in outputs)),
            rows,
        )
        return
    print_table(
        f"test part of {run.folder}",
        ("classifier", "accuracy (%)", "balanced accuracy (%)"),
        [(name, *_per_cent(found)) for name, found in scores.items()],
    )
    title, columns, lines = confusion_table(result.test, run.classes)
    print_table(title, columns, lines)


def _per_cent(scores: SequenceScores) -> tuple[float, float]:
    assert scores.accuracy is not None
    assert scores.balanced_accuracy is not None
    return 100 * scores.accuracy, 100 * scores.balanced_accuracy


def confusion_table(
    scores: SequenceScores, classes: tuple[str, ...]
) -> tuple[str, tuple[str, ...], list[tuple[str | int, ...]]]:
    """Title, columns and rows: all of the confusion, or of many classes the mistakes made most."""
    confusion = scores.confusion or ()
    if len(classes) <= _MOST_CLASSES:
        rows: list[tuple[str | int, ...]] = [
            (name, *row) for name, row in zip(classes, confusion, strict=True)
        ]
        return "confusion: true class (rows), predicted class (columns)", ("", *classes), rows
    mistakes = sorted(
        (-count, true, predicted)
        for true, row in enumerate(confusion)
        for predicted, count in enumerate(row)
        if count and true != predicted
    )
    found: list[tuple[str | int, ...]] = [
        (classes[t], classes[p], -c) for c, t, p in mistakes[:_MOST_CLASSES]
    ]
    return "the most frequent mistakes", ("true class", "predicted class", "how often"), found
