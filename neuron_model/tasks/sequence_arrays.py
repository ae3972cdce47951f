"""Sequences that are in memory: arrays, lists of arrays, a Dataset or a DataLoader of torch."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from neuron_model.errors import InputError
from neuron_model.tasks.events import EventFrames, is_events
from neuron_model.tasks.sequences import (
    DECISIONS,
    Recordings,
    SequenceData,
    Targets,
    make_data,
    split,
)


@dataclass(frozen=True)
class Splits:
    """What of the sequences is kept from training, and how they are scored.

    test_fraction: tested on, where there is no test part. validation_fraction: of the rest, kept to
    choose by. washout: samples of each sequence, from the first, that are not looked at. decision:
    one of ``sequences.DECISIONS``. balance: whether rare classes count as much as frequent ones.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    test_fraction: float = 0.25
    validation_fraction: float = 0.2
    washout: int = 0
    decision: str = "mean"
    balance: bool = True

    def __post_init__(self) -> None:
        for name in ("test_fraction", "validation_fraction"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 <= value < 1:
                raise _wrong(name, value, "a number from 0 to less than 1")
        whole = isinstance(self.washout, int) and not isinstance(self.washout, bool)
        if not whole or not 0 <= self.washout <= 10**6:
            raise _wrong("washout", self.washout, "a whole number from 0 to 1000000")
        if self.decision not in DECISIONS:
            raise _wrong("decision", self.decision, f"one of {', '.join(DECISIONS)}")
        if not isinstance(self.balance, bool):
            raise _wrong("balance", self.balance, "true or false")

    def data(self, given: Recordings, test: Recordings | None, source: str) -> SequenceData:
        """Training, validation and test part; always the same for the same sequences.

        Raises:
            InputError: they are too few, or no sequences.
        """
        if len(given) < 2:
            raise InputError(f"{source}: has {len(given)} sequences; it must have at least 2.")
        if test is None:
            given, test = split(given, self.test_fraction, seed=0)
        if not len(test):
            raise InputError(
                f"{source}: no sequence is left to test on; give more of them, or a larger "
                "test_fraction."
            )
        training, validation = split(given, self.validation_fraction, seed=1)
        return make_data((training, validation, test), self.balance, source)


def _wrong(name: str, value: object, allowed: str) -> InputError:
    return InputError(f"sequences: {name} = {value!r} is not allowed; it must be {allowed}.")


@dataclass(frozen=True, eq=False)
class SequenceArrays:
    """A task of sequences in memory; make it with :func:`sequences`."""

    given: Recordings = field(repr=False)
    test: Recordings | None = field(default=None, repr=False)
    splits: Splits = field(default_factory=Splits)

    @property
    def washout(self) -> int:
        """Samples from the first that are not looked at."""
        return self.splits.washout

    @property
    def decision(self) -> str:
        """One of ``sequences.DECISIONS``."""
        return self.splits.decision

    def sequences(self) -> SequenceData:
        """The data.

        Raises:
            InputError: sequences and targets do not go together; the text says which.
        """
        return self._data

    @cached_property
    def _data(self) -> SequenceData:
        return self.splits.data(self.given, self.test, "sequences")


def sequences(
    x: Any,
    y: Targets | None = None,
    lengths: Any = None,
    *,
    test: Any = None,
    frames: EventFrames | None = None,
    channels_first: bool = False,
    **values: Any,
) -> SequenceArrays:
    """A task of sequences, each with a label, or with labels or numbers in time.

    ``sequences(x, y)``: x (sequences, samples, inputs) or a list of arrays (samples, inputs) of any
    length; y a label for each (text or whole number), labels (sequences, samples), or numbers to
    predict with a decimal point, (sequences, outputs) or (sequences, samples, outputs).
    ``sequences(dataset)``: a Dataset or DataLoader of torch, of pairs (x, y) or triples (x, y,
    length), which is gone through once. Of Tonic's datasets x are events, which ``frames`` counts
    in bins of time.

    Args:
        x, y: as said.
        lengths: of the sequences in an x that is padded, (sequences,).
        test: what is tested on: (x, y), (x, y, lengths), a Dataset or a DataLoader; drawn from the
            others if not given.
        frames: how events become samples.
        channels_first: whether arrays are (sequences, inputs, samples), as aeon's and sktime's are.
        values: fields of :class:`Splits`.

    Raises:
        InputError: the arrays do not go together, or there is no such field.
    """
    known = tuple(Splits.__dataclass_fields__)
    for name in values:
        if name not in known:
            raise InputError(f"sequences: {name} is not known; there are {', '.join(known)}.")

    def turned(part: Any) -> Any:
        return [np.asarray(_plain(one)).T for one in part] if channels_first else part

    given = _of_dataset(x, frames) if y is None else recordings(turned(x), y, lengths)
    if y is not None and not channels_first:
        _warn_of_channels(given)
    tested = None
    if isinstance(test, tuple) and len(test) in (2, 3):
        tested = recordings(turned(test[0]), *test[1:])
    elif test is not None:
        tested = _of_dataset(test, frames)
    return SequenceArrays(given, tested, Splits(**values))


_FEW_SAMPLES = 16


def _warn_of_channels(given: Recordings) -> None:
    samples, inputs = (max(s.shape[axis] for s in given.signals) for axis in (0, 1))
    if samples <= _FEW_SAMPLES and samples < inputs:
        warnings.warn(
            f"the sequences have {samples} samples of {inputs} inputs each; if it is the other way "
            "round (aeon's and sktime's arrays), give channels_first=True.",
            stacklevel=3,
        )


def recordings(x: Any, y: Any, lengths: Any = None) -> Recordings:
    """Arrays as :func:`sequences` takes them.

    Raises:
        InputError: they do not go together.
    """
    signals = [_signal(one, index) for index, one in enumerate(x)]
    targets = list(_plain(y)) if not isinstance(y, list | tuple) else [_plain(t) for t in y]
    if len(signals) != len(targets):
        raise InputError(
            f"sequences: x holds {len(signals)} sequences and y {len(targets)} targets; there must "
            "be one for each."
        )
    if lengths is None:
        return Recordings(signals, [_cut(t, s) for t, s in zip(targets, signals, strict=True)])
    counts = np.asarray(_plain(lengths)).reshape(-1)
    if len(counts) != len(signals) or counts.dtype.kind not in "iu":
        raise InputError(
            f"sequences: lengths must be {len(signals)} whole numbers, one for each sequence."
        )
    for index, (signal, count) in enumerate(zip(signals, counts, strict=True)):
        if not 1 <= count <= len(signal):
            raise InputError(
                f"sequences: lengths[{index}] = {count} is not allowed; it must be from 1 to "
                f"{len(signal)}, the samples of the sequence."
            )
    cut = [signal[:count] for signal, count in zip(signals, counts, strict=True)]
    return Recordings(cut, [_cut(t, s) for t, s in zip(targets, cut, strict=True)])


def _cut(target: Any, signal: np.ndarray) -> Any:
    """Targets in time end where the signal does."""
    target = np.asarray(target)
    in_time = target.ndim == 2 or (target.ndim == 1 and target.dtype.kind in "iubUSO")
    if in_time and len(target) > len(signal):
        return target[: len(signal)]
    return target if target.ndim else target[()]


def _signal(one: Any, index: int) -> np.ndarray:
    try:
        array = np.asarray(_plain(one), dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"sequences: x[{index}] is no array of numbers ({error}).") from error
    return array[:, None] if array.ndim == 1 else array


def _plain(value: Any) -> Any:
    """Of a tensor the array; else as it is."""
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    return value


def _of_dataset(data: Any, frames: EventFrames | None) -> Recordings:
    """A Dataset or DataLoader, gone through once."""
    batched = hasattr(data, "batch_size") and hasattr(data, "dataset")
    if batched and data.batch_size is None:
        batched = False
    if not batched and not (hasattr(data, "__getitem__") or isinstance(data, Iterable)):
        raise InputError(
            f"sequences: {type(data).__name__} is no Dataset, no DataLoader, and there is no y; "
            "give sequences(x, y)."
        )
    if frames is None and hasattr(data, "sensor_size"):
        frames = EventFrames(sensor_size=tuple(data.sensor_size))
    signals: list[np.ndarray] = []
    targets: list[Any] = []
    for index, item in enumerate(_items(data)):
        if not isinstance(item, tuple | list) or len(item) not in (2, 3):
            raise InputError(
                f"sequences: item {index} of the dataset is {type(item).__name__}; it must be (x, "
                "y) or (x, y, length)."
            )
        x, y, *rest = (_plain(part) for part in item)
        if batched:
            one = recordings(x, y, *rest)
        else:
            if is_events(x):
                if frames is None:
                    raise InputError(
                        "sequences: the dataset holds events; give frames = EventFrames("
                        "sensor_size)."
                    )
                x = frames(x)
            one = recordings([x], [y], *([np.asarray(rest[0]).reshape(1)] if rest else []))
        signals += one.signals
        targets += one.targets
    return Recordings(signals, targets)


def _items(data: Any) -> Iterable[Any]:
    # A Dataset of torch need not be iterable, and one that is may never end.
    if hasattr(data, "__len__") and hasattr(data, "__getitem__") and not isinstance(data, Sequence):
        return (data[i] for i in range(len(data)))
    return iter(data)
