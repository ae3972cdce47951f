"""A sample's blocks from currents at a clamp: what a calibration knows of the sample.

    B_k(U) = I(U) - I(U; block k off) = alpha_k tanh(kappa_k (U - delta_k)) - c_k
    R(U)   = I(U) - sum_k B_k(U)              the leak, and what flows with every block off

alpha_k, delta_k and c_k are fitted to each block's curve with the drawn sample's kappa_k, and a
straight line to what R has beside the drawn sample's. Time constants are not measured; they are
taken as drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mapping.calibration.curves import Blocks, some, total_curves
from mapping.calibration.knobs import OFFSET, Knob
from mapping.calibration.samples import Samples
from mapping.design import NeuronDesign
from neuron_model.model.parameters import NeuronParameters, allowed_range

_ROUNDS = 8


@dataclass(frozen=True, eq=False)
class ClampCurves:
    """Measured at the drawn codes: total (samples, points), blocks (samples, elements, points), at
    voltage (points,)."""

    voltage: np.ndarray
    total: np.ndarray
    blocks: np.ndarray

    @property
    def rest(self) -> np.ndarray:
        """R(U), (samples, points)."""
        return np.asarray(self.total - self.blocks.sum(axis=1))


def measure_curves(
    samples: Samples,
    rows: np.ndarray,
    values: np.ndarray,
    design: NeuronDesign,
    voltage: np.ndarray,
) -> ClampCurves:
    """All blocks' curves: (elements + 1) currents at each voltage of every sample."""
    total = samples.currents(rows, values, voltage)
    blocks = [total - samples.currents(rows, values, voltage, a.name) for a in design.elements]
    return ClampCurves(voltage, total, np.stack(blocks, axis=1))


@dataclass(frozen=True, eq=False)
class Identified:
    """Samples as a calibration knows them.

    nominal: the drawn sample's parameters. blocks: alpha, delta, kappa and constants of the
    elements at the drawn codes. conductance, current: what leak and bias have beside the drawn
    sample's, each (samples,), the current drawn from the membrane.
    """

    design: NeuronDesign
    nominal: NeuronParameters
    blocks: Blocks
    conductance: np.ndarray
    current: np.ndarray

    def corrected(self, rows: np.ndarray, current: np.ndarray) -> Identified:
        """``current`` (I0, (some,)) more is drawn by the samples at ``rows`` than was thought."""
        total = self.current.copy()
        total[rows] += current
        return replace(self, current=total)

    def parameters(
        self, rows: np.ndarray, knobs: Sequence[Knob], values: np.ndarray
    ) -> NeuronParameters:
        """What samples at ``rows`` (some,) are believed to be with knobs at ``values``."""
        nominal, b = some(self.nominal, np.zeros(rows.size, dtype=int)), self.blocks
        drawn = Blocks.of(self.nominal, len(self.design.elements))
        names = [a.name for a in self.design.elements]
        alpha, delta = b.alpha[rows].copy(), b.delta[rows] - drawn.delta
        bias = -self.current[rows]
        for knob, value in zip(knobs, values.T, strict=True):
            moved = (value - knob.drawn) / knob.per_unit
            if knob.port == OFFSET:
                bias = bias + moved
                continue
            index = names.index(knob.port.partition("_")[2])
            if knob.is_reference:
                delta[:, index] += moved
            else:
                alpha[:, index] *= 1 + moved
                bias = bias + b.constant[rows, index] * moved
        elements = tuple(
            replace(e, alpha=alpha[:, k], delta=e.delta + delta[:, k]) if k < len(names) else e
            for k, e in enumerate(nominal.elements)
        )
        conductance = nominal.leak.conductance + self.conductance[rows]
        least, _, _ = allowed_range("leak.conductance")
        conductance = np.where(conductance < least, 0.0, conductance)
        return replace(
            nominal,
            elements=elements,
            leak=replace(nominal.leak, conductance=conductance),
            i_bias=nominal.i_bias + bias,
        )

    def at(self, knobs: Sequence[Knob], values: np.ndarray) -> Blocks:
        """All samples' blocks with knobs at ``values`` (samples, knobs)."""
        rows = np.arange(len(self.blocks.alpha))
        return replace(
            Blocks.of(self.parameters(rows, knobs, values), len(self.design.elements)),
            constant=self.blocks.constant,
        )

    def errors(
        self, knobs: Sequence[Knob], values: np.ndarray, target: NeuronParameters
    ) -> np.ndarray:
        """Curves beside the target's, (samples, timescales, points)."""
        rows = np.arange(len(values))
        curves = total_curves(self.parameters(rows, knobs, values))
        return np.asarray(curves - total_curves(target))


def identify(
    design: NeuronDesign, nominal: NeuronParameters, measured: ClampCurves, drawn: ClampCurves
) -> Identified:
    """Samples from their curves.

    Args:
        design: theirs.
        nominal: the drawn sample's parameters.
        measured: the samples' curves.
        drawn: the drawn sample's own, of the same kind: what the fit makes of it is taken off.
    """
    start = Blocks.of(nominal, len(design.elements))
    fitted, reference = fit_blocks(measured, start), fit_blocks(drawn, start)
    line = np.stack([np.ones_like(drawn.voltage), drawn.voltage - design.u_rest], axis=1)
    rest = (measured.rest - drawn.rest) @ np.linalg.pinv(line).T
    # the drawn sample's constants are in its bias already
    constant = fitted.constant - reference.constant
    return Identified(
        design=design,
        nominal=nominal,
        blocks=replace(
            fitted,
            alpha=start.alpha * fitted.alpha / reference.alpha,
            delta=start.delta + fitted.delta - reference.delta,
        ),
        conductance=rest[:, 1],
        current=rest[:, 0] - constant.sum(axis=1),
    )


def fit_blocks(curves: ClampCurves, start: Blocks) -> Blocks:
    """alpha, delta and constant of every block by least squares (Gauss-Newton), with the kappa of
    ``start``, one sample."""
    samples, count = len(curves.total), start.alpha.shape[1]
    alpha, delta, kappa, constant = (
        np.repeat(v, samples, axis=0)
        for v in (start.alpha, start.delta, start.kappa, start.constant)
    )
    for index in range(count):
        wanted, k = curves.blocks[:, index], kappa[:, index, None]
        for _ in range(_ROUNDS):
            t = np.tanh(k * (curves.voltage - delta[:, index, None]))
            a = alpha[:, index, None]
            jacobian = np.stack([t, -a * k * (1 - t**2), -np.ones_like(t)], axis=-1)
            error = wanted - (a * t - constant[:, index, None])
            step = np.einsum("cqp,cp->cq", np.linalg.pinv(jacobian), error)
            alpha[:, index] += step[:, 0]
            delta[:, index] += np.clip(step[:, 1], -0.5, 0.5)
            constant[:, index] += step[:, 2]
    return Blocks(alpha, delta, kappa, constant, start.timescales)
