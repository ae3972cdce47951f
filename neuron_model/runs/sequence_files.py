"""The files of a run folder of a training on sequences; there is no forecast among them.

``training.json`` holds, for the test part, the accuracy and the confusion of classes, or the NRMSE
of numbers.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from neuron_model.file_format import RESULT
from neuron_model.network.model_file import model_content
from neuron_model.network.network import MTCNetwork
from neuron_model.runs.currents_file import currents_content
from neuron_model.runs.file_names import CURRENTS_FILE, HISTORY_FILE, MODEL_FILE, RESULT_FILE
from neuron_model.runs.history_file import history_csv
from neuron_model.runs.result_file import whole_run
from neuron_model.tasks.sequences import SequenceData, SequenceTask
from neuron_model.training.recording import Recording
from neuron_model.training.sequence_scoring import SequenceScores, trivial_scores
from neuron_model.training.sequence_training import SequenceResult, SequenceStep


def sequence_run_files(
    network: MTCNetwork,
    task: SequenceTask,
    data: SequenceData,
    result: SequenceResult,
    currents: tuple[Recording, ...],
    identity: str,
) -> dict[str, str | bytes]:
    """Content by name, in the order in which it is to appear: what says that all is there is last.

    Args:
        network: trained. task, data: what it learned. result: how that went.
        currents: of each hidden layer.
        identity: of the run's configuration.
    """
    entries = {
        "identity": identity,
        "steps": len(result.history),
        **result_entries(result, data.classes, trivial_scores(task, data)),
    }
    return {
        HISTORY_FILE: history_csv(result.history, SequenceStep),
        CURRENTS_FILE: currents_content(list(currents)),
        MODEL_FILE: model_content(network),
        RESULT_FILE: RESULT.json_text(entries) + "\n",
    }


def result_entries(
    result: SequenceResult, classes: tuple[str, ...], trivial: dict[str, SequenceScores]
) -> dict[str, Any]:
    """What JSON says of a training, but for its steps."""
    return {
        "classes": list(classes),
        "before": asdict(result.before),
        "test": asdict(result.test),
        "validation": None if result.validation is None else asdict(result.validation),
        "best_step": result.best_step,
        "activity": result.history[-1].activity if result.history else None,
        "trivial": {name: asdict(scores) for name, scores in trivial.items()},
    }


def scores_from_entries(entries: dict[str, Any]) -> SequenceScores:
    """The inverse of what :func:`result_entries` says of scores.

    Raises:
        KeyError, TypeError, ValueError: they are something else.
    """
    accuracy, balanced, confusion = (
        entries[key] for key in ("accuracy", "balanced_accuracy", "confusion")
    )
    return SequenceScores(
        float(entries["loss"]),
        None if accuracy is None else float(accuracy),
        None if balanced is None else float(balanced),
        confusion=None if confusion is None else tuple(tuple(map(int, row)) for row in confusion),
        nrmse=tuple(map(float, entries["nrmse"])),
    )


def read_sequence_result(folder: Path, identity: str | None = None) -> SequenceResult | None:
    """How the run went that is there; None and errors as :func:`result_file.whole_run`."""
    found = whole_run(folder, SequenceStep, identity)
    if found is None:
        return None
    entries, history = found
    with RESULT.reading(str(folder / RESULT_FILE)):
        validation = entries["validation"]
        return SequenceResult(
            history,
            scores_from_entries(entries["before"]),
            scores_from_entries(entries["test"]),
            None if validation is None else scores_from_entries(validation),
            entries["best_step"],
        )
