"""Input currents over time: piecewise constant, as a list of steps or as samples."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neuron_model.errors import InputError
from neuron_model.shown import Shown, in_short

_MOST_SHOWN = 6
_EXAMPLE = "give one value, or steps as time:value, such as 0:-2.4,2000:-1.0"


@dataclass(frozen=True, repr=False)
class Stimulus(Shown):
    """I_in(t) = values[k] from times[k] until times[k + 1]; the last value holds for ever.

    times: in the neuron's units of time; the first is 0, and each is later than the one before.
    values: in units of the leak's conductance times the voltage scale.

    Raises:
        InputError: no step, lengths that differ, a number that is not finite, or times that do
            not begin at 0 and grow.
    """

    times: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        times = tuple(float(t) for t in self.times)
        values = tuple(float(v) for v in self.values)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "values", values)
        if not times:
            raise InputError(f"current: there is no step; {_EXAMPLE}.")
        if len(times) != len(values):
            raise InputError(
                f"current: {len(times)} times and {len(values)} values do not go together; give "
                "one value for each time."
            )
        for what, numbers in (("time", times), ("value", values)):
            for number in numbers:
                if not math.isfinite(number):
                    raise InputError(f"current: {what} {number} is not allowed; it must be finite.")
        if times[0] != 0.0:
            raise InputError(
                f"current: the first step is at time {times[0]:g}; it must be at 0, so that the "
                "current is known from the start."
            )
        for before, after in zip(times, times[1:], strict=False):
            if after <= before:
                raise InputError(
                    f"current: the step at time {after:g} follows one at {before:g}; times must "
                    "grow."
                )

    @staticmethod
    def parse(text: str) -> Stimulus:
        """The stimulus that ``time:value,time:value`` describes; one value alone: for ever.

        Raises:
            InputError: not of that form, or not a stimulus.
        """
        if text.strip() and not set(":,") & set(text):
            return Stimulus.constant(_parse_number(text, text))
        steps = [_parse_step(text, part) for part in text.split(",")]
        return Stimulus(tuple(t for t, _ in steps), tuple(v for _, v in steps))

    @staticmethod
    def constant(value: float) -> Stimulus:
        """The same current for ever."""
        return Stimulus((0.0,), (value,))

    @staticmethod
    def sampled(current: Sequence[float] | np.ndarray, dt: float) -> Stimulus:
        """Samples of a current, each held for ``dt``, as a training loop feeds them.

        Args:
            current: (samples,).
            dt: time from one sample to the next; positive.

        Raises:
            InputError: ``current`` is empty, not of one dimension or not finite, or ``dt`` is not
                positive.
        """
        values = np.asarray(current, dtype=float)
        if values.ndim != 1 or values.size == 0:
            raise InputError(
                f"current: samples of shape {values.shape} are not allowed; it must be (samples,), "
                "at least one."
            )
        if not (math.isfinite(dt) and dt > 0):
            raise InputError(f"current: dt = {dt} is not allowed; it must be positive.")
        # Samples that repeat the one before are no step: a solver need not stop at them.
        steps = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
        return Stimulus(tuple(steps * dt), tuple(values[steps]))

    def __call__(self, time: Any) -> Any:
        """I_in at ``time``, a float or an array of times, none of them negative."""
        if isinstance(time, float | int):
            return self.values[bisect_right(self.times, time) - 1]
        steps = np.searchsorted(self._times, time, side="right") - 1
        return self._values[steps]

    @property
    def onset(self) -> float:
        """When the current last changed; 0 for a constant one."""
        return self.times[-1]

    def segments(self, duration: float) -> Iterator[tuple[float, float, float]]:
        """(start, end, current) of every stretch of constant current before ``duration``."""
        ends = (*self.times[1:], math.inf)
        for start, end, value in zip(self.times, ends, self.values, strict=True):
            if start >= duration:
                return
            yield start, min(end, duration), value

    def _brief(self) -> str:
        if len(self.times) <= _MOST_SHOWN:
            steps = zip(self.times, self.values, strict=True)
            return ", ".join(f"{time:g}:{value:g}" for time, value in steps)
        return f"{len(self.times)} steps until {self.onset:g}, {in_short(self._values)}"

    _columns = ("from time", "I_in")

    def _rows(self) -> list[tuple[str, str]]:
        steps = zip(self.times, self.values, strict=True)
        return [(f"{time:g}", f"{value:g}") for time, value in steps]

    def __str__(self) -> str:
        return ",".join(f"{t!r}:{v!r}" for t, v in zip(self.times, self.values, strict=True))

    @cached_property
    def _times(self) -> np.ndarray:
        return np.array(self.times)

    @cached_property
    def _values(self) -> np.ndarray:
        return np.array(self.values)


def _parse_step(text: str, part: str) -> tuple[float, float]:
    pieces = part.split(":")
    if len(pieces) != 2:
        raise InputError(f"current: {_short(part)} in {_short(text)} is no step; {_EXAMPLE}.")
    time, value = (_parse_number(text, piece) for piece in pieces)
    return time, value


def _parse_number(text: str, piece: str) -> float:
    word = piece.strip()
    try:
        # float() also reads 1_000, which nobody means in a list of steps.
        number = float(word) if "_" not in word else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(
            f"current: {_short(word)} in {_short(text)} is not a finite number; {_EXAMPLE}."
        )
    return number


def _short(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
