"""Training on sequences: cross-entropy on the readouts, or the mean square error of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from neuron_model.errors import InputError
from neuron_model.network.limits import REALISABLE, ParameterLimits
from neuron_model.network.network import SpikingNetwork
from neuron_model.shown import Shown
from neuron_model.tasks.sequences import SequenceData, SequenceTask
from neuron_model.training import processes
from neuron_model.training.memory_needed import check_memory
from neuron_model.training.objective import active_fraction, circuit_costs
from neuron_model.training.optimization import set_rates
from neuron_model.training.sequence_readout import fit_sequence_readout
from neuron_model.training.sequence_scoring import (
    SequenceScores,
    batch_of,
    decided,
    score_sequences,
)
from neuron_model.training.training import (
    LOOKS,
    keep_within,
    only_learned,
    own_random_numbers,
)
from neuron_model.training.training_configuration import TrainingConfiguration
from neuron_model.training.under_way import Callbacks, Snapshot, UnderWay


@dataclass(frozen=True)
class SequenceStep:
    """What one training step saw.

    step: its number, from 0. loss: what is made small, before the step. error: the cross-entropy or
    the mean square error alone. gradient_norm: before it is clipped. learning_rate: of the neurons.
    activity: fraction of the hidden neurons' steps in which s > 0. validation_error and
    validation_loss: after the step, where the validation part was looked at: 1 - accuracy or the
    mean NRMSE, and the cross-entropy or the mean square error.
    """

    step: int
    loss: float
    error: float
    gradient_norm: float
    learning_rate: float
    activity: float
    validation_error: float | None = None
    validation_loss: float | None = None


@dataclass(frozen=True, repr=False)
class SequenceResult(Shown):
    """How it went: each step; the test part before the first and after the last, the validation
    part when it was best, after ``best_step``; both None without a validation part."""

    history: tuple[SequenceStep, ...]
    before: SequenceScores
    test: SequenceScores
    validation: SequenceScores | None = None
    best_step: int | None = None


SequenceCallbacks = Callbacks[SequenceStep]
"""What is called meanwhile, with steps of sequences."""

_NO_CALLBACKS = SequenceCallbacks()


def fit_sequences(
    network: SpikingNetwork,
    task: SequenceTask,
    configuration: TrainingConfiguration,
    limits: ParameterLimits = REALISABLE,
    callbacks: SequenceCallbacks = _NO_CALLBACKS,
    *,
    resume: Snapshot | None = None,
) -> SequenceResult:
    """Train ``network`` in place; where the configuration names a device it moves there.

    Every sequence begins from rest. The fields of the configuration that are of continuous runs
    (``state``, ``restart``) and of samples (``redraw``) have no part in it; ``ridge`` fits the
    readout before the first step only.

    Args:
        network: with the task's inputs, and a readout for each class or number.
        task: what to learn.
        configuration: how.
        limits: where the neurons' parameters have to stay.
        callbacks: what is called meanwhile.
        resume: where an earlier training with the same arguments was left.

    Raises:
        InputError: the loss is no longer finite, or network, task and configuration do not go
            together.
        Interrupted: ``callbacks.stop`` said so.
    """
    data = task.sequences()
    _check(network, data, configuration)
    device = processes.find_device(configuration.device)
    if device is not None:
        network.to(device)
    with own_random_numbers(network, configuration.seed), only_learned(network, configuration):
        run = _Run(network, task, data, configuration, limits)
        if resume is None:
            run.begin()
        else:
            run.restore(resume)
        run.loop(callbacks)
        return run.finish()


def _check(
    network: SpikingNetwork, data: SequenceData, configuration: TrainingConfiguration
) -> None:
    for what in ("inputs", "outputs"):
        has, needs = getattr(network, what), getattr(data, what)
        if has != needs:
            raise InputError(f"training: the network has {has} {what}; the task needs {needs}.")
    if processes.count() > 1:
        raise InputError(
            "training: sequences are learned in one process; start it without torchrun."
        )
    check_memory(network, data.training.signal.shape[1], configuration)


class _Run(UnderWay[SequenceStep]):
    """A training under way."""

    def __init__(
        self,
        network: SpikingNetwork,
        task: SequenceTask,
        data: SequenceData,
        configuration: TrainingConfiguration,
        limits: ParameterLimits,
    ) -> None:
        super().__init__(network, configuration, limits)
        self.task, self.data = task, data
        weights = torch.as_tensor(data.weights).to(network.readout.weight)
        self.class_weights = weights if data.classes else None
        self.before = SequenceScores(math.nan)
        self.best_scores = SequenceScores(math.inf, nrmse=(math.inf,))
        self.gain_step: int | None = None

    def begin(self) -> None:
        keep_within(self.network, self.limits)
        if self.configuration.ridge:
            fit_sequence_readout(self.network, self.task, self.data, self.configuration.ridge)
        self.round_weights()
        self.before = self._score(self.data.test)

    def _score(self, part: object) -> SequenceScores:
        return score_sequences(self.network, self.task, self.data, part)  # type: ignore[arg-type]

    def loop(self, callbacks: SequenceCallbacks) -> None:
        steps = self.configuration.steps
        looks = self.configuration.validate_every or max(1, steps // LOOKS)
        for step in range(len(self.history), steps):
            if self.out_of_patience():
                break
            done = self._step(step)
            if ((step + 1) % looks == 0 or step + 1 == steps) and len(self.data.validation):
                found = self._look(step)
                done = replace(done, validation_error=found.error, validation_loss=found.loss)
            self.told(done, callbacks)
            self.left(callbacks.stop is not None and callbacks.stop(), callbacks)

    def _step(self, step: int) -> SequenceStep:
        """One change of the weights."""
        c, network = self.configuration, self.network
        weights = network.readout.weight
        set_rates(self.optimizer, c.rate(step))
        self.optimizer.zero_grad(set_to_none=True)
        drawn = torch.randperm(len(self.data.training), generator=self.generator)[: c.batch]
        signal, target, lengths = batch_of(self.data.training, drawn, weights)
        hidden = network.hidden(signal)
        readouts, _ = network.read(hidden.activity)
        error = self._error(*decided(readouts, target, lengths, self.task, self.data.every_sample))
        total = error + circuit_costs(network, c, hidden)
        total.backward()
        norm = float(nn.utils.clip_grad_norm_(self.parameters.values(), c.gradient_norm))
        if not (math.isfinite(total.item()) and math.isfinite(norm)):
            raise InputError(
                f"training: the loss is {total.item()} and its gradient {norm} at step {step}; "
                "take a smaller learning_rate or a smaller dt."
            )
        self.optimizer.step()
        keep_within(network, self.limits)
        self.round_weights()
        activity = active_fraction(hidden).item()
        return SequenceStep(step, total.item(), error.item(), norm, c.rate(step), activity)

    def _error(self, z: Tensor, target: Tensor) -> Tensor:
        if self.class_weights is None:
            return nn.functional.mse_loss(z, target)
        return nn.functional.cross_entropy(z, target, self.class_weights)

    def _look(self, step: int) -> SequenceScores:
        """The validation part; the best weights are kept.

        Of equal errors, which a few sequences often have, the later one wins: the smaller of two
        losses on so few is chance, and the rates have fallen since.
        """
        found = self._score(self.data.validation)
        best = self.best_scores
        if found.error < best.error:
            self.gain_step = step
        if found.error <= best.error:
            self.best_scores = found
            self.keep_as_best(step)
        return found

    def out_of_patience(self) -> bool:
        """See :class:`UnderWay`."""
        return self.patient_since(self.gain_step, lambda done: done.validation_error is not None)

    def finish(self) -> SequenceResult:
        if self.best:
            self.network.load_state_dict(self.best)
        looked = self.best_step is not None
        return SequenceResult(
            tuple(self.history),
            self.before,
            self._score(self.data.test),
            self.best_scores if looked else None,
            self.best_step,
        )

    def snapshot(self) -> Snapshot:
        """In addition to the common: scores (``before.``, ``best_scores.``), ``best_step`` and
        ``gain_step``."""
        tensors = _scores_to_tensors("before", self.before)
        tensors |= _scores_to_tensors("best_scores", self.best_scores)
        numbers: dict[str, float] = {}
        if self.best_step is not None:
            numbers["best_step"] = self.best_step
        if self.gain_step is not None:
            numbers["gain_step"] = self.gain_step
        return self.saved(tensors, numbers)

    def restore(self, snapshot: Snapshot) -> None:
        self.restore_weights(snapshot)
        self.restore_random(snapshot)
        self.history = list(sequence_history(snapshot))
        self.before = _scores_from_tensors(snapshot.under("before."))
        self.best_scores = _scores_from_tensors(snapshot.under("best_scores."))
        if "best_step" in snapshot.numbers:
            self.best_step = int(snapshot.numbers["best_step"])
        if "gain_step" in snapshot.numbers:
            self.gain_step = int(snapshot.numbers["gain_step"])


def sequence_history(snapshot: Snapshot) -> tuple[SequenceStep, ...]:
    """The steps that are done."""
    return snapshot.steps(SequenceStep)


def _scores_to_tensors(name: str, scores: SequenceScores) -> dict[str, Tensor]:
    numbers = [
        math.nan if x is None else x
        for x in (scores.loss, scores.accuracy, scores.balanced_accuracy)
    ]
    confusion = [] if scores.confusion is None else list(scores.confusion)
    return {
        f"{name}.numbers": torch.tensor(numbers, dtype=torch.float64),
        f"{name}.confusion": torch.tensor(confusion, dtype=torch.int64),
        f"{name}.nrmse": torch.tensor(scores.nrmse, dtype=torch.float64),
    }


def _scores_from_tensors(tensors: dict[str, Tensor]) -> SequenceScores:
    loss, accuracy, balanced = (None if math.isnan(x) else x for x in tensors["numbers"].tolist())
    confusion = tuple(tuple(row) for row in tensors["confusion"].tolist())
    return SequenceScores(
        math.nan if loss is None else loss,
        accuracy,
        balanced,
        confusion or None,
        tuple(tensors["nrmse"].tolist()),
    )
