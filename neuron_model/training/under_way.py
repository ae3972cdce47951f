"""What every training has in common while it is under way: its state, leaving it, resuming it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from neuron_model.network.limits import ParameterLimits
from neuron_model.network.network import SpikingNetwork
from neuron_model.training.optimization import learned, make_optimizer
from neuron_model.training.rounding import round_
from neuron_model.training.training_configuration import TrainingConfiguration

Step = TypeVar("Step")
"""What one training step saw: a dataclass of numbers that begins with ``step``."""


@dataclass(frozen=True)
class Snapshot:
    """All that training needs to go on after a step as if it had never stopped.

    tensors: by name: the network's state (``network.``), the best so far (``best.``), the
    optimizer's moments (``optimizer.``), the states of the random generators (``random.``), the
    history, a row for each step, and what each kind of training adds. numbers: ``step``, how many
    steps are done, and what each kind of training adds.
    """

    tensors: dict[str, Tensor]
    numbers: dict[str, float]

    @property
    def step(self) -> int:
        """How many steps are done."""
        return int(self.numbers["step"])

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with ``prefix``, by the rest of the name."""
        found = self.tensors.items()
        return {k.removeprefix(prefix): v for k, v in found if k.startswith(prefix)}

    def steps(self, kind: Callable[..., Step]) -> tuple[Step, ...]:
        """The steps that are done. ``kind``: the dataclass that they were, whose fields with a
        default are None where nothing was looked at."""
        names = [(f.name, f.default is None) for f in fields(kind)]  # type: ignore[arg-type]
        done = []
        for row in self.tensors["history"].tolist():
            values: dict[str, Any] = {
                name: None if may_lack and math.isnan(value) else value
                for (name, may_lack), value in zip(names, row, strict=True)
            }
            done.append(kind(**values | {"step": int(values["step"])}))
        return tuple(done)


class Interrupted(Exception):
    """The training was asked to stop and did, after ``step`` steps, which are saved."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped after {step} steps")
        self.step = step


@dataclass(frozen=True)
class Callbacks(Generic[Step]):
    """What is called while a network is trained.

    step: after each step. save: with a snapshot every ``save_every`` steps (0: never), after the
    last step and before an interruption. stop: asked after each step whether to stop.
    """

    step: Callable[[Step], None] | None = None
    save: Callable[[Snapshot], None] | None = None
    save_every: int = 0
    stop: Callable[[], bool] | None = None


class UnderWay(Generic[Step]):
    """The state of a training, and what is done with it after each step."""

    def __init__(
        self,
        network: SpikingNetwork,
        configuration: TrainingConfiguration,
        limits: ParameterLimits,
    ) -> None:
        self.network = network
        self.configuration = configuration
        self.limits = limits
        self.generator = torch.Generator().manual_seed(configuration.seed)
        self.parameters = learned(network, configuration)
        self.optimizer = make_optimizer(self.parameters, configuration)
        self.history: list[Step] = []
        self.best: dict[str, Tensor] = {}
        self.best_step: int | None = None

    def snapshot(self) -> Snapshot:
        """What is done so far."""
        raise NotImplementedError

    def round_weights(self) -> None:
        """Weights and the optimizer's moments with the configuration's significant bits."""
        bits = self.configuration.significant_bits
        if not bits:
            return
        for parameter in self.parameters.values():
            round_(parameter, bits)
            for moment in self.optimizer.state.get(parameter, {}).values():
                if isinstance(moment, Tensor) and moment.shape == parameter.shape:
                    round_(moment, bits)

    def out_of_patience(self) -> bool:
        """Whether too many looks at the validation part have brought nothing better."""
        raise NotImplementedError

    def told(self, done: Step, callbacks: Callbacks[Step]) -> None:
        """Take up a step that was done."""
        self.history.append(done)
        if callbacks.step is not None:
            callbacks.step(done)

    def left(self, stopping: bool, callbacks: Callbacks[Step]) -> None:
        """Save what is due after a step.

        Raises:
            Interrupted: ``stopping``, before the last step.
        """
        count = len(self.history)
        last = count == self.configuration.steps or self.out_of_patience()
        due = callbacks.save_every and count % callbacks.save_every == 0
        if callbacks.save is not None and (last or stopping or due):
            callbacks.save(self.snapshot())
        if stopping and not last:
            raise Interrupted(count)

    def patient_since(self, step: int | None, looked: Callable[[Step], bool]) -> bool:
        """Whether patience has an end and it came: too many steps after ``step`` were ``looked``
        at."""
        if not self.configuration.patience or step is None:
            return False
        since: Sequence[Step] = self.history[step + 1 :]
        return sum(map(looked, since)) >= self.configuration.patience

    def keep_as_best(self, step: int) -> None:
        """The weights after ``step`` are the best so far."""
        self.best_step = step
        if self.configuration.keep == "best":
            self.best = {k: v.detach().clone() for k, v in self.network.state_dict().items()}

    def saved(self, tensors: dict[str, Tensor], numbers: dict[str, float]) -> Snapshot:
        """A snapshot of all this and of what else a training has."""
        every = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        every |= {f"best.{k}": v for k, v in self.best.items()}
        for name, parameter in self.parameters.items():
            state = self.optimizer.state.get(parameter, {})
            every |= {
                f"optimizer.{name}.{key}": value
                for key, value in state.items()
                if isinstance(value, Tensor)
            }
        every |= tensors
        every["random.batches"] = self.generator.get_state()
        every["random.cpu"] = torch.get_rng_state()
        device = self.network.readout.weight.device
        if device.type == "cuda":
            every["random.cuda"] = torch.cuda.get_rng_state(device)
        rows = [
            [math.nan if x is None else x for x in astuple(done)]  # type: ignore[call-overload]
            for done in self.history
        ]
        every["history"] = torch.tensor(rows, dtype=torch.float64).reshape(len(rows), -1)
        copies = {k: v.detach().cpu().clone().contiguous() for k, v in every.items()}
        return Snapshot(copies, {"step": len(self.history), **numbers})

    def restore_weights(self, snapshot: Snapshot) -> None:
        """The network, the best so far, and the optimizer's moments."""
        device = self.network.readout.weight.device
        self.network.load_state_dict(snapshot.under("network."))
        self.best = {k: v.to(device, copy=True) for k, v in snapshot.under("best.").items()}
        for name, parameter in self.parameters.items():
            for key, value in snapshot.under(f"optimizer.{name}.").items():
                # Adam counts its steps on the CPU wherever the parameters are.
                where = "cpu" if key == "step" else device
                self.optimizer.state[parameter][key] = value.to(where, copy=True)

    def restore_random(self, snapshot: Snapshot) -> None:
        """The states of the random generators."""
        random, device = snapshot.under("random."), self.network.readout.weight.device
        self.generator.set_state(random["batches"])
        torch.set_rng_state(random["cpu"])
        if device.type == "cuda" and "cuda" in random:
            torch.cuda.set_rng_state(random["cuda"], device)
