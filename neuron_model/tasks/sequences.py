"""Sequences with a label each, or one at every sample: what a network learns to tell apart.

A set of sequences is padded to the longest one by holding its last sample; what lies beyond a
sequence's length is computed and never looked at. In place of labels there may be numbers to
predict (regression), several for each sequence or sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from neuron_model.errors import InputError
from neuron_model.tasks.series import Scale

DECISIONS = ("mean", "last")
"""Of a sequence: by the mean of its readouts over the sequence, or by those at its end."""

UNLABELED = -1
"""In the place of a label at samples that do not count."""

Targets = Sequence[Any]
"""One for each sequence: a label (text or whole number), labels (samples,), numbers (outputs,) or
(samples, outputs)."""


@dataclass(frozen=True)
class SequenceSet:
    """Sequences of one part, scaled and padded.

    signal: (sequences, samples, inputs), float32. lengths: (sequences,), samples that count.
    target: classes (sequences,) or, at every sample, (sequences, samples), ``UNLABELED`` where
    there is none; or scaled numbers (sequences, outputs) or (sequences, samples, outputs).
    """

    signal: np.ndarray
    lengths: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.signal)


@dataclass(frozen=True)
class SequenceData:
    """The data of a task.

    classes: names of the labels, in the order of the readouts; empty where numbers are predicted.
    every_sample: whether there is a target at every sample. signal_scale: of the training part;
    target_scale: of its numbers, None for classes. weights: how much each class counts in the loss,
    (classes,). outputs: readouts.
    """

    training: SequenceSet
    validation: SequenceSet
    test: SequenceSet
    classes: tuple[str, ...]
    every_sample: bool
    signal_scale: Scale
    target_scale: Scale | None
    weights: np.ndarray
    outputs: int

    @property
    def inputs(self) -> int:
        """How many input signals there are."""
        return int(self.training.signal.shape[2])


class SequenceTask(Protocol):
    """What a network can be trained on, sequence by sequence, each from rest.

    washout: samples at the beginning of each sequence that are not looked at. decision: one of
    ``DECISIONS``, where a sequence has one target.
    """

    @property
    def washout(self) -> int:
        """Samples from the first that are not looked at."""

    @property
    def decision(self) -> str:
        """One of ``DECISIONS``."""

    def sequences(self) -> SequenceData:
        """The data; the same each time."""


@dataclass(frozen=True)
class Recordings:
    """Sequences as they come: signals (samples, inputs) each, of any length, and their targets."""

    signals: Sequence[np.ndarray] = field(repr=False)
    targets: Targets = field(repr=False)

    def __len__(self) -> int:
        return len(self.signals)

    def some(self, index: np.ndarray) -> Recordings:
        """Those of ``index``, in its order."""
        return Recordings([self.signals[i] for i in index], [self.targets[i] for i in index])


def is_text(target: Any) -> bool:
    """Whether a target is a label or labels, not numbers to predict."""
    return np.asarray(target).dtype.kind in "iubUSO"


def make_data(parts: Sequence[Recordings], balance: bool, source: str) -> SequenceData:
    """Scale, number the classes and pad.

    Args:
        parts: training, validation and test part.
        balance: whether classes count by the inverse of how often they are in the training part.
        source: what errors call the data.

    Raises:
        InputError: sequences or targets do not go together, or hold something else than numbers.
    """
    for part in parts:
        _check(part, source)
    every = [target for part in parts for target in part.targets]
    classes, weights = _classes(parts, every, balance, source)
    every_sample = np.ndim(every[0]) == (1 if classes else 2)
    signal_scale = _scale(np.concatenate(list(parts[0].signals)))
    if not np.any(np.concatenate(list(parts[0].signals)).std(0) > 0):
        raise InputError(f"{source}: no input changes in the training part; one must.")
    target_scale = None
    if classes:
        numbers = {name: i for i, name in enumerate(classes)}
        coded = [[_coded(target, numbers) for target in part.targets] for part in parts]
        outputs = len(classes)
    else:
        rows = [np.atleast_2d(np.asarray(t, dtype=float)) for t in parts[0].targets]
        target_scale = _scale(np.concatenate(rows))
        coded = [
            [
                (np.asarray(t, dtype=float) - target_scale.mean) / target_scale.deviation
                for t in part.targets
            ]
            for part in parts
        ]
        outputs = rows[0].shape[1]
    training, validation, test = (
        padded(part, targets, signal_scale, every_sample)
        for part, targets in zip(parts, coded, strict=True)
    )
    return SequenceData(
        training,
        validation,
        test,
        classes,
        every_sample,
        signal_scale,
        target_scale,
        weights,
        outputs,
    )


def split(recordings: Recordings, fraction: float, seed: int) -> tuple[Recordings, Recordings]:
    """A part of the sequences drawn away, of each class its share; those that stay, and it.

    At least one of each class stays. Where targets are numbers or labels in time, classes play no
    part.
    """
    generator = np.random.default_rng(seed)
    one_label = all(np.ndim(t) == 0 and is_text(t) for t in recordings.targets)
    groups: dict[Any, list[int]] = {}
    for i, target in enumerate(recordings.targets):
        groups.setdefault(str(target) if one_label else "", []).append(i)
    away: list[int] = []
    for _, members in sorted(groups.items()):
        count = min(len(members) - 1, round(fraction * len(members)))
        away += generator.permutation(members)[:count].tolist()
    kept = sorted(set(range(len(recordings))) - set(away))
    return recordings.some(np.array(kept)), recordings.some(np.array(sorted(away), dtype=int))


def _check(part: Recordings, source: str) -> None:
    if len(part.signals) != len(part.targets):
        raise InputError(
            f"{source}: has {len(part.signals)} sequences and {len(part.targets)} targets; there "
            "must be one for each."
        )
    inputs = None
    for index, (signal, target) in enumerate(zip(part.signals, part.targets, strict=True)):
        if signal.ndim != 2 or not signal.size:
            raise InputError(
                f"{source}: sequence {index + 1} has shape {signal.shape}; it must be (samples, "
                "inputs)."
            )
        inputs = inputs or signal.shape[1]
        if signal.shape[1] != inputs:
            raise InputError(
                f"{source}: sequence {index + 1} has {signal.shape[1]} inputs, the first "
                f"{inputs}; all must have as many."
            )
        bad = np.argwhere(~np.isfinite(signal))
        if len(bad):
            sample, which = bad[0]
            raise InputError(
                f"{source}: sequence {index + 1}, sample {sample + 1}, input {which + 1}: "
                f"{signal[sample, which]} is not allowed; it must be a finite number."
            )
        if np.ndim(target) and is_text(target) and len(target) != len(signal):
            raise InputError(
                f"{source}: sequence {index + 1} has {len(signal)} samples and {len(target)} "
                "labels; there must be one for each."
            )
        if not is_text(target) and not np.all(np.isfinite(np.asarray(target, dtype=float))):
            raise InputError(f"{source}: the target of sequence {index + 1} is not finite.")


def _classes(
    parts: Sequence[Recordings], every: list[Any], balance: bool, source: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the classes and how much each counts; none where numbers are predicted."""
    if not every:
        raise InputError(f"{source}: holds no sequences.")
    if len({(np.ndim(t), is_text(t)) for t in every}) > 1:
        raise InputError(
            f"{source}: some sequences have a label, others labels in time or numbers; all must "
            "have the same kind of target."
        )
    if not is_text(every[0]):
        return (), np.ones(0)
    trained = np.concatenate([np.atleast_1d(t).astype(str) for t in parts[0].targets])
    names, counts = np.unique(trained, return_counts=True)
    kept = names != str(UNLABELED)
    names, counts = names[kept], counts[kept]
    if all(_is_whole(name) for name in names):
        order = np.argsort(names.astype(float))
        names, counts = names[order], counts[order]
    if len(names) < 2:
        raise InputError(
            f"{source}: all sequences of the training part are of the class "
            f"{str(names[0]) if len(names) else 'none'!r}; there must be at least two."
        )
    if len(names) > 1000:
        raise InputError(
            f"{source}: has {len(names)} different labels, the most is 1000; to predict "
            "numbers give targets with a decimal point."
        )
    others = {str(x) for t in every for x in np.atleast_1d(t).astype(str)}
    new = sorted(others - set(names.tolist()) - {str(UNLABELED)})
    if new:
        raise InputError(
            f"{source}: the label {new[0]!r} is in the validation or test part and not in the "
            "training part."
        )
    weights = counts.sum() / (len(names) * counts) if balance else np.ones(len(names))
    return tuple(str(name) for name in names), weights


def _is_whole(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _coded(target: Any, numbers: dict[str, int]) -> np.ndarray:
    texts = np.asarray(target).astype(str)
    return np.vectorize(lambda t: numbers.get(str(t), UNLABELED), otypes=[np.int64])(texts)


def _scale(rows: np.ndarray) -> Scale:
    """Of a column that does not change the deviation is 1."""
    mean, deviation = rows.mean(0), rows.std(0)
    return Scale(mean, np.where(deviation > 1e-12 * np.abs(mean), deviation, 1.0))


def padded(
    part: Recordings, targets: list[np.ndarray], scale: Scale, every_sample: bool
) -> SequenceSet:
    """Sequences scaled by ``scale``, each held at its last sample up to the longest one's end.

    Args:
        part: the sequences.
        targets: as numbers, one for each.
        scale: of the inputs.
        every_sample: whether a target is for every sample.

    Raises:
        InputError: a sequence has another number of inputs.
    """
    for index, one in enumerate(part.signals):
        if one.ndim != 2 or one.shape[1] != len(scale.mean):
            raise InputError(
                f"sequences: x[{index}] has shape {one.shape}; it must be (samples, "
                f"{len(scale.mean)})."
            )
    lengths = np.array([len(signal) for signal in part.signals], dtype=np.int64)
    longest, inputs = int(lengths.max(initial=0)), len(scale.mean)
    signal = np.zeros((len(part), longest, inputs), dtype=np.float32)
    for row, given in zip(signal, part.signals, strict=True):
        row[: len(given)] = (given - scale.mean) / scale.deviation
        row[len(given) :] = row[len(given) - 1]
    if not every_sample:
        return SequenceSet(signal, lengths, np.stack(targets) if targets else np.zeros(0))
    like = targets[0] if targets else np.zeros(1)
    fill = UNLABELED if like.dtype.kind == "i" else 0
    target = np.full((len(part), longest, *like.shape[1:]), fill, dtype=like.dtype)
    for row, given in zip(target, targets, strict=True):
        row[: len(given)] = given
    return SequenceSet(signal, lengths, target)
