"""A design corrected by what a simulation of its circuit shows.

The I-V curves of a circuit differ from the model's by e_x(U), which changes of the elements stand
for, and a current:

    min_d sum_{x, U} (e_x(U) - sum_j J_xj(U) d_j)^2 / P + (r d)^2

with d of ln alpha_k, delta_k and the current, and J the derivatives of the model's curves. What is
then mapped is the model with d taken off, so that the circuit comes out as the model; d adds up
from one iteration to the next. Times follow the capacitors: inter-spike intervals those of
membrane, fast and slow voltage, inter-burst intervals that of the ultraslow one. Where a capacitor
is at its limit, a follower's bias gives way.

What parameters of the macromodel missed of the circuit is found from the curves of its blocks
(:mod:`mapping.calibration.identification`), and taken into those of the next design.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mapping.calibration.curves import Blocks
from mapping.calibration.identification import ClampCurves, fit_blocks
from mapping.compact import parasitics
from mapping.design import FollowerDesign, NeuronDesign
from mapping.limits import Limits
from mapping.macromodel import Macromodel
from neuron_model.analysis.iv_curves import iv_curves
from neuron_model.model.parameters import TIMESCALES, NeuronParameters, Timescale

CLAMP = np.linspace(-3.0, 3.0, 25)
"""U at which blocks are measured."""

# Of changes, squared: far below what a curve shows, above what it cannot tell.
_RIDGE = 1e-3
# Further than this, an interval tells of another regime and not of a time constant.
_LARGEST_RATIO = 2.0


@dataclass(frozen=True, eq=False)
class Observation:
    """What was seen of one circuit: its curves at CLAMP, one sample; interval and IBI between
    spikes over the reference's, None where one of them has none."""

    curves: ClampCurves
    interval: float | None = None
    ibi: float | None = None


@dataclass(frozen=True)
class Correction:
    """By what a circuit differs from its parameters of the macromodel.

    alpha: factors, delta: shifts, of the trained elements. conductance, current: of the leak and
    of what the membrane draws, added. interval, ibi: factors of time constants.
    """

    alpha: tuple[float, ...] = ()
    delta: tuple[float, ...] = ()
    conductance: float = 0.0
    current: float = 0.0
    interval: float = 1.0
    ibi: float = 1.0

    def applied(self, built: NeuronParameters) -> NeuronParameters:
        """Parameters of the macromodels with what is known to be missing in them."""
        elements = list(built.elements)
        for index, (factor, shift) in enumerate(zip(self.alpha, self.delta, strict=True)):
            element = elements[index]
            elements[index] = replace(
                element, alpha=element.alpha * factor, delta=element.delta + shift
            )
        leak = replace(
            built.leak, conductance=max(float(built.leak.conductance) + self.conductance, 0.0)
        )
        return replace(
            built,
            elements=tuple(elements),
            leak=leak,
            i_bias=built.i_bias - self.current,
            tau_m=built.tau_m * self.interval,
            tau_slow=built.tau_slow * self.interval,
            tau_ultraslow=built.tau_ultraslow * self.ibi,
        )


def model_curves(parameters: NeuronParameters, count: int, voltage: np.ndarray) -> ClampCurves:
    """What a clamp would show of a model whose first ``count`` elements are blocks."""

    def drawn(elements: Sequence[object]) -> np.ndarray:
        one = replace(parameters, elements=tuple(elements))  # type: ignore[arg-type]
        return iv_curves(one, voltage).ultraslow[None] - float(one.i_bias)

    total = drawn(parameters.elements)
    blocks = [
        total - drawn([e for k, e in enumerate(parameters.elements) if k != index])
        for index in range(count)
    ]
    return ClampCurves(voltage, total, np.stack(blocks, axis=1))


def correction(design: NeuronDesign, built: NeuronParameters, seen: Observation) -> Correction:
    """What ``built``, uncorrected, missed of the circuit of ``design``; ``seen`` beside it."""
    count = len(design.elements)
    start = Blocks.of(built, count)
    believed = model_curves(built, count, seen.curves.voltage)
    ours, theirs = fit_blocks(seen.curves, start), fit_blocks(believed, start)
    line = np.stack([np.ones(seen.curves.voltage.size), seen.curves.voltage - design.u_rest], 1)
    rest = np.linalg.pinv(line) @ (_rest(seen.curves, ours) - _rest(believed, theirs))
    return Correction(
        alpha=tuple(map(float, (ours.alpha / theirs.alpha)[0])),
        delta=tuple(map(float, (ours.delta - theirs.delta)[0])),
        conductance=float(rest[1]),
        current=float(rest[0]),
        interval=_ratio(seen.interval),
        ibi=_ratio(seen.ibi),
    )


def _rest(curves: ClampCurves, fitted: Blocks) -> np.ndarray:
    """R of the one sample, (points,)."""
    bare = replace(fitted, constant=np.zeros_like(fitted.constant))
    blocks = sum(bare.current(k, curves.voltage)[0] for k in range(fitted.alpha.shape[1]))
    return np.asarray(curves.total[0] - blocks)


def _ratio(value: float | None) -> float:
    if value is None or not 1 / _LARGEST_RATIO < value < _LARGEST_RATIO:
        return 1.0
    return value


def residual(model: NeuronParameters, errors: Mapping[Timescale, np.ndarray]) -> Correction:
    """Changes of the model's elements, and a current drawn, that stand for a circuit's errors.

    Args:
        model: one neuron.
        errors: circuit less model of the I-V curves at CLAMP, slower voltages at U_rest, in I0.
    """
    held = np.full_like(CLAMP, float(model.u_rest))
    columns: list[list[np.ndarray]] = []
    for x in errors:
        row = []
        for e in model.elements:
            follows = TIMESCALES.index(e.timescale) <= TIMESCALES.index(x)
            u = CLAMP if follows else held
            t = np.tanh(e.kappa * (u - e.delta))
            row += [e.alpha * t, -e.alpha * e.kappa * (1 - t**2)]
        columns.append([*row, np.ones_like(CLAMP)])
    jacobian = np.concatenate([np.stack(row, axis=1) for row in columns]) / np.sqrt(CLAMP.size)
    error = np.concatenate(list(errors.values())) / np.sqrt(CLAMP.size)
    stiffness = np.full(jacobian.shape[1], _RIDGE)
    stiffness[-1] = 0.0
    found = np.linalg.solve(jacobian.T @ jacobian + np.diag(stiffness), jacobian.T @ error)
    return Correction(
        alpha=tuple(map(float, np.exp(found[:-1:2]))),
        delta=tuple(map(float, found[1:-1:2])),
        current=float(found[-1]),
    )


def added(before: Correction, more: Correction, share: float) -> Correction:
    """``share`` of ``more`` on top of ``before``, whose times stay."""
    count = len(more.alpha)
    alpha, delta = before.alpha or (1.0,) * count, before.delta or (0.0,) * count
    return replace(
        before,
        alpha=tuple(x * y**share for x, y in zip(alpha, more.alpha, strict=True)),
        delta=tuple(x + share * y for x, y in zip(delta, more.delta, strict=True)),
        current=before.current + share * more.current,
    )


def aim(model: NeuronParameters, off: Correction) -> NeuronParameters:
    """What to map so that a circuit which is off by ``off`` comes out as ``model``.

    Args:
        model: whose elements are those of the design.
        off: of its circuit; times are the capacitors' business (:func:`timed`).
    """
    elements = tuple(
        replace(e, alpha=e.alpha / factor, delta=e.delta - shift)
        for e, factor, shift in zip(model.elements, off.alpha, off.delta, strict=True)
    )
    return replace(model, elements=elements, i_bias=model.i_bias + off.current)


def named_after(design: NeuronDesign, model: NeuronParameters) -> NeuronDesign:
    """``design`` with the trained numbers of ``model`` beside its lines, whatever was mapped."""
    elements = tuple(
        replace(a, alpha=float(e.alpha), delta=float(e.delta))
        for a, e in zip(design.elements, model.elements, strict=True)
    )
    return replace(design, elements=elements, i_bias=float(model.i_bias))


def slower(before: Correction, seen: Observation, share: float) -> Correction:
    """``before`` with the factors of capacitors that make up for ``seen``'s times."""
    return replace(
        before,
        interval=before.interval * _ratio(seen.interval) ** -share,
        ibi=before.ibi * _ratio(seen.ibi) ** -share,
    )


def timed(macromodel: Macromodel, factors: Correction, limits: Limits) -> NeuronDesign:
    """The design with capacitors that make it slower by the factors' interval and IBI."""
    design = macromodel.design
    whole = design.membrane_capacitance + parasitics(macromodel).membrane
    membrane = design.membrane_capacitance + (factors.interval - 1) * whole
    return replace(
        design,
        membrane_capacitance=_within(membrane, limits.capacitance),
        followers=tuple(
            _slower(
                f,
                factors.ibi if f.timescale == Timescale.ULTRASLOW else factors.interval,
                limits,
            )
            for f in design.followers
        ),
    )


def _within(value: float, allowed: tuple[float, float]) -> float:
    return float(np.clip(value, *allowed))


def _slower(follower: FollowerDesign, factor: float, limits: Limits) -> FollowerDesign:
    """The follower with ``factor`` times its time constant, by its capacitor, else its bias."""
    capacitance = _within(follower.capacitance * factor, limits.capacitance)
    left = follower.capacitance * factor / capacitance
    return replace(
        follower,
        capacitance=capacitance,
        bias_current=_within(follower.bias_current / left, limits.bias_current),
    )
