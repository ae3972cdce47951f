"""The box in which learned parameters are kept, so that a circuit can be made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from neuron_model.errors import InputError

Range = tuple[float, float]


@dataclass(frozen=True)
class ParameterLimits:
    """Least and greatest value of each learned parameter, in the neuron's own units.

    alpha: of its magnitude; its sign is fixed anyway. The others as they stand.
    """

    alpha: Range = (0.0, math.inf)
    delta: Range = (-math.inf, math.inf)
    kappa: Range = (0.0, math.inf)
    tau_fast: Range = (0.0, math.inf)
    tau_slow: Range = (0.0, math.inf)
    tau_ultraslow: Range = (0.0, math.inf)

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            pair = tuple(value) if isinstance(value, list | tuple) else ()
            numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in pair)
            if not (len(pair) == 2 and numbers and pair[0] < pair[1]) or (
                f.name != "delta" and pair[0] < 0
            ):
                raise InputError(
                    f"limits: {f.name} = {value!r} is not allowed; it must be a least and a "
                    "greater value" + ("." if f.name == "delta" else ", none below 0.")
                )
            object.__setattr__(self, f.name, (float(pair[0]), float(pair[1])))


REALISABLE = ParameterLimits(
    alpha=(0.5, 4.0),
    delta=(-2.5, 2.5),
    kappa=(0.5, 2.0),
    tau_slow=(8.0, 5000.0),
    tau_ultraslow=(8.0, 5000.0),
)
"""What transistors do without effort: currents within a factor of 8, voltages within the
differential range of an OTA, time constants that one size of capacitor spans; tau_m = 1."""
