"""Codes of a bias generator for a whole neuron, chosen together.

    minimize  mean_x mean_u (E_x(u) - <E_x>)^2  +  (<E_ultraslow> + e_0)^2

over the codes of all lines. E_x(u) is what the amplifiers up to timescale x draw beside what they
are to draw, in I0: the error of the I-V curve of x, with its constant part left to the last term,
where e_0 is what offset currents and the compensation add. One line's error makes up for another's.
Time constants come out as trained whatever code a follower gets, because its capacitor is drawn to
it, as far as the limits of capacitors allow.

The best codes near the wanted values are found by coordinate descent, for several I0: a neuron has
the same curves at any I0, but some of them lie nearer to codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mapping.bias_generator import OFF, BiasGenerator, CurrentCode
from mapping.compact import element_of
from mapping.design import FollowerDesign, NeuronDesign, OtaDesign
from mapping.limits import Limits, check_within
from mapping.macromodel import Macromodel
from neuron_model.model.dynamics import element_current
from neuron_model.model.parameters import TIMESCALES, Timescale
from neuron_model.shown import Shown, counted

_RANGE = 3.0
_POINTS = 61
_CURRENTS = 5
_VOLTAGES = 3
_TRIMS = 20
_SWEEPS = 30
_SCALES = np.geomspace(0.87, 1.15, 15)


Codes = tuple[CurrentCode, float]
"""Of one amplifier: its bias current's, and its reference voltage (volt)."""


@dataclass(frozen=True)
class QuantizedLine:
    """A bias current (ampere) or a reference voltage (volt) and the code that stands for it.

    name: of the port, as in netlists. wanted: what the mapping asked for. coarse: None for
    voltages.
    """

    name: str
    wanted: float
    value: float
    code: int
    coarse: int | None = None

    @property
    def error(self) -> float:
        """value - wanted: relative for currents, in volt for voltages."""
        if self.coarse is None:
            return self.value - self.wanted
        return self.value / self.wanted - 1.0 if self.wanted else 0.0


@dataclass(frozen=True, repr=False)
class QuantizedDesign(Shown):
    """A design whose lines all have codes.

    lines: bias lines, then references. curve_error: root mean square of what its curves differ
    from those wanted, in I0, over +-3 units of U; nearest_error: the same where each line is
    rounded alone.
    """

    design: NeuronDesign
    lines: tuple[QuantizedLine, ...]
    curve_error: float
    nearest_error: float

    def _brief(self) -> str:
        lines = counted(len(self.lines), "line")
        return f"{self.design.name}: {lines} with codes, curves off by {self.curve_error:.2g} I0"


@dataclass(frozen=True)
class _Choice:
    """One amplifier's candidates: their errors by timescale and u, (candidates, timescales,
    points), and constants, (candidates,)."""

    codes: tuple[Codes, ...]
    curves: np.ndarray
    constants: np.ndarray


def quantize(
    mapped: Macromodel,
    limits: Limits,
    generator: BiasGenerator,
    rescale: bool = True,
) -> QuantizedDesign:
    """Codes for every line of a design.

    Args:
        mapped: with the currents and voltages that are wanted, on the cells it was mapped on.
        limits: of capacitors and I0.
        generator: whose codes are to be used.
        rescale: whether I0 may be changed by some per cent to come nearer to codes.

    Raises:
        InputError: a line needs what the generator cannot make; it is named, with the limit.
    """
    design = mapped.design
    check_range(design, generator)
    scales = _SCALES if rescale else np.ones(1)
    low, high = limits.unit_current
    tried = [
        _descend(replace(mapped, design=scaled), generator)
        for scale in scales
        if low <= design.unit_current * scale <= high
        for scaled in [scaled_design(design, float(scale))]
        if _fits(scaled, generator)
    ] or [_descend(mapped, generator)]
    return _quantized(min(tried, key=lambda chosen: chosen.error), limits, generator)


def scaled_design(design: NeuronDesign, scale: float) -> NeuronDesign:
    """The same neuron at ``scale`` times the unit current: all currents and capacitors by as much.

    Gains change by a few per cent a decade, so that curves stay what they are for some per cent.
    """

    def amplifiers(some: Sequence[OtaDesign]) -> tuple[OtaDesign, ...]:
        return tuple(replace(a, bias_current=a.bias_current * scale) for a in some)

    output = design.output
    return replace(
        design,
        unit_current=design.unit_current * scale,
        time_unit=design.time_unit / scale,
        elements=amplifiers(design.elements),
        leak=amplifiers(design.leak),
        followers=tuple(replace(f, bias_current=f.bias_current * scale) for f in design.followers),
        compensation_current=design.compensation_current * scale,
        compensation_bias=design.compensation_bias * scale,
        output=replace(
            output,
            bias_current=output.bias_current * scale,
            unit_current=output.unit_current * scale,
        ),
    )


def _currents(design: NeuronDesign) -> dict[str, float]:
    """Every bias line that must not be off, by its port's name."""
    lines = {f"ib_{a.name}": a.bias_current for a in design.amplifiers}
    lines |= {f"ib_{f.timescale}": f.bias_current for f in design.followers}
    return lines | {"ib_s": design.output.bias_current}


def check_range(design: NeuronDesign, generator: BiasGenerator) -> None:
    """Whether the generator can make every current of ``design``.

    Raises:
        InputError: it cannot; line, value, limit and a remedy are named.
    """
    who = f"neuron '{design.name}' on {design.technology}:"
    for name, current in _currents(design).items():
        remedy = (
            "use a larger I0, or a generator with smaller steps (coarse_steps, bits)"
            if current < generator.smallest
            else "use a smaller I0, or a generator with a larger full_scale"
        )
        allowed = generator.smallest, generator.largest
        check_within(
            f"{who} bias line {name}, by the generator's codes,", current, allowed, "A", remedy
        )


def _fits(design: NeuronDesign, generator: BiasGenerator) -> bool:
    currents = _currents(design).values()
    return min(currents) >= generator.smallest and max(currents) <= generator.largest


def _timescale(amplifier: OtaDesign, design: NeuronDesign) -> Timescale:
    """Which voltage an amplifier reads: fast stands for the membrane itself."""
    if amplifier in design.leak or design.follower(amplifier.timescale) is None:
        return Timescale.FAST
    return amplifier.timescale


def _near(amplifier: OtaDesign, generator: BiasGenerator) -> list[Codes]:
    """The codes around what an amplifier wants, the nearest first."""
    return [
        (current, voltage)
        for current in generator.nearest(amplifier.bias_current, _CURRENTS)
        for voltage in generator.nearest_voltages(amplifier.reference_voltage, _VOLTAGES)
    ]


def _choices(mapped: Macromodel, candidates: Sequence[Sequence[Codes]]) -> list[_Choice]:
    design = mapped.design
    u = np.linspace(-_RANGE, _RANGE, _POINTS)
    choices = []
    for amplifier, codes in zip(design.amplifiers, candidates, strict=True):
        at = mapped.at(amplifier)
        element = element_of(amplifier, mapped)
        row = TIMESCALES.index(_timescale(amplifier, design))
        wanted = element_current(u, element.alpha, element.delta, element.kappa)
        curves = np.zeros((len(codes), len(TIMESCALES), _POINTS))
        constants = np.zeros(len(codes))
        for index, (current, voltage) in enumerate(codes):
            alpha = element.alpha * current.value / amplifier.bias_current
            shift = (voltage - amplifier.reference_voltage) / design.unit_voltage
            drawn = element_current(u, alpha, element.delta + shift, element.kappa)
            curves[index, row] = drawn - wanted
            change = (current.value - amplifier.bias_current) / design.unit_current
            constants[index] = -at.offset_current * change
        choices.append(_Choice(tuple(codes), curves, constants))
    return choices


def _cost(curves: np.ndarray, constants: np.ndarray) -> np.ndarray:
    """Of errors (..., timescales, points) and constants (...): what is minimized."""
    cumulated = np.cumsum(curves, axis=-2)
    spread = cumulated.var(axis=-1).mean(axis=-1)
    return np.asarray(spread + (cumulated[..., -1, :].mean(axis=-1) + constants) ** 2)


@dataclass(frozen=True)
class _Chosen:
    """Codes of the amplifiers and of the compensation, and the rms error that they leave.

    wanted: the design that they stand for. compensation: signed, what it is to be worth in all,
    ampere. nearest: the error of the nearest codes.
    """

    wanted: NeuronDesign
    codes: tuple[Codes, ...]
    compensation: tuple[CurrentCode, float]
    error: float
    nearest: float


def _descend(mapped: Macromodel, generator: BiasGenerator) -> _Chosen:
    """The best codes near the wanted ones, by coordinate descent."""
    design = mapped.design
    candidates = [_near(a, generator) for a in design.amplifiers]
    choices = _choices(mapped, candidates)
    trims = _trims(mapped, generator, design.compensation_current)
    worth = np.array([value for _, value in trims]) / design.unit_current
    missing = design.compensation_current / design.unit_current - worth
    picked, trim = [0] * len(choices), 0
    curves = sum((c.curves[0] for c in choices), np.zeros((len(TIMESCALES), _POINTS)))
    constant = sum(float(c.constants[0]) for c in choices) + missing[0]
    nearest = best = float(_cost(curves, np.asarray(constant)))
    for _ in range(_SWEEPS):
        before = best
        for index, choice in enumerate(choices):
            others = curves - choice.curves[picked[index]]
            rest = constant - choice.constants[picked[index]]
            costs = _cost(others + choice.curves, rest + choice.constants)
            picked[index] = int(np.argmin(costs))
            curves = others + choice.curves[picked[index]]
            constant = rest + float(choice.constants[picked[index]])
        rest = constant - missing[trim]
        costs = _cost(curves, rest + missing)
        trim = int(np.argmin(costs))
        constant, best = rest + missing[trim], float(costs[trim])
        if best >= before * (1 - 1e-9):
            break
    codes = tuple(choice.codes[i] for choice, i in zip(choices, picked, strict=True))
    return _Chosen(design, codes, trims[trim], float(np.sqrt(best)), float(np.sqrt(nearest)))


def calibrated(
    mapped: Macromodel,
    limits: Limits,
    generator: BiasGenerator,
    codes: Sequence[Codes],
) -> QuantizedDesign:
    """A design with given codes of its amplifiers: the compensation makes up for the constant
    part of what they are off, capacitors for the followers' biases."""
    design = mapped.design
    choices = _choices(mapped, [[each] for each in codes])
    curves = sum((c.curves[0] for c in choices), np.zeros((len(TIMESCALES), _POINTS)))
    constant = sum(float(c.constants[0]) for c in choices)
    excess = float(curves.mean(axis=-1).sum()) + constant
    needed = design.compensation_current + excess * design.unit_current
    trim = _trims(mapped, generator, needed)[0]
    missing = (design.compensation_current - trim[1]) / design.unit_current
    error = float(np.sqrt(_cost(curves, np.asarray(constant + missing))))
    chosen = _Chosen(design, tuple(codes), trim, error, error)
    return _quantized(chosen, limits, generator)


def _trims(
    mapped: Macromodel, generator: BiasGenerator, needed: float
) -> list[tuple[CurrentCode, float]]:
    """(code, ampere into the membrane) of compensations around ``needed``, the nearest first.

    A design without any gets none: it has no line for it.
    """
    if mapped.design.compensation_bias == 0:
        return [(OFF, 0.0)]
    mirror = mapped.cells.source if needed > 0 else mapped.cells.sink
    bias = abs(needed) / mirror.gain_at(max(abs(needed), generator.smallest))
    sign = 1.0 if needed > 0 else -1.0
    found = [
        (code, sign * code.value * mirror.gain_at(code.value))
        for code in generator.nearest(bias, _TRIMS)
    ]
    return sorted([*found, (OFF, 0.0)], key=lambda trim: abs(trim[1] - needed))


def _quantized(chosen: _Chosen, limits: Limits, generator: BiasGenerator) -> QuantizedDesign:
    wanted, lines = chosen.wanted, []
    placed = tuple(
        replace(a, bias_current=current.value, reference_voltage=voltage)
        for a, (current, voltage) in zip(wanted.amplifiers, chosen.codes, strict=True)
    )
    for a, (code, _) in zip(wanted.amplifiers, chosen.codes, strict=True):
        lines.append(_current_line(f"ib_{a.name}", a.bias_current, code))
    followers = []
    for f in wanted.followers:
        tried = [
            (c, _retimed(f, c.value, limits)) for c in generator.nearest(f.bias_current, _CURRENTS)
        ]
        code, made = min(tried, key=lambda pair: _detuning(f, pair[1]))
        lines.append(_current_line(f"ib_{f.timescale}", f.bias_current, code))
        followers.append(made)
    (code,) = generator.nearest(wanted.output.bias_current)
    lines.append(_current_line("ib_s", wanted.output.bias_current, code))
    worst = max(lines, key=lambda line: abs(line.error))
    trim, compensation = chosen.compensation
    if wanted.compensation_bias > 0:
        lines.append(_current_line("ib_comp", wanted.compensation_bias, trim))
    (threshold,) = generator.nearest_voltages(wanted.output.threshold_voltage)
    voltages = [(a.name, a.reference_voltage) for a in wanted.amplifiers]
    codes = [voltage for _, voltage in chosen.codes]
    for (name, asked), voltage in zip(
        [*voltages, ("s", wanted.output.threshold_voltage)], [*codes, threshold], strict=True
    ):
        code_of = generator.voltage_code(voltage)
        lines.append(QuantizedLine(f"vr_{name}", asked, voltage, code_of))
    count = len(wanted.elements)
    note = (
        f"biases are codes of a {generator.bits}-bit {generator.kind.replace('_', '-')} generator: "
        f"curves are off by {chosen.error:.2g} I0 (rms), line {worst.name} by {worst.error:+.1%}"
    )
    design = replace(
        wanted,
        elements=placed[:count],
        leak=placed[count:],
        followers=tuple(followers),
        compensation_bias=trim.value,
        compensation_current=compensation,
        output=replace(wanted.output, bias_current=code.value, threshold_voltage=threshold),
        notes=(*wanted.notes, note),
    )
    return QuantizedDesign(design, tuple(lines), chosen.error, chosen.nearest)


def _current_line(name: str, wanted: float, code: CurrentCode) -> QuantizedLine:
    return QuantizedLine(name, wanted, code.value, code.fine, code.coarse)


def _retimed(follower: FollowerDesign, bias_current: float, limits: Limits) -> FollowerDesign:
    """The follower with another bias and the capacitor that keeps its time constant, or comes as
    near to it as limits.capacitance allows."""
    capacitance = follower.capacitance * bias_current / follower.bias_current
    low, high = limits.capacitance
    return replace(
        follower, bias_current=bias_current, capacitance=min(max(capacitance, low), high)
    )


def _detuning(wanted: FollowerDesign, made: FollowerDesign) -> float:
    """By what factor the time constant is off, to a part in a million; 1 is right."""
    ratio = made.capacitance / made.bias_current * wanted.bias_current / wanted.capacitance
    return round(max(ratio, 1 / ratio), 6)
