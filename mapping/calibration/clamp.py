"""Codes of samples from currents at a clamp: what one calibrates before a sample ever fires.

    1. clamp   currents at some voltages, with each block on and off: the sample's blocks
    2. solve   min_x sum_{t, U} w_t (e_t(U) + sum_j J_tj(U) x_j)^2 + (s / s_x)^2 x^2
               over the knobs x, with e the curves' errors and J what a knob does to them; the
               others are rounded to codes first, so that the offset makes up for their rounding
    3. check   currents again, at the codes: the offset is corrected by what is left

Nothing of a sample is used but what was measured of it (:mod:`mapping.calibration.samples`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mapping.calibration.curves import VOLTAGE, center_of, steady_current, weighted
from mapping.calibration.identification import ClampCurves, Identified, identify, measure_curves
from mapping.calibration.knobs import OFFSET, Knob
from mapping.calibration.samples import Samples
from mapping.design import NeuronDesign
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters

_ROUNDS = 4
_ERROR, _MOVE = 0.02, 0.3  # s and s_x


def clamp_voltages(count: int) -> np.ndarray:
    """U of ``count`` voltages of a clamp, over the range in which curves are compared."""
    return np.linspace(VOLTAGE[0], VOLTAGE[-1], count)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Samples to calibrate, and at what.

    design: theirs. nominal: the drawn sample's parameters of the macromodel. target: whose curves
    are aimed at. knobs: of :func:`mapping.calibration.knobs.make_knobs`, OFFSET the first. voltage:
    U of the clamp, (points,).

    Raises:
        InputError: the first knob is not the offset.
    """

    samples: Samples
    design: NeuronDesign
    nominal: NeuronParameters
    target: NeuronParameters
    knobs: tuple[Knob, ...]
    voltage: np.ndarray

    def __post_init__(self) -> None:
        if not self.knobs or self.knobs[0].port != OFFSET:
            raise InputError(f"trim: the first knob must be {OFFSET}.")

    def codes(self, count: int, drawn: ClampCurves | None = None) -> tuple[Identified, np.ndarray]:
        """(what was found of ``count`` samples, their knobs' values (samples, knobs)): steps 1 to
        3.

        drawn: clamp curves of the drawn sample at ``voltage``, where it is to be measured and not
        taken from ``nominal``.
        """
        rows = np.arange(count)
        values = np.tile(self.drawn, (count, 1))
        measured = measure_curves(self.samples, rows, values, self.design, self.voltage)
        drawn = drawn or _nominal_curves(self.nominal, self.design, self.voltage)
        known = identify(self.design, self.nominal, measured, drawn)
        values = self._solved(known, values)
        return self._checked(known, values, drawn.total[0])

    @property
    def units(self) -> np.ndarray:
        """Of each knob, see ``Knob.per_unit``; (knobs,)."""
        return np.array([knob.per_unit for knob in self.knobs])

    @property
    def drawn(self) -> np.ndarray:
        """Each knob's value before, (knobs,)."""
        return np.array([knob.drawn for knob in self.knobs])

    def clipped(self, values: np.ndarray) -> np.ndarray:
        """``values`` (..., knobs) within the knobs' ranges."""
        low = [knob.codes[0] for knob in self.knobs]
        return np.clip(values, low, [knob.codes[-1] for knob in self.knobs])

    def _solved(self, known: Identified, values: np.ndarray) -> np.ndarray:
        """Step 2: codes."""
        for _ in range(_ROUNDS):
            step = self._step(known, values, range(len(self.knobs)))
            values = self.clipped(values + step * self.units)
        for index, knob in enumerate(self.knobs[1:], start=1):
            values[:, index] = knob.nearest(values[:, index])
        return self._offset(known, values)

    def _offset(self, known: Identified, values: np.ndarray) -> np.ndarray:
        """The offset's code, with the others as they are."""
        step = self._step(known, values, [0])
        values = values.copy()
        values[:, 0] = self.knobs[0].nearest(values[:, 0] + step[:, 0] * self.units[0])
        return values

    def _step(self, known: Identified, values: np.ndarray, which: Sequence[int]) -> np.ndarray:
        """Least squares move of some knobs, in their units, (samples, knobs)."""
        blocks = known.at(self.knobs, values)
        center = center_of(self.target, len(self.design.elements))
        error = weighted(known.errors(self.knobs, values, self.target), center) / _ERROR
        columns = []
        for index in which:
            knob = self.knobs[index]
            if knob.port == OFFSET:
                ones = weighted(-np.ones((1, 3, VOLTAGE.size)), center)
                columns.append(np.broadcast_to(ones, error.shape))
            else:
                columns.append(weighted(blocks.column(knob.port, self.design), center))
        jacobian = np.stack(columns, axis=-1) / _ERROR
        # the offset is free; how far others have moved already counts
        stiffness = np.array([0.0 if self.knobs[i].port == OFFSET else _MOVE**-2 for i in which])
        moved = ((values - self.drawn) / self.units)[:, list(which)]
        normal = np.einsum("cpi,cpj->cij", jacobian, jacobian) + np.diag(stiffness)
        right = -np.einsum("cpi,cp->ci", jacobian, error) - stiffness * moved
        step = np.zeros_like(values)
        step[:, list(which)] = np.linalg.solve(normal, right[..., None])[..., 0]
        return step

    def _checked(
        self, known: Identified, values: np.ndarray, drawn: np.ndarray
    ) -> tuple[Identified, np.ndarray]:
        """Step 3: the offset, by what the samples draw now."""
        rows, voltage = np.arange(len(values)), self.voltage
        total = self.samples.currents(rows, values, voltage)
        believed = steady_current(known.parameters(rows, self.knobs, values), voltage)
        # the drawn sample's model may be off by itself
        model = steady_current(self.nominal, voltage)[0]
        excess = ((total - drawn) - (believed - model)).mean(axis=1)
        known = known.corrected(rows, excess)
        return known, self._offset(known, values)


def _nominal_curves(
    nominal: NeuronParameters, design: NeuronDesign, voltage: np.ndarray
) -> ClampCurves:
    """The drawn sample's curves by its model: blocks are its elements."""
    total = steady_current(nominal, voltage)

    def without(index: int) -> np.ndarray:
        elements = tuple(
            replace(e, alpha=0.0) if k == index else e for k, e in enumerate(nominal.elements)
        )
        return steady_current(replace(nominal, elements=elements), voltage)

    blocks = [total - without(k) for k in range(len(design.elements))]
    return ClampCurves(voltage, total, np.stack(blocks, axis=1))
