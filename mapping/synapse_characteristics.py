"""What a network's unit transistors really do, as measured.

    w < 0      I = -k A_n I_u                        A_n: gain of a unit, at the reference
    w > 0      I = +k A_p I_u + keep-alive           A_p: the same over the PMOS mirror, as measured
    line       delay = q (m + F) / I_s               q: charge of a unit's gate, F: fan-out in units
    stage      I_s = B I_bias tanh((v - o) / V0)     B, o, V0: of an OTA that drives gates
    column     I_out = M I, tau = Q / I              M: gain of a PMOS mirror, Q: its gates' charge

I_u = I_s / m is the current of one unit of a line's own m units, which carry I_s at s = 1. A delay
is the time until half of the current flows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mapping.characteristics import MirrorTable
from mapping.conditions import Conditions
from mapping.record import record_from_json, record_to_json
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import SYNAPSES
from neuron_model.text_file import read_text

KEEP_UNITS = 4
"""Units on the keep-alive current's line, and of each column on it."""

KEEP_SHARE = 0.5
"""The keep-alive current of a column, in I0."""


class Stage(NamedTuple):
    """An output stage on a line: bias current, ampere, gain, offset and slope voltage, volt."""

    bias_current: float
    gain: float
    offset: float
    slope_voltage: float


@dataclass(frozen=True)
class SynapseCharacteristics:
    """Measured of one technology's synapses under ``conditions``.

    negative, positive: A_n and A_p over I_u, ampere, with the output conductance. line_charge: q,
    coulomb, stage_bias, stage_gain, stage_offset, stage_slope: bias current, ampere, B, o and V0,
    volt, of an output stage on a line, its threshold at the reference; all (currents,), at the same
    I_u. mirror_current, mirror_gain: what unit transistors would draw at the reference, ampere, and
    M, which falls with it, (columns,). column_charge: Q, coulomb, at the keep-alive current.
    silent_current: ampere that a unit of a negative weight draws at s = 0. unit_area: gate of one
    unit, square micrometres. fingerprint: hash of models, sizes and method.
    """

    technology: str
    conditions: Conditions
    negative: MirrorTable
    positive: MirrorTable
    line_charge: np.ndarray
    stage_bias: np.ndarray
    stage_gain: np.ndarray
    stage_offset: np.ndarray
    stage_slope: np.ndarray
    mirror_current: np.ndarray
    mirror_gain: np.ndarray
    column_charge: float
    silent_current: float
    unit_area: float
    fingerprint: str = ""

    def __post_init__(self) -> None:
        shape = self.unit_current.shape
        for name in ("line_charge", "stage_bias", "stage_gain", "stage_offset", "stage_slope"):
            values = np.asarray(getattr(self, name), dtype=float)
            least = -np.inf if name == "stage_offset" else 0.0
            if values.shape != shape or not (np.isfinite(values) & (values > least)).all():
                raise InputError(f"synapses: {name} must be positive, of shape {shape}.")
            object.__setattr__(self, name, values)

    @property
    def unit_current(self) -> np.ndarray:
        """I_u of the tables, ampere, (currents,)."""
        return self.negative.bias_current

    def gain(self, sign: int, unit_current: float) -> float:
        """A_n or A_p, for weights of this sign."""
        return (self.positive if sign > 0 else self.negative).gain_at(unit_current)

    def charge(self, unit_current: float) -> float:
        """q at I_u, coulomb."""
        return self._at(unit_current, self.line_charge)

    def mirrored(self, current: np.ndarray) -> np.ndarray:
        """Ampere that a column's mirror delivers where its unit transistors would draw ``current``
        at the reference."""
        factor, falling = self.mirror_law
        return np.asarray(factor * current ** (1.0 - falling))

    @property
    def mirror_law(self) -> tuple[float, float]:
        """(factor, falling): M = factor I^-falling, I in ampere."""
        x, y = np.log(self.mirror_current), np.log(self.mirror_gain)
        slope, constant = np.polyfit(x, y, 1)
        return math.exp(constant), -float(slope)

    def drawn(self, unit_current: float) -> float:
        """What a unit of a positive weight draws over what it weighs, A_n / A_p."""
        return self.gain(-1, unit_current) / self.gain(1, unit_current)

    def stage(self, unit_current: float) -> Stage:
        """The output stage that was measured at I_u."""
        names = ("stage_bias", "stage_gain", "stage_offset", "stage_slope")
        return Stage(*(self._at(unit_current, getattr(self, name)) for name in names))

    def _at(self, unit_current: float, values: np.ndarray) -> float:
        return float(np.interp(np.log(unit_current), np.log(self.unit_current), values))

    def delay(self, units: int, full_scale: float, line_units: int) -> float:
        """Seconds until half of ``full_scale`` ampere flows in ``units`` that hang on a line.

        line_units: of the line's own diode, on top of ``units``.
        """
        return self.charge(full_scale / line_units) * (units + line_units) / full_scale


def write_synapses(path: str | Path, synapses: SynapseCharacteristics) -> Path:
    """Write it as a JSON file, whole or not at all."""
    return write_atomically(path, record_to_json(synapses, SYNAPSES, indent=1))


def read_synapses(path: str | Path) -> SynapseCharacteristics:
    """Read a file of :func:`write_synapses`.

    Raises:
        InputError: it cannot be read or is no such file.
    """
    parts = {"negative": MirrorTable, "positive": MirrorTable}
    text = read_text(path)
    return record_from_json(text, SynapseCharacteristics, SYNAPSES, parts, str(path))
