"""Training on sequences: cross-entropy on the readouts, or the mean square error of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields, replace

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
from neuron_model.training.optimization import learned, make_optimizer, set_rates
from neuron_model.training.sequence_readout import fit_sequence_readout
from neuron_model.training.sequence_scoring import (
    SequenceScores,
    batch_of,
    decided,
    score_sequences,
)
from neuron_model.training.training import (
    LOOKS,
    Interrupted,
    Snapshot,
    keep_within,
    only_learned,
    own_random_numbers,
)
from neuron_model.training.training_configuration import TrainingConfiguration


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


@dataclass(frozen=True)
class SequenceCallbacks:
    """As :class:`neuron_model.training.training.Callbacks`, with steps of sequences."""

    step: Callable[[SequenceStep], None] | None = None
    save: Callable[[Snapshot], None] | None = None
    save_every: int = 0
    stop: Callable[[], bool] | None = None


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


class _Run:
    """A training under way."""

    def __init__(
        self,
        network: SpikingNetwork,
        task: SequenceTask,
        data: SequenceData,
        configuration: TrainingConfiguration,
        limits: ParameterLimits,
    ) -> None:
        self.network, self.task, self.data = network, task, data
        self.configuration, self.limits = configuration, limits
        self.generator = torch.Generator().manual_seed(configuration.seed)
        self.parameters = learned(network, configuration)
        self.optimizer = make_optimizer(self.parameters, configuration)
        weights = torch.as_tensor(data.weights).to(network.readout.weight)
        self.class_weights = weights if data.classes else None
        self.history: list[SequenceStep] = []
        self.before = SequenceScores(math.nan)
        self.best: dict[str, Tensor] = {}
        self.best_scores = SequenceScores(math.inf, nrmse=(math.inf,))
        self.best_step: int | None = None
        self.gain_step: int | None = None

    def begin(self) -> None:
        keep_within(self.network, self.limits)
        if self.configuration.ridge:
            fit_sequence_readout(self.network, self.task, self.data, self.configuration.ridge)
        self.before = self._score(self.data.test)

    def _score(self, part: object) -> SequenceScores:
        return score_sequences(self.network, self.task, self.data, part)  # type: ignore[arg-type]

    def loop(self, callbacks: SequenceCallbacks) -> None:
        steps = self.configuration.steps
        looks = self.configuration.validate_every or max(1, steps // LOOKS)
        for step in range(len(self.history), steps):
            if self._out_of_patience():
                break
            done = self._step(step)
            if ((step + 1) % looks == 0 or step + 1 == steps) and len(self.data.validation):
                found = self._look(step)
                done = replace(done, validation_error=found.error, validation_loss=found.loss)
            self.history.append(done)
            if callbacks.step is not None:
                callbacks.step(done)
            stopping = callbacks.stop is not None and callbacks.stop()
            last = step + 1 == steps or self._out_of_patience()
            due = callbacks.save_every and (step + 1) % callbacks.save_every == 0
            if callbacks.save is not None and (last or stopping or due):
                callbacks.save(self.snapshot())
            if stopping and not last:
                raise Interrupted(step + 1)

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
            self.best_scores, self.best_step = found, step
            if self.configuration.keep == "best":
                self.best = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        return found

    def _out_of_patience(self) -> bool:
        """Whether too many looks at the validation part have brought nothing better."""
        if not self.configuration.patience or self.gain_step is None:
            return False
        since = self.history[self.gain_step + 1 :]
        looks = sum(done.validation_error is not None for done in since)
        return looks >= self.configuration.patience

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
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()}
        for name, parameter in self.parameters.items():
            tensors |= {
                f"optimizer.{name}.{key}": value
                for key, value in self.optimizer.state.get(parameter, {}).items()
                if isinstance(value, Tensor)
            }
        tensors["random.batches"] = self.generator.get_state()
        tensors["random.cpu"] = torch.get_rng_state()
        rows = [[math.nan if x is None else x for x in astuple(done)] for done in self.history]
        tensors["history"] = torch.tensor(rows, dtype=torch.float64).reshape(len(rows), -1)
        for name, scores in (("before", self.before), ("best_scores", self.best_scores)):
            tensors |= _scores_to_tensors(name, scores)
        numbers: dict[str, float] = {"step": len(self.history)}
        if self.best_step is not None:
            numbers["best_step"] = self.best_step
        if self.gain_step is not None:
            numbers["gain_step"] = self.gain_step
        copies = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
        return Snapshot(copies, numbers)

    def restore(self, snapshot: Snapshot) -> None:
        def under(prefix: str) -> dict[str, Tensor]:
            found = snapshot.tensors.items()
            return {k.removeprefix(prefix): v for k, v in found if k.startswith(prefix)}

        device = self.network.readout.weight.device
        self.network.load_state_dict(under("network."))
        self.best = {k: v.to(device, copy=True) for k, v in under("best.").items()}
        for name, parameter in self.parameters.items():
            for key, value in under(f"optimizer.{name}.").items():
                # Adam counts its steps on the CPU wherever the parameters are.
                where = "cpu" if key == "step" else device
                self.optimizer.state[parameter][key] = value.to(where, copy=True)
        self.generator.set_state(snapshot.tensors["random.batches"])
        torch.set_rng_state(snapshot.tensors["random.cpu"])
        self.history = list(sequence_history(snapshot))
        self.before = _scores_from_tensors(under("before."))
        self.best_scores = _scores_from_tensors(under("best_scores."))
        if "best_step" in snapshot.numbers:
            self.best_step = int(snapshot.numbers["best_step"])
        if "gain_step" in snapshot.numbers:
            self.gain_step = int(snapshot.numbers["gain_step"])


def sequence_history(snapshot: Snapshot) -> tuple[SequenceStep, ...]:
    """The steps that are done."""
    names = [f.name for f in fields(SequenceStep)]
    steps = []
    for row in snapshot.tensors["history"].tolist():
        values = dict(zip(names, row, strict=True))
        values["step"] = int(values["step"])
        for look in ("validation_error", "validation_loss"):
            if math.isnan(values[look]):
                values[look] = None
        steps.append(SequenceStep(**values))
    return tuple(steps)


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
