"""A sample's bias generator: which currents and reference voltages its codes can make.

    linear        I = full_scale code / 2^bits                               code 1 .. 2^bits - 1
    coarse_fine   I = full_scale / ratio^coarse  fine / 2^bits               fine 1 .. 2^bits - 1
    reference     V = voltage_step code

Coarse-fine generators are those of neuromorphic samples such as the DYNAP-SE (S. Moradi et al.,
IEEE Trans. Biomed. Circuits Syst. 12 (1), 2018), after T. Delbruck et al., ISCAS 2010: a chain of
splitters makes one current a range, each an octave (``ratio`` 2) below the other, and a fine code
takes its part of one, so that the relative step is the same from picoamperes to microamperes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from neuron_model.errors import InputError


class Kind(StrEnum):
    """How the codes of a generator are spaced."""

    LINEAR = "linear"
    COARSE_FINE = "coarse_fine"


@dataclass(frozen=True)
class CurrentCode:
    """A current that a generator makes: ampere, and the codes it takes (coarse 0 if linear)."""

    value: float
    coarse: int
    fine: int


OFF = CurrentCode(0.0, 0, 0)


@dataclass(frozen=True)
class BiasGenerator:
    """What codes can be set.

    full_scale: ampere, just not reached by the largest code. bits: of the (fine) code.
    coarse_steps: how many ranges a coarse-fine one has; coarse_ratio: of one range to the next
    below. voltage_step: volt, of reference voltages from 0 on.

    Raises:
        InputError: a number is not in its range.
    """

    kind: Kind = Kind.COARSE_FINE
    full_scale: float = 6.4e-8
    bits: int = 6
    coarse_steps: int = 14
    coarse_ratio: float = 2.0
    voltage_step: float = 1e-3

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Kind(self.kind))
        for name, low, high in (
            ("full_scale", 1e-15, 1.0),
            ("bits", 2, 16),
            ("coarse_steps", 1, 32),
            ("coarse_ratio", 1.1, 100.0),
            ("voltage_step", 1e-6, 1.0),
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise InputError(
                    f"bias generator: {name} = {value:g} must be from {low:g} to {high:g}."
                )

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(values, coarse, fine), values rising; of several codes for one, the finest."""
        steps = self.coarse_steps if self.kind == Kind.COARSE_FINE else 1
        fine = np.arange(1, 2**self.bits)
        ranges = self.full_scale / self.coarse_ratio ** np.arange(steps)
        values = (ranges[:, None] * fine / 2**self.bits).ravel()
        coarse, codes = np.repeat(np.arange(steps), fine.size), np.tile(fine, steps)
        order = np.lexsort((-coarse, values))
        values, coarse, codes = values[order], coarse[order], codes[order]
        first = np.diff(values, prepend=0.0) > 1e-9 * values
        return values[first], coarse[first], codes[first]

    @property
    def smallest(self) -> float:
        """The smallest current but 0, ampere."""
        return float(self._table[0][0])

    @property
    def largest(self) -> float:
        """The largest current, ampere."""
        return float(self._table[0][-1])

    def nearest(self, current: float, count: int = 1) -> tuple[CurrentCode, ...]:
        """The ``count`` codes nearest to ``current`` (ampere), the nearest one first."""
        values, coarse, fine = self._table
        order = np.argsort(np.abs(values - current), kind="stable")[:count]
        return tuple(CurrentCode(float(values[i]), int(coarse[i]), int(fine[i])) for i in order)

    def currents(self, low: float, high: float) -> np.ndarray:
        """All currents from ``low`` to ``high`` (ampere), rising.

        Raises:
            InputError: there is none.
        """
        values = self._table[0]
        found = values[(values >= low * (1 - 1e-9)) & (values <= high * (1 + 1e-9))]
        if not found.size:
            raise InputError(
                f"bias generator: no code makes a current from {low:.3g} to {high:.3g} A; it "
                f"makes {self.smallest:.3g} to {self.largest:.3g} A."
            )
        return found

    def voltages(self, low: float, high: float) -> np.ndarray:
        """All reference voltages from ``low`` to ``high`` (volt), rising.

        Raises:
            InputError: there is none.
        """
        first = math.ceil(low / self.voltage_step - 1e-9)
        last = math.floor(high / self.voltage_step + 1e-9)
        codes = np.arange(first, last + 1)
        if not codes.size:
            raise InputError(
                f"bias generator: no code makes a voltage from {low:.4g} to {high:.4g} V; its "
                f"step is {self.voltage_step:.3g} V."
            )
        return codes * self.voltage_step

    def nearest_voltages(self, voltage: float, count: int = 1) -> tuple[float, ...]:
        """The ``count`` reference voltages nearest to ``voltage`` (volt), the nearest first."""
        middle = round(voltage / self.voltage_step)
        codes = np.arange(max(middle - count, 0), middle + count + 1)
        order = np.argsort(np.abs(codes * self.voltage_step - voltage), kind="stable")[:count]
        return tuple(float(codes[i] * self.voltage_step) for i in order)

    def voltage_code(self, voltage: float) -> int:
        """The code of the reference voltage nearest to ``voltage`` (volt)."""
        return round(voltage / self.voltage_step)
