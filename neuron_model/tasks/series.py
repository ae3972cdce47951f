"""Series cut into parts for training, validation and test, windows of them, and the score.

Row t of a part is a moment: ``signal`` is what is heard then, ``target`` what is to be said then,
which is the value ``horizon`` samples later. All of a part's rows, targets too, come from its own
stretch of the data, so nothing that is tested on was seen in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from neuron_model.errors import InputError


@dataclass(frozen=True)
class Part:
    """A stretch of the data, scaled: signal (samples, inputs) and target (samples, outputs).

    breaks: the rows behind a gap in time, in rising order; no window goes across one.
    """

    signal: np.ndarray
    target: np.ndarray
    breaks: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.signal)


@dataclass(frozen=True)
class Scale:
    """What was taken out of each column: value = mean + deviation * scaled; each (columns,)."""

    mean: np.ndarray
    deviation: np.ndarray


@dataclass(frozen=True)
class Series:
    """The data of a task, in float64, in the order of time: training, validation, test.

    The scales are those of the training part alone. persistence: for each output the input that
    is the same quantity, or None where there is none. before_test: (samples, inputs), the inputs
    from the first moment of the validation part to the last before the test part; None where there
    is no validation part.
    """

    training: Part
    validation: Part
    test: Part
    signal_scale: Scale
    target_scale: Scale
    persistence: tuple[int | None, ...]
    before_test: np.ndarray | None = None

    @property
    def inputs(self) -> int:
        """How many signals are heard."""
        return int(self.training.signal.shape[1])

    @property
    def outputs(self) -> int:
        """How many values are to be said."""
        return int(self.training.target.shape[1])


class SeriesTask(Protocol):
    """What a network can be trained on.

    window: samples of a training sequence, of which the first ``washout`` are heard but not
    scored.
    """

    @property
    def window(self) -> int:
        """Samples of a sequence."""

    @property
    def washout(self) -> int:
        """How many of them, from the first, are not scored."""

    def series(self) -> Series:
        """The data; the same each time."""


def make_series(task: SeriesTask) -> Series:
    """The task's series, scaled and cut; the same for the same task."""
    return task.series()


def cut_series(
    signal: np.ndarray,
    target: np.ndarray,
    horizon: int,
    training_fraction: float,
    validation_fraction: float = 0.0,
    persistence: tuple[int | None, ...] | None = None,
    names: tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]] | None = None,
) -> Series:
    """Scale and cut.

    Args:
        signal: (samples, inputs). target: (samples, outputs), at the same moments.
        horizon: how many samples ahead the target is to be said.
        training_fraction, validation_fraction: of the samples, from the start; the rest is tested
            on.
        persistence: as in :class:`Series`; the inputs are the outputs if not given.
        names: of the input and of the target columns, for the errors' text, and of a table with
            gaps in time the rows behind each; what is to be said does not lie behind one.

    Raises:
        InputError: a column does not change in the training part, so it has no scale.
    """
    first, second = cuts(len(signal), training_fraction, validation_fraction)
    breaks = names[2] if names else ()
    scales = []
    for side, (columns, what) in enumerate(((signal, "input"), (target, "target"))):
        mean, deviation = columns[:first].mean(0), columns[:first].std(0)
        constant = np.flatnonzero(~(deviation > 1e-12 * np.abs(mean)))
        if constant.size:
            name = names[side][constant[0]] if names else constant[0] + 1
            raise InputError(
                f"the {what} column {name!r} is {mean[constant[0]]:g} all through the training "
                "part; it must change."
            )
        scales.append(Scale(mean, deviation))
    scaled = [(c - s.mean) / s.deviation for c, s in zip((signal, target), scales, strict=True)]
    for columns in scaled:
        columns.flags.writeable = False
    if persistence is None:
        persistence = tuple(range(target.shape[1]))

    def part(start: int, end: int) -> Part:
        inside = [b for b in breaks if start < b < end]
        stretches = [
            np.arange(a, max(a, b - horizon))
            for a, b in zip((start, *inside), (*inside, end), strict=True)
        ]
        rows = np.concatenate(stretches)
        ends = np.cumsum([len(stretch) for stretch in stretches])[:-1]
        own = tuple(sorted({int(row) for row in ends if 0 < row < len(rows)}))
        return Part(scaled[0][rows], scaled[1][rows + horizon], own)

    return Series(
        part(0, first),
        part(first, second),
        part(second, len(signal)),
        scales[0],
        scales[1],
        persistence,
        scaled[0][first:second] if second > first else None,
    )


def cuts(samples: int, training_fraction: float, validation_fraction: float) -> tuple[int, int]:
    """The first sample of the validation part, and of the test part."""
    first = int(samples * training_fraction)
    return first, first + round(samples * validation_fraction)


def check_cuts(
    name: str, samples: int, task: SeriesTask, horizon: int, fractions: tuple[float, float]
) -> None:
    """Refuse fractions, windows and lengths that do not go together.

    Args:
        name: of the task, for the error's text.
        samples: how many there are.
        task: its window and washout.
        horizon: how many samples ahead.
        fractions: that are trained and validated on.

    Raises:
        InputError: as said; the text names the value.
    """
    training, validation = fractions
    if not 0 < training < 1:
        raise wrong(name, "training_fraction", training, "more than 0 and less than 1")
    if not 0 <= validation < 1:
        raise wrong(name, "validation_fraction", validation, "from 0 to less than 1")
    if not training + validation < 1:
        rest = f"less than 1 - training_fraction = {1 - training:g}"
        raise wrong(name, "validation_fraction", validation, rest)
    if task.washout >= task.window:
        raise wrong(name, "washout", task.washout, f"less than window = {task.window}")
    first, second = cuts(samples, training, validation)
    lengths = {"training": first, "validation": second - first, "test": samples - second}
    if not validation:
        del lengths["validation"]
    shortest = min(lengths, key=lambda part: lengths[part])
    if lengths[shortest] < task.window + horizon:
        raise wrong(
            name,
            "window + horizon",
            task.window + horizon,
            f"at most {lengths[shortest]}, the length of the {shortest} part of {samples} samples",
        )


def training_batch(
    task: SeriesTask,
    series: Series,
    batch: int,
    generator: torch.Generator,
    dtype: torch.dtype | None = None,
) -> tuple[Tensor, Tensor]:
    """Windows that begin anywhere in the training part.

    Returns:
        signal (batch, window, inputs) and target (batch, window, outputs), of ``dtype``, torch's
        default if not given.
    """
    allowed = window_starts(series.training, task.window)
    starts = allowed[torch.randint(0, len(allowed), (batch,), generator=generator)]
    return windows_at(series.training, task.window, starts, dtype)


def scored_windows(
    task: SeriesTask, part: Part, dtype: torch.dtype | None = None
) -> tuple[Tensor, Tensor]:
    """Windows whose scored ends lie one after the other: each moment is scored at most once.

    Returns:
        signal (windows, window, inputs) and target (windows, window, outputs).
    """
    step = task.window - task.washout
    starts = torch.cat(
        [torch.arange(a, max(a, b - task.window + 1), step) for a, b in _stretches(part)]
    )
    return windows_at(part, task.window, starts, dtype)


def window_starts(part: Part, window: int) -> Tensor:
    """The rows at which a window may begin, which does not go across a gap; in rising order."""
    return torch.cat([torch.arange(a, max(a, b - window + 1)) for a, b in _stretches(part)])


def scored_moments(part: Part, washout: int) -> np.ndarray:
    """Which moments a continuous run over a part is scored at, (samples,) of bool.

    Not in the first ``washout``, the warm-up, nor in those behind a gap.
    """
    found = np.zeros(len(part), dtype=bool)
    for first, end in _stretches(part):
        found[first + washout : end] = True
    return found


def _stretches(part: Part) -> list[tuple[int, int]]:
    """First row and end of each stretch without a gap."""
    return list(zip((0, *part.breaks), (*part.breaks, len(part)), strict=True))


def windows_at(
    part: Part, window: int, starts: Tensor, dtype: torch.dtype | None = None
) -> tuple[Tensor, Tensor]:
    """Windows of a part, ``window`` rows each, that begin at the rows ``starts`` (windows,).

    Returns:
        signal (windows, window, inputs) and target (windows, window, outputs), of ``dtype``,
        torch's default if not given.
    """
    index = starts.numpy()[:, None] + np.arange(window)
    dtype = dtype or torch.get_default_dtype()
    signal, target = (torch.from_numpy(x[index]).to(dtype) for x in (part.signal, part.target))
    return signal, target


def nrmse(prediction: Tensor, target: Tensor) -> float:
    """Normalized root mean square error; 1: as good as the mean.

        sqrt(mean over outputs k of  mean (y_k - t_k)^2 / var(t_k))

    which for one output is the root mean square error over the standard deviation of the target.
    The means and the variance are over all windows and moments that are passed, the variance that
    of the target itself (not of the training part).

    Args:
        prediction, target: (..., outputs), or (moments,) of one output.
    """
    outputs = target.shape[-1] if target.ndim > 1 else 1
    prediction, target = (x.double().reshape(-1, outputs) for x in (prediction, target))
    error = (prediction - target).pow(2).mean(0)
    return float((error / target.var(0, correction=0)).mean().sqrt())


def trivial_nrmse(task: SeriesTask, series: Series) -> dict[str, float]:
    """What it costs on the test part to predict the last value heard, or the training's mean.

    At the moments that windows score; without "last value" where an output is not heard.
    """
    heard, target = (x[:, task.washout :] for x in scored_windows(task, series.test, torch.double))
    return _trivial(series, heard, target)


def trivial_stream_nrmse(task: SeriesTask, series: Series) -> dict[str, float]:
    """As :func:`trivial_nrmse`, at all moments of the test part behind the washout."""
    test = series.test
    scored = scored_moments(test, task.washout)
    heard, target = (torch.tensor(x[scored]) for x in (test.signal, test.target))
    return _trivial(series, heard, target)


def _trivial(series: Series, heard: Tensor, target: Tensor) -> dict[str, float]:
    costs = {}
    inputs = [i for i in series.persistence if i is not None]
    if len(inputs) == series.outputs:
        costs["last value"] = nrmse(heard[..., inputs], target)
    return costs | {"mean": nrmse(torch.zeros_like(target), target)}


def wrong(task: str, name: str, value: object, allowed: str) -> InputError:
    """The error of a task's value that is not usable."""
    return InputError(f"{task}: {name} = {value!r} is not allowed; it must be {allowed}.")
