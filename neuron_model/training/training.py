"""Training of a network on a task: one loop, which can be left and resumed at any step.

On one CPU the same network, task and configuration give the same numbers to the last bit, also
where the training was stopped and went on from a :class:`Snapshot`; in float64 with
``significant_bits`` they do on every CPU (:mod:`neuron_model.training.rounding`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from neuron_model.errors import InputError
from neuron_model.network.limits import REALISABLE, ParameterLimits
from neuron_model.network.network import NetworkState, SpikingNetwork
from neuron_model.network.neuron import MTCNeuron
from neuron_model.network.variation import Variation, sample_count, varied
from neuron_model.shown import Shown, counted, in_short
from neuron_model.small_picture import MEMBRANE_COLOR, small_picture
from neuron_model.tasks.series import (
    Series,
    SeriesTask,
    make_series,
    scored_windows,
    training_batch,
)
from neuron_model.training import processes
from neuron_model.training.memory_needed import check_memory
from neuron_model.training.objective import Loss, Objective, scored_loss
from neuron_model.training.optimization import learned, set_rates
from neuron_model.training.readout_fit import fit_readout
from neuron_model.training.scoring import Scores, score, score_test, score_with_variation
from neuron_model.training.streams import Streams
from neuron_model.training.training_configuration import Rates, TrainingConfiguration
from neuron_model.training.under_way import Callbacks, Interrupted, Snapshot, UnderWay

__all__ = [
    "Callbacks",
    "DrawSamples",
    "Interrupted",
    "Rates",
    "Snapshot",
    "TrainingConfiguration",
    "TrainingResult",
    "TrainingStep",
    "fit_readout",
    "history_of",
    "keep_within",
    "only_learned",
    "own_random_numbers",
    "scored_loss",
    "fit",
]

LOOKS = 20
"""At the validation part in a run, where the configuration does not say how often."""


@dataclass(frozen=True)
class TrainingStep:
    """What one training step saw.

    step: its number, from 0. loss: what is made small, before the step. error: the mean square
    error alone. gradient_norm: before it is clipped. learning_rate: of the neurons. activity:
    fraction of the hidden neurons' steps in which s > 0. validation_nrmse: after the step, where
    it was looked at, in windows from rest; validation_stream_nrmse: in one continuous run.
    """

    step: int
    loss: float
    error: float
    gradient_norm: float
    learning_rate: float
    activity: float
    validation_nrmse: float | None = None
    validation_stream_nrmse: float | None = None


@dataclass(frozen=True, repr=False)
class TrainingResult(Shown):
    """How it went: each step, and the test NRMSE before the first and after the last.

    nrmse_before, nrmse: in windows from rest. stream_nrmse_before, stream_nrmse: in one continuous
    run over validation and test part. best_step: the step after which the validation part was
    best, None without a validation part; validation_nrmse and validation_stream_nrmse: how well
    then.
    """

    history: tuple[TrainingStep, ...]
    nrmse_before: float
    nrmse: float
    stream_nrmse_before: float
    stream_nrmse: float
    validation_nrmse: float | None = None
    validation_stream_nrmse: float | None = None
    best_step: int | None = None

    def _brief(self) -> str:
        return (
            f"{counted(len(self.history), 'step')}, NRMSE {self.nrmse_before:.4g} before, "
            f"{self.nrmse:.4g} after"
        )

    def _drawing(self) -> str:
        steps = np.array([step.step for step in self.history], dtype=float)
        losses = np.array([step.loss for step in self.history])
        return small_picture(steps, [losses], [MEMBRANE_COLOR], "loss over steps")

    def _rows(self) -> list[tuple[str, str]]:
        names = [f.name for f in fields(self) if f.name != "history"]
        found = [(name.replace("_", " "), getattr(self, name)) for name in names]
        return [(name, in_short(value)) for name, value in found if value is not None]


_NO_CALLBACKS: Callbacks[TrainingStep] = Callbacks()

DrawSamples = Callable[[SpikingNetwork, int], Sequence[Variation | None]]
"""(network as it is, seed) -> samples of each hidden layer; the same for the same arguments."""


def fit(
    network: SpikingNetwork,
    task: SeriesTask,
    configuration: TrainingConfiguration,
    limits: ParameterLimits = REALISABLE,
    callbacks: Callbacks[TrainingStep] = _NO_CALLBACKS,
    *,
    resume: Snapshot | None = None,
    draw_samples: DrawSamples | None = None,
) -> TrainingResult:
    """Train ``network`` in place; where the configuration names a device it moves there.

    Started by torchrun, inside of ``processes.joined()``, each process takes its share of every
    batch, and the result is that of one process, to rounding.

    Args:
        network: with the task's inputs and outputs.
        task: what to learn.
        configuration: how.
        limits: where the neurons' parameters have to stay, so that a circuit can be made.
        callbacks: what is called meanwhile.
        resume: where an earlier training with the same arguments was left.
        draw_samples: each sequence is the input of a sample of these, which are drawn anew every
            ``redraw`` steps of the configuration, and so is the validation part. The test part is
            heard by the network as it is trained; ``scoring.evaluate_samples`` lets samples hear
            it. One that gives no samples has changed the network itself, and does so once more for
            the weights that are kept, before the readout is fitted to them and after it.

    Raises:
        InputError: the loss is no longer finite, or network, task and configuration do not go
            together.
        Interrupted: ``callbacks.stop`` said so.
    """
    series = make_series(task)
    _check(network, task, series, configuration)
    device = processes.find_device(configuration.device)
    if device is not None:
        network.to(device)
    with own_random_numbers(network, configuration.seed), only_learned(network, configuration):
        run = _Run(network, task, series, configuration, limits, draw_samples)
        if resume is None:
            run.begin()
        else:
            run.restore(resume)
        run.loop(callbacks)
        return run.finish()


class _Run(UnderWay[TrainingStep]):
    """A training under way."""

    def __init__(
        self,
        network: SpikingNetwork,
        task: SeriesTask,
        series: Series,
        configuration: TrainingConfiguration,
        limits: ParameterLimits,
        draw_samples: DrawSamples | None,
    ) -> None:
        super().__init__(network, configuration, limits)
        self.draw_samples = draw_samples
        self.variations: Sequence[Variation | None] = ()
        # The network for which they were drawn, and the step: enough to draw them again.
        self.drawn_for: dict[str, Tensor] = {}
        self.drawn_at = 0
        self.task = task
        self.series = series
        self.terms = Objective(network, task, configuration)
        self.objective: nn.Module = self.terms
        self.streams: Streams | None = None
        if configuration.state == "carried":
            self.streams = Streams(network, task, series, configuration, self.generator)
        if processes.count() > 1:
            # static: the same parameters get a gradient in every step, though perhaps not all.
            self.objective = DistributedDataParallel(self.terms, static_graph=True)
        self.before = Scores(math.nan, math.nan)
        self.best_scores = Scores(math.inf, math.inf)

    def begin(self) -> None:
        keep_within(self.network, self.limits)
        if self.draw_samples is not None:
            self._draw(0)
            self._change_samples()
        if self.configuration.ridge:
            self._fit()
        self.round_weights()
        self.before = score_test(self.network, self.task, self.series)

    def loop(self, callbacks: Callbacks[TrainingStep]) -> None:
        steps = self.configuration.steps
        looks = self.configuration.validate_every or max(1, steps // LOOKS)
        for step in range(len(self.history), steps):
            if self.out_of_patience():
                break
            if self.draw_samples is not None and step and step % self.configuration.redraw == 0:
                self._draw(step)
                self._change_samples()
            loss, norm, stopping = self._step(step, callbacks.stop)
            due = (step + 1) % looks == 0 or step + 1 == steps
            found = self._look(step) if due and len(self.series.validation) else None
            done = TrainingStep(
                step,
                loss.total.item(),
                loss.error.item(),
                norm,
                self.configuration.rate(step),
                loss.activity.item(),
                None if found is None else found.windows,
                None if found is None else found.stream,
            )
            self.told(done, callbacks)
            self.left(stopping, callbacks)

    def _draw(self, step: int) -> None:
        """Draw the samples of the steps that follow."""
        assert self.draw_samples is not None
        self.drawn_at = step
        self.drawn_for = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.variations = self.draw_samples(self.network, self.configuration.seed + step)

    def _change_samples(self) -> None:
        """Each sequence that is carried along comes to one of the samples that were drawn."""
        count = sample_count(self.variations)
        if self.streams is not None and count:
            self.streams.change_samples(count)

    def _from_rest(self) -> Loss:
        """The loss on windows from anywhere in the training part, each from rest."""
        c, weights = self.configuration, self.network.readout.weight
        pair = training_batch(self.task, self.series, c.batch, self.generator, weights.dtype)
        # Every process draws the whole batch and takes its own sequences.
        share = slice(processes.rank(), None, processes.count())
        signal, target = (x[share].to(weights.device) for x in pair)
        count = sample_count(self.variations)
        if not count:
            return cast(Loss, self.objective(signal, target))
        index = torch.randint(count, (c.batch,), generator=self.generator)
        samples = index[share].to(weights.device)
        return cast(Loss, self.objective(signal, target, self.variations, samples))

    def _carried(self, streams: Streams) -> Loss:
        """The loss on each sequence's next window; the state is kept for the one after."""
        weights = self.network.readout.weight
        signal, target, weight = (x.to(weights.device) for x in streams.go_on(weights.dtype))
        samples = streams.samples.to(weights.device) if sample_count(self.variations) else None
        loss = cast(
            Loss,
            self.objective(signal, target, self.variations, samples, streams.state(), weight),
        )
        assert self.terms.end is not None
        streams.keep(self.terms.end)
        return loss

    def _step(self, step: int, stop: Callable[[], bool] | None) -> tuple[Loss, float, bool]:
        """One change of the weights; loss and wish to stop are those of all processes."""
        c, weights = self.configuration, self.network.readout.weight
        set_rates(self.optimizer, c.rate(step))
        self.optimizer.zero_grad(set_to_none=True)
        loss = self._from_rest() if self.streams is None else self._carried(self.streams)
        loss.total.backward()
        norm = float(nn.utils.clip_grad_norm_(self.parameters.values(), c.gradient_norm))
        wish = torch.tensor(stop is not None and stop(), device=weights.device)
        values = [value.double() for value in (*loss, wish)]
        *means, anyone = processes.average(torch.stack(values)).cpu().unbind()
        loss = Loss(*means)
        if not (math.isfinite(loss.total.item()) and math.isfinite(norm)):
            raise InputError(
                f"training: the loss is {loss.total.item()} and its gradient {norm} at step "
                f"{step}; take a smaller learning_rate or a smaller dt."
            )
        self.optimizer.step()
        keep_within(self.network, self.limits)
        self.round_weights()
        return loss, norm, anyone.item() > 0

    def out_of_patience(self) -> bool:
        """See :class:`UnderWay`."""
        return self.patient_since(self.best_step, lambda done: done.validation_nrmse is not None)

    def _look(self, step: int) -> Scores:
        """The validation part both ways; the best weights are kept."""
        found = self._judge()
        if self._decisive(found) < self._decisive(self.best_scores):
            self.best_scores = found
            self.keep_as_best(step)
        return found

    def _judge(self) -> Scores:
        """Both ways on the validation part, by samples where training is variation-aware."""
        part = self.series.validation
        if sample_count(self.variations):
            return score_with_variation(self.network, self.task, part, self.variations)
        return score(self.network, self.task, part)

    def _decisive(self, scores: Scores) -> float:
        """By which weights are chosen."""
        return scores.windows if self.streams is None else scores.worse

    def finish(self) -> TrainingResult:
        c = self.configuration
        if self.best:
            self.network.load_state_dict(self.best)
        follows = self.draw_samples is not None and not self.variations
        if follows:
            self._draw(c.steps)
        if c.ridge and c.steps:
            self._fit_if_better()
            if follows:
                self._draw(c.steps)
        after = score_test(self.network, self.task, self.series)
        looked = self.best_step is not None
        return TrainingResult(
            tuple(self.history),
            nrmse_before=self.before.windows,
            nrmse=after.windows,
            stream_nrmse_before=self.before.stream,
            stream_nrmse=after.stream,
            validation_nrmse=self.best_scores.windows if looked else None,
            validation_stream_nrmse=self.best_scores.stream if looked else None,
            best_step=self.best_step,
        )

    def _fit(self) -> None:
        fit_readout(self.network, self.task, self.series, self.configuration, self.variations)

    def _fit_if_better(self) -> None:
        """Fit the readout; where the validation part says that it was better before, take that."""
        readout = self.network.readout.state_dict()
        trained = {k: v.detach().clone() for k, v in readout.items()}
        judged = len(self.series.validation) > 0
        before = self._decisive(self._judge()) if judged else math.inf
        self._fit()
        self.round_weights()
        if judged and not self._decisive(self._judge()) <= before:
            self.network.readout.load_state_dict(trained)

    def snapshot(self) -> Snapshot:
        """In addition to the common: where the state is carried the sequences' places and states
        (``streams.``), the network for which samples were drawn (``samples.``), ``drawn_at``,
        ``nrmse_before`` and ``stream_nrmse_before``; ``best_nrmse``, ``best_stream_nrmse`` and
        ``best_step`` where there are any."""
        tensors = {f"samples.{k}": v for k, v in self.drawn_for.items()}
        if self.streams is not None:
            tensors |= {f"streams.{k}": v for k, v in self.streams.tensors().items()}
        numbers = {"nrmse_before": self.before.windows, "stream_nrmse_before": self.before.stream}
        if self.drawn_for:
            numbers["drawn_at"] = self.drawn_at
        if self.best_step is not None:
            numbers["best_step"] = self.best_step
            numbers["best_nrmse"] = self.best_scores.windows
            numbers["best_stream_nrmse"] = self.best_scores.stream
        return self.saved(tensors, numbers)

    def restore(self, snapshot: Snapshot) -> None:
        if self.draw_samples is not None and "drawn_at" in snapshot.numbers:
            self.network.load_state_dict(snapshot.under("samples."))
            self._draw(int(snapshot.numbers["drawn_at"]))
        self.restore_weights(snapshot)
        if self.streams is not None:
            self.streams.restore(snapshot.under("streams."), self._state_of_one())
        self.restore_random(snapshot)
        self.history = list(history_of(snapshot))
        numbers = snapshot.numbers
        self.before = Scores(numbers["nrmse_before"], numbers["stream_nrmse_before"])
        if "best_step" in numbers:
            self.best_scores = Scores(numbers["best_nrmse"], numbers["best_stream_nrmse"])
            self.best_step = int(numbers["best_step"])

    @torch.no_grad()
    def _state_of_one(self) -> NetworkState:
        """A state of the network, for what it is made of: that of one sequence after a sample."""
        weights = self.network.readout.weight
        signal = torch.zeros(1, 1, self.network.inputs).to(weights)
        index = torch.zeros(1, dtype=torch.int64, device=weights.device)
        with varied(self.network, self.variations, index):
            return self.network(signal)[1]


def history_of(snapshot: Snapshot) -> tuple[TrainingStep, ...]:
    """The steps that are done."""
    return snapshot.steps(TrainingStep)


def keep_within(network: SpikingNetwork, limits: ParameterLimits) -> None:
    """Move the learned values of MTC neurons into ``limits``, of others into their own."""
    for layer in network.layers:
        if isinstance(layer, MTCNeuron):
            layer.keep_within(limits)
        elif callable(constrain := getattr(layer, "constrain", None)):
            constrain()


def _check(
    network: SpikingNetwork, task: SeriesTask, series: Series, configuration: TrainingConfiguration
) -> None:
    for what in ("inputs", "outputs"):
        has, needs = getattr(network, what), getattr(series, what)
        if has != needs:
            raise InputError(f"training: the network has {has} {what}; the task needs {needs}.")
    for name, part in (("validation", series.validation), ("test", series.test)):
        if len(part):
            _, target = scored_windows(task, part, torch.float64)
            scored = target[:, task.washout :].flatten(0, 1)
            still = torch.nonzero(scored.amax(0) == scored.amin(0))
            if len(still):
                raise InputError(
                    f"training: target {int(still[0]) + 1} of {series.outputs} does not change in "
                    f"the {name} part, so its NRMSE is not defined; take another target or other "
                    "fractions."
                )
    check_memory(network, task.window, configuration)
    sharing = processes.count()
    if configuration.batch % sharing:
        raise InputError(
            f"training: batch = {configuration.batch} is not allowed; it must be a multiple of "
            f"the {sharing} processes that share it."
        )


@contextmanager
def own_random_numbers(network: SpikingNetwork, seed: int) -> Iterator[None]:
    """Whatever a layer draws comes from the seed, and the caller's generators stay as they were."""
    device = network.readout.weight.device
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


@contextmanager
def only_learned(network: SpikingNetwork, configuration: TrainingConfiguration) -> Iterator[None]:
    """No gradients for what has a rate of 0, while the block runs."""
    moved = learned(network, configuration)
    frozen = [p for name, p in network.named_parameters() if p.requires_grad and name not in moved]
    if not moved and configuration.steps:
        raise InputError("training: rates are all 0; at least one group must learn.")
    try:
        for parameter in frozen:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)
