"""What a network's unit transistors really do, as measured.

    w < 0      I = -k A_n I_u                        A_n: gain of a unit, at the reference
    w > 0      I = +k A_p I_u + keep-alive           A_p: the same over the PMOS mirror
    line       delay = q (m + F) / I_s               q: charge of a unit's gate, F: fan-out in units
    stage      I_s = B I_bias                        B: gain of an OTA whose output is at the gates
    column     tau = Q / I                           Q: charge of the PMOS mirror's gates

I_u = I_s / m is the current of one unit of a line's own m units, which carry I_s at s = 1. A delay
is the time until half of the current flows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class SynapseCharacteristics:
    """Measured of one technology's synapses under ``conditions``.

    negative, positive: A_n and A_p over I_u, ampere, with the output conductance. line_charge: q,
    coulomb, stage_bias, stage_gain: bias current, ampere, and B of an output stage on a line; all
    (currents,), at the same I_u. column_charge: Q, coulomb, at the keep-alive current.
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
    column_charge: float
    silent_current: float
    unit_area: float
    fingerprint: str = ""

    def __post_init__(self) -> None:
        shape = self.unit_current.shape
        for name in ("line_charge", "stage_bias", "stage_gain"):
            values = np.asarray(getattr(self, name), dtype=float)
            if values.shape != shape or not (np.isfinite(values).all() and (values > 0).all()):
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

    def stage(self, unit_current: float) -> tuple[float, float]:
        """(bias, B) of the output stage that was measured at I_u."""
        return self._at(unit_current, self.stage_bias), self._at(unit_current, self.stage_gain)

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
