"""What the circuit of a network makes of test sequences, beside what torch makes of them.

Circuit and torch hear each sequence from rest. A readout is read at the end of each sample; of
readouts the class is that of the largest, by the mean over the sequence or at its end, as the
network was trained. Numbers are read in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from codesign.networks.circuit_run import CircuitRun, run_from_json, run_of
from codesign.networks.macromodel import macromodel_prediction
from codesign.networks.played import Played, correlations
from codesign.networks.sequences_task import SequencesTask
from neuron_model.analysis.verdicts import LARGEST_RATIO, LEAST_AGREEMENT, LEAST_CORRELATION
from neuron_model.shown import counted
from neuron_model.training.sequence_scoring import (
    SequenceScores,
    class_scores,
    most_frequent,
    number_scores,
)

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork

CIRCUIT, TRAINED = "circuit", "trained"
_PREDICTORS = {
    CIRCUIT: "circuit in ngspice",
    "macromodel": "macromodel of the circuit",
    TRAINED: "trained network in torch",
    "most frequent class": "most frequent class",
    "mean": "predicting the mean",
}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SequenceValidation(CircuitRun):
    """What the circuit of a network made of test sequences.

    classes: names, in the order of the readouts; empty where numbers are predicted. sequences:
    indices in the test part. lengths: samples of each. trained, circuit: y, (samples, outputs), of
    the sequences one behind the other. labels: classes as numbers, (decisions,), or scaled numbers,
    (decisions, outputs); a decision is of a sequence, or of a sample where each has a target.
    decided: the same by whose it is: "circuit", "trained" (in torch), "macromodel" where there is
    one, "most frequent class" of the training part or "mean".
    """

    classes: tuple[str, ...]
    sequences: np.ndarray
    lengths: np.ndarray
    trained: np.ndarray
    circuit: np.ndarray
    labels: np.ndarray
    decided: dict[str, np.ndarray]

    @property
    def scores(self) -> dict[str, SequenceScores]:
        """On these sequences, by whose they are."""
        if not self.classes:
            return {who: number_scores(self.labels, found) for who, found in self.decided.items()}
        count = len(self.classes)
        return {who: class_scores(self.labels, found, count) for who, found in self.decided.items()}

    @property
    def scores_in_words(self) -> list[tuple[str, SequenceScores]]:
        """Who decides, for people, and the scores."""
        scores = self.scores
        return [(text, scores[who]) for who, text in _PREDICTORS.items() if who in scores]

    @property
    def agreement(self) -> float:
        """Share of the decisions that circuit and torch have in common."""
        return float(np.mean(self.decided[CIRCUIT] == self.decided[TRAINED]))

    @property
    def differing(self) -> np.ndarray:
        """Indices of the decisions that circuit and torch do not have in common."""
        return np.flatnonzero(self.decided[CIRCUIT] != self.decided[TRAINED])

    @property
    def correlation(self) -> np.ndarray:
        """Of each y of the circuit with torch's, over all samples of the sequences, (outputs,)."""
        return correlations(self.circuit, self.trained)

    @property
    def error(self) -> float:
        """Of the circuit, 1 - accuracy, or the mean NRMSE of numbers."""
        return self.scores[CIRCUIT].error

    @property
    def ratio(self) -> float:
        """Mean NRMSE of the circuit over torch's, of numbers."""
        return self.scores[CIRCUIT].error / self.scores[TRAINED].error

    @property
    def passed(self) -> bool:
        """Whether the circuit does the task as torch does; see :mod:`.verdicts`."""
        if self.classes:
            return self.agreement >= LEAST_AGREEMENT
        return bool(self.ratio <= LARGEST_RATIO and self.correlation.min() >= LEAST_CORRELATION)

    def _brief(self) -> str:
        scores = self.scores
        circuit, trained = scores[CIRCUIT], scores[TRAINED]
        what = f"{self.where}, {counted(len(self.sequences), 'sequence')}"
        if circuit.accuracy is None or trained.accuracy is None:
            return f"{what}, NRMSE {circuit.error:.4g} (torch {trained.error:.4g})"
        return (
            f"{what}, accuracy {circuit.accuracy:.1%} (torch {trained.accuracy:.1%}), "
            f"agreement {self.agreement:.1%}"
        )

    def _rows(self) -> list[tuple[str, str]]:
        what = "error (1 - accuracy)" if self.classes else "NRMSE"
        return [
            *((f"{what}, {who}", f"{found.error:.4g}") for who, found in self.scores.items()),
            *((("agreement with torch", f"{self.agreement:.1%}"),) if self.classes else ()),
            ("least correlation with torch", f"{self.correlation.min():.4f}"),
            ("energy per sample (nJ)", f"{self.energy * 1e9:.4g}"),
        ]

    def document(self, arrays: bool = True) -> dict[str, Any]:
        """As JSON has it; ``arrays``: with y, labels and decisions, classes as indices of
        ``classes``."""
        scores = self.scores
        found: dict[str, Any] = {
            **self.place,
            "classes": list(self.classes),
            "sequences": self.sequences.tolist(),
            "lengths": self.lengths.tolist(),
            "method": self.method,
        }
        if self.classes:
            found["accuracy"] = {who: one.accuracy for who, one in scores.items()}
            found["agreement"] = self.agreement
            found["confusion"] = {
                who: [list(row) for row in scores[who].confusion or ()]
                for who in (CIRCUIT, TRAINED)
            }
        else:
            found["nrmse"] = {who: list(one.nrmse) for who, one in scores.items()}
            found["ratio"] = self.ratio
        found |= {"correlation": self.correlation.tolist(), **self.cost}
        if arrays:
            found["labels"] = self.labels.tolist()
            found["decisions"] = {who: each.tolist() for who, each in self.decided.items()}
            found["trained"], found["circuit"] = self.trained.tolist(), self.circuit.tolist()
        return found


def sequence_validation_from_json(document: Mapping[str, Any]) -> SequenceValidation:
    """The counterpart of :meth:`SequenceValidation.document`, with its arrays.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    classes = tuple(str(name) for name in document["classes"])
    kind = int if classes else float
    lengths = np.array(document["lengths"], dtype=int)
    trained, circuit = (np.array(document[k], dtype=float) for k in (TRAINED, CIRCUIT))
    labels = np.array(document["labels"], dtype=kind)
    decided = {who: np.array(v, dtype=kind) for who, v in document["decisions"].items()}
    if trained.ndim != 2 or trained.shape != circuit.shape or len(trained) != lengths.sum():
        raise ValueError(f"trained and circuit have the shapes {trained.shape}, {circuit.shape}")
    if {each.shape for each in decided.values()} != {labels.shape}:
        raise ValueError("labels and decisions are not as many")
    if not {CIRCUIT, TRAINED} <= set(decided):
        raise ValueError("decisions lacks circuit or trained")
    return SequenceValidation(
        **run_from_json(document),
        classes=classes,
        sequences=np.array(document["sequences"], dtype=int),
        lengths=lengths,
        trained=trained,
        circuit=circuit,
        labels=labels,
        decided=decided,
    )


def compare_sequences(
    network: BuiltNetwork, played: Sequence[Played], seconds: float, method: str
) -> SequenceValidation:
    """What a circuit made of sequences beside what torch makes of them.

    Args:
        network: as built.
        played: a test sequence each, heard from rest.
        seconds: that the simulation took.
        method: one of :mod:`codesign.networks.played`'s.
    """
    task = network.task
    assert isinstance(task, SequencesTask)
    chosen = np.searchsorted(task.starts(), [each.start for each in played])
    heard = [task.test_signal[each.start : each.start + each.count] for each in played]
    circuit = np.concatenate([each.sampled(network.sample_interval) for each in played])
    trained = np.concatenate([task.predictions(signal)[0] for signal in heard])
    readouts = {CIRCUIT: circuit}
    lengths = task.data.test.lengths[chosen]
    padded = task.data.test.signal[chosen, : lengths.max()]
    modeled = macromodel_prediction(network, padded)
    if modeled is not None:
        readouts["macromodel"] = np.concatenate(
            [y[:length] for y, length in zip(modeled, lengths, strict=True)]
        )
    readouts[TRAINED] = trained
    decided = {who: task.decided(y, chosen)[0] for who, y in readouts.items()}
    labels = task.decided(circuit, chosen)[1]
    if task.data.classes:
        most = most_frequent(task.task, task.data)
        decided["most frequent class"] = np.full_like(labels, most)
    else:
        decided["mean"] = np.zeros_like(labels)
    return SequenceValidation(
        **run_of(network, played, heard, seconds, method),
        classes=task.data.classes,
        sequences=chosen,
        lengths=lengths,
        trained=trained,
        circuit=circuit,
        labels=labels,
        decided=decided,
    )
