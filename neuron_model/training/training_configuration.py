"""How to train: all numbers of it, and what of the network learns how fast."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields

from neuron_model.errors import InputError
from neuron_model.shown import ShownSettings

OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULES = ("cosine", "linear", "constant")
KEEP = ("best", "last")
STATES = ("carried", "from_rest")
_CHOICES = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "keep": KEEP, "state": STATES}
_DEVICE = re.compile(r"(auto|cpu|cuda|cuda:\d{1,3})?")


@dataclass(frozen=True, repr=False)
class Rates(ShownSettings):
    """Learning rates of the groups of what is learned, as factors; 0: not learned.

    alpha, delta, tau, kappa: of MTC neurons, as far as they are learned at all. recurrent: the
    weights among the neurons of a layer. neuron: whatever else neurons learn. projection: the
    linear layers before the hidden ones. readout: the one after. low_pass: its time constants.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    alpha: float = 1.0
    delta: float = 1.0
    tau: float = 1.0
    kappa: float = 1.0
    recurrent: float = 1.0
    neuron: float = 1.0
    projection: float = 1.0
    readout: float = 1.0
    low_pass: float = 1.0

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if not _is_number(value) or not 0 <= value <= 1e6:
                raise _wrong(f"rates.{f.name}", value, "a number from 0 to 1000000")


@dataclass(frozen=True, repr=False)
class TrainingConfiguration(ShownSettings):
    """How to train.

    steps: how often the weights change. batch: sequences at once, of all processes together.
    learning_rate: of the neurons; the linear layers learn ``readout_rate`` times as fast, and each
    group ``rates`` times that. schedule: how the rates go to ``final_rate`` times their size: along
    half a cosine, in a line, or constant, not at all; before, they rise in a line over ``warmup``
    steps. optimizer: Adam and AdamW with ``betas`` and ``epsilon``, or SGD with ``momentum``.
    weight_decay: of AdamW decoupled, of the others added to the gradient. gradient_norm: to what
    the gradient is clipped. seed: of the sequences drawn.

    headroom: the voltage |U_m| that a circuit has room for; what goes beyond costs
    ``headroom_weight`` times its mean square. silence_weight: cost of neurons that never reach
    the voltage at which their output saturates, times the mean square of what they lack; without
    it some fall silent, and a silent neuron learns nothing any more. activity_weight: cost of what
    a hidden neuron's mean output s has beyond ``activity_target``; it makes the activity sparse.
    ridge: penalty of the least squares fit of the readout before the first step and after the
    last one, relative to the size of the activity; 0 leaves both fits out.

    validate_every: steps from one look at the validation part to the next; 0: twenty in a run.
    patience: looks without a gain after which the training ends early; 0: it never does.
    state: "carried" lets each sequence run on through the training part, window after window, with
    the state carried along, as on a chip, which has no reset; before each window it begins anew,
    from rest, with the probability ``restart``. "from_rest" begins every window from rest.
    keep: "best" ends with the weights that did best on the validation part, where there is one;
    "last" with the last ones. device: where to train: cpu, cuda, cuda:N, auto (cuda where there
    is one); empty: where the network is. redraw: steps after which samples are drawn anew, where
    training is variation-aware. significant_bits: how many of the weights, of the optimizer's
    moments and of the states that are carried along go from step to step, the others being rounded
    off; with 16 and network.dtype = "float64" every processor trains the same network
    (:mod:`neuron_model.training.rounding`). 0: nothing is rounded.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    steps: int = 200
    batch: int = 32
    learning_rate: float = 0.05
    readout_rate: float = 1.0
    gradient_norm: float = 1.0
    seed: int = 0
    headroom: float = 4.0
    headroom_weight: float = 2.0
    silence_weight: float = 0.1
    ridge: float = 1e-4
    activity_weight: float = 0.0
    activity_target: float = 0.0
    optimizer: str = "adam"
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: str = "cosine"
    warmup: int = 0
    final_rate: float = 0.0
    validate_every: int = 0
    patience: int = 0
    keep: str = "best"
    device: str = ""
    redraw: int = 20
    state: str = "carried"
    restart: float = 0.3
    significant_bits: int = 0
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        object.__setattr__(self, "betas", tuple(self.betas))
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name in _CHOICES:
                if value not in _CHOICES[f.name]:
                    raise _wrong(f.name, value, f"one of {', '.join(_CHOICES[f.name])}")
            elif f.name == "betas":
                if len(value) != 2 or not all(_is_number(b) and 0 <= b < 1 for b in value):
                    raise _wrong(f.name, value, "two numbers from 0 to less than 1")
            elif f.name == "device":
                if not isinstance(value, str) or not _DEVICE.fullmatch(value):
                    raise _wrong(f.name, value, "auto, cpu, cuda, cuda:N or empty")
            elif f.name == "rates":
                if not isinstance(value, Rates):
                    raise _wrong(f.name, value, "Rates")
            elif f.name == "significant_bits":
                whole = isinstance(value, int) and not isinstance(value, bool)
                if not whole or not (value == 0 or 8 <= value <= 53):
                    raise _wrong(f.name, value, "0 or a whole number from 8 to 53")
            else:
                _check_number(f.name, value)

    def rate(self, step: int) -> float:
        """The learning rate of the neurons at a step, before the factors of the groups."""
        return self.learning_rate * self.factor(step)

    def factor(self, step: int) -> float:
        """What the schedule multiplies every learning rate with at a step."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        if self.schedule == "constant":
            return 1.0
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        left = 1.0 - done if self.schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))
        return self.final_rate + (1.0 - self.final_rate) * left


def _check_number(name: str, value: object) -> None:
    whole = name in ("steps", "batch", "seed", "warmup", "validate_every", "patience", "redraw")
    least = 1 if name in ("batch", "redraw") else 0
    most = 1 if name in ("momentum", "final_rate", "activity_target", "restart") else 10**9
    ok = _is_number(value) and (not whole or isinstance(value, int))
    if not ok or not least <= value <= most:  # type: ignore[operator]
        kind = "whole number" if whole else "number"
        raise _wrong(name, value, f"a {kind} from {least} to {most}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wrong(name: str, value: object, allowed: str) -> InputError:
    return InputError(f"training: {name} = {value!r} is not allowed; it must be {allowed}.")
