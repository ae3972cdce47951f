"""Mismatch sets: how far transistors that are drawn alike differ, by one source's coefficients.

    sigma(V_T)         = A_VT(J) e / sqrt((W + dW)(L + dL) m)             J = I L / W
    sigma(beta) / beta = A_beta / sqrt((W + dW)(L + dL) m)
    e                  = (1 + short / L)(1 + narrow / W)(1 + small / (W L))

Pelgrom's law (M. Pelgrom, A. Duinmaijer and A. Welbers, IEEE J. Solid-State Circuits 24 (5), 1989)
with the coefficients of a single device: the difference of a pair is a root of two larger. dW, dL
and e are what libraries make of the drawn size: effective instead of drawn width and length
(gf180mcu), a spread that grows in short and narrow devices (sky130).

A_VT may hang on the current a square: below threshold a device also spreads by its offset voltage
and slope, of which nothing is left above it. What is called a threshold here is the gate voltage
at that current.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from neuron_model.errors import InputError


@dataclass(frozen=True)
class Matching:
    """Coefficients of one kind of transistor; see the module's equations.

    threshold: A_VT as (current a square in ampere, volt micrometre), the currents rising; one entry
    where it does not hang on the current, none for no spread. current_factor: A_beta, micrometre.
    width_offset, length_offset: dW and dL, micrometre. short, narrow: micrometre, small: square
    micrometre.

    Raises:
        InputError: the currents do not rise.
    """

    threshold: tuple[tuple[float, float], ...] = ()
    current_factor: float = 0.0
    width_offset: float = 0.0
    length_offset: float = 0.0
    short: float = 0.0
    narrow: float = 0.0
    small: float = 0.0

    def __post_init__(self) -> None:
        currents = [current for current, _ in self.threshold]
        if any(low >= high for low, high in zip(currents, currents[1:], strict=False)):
            raise InputError("mismatch: the currents of a threshold's coefficients must rise.")

    @property
    def is_empty(self) -> bool:
        """Whether devices do not differ at all."""
        return not self.current_factor and not any(a for _, a in self.threshold)

    def threshold_coefficient(self, current_per_square: float) -> float:
        """A_VT in volt micrometre: between two entries straight over the logarithm of the current,
        beyond the outermost ones as there."""
        if not self.threshold:
            return 0.0
        currents, values = np.array(self.threshold).T
        if len(values) == 1:
            return float(values[0])
        at = max(current_per_square, float(currents[0]))
        return float(np.interp(math.log(at), np.log(currents), values))

    def threshold_spread(
        self, width: float, length: float, multiplier: float, current: float
    ) -> float:
        """sigma(V_T) in volt of ``multiplier`` devices in parallel, of ``width`` by ``length``
        micrometres each, which carry ``current`` ampere together.

        Raises:
            InputError: the set gives such a device no area.
        """
        coefficient = self.threshold_coefficient(current * length / (width * multiplier))
        edges = (
            (1.0 + self.short / length)
            * (1.0 + self.narrow / width)
            * (1.0 + self.small / (width * length))
        )
        return coefficient * edges / self._root_of_area(width, length, multiplier)

    def current_factor_spread(self, width: float, length: float, multiplier: float) -> float:
        """sigma(beta) / beta of the same devices.

        Raises:
            InputError: the set gives such a device no area.
        """
        return self.current_factor / self._root_of_area(width, length, multiplier)

    def _root_of_area(self, width: float, length: float, multiplier: float) -> float:
        sides = width + self.width_offset, length + self.length_offset
        if min(sides) <= 0:
            raise InputError(
                f"mismatch: a device of {width:g} um by {length:g} um has no area left with "
                f"width_offset = {self.width_offset:g} um and length_offset = "
                f"{self.length_offset:g} um."
            )
        return math.sqrt(sides[0] * sides[1] * multiplier)


@dataclass(frozen=True)
class MismatchSet:
    """Coefficients of both kinds of transistors, what they are called and where they come from."""

    name: str = ""
    source: str = field(default="", metadata={"identity": False})
    nmos: Matching = Matching()
    pmos: Matching = Matching()

    @property
    def is_empty(self) -> bool:
        """Whether devices do not differ at all."""
        return self.nmos.is_empty and self.pmos.is_empty

    @property
    def has_current_factors(self) -> bool:
        """Whether current factors differ as well."""
        return bool(self.nmos.current_factor or self.pmos.current_factor)

    def of(self, kind: str) -> Matching:
        """Of "nmos" or "pmos"."""
        return {"nmos": self.nmos, "pmos": self.pmos}[kind]


def find_set(sets: Sequence[MismatchSet], name: str, whose: str) -> MismatchSet:
    """The set called ``name``; ``whose``: of what, for the message.

    Raises:
        InputError: there is none.
    """
    for one in sets:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in sets) or "none"
    raise InputError(f"{whose} has no mismatch set {name!r}; it has {known}.")
