"""Sequences that run through the training part window after window, with the state carried along.

A sample has no reset between windows. So each sequence of a batch runs on through the training
part: its next window begins where the last one ended, and the network begins it in the state in
which it ended the last one, through which no gradient flows (truncated backpropagation through
time). Before each window a sequence begins anew with the probability ``restart``, from rest and
anywhere in the training part; at the part's end it does so in any case, within the part's first
window, and so it does at a gap in time. It is then not scored until the washout is over, nor after
it has come to another sample, which begins with the voltages that the one before had.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from neuron_model.network.network import NetworkState, SpikingNetwork
from neuron_model.network.network_state import changed, restarted, tensors_of, with_tensors
from neuron_model.tasks.series import Series, SeriesTask, window_starts, windows_at
from neuron_model.training import processes
from neuron_model.training.rounding import rounded
from neuron_model.training.training_configuration import TrainingConfiguration


@dataclass(frozen=True)
class Position:
    """Where the sequences of a batch stand, those of all processes, each (batch,).

    at: the first row of the window. past: how many rows came before it since the sequence
    began or came to another sample. begins: whether the sequence begins with this window.
    """

    at: Tensor
    past: Tensor
    begins: Tensor


class Streams:
    """The sequences of a training, and the state that each has come to.

    Args:
        network: what runs on them.
        task: whose windows and washout.
        series: whose training part.
        configuration: batch and restart.
        generator: of what is drawn here: the same in all processes.
    """

    def __init__(
        self,
        network: SpikingNetwork,
        task: SeriesTask,
        series: Series,
        configuration: TrainingConfiguration,
        generator: torch.Generator,
    ) -> None:
        self._network = network
        self._task = task
        self._part = series.training
        self._configuration = configuration
        self._generator = generator
        # Where a window may begin; the first `window` of them are early in the training part.
        self._starts = window_starts(series.training, task.window)
        self._may_begin = torch.zeros(len(series.training) + task.window, dtype=torch.bool)
        self._may_begin[self._starts] = True
        self._share = slice(processes.rank(), None, processes.count())
        self._position: Position | None = None
        self._sample = torch.empty(0, dtype=torch.int64)
        self._state: NetworkState | None = None

    @property
    def samples(self) -> Tensor:
        """Which sample each sequence of this process is on; empty where there are none."""
        return self._sample[self._share]

    def change_samples(self, count: int) -> None:
        """Draw which of ``count`` new samples each sequence is on from now."""
        self._sample = self._draw(count)
        if self._position is not None:
            # The window that comes next is the first of the new sample.
            past = torch.full_like(self._position.past, -self._task.window)
            self._position = replace(self._position, past=past)

    def go_on(self, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        """The next window of each of this process's sequences.

        Returns:
            signal (batch, window, inputs), target (batch, window, outputs), and how much each
            moment counts, (batch, window): 0 or what makes the mean of all processes 1.
        """
        self._position = here = self._next(self._position)
        signal, target = windows_at(self._part, self._task.window, here.at, dtype)
        rows = here.past[:, None] + torch.arange(self._task.window)
        weight = (rows >= self._task.washout).to(dtype)
        share = self._share
        return signal[share], target[share], (weight / weight.mean())[share]

    def state(self) -> NetworkState | None:
        """In which this process's sequences begin their window; None: all at rest."""
        assert self._position is not None, "there is no window yet"
        begins = self._position.begins[self._share]
        if self._state is None or not bool(begins.any()):
            return self._state
        rest = self._network.initial_state(len(begins))
        return restarted(self._state, rest, begins)

    def keep(self, end: NetworkState) -> None:
        """The state in which the sequences of this process ended their window, detached."""
        bits = self._configuration.significant_bits
        self._state = changed(end, lambda x: rounded(x, bits)) if bits else end

    def _next(self, before: Position | None) -> Position:
        if before is None:
            at = self._starts[self._draw(len(self._starts))]
            return Position(at, torch.zeros_like(at), torch.ones_like(at) > 0)
        # All is drawn whether it is needed or not, so that each step draws alike.
        shares = torch.rand(self._configuration.batch, generator=self._generator)
        anywhere = self._starts[self._draw(len(self._starts))]
        early = self._starts[self._draw(min(self._task.window, len(self._starts)))]
        at = before.at + self._task.window
        over, anew = ~self._may_begin[at], shares < self._configuration.restart
        begins = over | anew
        at = torch.where(anew, anywhere, torch.where(over, early, at))
        past = torch.where(begins, 0, before.past + self._task.window)
        return Position(at, past, begins)

    def _draw(self, count: int) -> Tensor:
        size = (self._configuration.batch,)
        return torch.randint(count, size, generator=self._generator)

    def tensors(self) -> dict[str, Tensor]:
        """All of it, to go on from: that of all processes, which have to call this together."""
        if self._position is None or self._state is None:
            return {}
        batch = self._configuration.batch
        states = {
            f"state.{index}": processes.gathered(tensor, batch)
            for index, tensor in enumerate(tensors_of(self._state))
        }
        position = self._position
        return {"at": position.at, "past": position.past, "sample": self._sample, **states}

    def restore(self, tensors: dict[str, Tensor], like: NetworkState) -> None:
        """The inverse of :meth:`tensors`.

        Args:
            tensors: of all processes, however many there were.
            like: a state of the network, for what it is made of.

        Raises:
            ValueError: the tensors are not those of such a state.
        """
        if not tensors:
            return
        at = tensors["at"]
        # Whether a sequence began with the window that is over is of no more account.
        self._position = Position(at, tensors["past"], torch.zeros_like(at) > 0)
        self._sample = tensors["sample"]
        count = sum(name.startswith("state.") for name in tensors)
        states = (tensors[f"state.{index}"][self._share] for index in range(count))
        device = self._network.readout.weight.device
        self._state = with_tensors(like, [one.to(device, copy=True) for one in states])
