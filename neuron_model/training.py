"""Training of a network on a task: one loop, which can be left and gone on with at any step.

On a CPU the same network, task and configuration give the same numbers to the last bit, also where
the training was stopped and went on from a :class:`Snapshot`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from neuron_model import processes
from neuron_model.errors import InputError
from neuron_model.limits import REALISABLE, Limits
from neuron_model.network import Network
from neuron_model.neuron import MTCNeuron
from neuron_model.objective import Loss, Objective, scored_loss
from neuron_model.optimisation import learned, make_optimiser, set_rates
from neuron_model.readout_fit import fit_readout
from neuron_model.tasks.series import (
    Part,
    Series,
    Task,
    make_series,
    nrmse,
    scored_windows,
    training_batch,
)
from neuron_model.training_configuration import Rates, TrainingConfiguration
from neuron_model.variation import Variation, chip_count, in_turn, varied

__all__ = [
    "DrawChips",
    "Interrupted",
    "Rates",
    "Snapshot",
    "TrainingConfiguration",
    "TrainingResult",
    "TrainingStep",
    "evaluate",
    "evaluate_chips",
    "fit_readout",
    "history_of",
    "keep_within",
    "scored_loss",
    "train",
]

LOOKS = 20
"""At the validation part in a run, where the configuration does not say how often."""

_WINDOWS_AT_ONCE = 256
"""Of an evaluation, so that long test parts fit into the memory."""


@dataclass(frozen=True)
class TrainingStep:
    """What one training step saw.

    step: its number, from 0. loss: what is made small, before the step. error: the mean square
    error alone. gradient_norm: before it is clipped. learning_rate: of the neurons. activity:
    fraction of the hidden neurons' steps in which s > 0. validation_nrmse: after the step, where
    it was looked at.
    """

    step: int
    loss: float
    error: float
    gradient_norm: float
    learning_rate: float
    activity: float
    validation_nrmse: float | None = None


@dataclass(frozen=True)
class TrainingResult:
    """How it went: each step, and the test NRMSE before the first and after the last.

    validation_nrmse: the least at any look, None without a validation part. best_step: the step
    after which that was.
    """

    history: tuple[TrainingStep, ...]
    nrmse_before: float
    nrmse: float
    validation_nrmse: float | None = None
    best_step: int | None = None


@dataclass(frozen=True)
class Snapshot:
    """All that training needs to go on after a step as if it had never stopped.

    tensors: by name: the network's state (``network.``), the best so far (``best.``), the
    optimiser's moments (``optimiser.``), the states of the random generators (``random.``) and the
    history, a row for each step. numbers: ``step``, how many steps are done; ``nrmse_before``;
    ``best_nrmse`` and ``best_step`` where there are any.
    """

    tensors: dict[str, Tensor]
    numbers: dict[str, float]

    @property
    def step(self) -> int:
        """How many steps are done."""
        return int(self.numbers["step"])


class Interrupted(Exception):
    """The training was asked to stop and did, after ``step`` steps, which are saved."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped after {step} steps")
        self.step = step


Progress = Callable[[TrainingStep], None]

DrawChips = Callable[[Network, int], Sequence[Variation | None]]
"""(network as it is, seed) -> chips of each hidden layer; the same for the same arguments."""


def train(
    network: Network,
    task: Task,
    configuration: TrainingConfiguration,
    limits: Limits = REALISABLE,
    progress: Progress | None = None,
    *,
    resume: Snapshot | None = None,
    save: Callable[[Snapshot], None] | None = None,
    save_every: int = 0,
    stop: Callable[[], bool] | None = None,
    draw_chips: DrawChips | None = None,
) -> TrainingResult:
    """Train ``network`` in place; where the configuration names a device it moves there.

    Started by torchrun, inside of ``processes.joined()``, each process takes its share of every
    batch, and the result is that of one process, to rounding.

    Args:
        network: with the task's inputs and outputs.
        task: what to learn.
        configuration: how.
        limits: where the neurons' parameters have to stay, so that a circuit can be made.
        progress: called after each step.
        resume: where an earlier training with the same arguments was left.
        save: called with a snapshot every ``save_every`` steps (0: never), after the last step and
            before an interruption.
        stop: asked after each step whether to stop.
        draw_chips: each sequence is heard by a chip of these, which are drawn anew every
            ``redraw`` steps of the configuration, and so is the validation part. The test part is
            heard by the network as it is trained; :func:`evaluate_chips` lets chips hear it.

    Raises:
        InputError: the loss is no longer finite, or network, task and configuration do not go
            together.
        Interrupted: ``stop`` said so.
    """
    series = make_series(task)
    _check(network, task, series, configuration)
    device = processes.find_device(configuration.device)
    if device is not None:
        network.to(device)
    with _own_random_numbers(network, configuration.seed), _only_learned(network, configuration):
        run = _Run(network, task, series, configuration, limits, draw_chips)
        if resume is None:
            run.begin()
        else:
            run.restore(resume)
        run.loop(progress, save, save_every, stop)
        return run.finish()


class _Run:
    """A training under way."""

    def __init__(
        self,
        network: Network,
        task: Task,
        series: Series,
        configuration: TrainingConfiguration,
        limits: Limits,
        draw_chips: DrawChips | None,
    ) -> None:
        self.network = network
        self.draw_chips = draw_chips
        self.variations: Sequence[Variation | None] = ()
        # The network for which they were drawn, and the step: enough to draw them again.
        self.drawn_for: dict[str, Tensor] = {}
        self.drawn_at = 0
        self.task = task
        self.series = series
        self.configuration = configuration
        self.limits = limits
        self.generator = torch.Generator().manual_seed(configuration.seed)
        self.parameters = learned(network, configuration)
        self.optimiser = make_optimiser(self.parameters, configuration)
        self.objective: nn.Module = Objective(network, task, configuration)
        if processes.count() > 1:
            # static: the same parameters get a gradient in every step, though perhaps not all.
            self.objective = DistributedDataParallel(self.objective, static_graph=True)
        self.history: list[TrainingStep] = []
        self.before = math.nan
        self.best: dict[str, Tensor] = {}
        self.best_nrmse = math.inf
        self.best_step: int | None = None

    def begin(self) -> None:
        keep_within(self.network, self.limits)
        if self.draw_chips is not None:
            self._draw(0)
        if self.configuration.ridge:
            self._fit()
        self.before = evaluate(self.network, self.task, self.series.test)

    def loop(
        self,
        progress: Progress | None,
        save: Callable[[Snapshot], None] | None,
        save_every: int,
        stop: Callable[[], bool] | None,
    ) -> None:
        steps = self.configuration.steps
        looks = self.configuration.validate_every or max(1, steps // LOOKS)
        for step in range(len(self.history), steps):
            if self._out_of_patience():
                break
            if self.draw_chips is not None and step and step % self.configuration.redraw == 0:
                self._draw(step)
            loss, norm, stopping = self._step(step, stop)
            due = (step + 1) % looks == 0 or step + 1 == steps
            done = TrainingStep(
                step,
                loss.total.item(),
                loss.error.item(),
                norm,
                self.configuration.rate(step),
                loss.activity.item(),
                self._look(step) if due and len(self.series.validation) else None,
            )
            self.history.append(done)
            if progress is not None:
                progress(done)
            last = step + 1 == steps or self._out_of_patience()
            if save is not None and (
                last or stopping or (save_every and (step + 1) % save_every == 0)
            ):
                save(self.snapshot())
            if stopping and not last:
                raise Interrupted(step + 1)

    def _draw(self, step: int) -> None:
        """Draw the chips of the steps that follow."""
        assert self.draw_chips is not None
        self.drawn_at = step
        self.drawn_for = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.variations = self.draw_chips(self.network, self.configuration.seed + step)

    def _chips(self, share: slice) -> tuple[Sequence[Variation | None], Tensor] | tuple[()]:
        """The chips, and which one hears each of this process's sequences of a batch."""
        count = chip_count(self.variations)
        if not count:
            return ()
        index = torch.randint(count, (self.configuration.batch,), generator=self.generator)
        return self.variations, index[share].to(self.network.readout.weight.device)

    def _step(self, step: int, stop: Callable[[], bool] | None) -> tuple[Loss, float, bool]:
        """One change of the weights; loss and wish to stop are those of all processes."""
        c, weights = self.configuration, self.network.readout.weight
        pair = training_batch(self.task, self.series, c.batch, self.generator, weights.dtype)
        # Every process draws the whole batch and takes its own sequences.
        share = slice(processes.rank(), None, processes.count())
        signal, target = (x[share].to(weights.device) for x in pair)
        set_rates(self.optimiser, c.rate(step))
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.objective(signal, target, *self._chips(share))
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
        self.optimiser.step()
        keep_within(self.network, self.limits)
        return loss, norm, anyone.item() > 0

    def _out_of_patience(self) -> bool:
        """Whether too many looks at the validation part have brought nothing better."""
        if not self.configuration.patience or self.best_step is None:
            return False
        since = self.history[self.best_step + 1 :]
        looks = sum(done.validation_nrmse is not None for done in since)
        return looks >= self.configuration.patience

    def _look(self, step: int) -> float:
        """NRMSE on the validation part; the best weights are kept."""
        found = self._judge()
        if found < self.best_nrmse:
            self.best_nrmse, self.best_step = found, step
            if self.configuration.keep == "best":
                self.best = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        return found

    @torch.no_grad()
    def _judge(self) -> float:
        """NRMSE on the validation part; on chips, each hears an equal share of it."""
        part = self.series.validation
        if not self.variations:
            return evaluate(self.network, self.task, part)
        windows = len(scored_windows(self.task, part, torch.float32)[0])
        turns = in_turn(self.variations, windows)
        assert turns is not None
        return _evaluate_on(self.network, self.task, part, self.variations, turns)

    def finish(self) -> TrainingResult:
        c = self.configuration
        if self.best:
            self.network.load_state_dict(self.best)
        if c.ridge and c.steps:
            self._fit_if_better()
        return TrainingResult(
            tuple(self.history),
            self.before,
            evaluate(self.network, self.task, self.series.test),
            None if self.best_step is None else self.best_nrmse,
            self.best_step,
        )

    def _fit(self) -> None:
        fit_readout(self.network, self.task, self.series, self.configuration, self.variations)

    def _fit_if_better(self) -> None:
        """Fit the readout; where the validation part says that it was better before, take that."""
        readout = self.network.readout.state_dict()
        trained = {k: v.detach().clone() for k, v in readout.items()}
        judged = len(self.series.validation) > 0
        before = self._judge() if judged else math.inf
        self._fit()
        if judged and not self._judge() <= before:
            self.network.readout.load_state_dict(trained)

    def snapshot(self) -> Snapshot:
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()}
        for name, parameter in self.parameters.items():
            state = self.optimiser.state.get(parameter, {})
            tensors |= {
                f"optimiser.{name}.{key}": value
                for key, value in state.items()
                if isinstance(value, Tensor)
            }
        tensors |= {f"chips.{k}": v for k, v in self.drawn_for.items()}
        tensors["random.batches"] = self.generator.get_state()
        tensors["random.cpu"] = torch.get_rng_state()
        device = self.network.readout.weight.device
        if device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(device)
        rows = [[math.nan if x is None else x for x in astuple(done)] for done in self.history]
        tensors["history"] = torch.tensor(rows, dtype=torch.float64).reshape(len(rows), -1)
        numbers: dict[str, float] = {"step": len(self.history), "nrmse_before": self.before}
        if self.drawn_for:
            numbers["drawn_at"] = self.drawn_at
        if self.best_step is not None:
            numbers |= {"best_nrmse": self.best_nrmse, "best_step": self.best_step}
        copies = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
        return Snapshot(copies, numbers)

    def restore(self, snapshot: Snapshot) -> None:
        def under(prefix: str) -> dict[str, Tensor]:
            return {
                k.removeprefix(prefix): v
                for k, v in snapshot.tensors.items()
                if k.startswith(prefix)
            }

        device = self.network.readout.weight.device
        if self.draw_chips is not None and "drawn_at" in snapshot.numbers:
            self.network.load_state_dict(under("chips."))
            self._draw(int(snapshot.numbers["drawn_at"]))
        self.network.load_state_dict(under("network."))
        self.best = {k: v.to(device, copy=True) for k, v in under("best.").items()}
        for name, parameter in self.parameters.items():
            for key, value in under(f"optimiser.{name}.").items():
                # Adam counts its steps on the CPU wherever the parameters are.
                where = "cpu" if key == "step" else device
                self.optimiser.state[parameter][key] = value.to(where, copy=True)
        random = under("random.")
        self.generator.set_state(random["batches"])
        torch.set_rng_state(random["cpu"])
        if device.type == "cuda" and "cuda" in random:
            torch.cuda.set_rng_state(random["cuda"], device)
        self.history = list(history_of(snapshot))
        self.before = float(snapshot.numbers["nrmse_before"])
        if "best_step" in snapshot.numbers:
            self.best_nrmse = float(snapshot.numbers["best_nrmse"])
            self.best_step = int(snapshot.numbers["best_step"])


def history_of(snapshot: Snapshot) -> tuple[TrainingStep, ...]:
    """The steps that are done."""
    names = [f.name for f in fields(TrainingStep)]
    steps = []
    for row in snapshot.tensors["history"].tolist():
        values = dict(zip(names, row, strict=True))
        values["step"] = int(values["step"])
        if math.isnan(values["validation_nrmse"]):
            values["validation_nrmse"] = None
        steps.append(TrainingStep(**values))
    return tuple(steps)


@torch.no_grad()
def evaluate(network: Network, task: Task, part: Part) -> float:
    """NRMSE (:func:`neuron_model.tasks.series.nrmse`) on a part of the task's series."""
    weights = network.readout.weight
    signal, target = scored_windows(task, part, weights.dtype)
    said = [network(some.to(weights.device))[0].cpu() for some in signal.split(_WINDOWS_AT_ONCE)]
    return nrmse(torch.cat(said)[:, task.washout :], target[:, task.washout :])


@torch.no_grad()
def evaluate_chips(
    network: Network, task: Task, part: Part, variations: Sequence[Variation | None]
) -> tuple[float, ...]:
    """NRMSE on a part of the task's series of each chip, with the readout as it is trained."""
    windows = len(scored_windows(task, part, torch.float32)[0])
    return tuple(
        _evaluate_on(network, task, part, variations, torch.full((windows,), chip))
        for chip in range(chip_count(variations))
    )


def _evaluate_on(
    network: Network,
    task: Task,
    part: Part,
    variations: Sequence[Variation | None],
    chips: Tensor,
) -> float:
    """NRMSE where each window is heard by the chip that ``chips`` (windows,) names."""
    weights = network.readout.weight
    signal, target = scored_windows(task, part, weights.dtype)
    said = []
    for some, index in zip(
        signal.split(_WINDOWS_AT_ONCE), chips.split(_WINDOWS_AT_ONCE), strict=True
    ):
        with varied(network, variations, index.to(weights.device)):
            said.append(network(some.to(weights.device))[0].cpu())
    return nrmse(torch.cat(said)[:, task.washout :], target[:, task.washout :])


def keep_within(network: Network, limits: Limits) -> None:
    """Move the learned values of MTC neurons into ``limits``, of others into their own."""
    for layer in network.layers:
        if isinstance(layer, MTCNeuron):
            layer.keep_within(limits)
        elif callable(constrain := getattr(layer, "constrain", None)):
            constrain()


def _check(
    network: Network, task: Task, series: Series, configuration: TrainingConfiguration
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
    sharing = processes.count()
    if configuration.batch % sharing:
        raise InputError(
            f"training: batch = {configuration.batch} is not allowed; it must be a multiple of "
            f"the {sharing} processes that share it."
        )


@contextmanager
def _own_random_numbers(network: Network, seed: int) -> Iterator[None]:
    """Whatever a layer draws comes from the seed, and the caller's generators stay as they were."""
    device = network.readout.weight.device
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


@contextmanager
def _only_learned(network: Network, configuration: TrainingConfiguration) -> Iterator[None]:
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
