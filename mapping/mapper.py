"""From trained parameters to a design whose curves, as measured, are the trained ones.

    element   A I_bias tanh((V - V_delta - o) / V0_k)    =  I0 alpha tanh(kappa (U - delta))
    leak      sum of sections - output conductances      =  I0 leak(U - U_rest)
    follower  C V0_f / (A I_bias)                        =  tau_x T
    membrane  C_m + parasitics - lags                    =  I0 tau_m T / V0
    compensation + sum of offset currents                =  I0 I_bias

A, V0_k, o and the rest are the measured ones at each amplifier's own bias and common mode, so the
equations are solved by iteration: they change slowly, and three rounds reach a part in a million.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from mapping.bias_generator import BiasGenerator
from mapping.characteristics import CellCharacteristics, Orientation
from mapping.compact import (
    filter_of,
    membrane_conductance,
    offset_current,
    output_span,
    skew_current,
)
from mapping.design import FollowerDesign, NeuronDesign, OtaDesign, OutputDesign
from mapping.limits import Limits, check_within
from mapping.macromodel import Macromodel
from mapping.quantization import quantize
from mapping.time_unit import unit_of_time
from neuron_model.errors import InputError
from neuron_model.model.dynamics import element_current, leak_current
from neuron_model.model.parameters import Element, NeuronParameters, OutputShape, Timescale

_ROUNDS = 6
# Of tau_m: the lag that a follower may add, as far as the largest capacitor allows.
_LARGEST_LAG = 0.25
# Curves are matched over the range of U that a neuron uses.
_RANGE = 3.0
# Slopes of OTAs differ by a few per cent over bias; a kappa further off cannot be built.
_KAPPA_TOLERANCE = 0.12
# The followers' smaller biases put them further off; they only slew a little sooner or later.
_FILTER_TOLERANCE = 0.25
# What followers and sections of the leak get beyond the smallest bias: the design is only known to
# some per cent.
BIAS_MARGIN = 1.03
# The least weight of a section of the leak, in I0.
_LEAST_WEIGHT = 0.02
# How often I0 may be raised for leakage: what is missing is known to some per cent.
_RAISES = 4
# A bias so many times as large as leakage allows is left as it is.
_CALM = 10.0


@dataclass(frozen=True)
class MappingChoices:
    """What a user may fix; None lets the mapping choose.

    unit_current: I0, ampere. membrane_capacitance: farad. nominal_current, nominal_capacitance: the
    ones to begin from where they are not fixed (0: the smallest I0). leak_sections: how many OTAs
    make the leak. leak_range: over how many units of U on each side of the reference it is to
    follow the model, as far as the references' limits allow. generator: whose codes currents
    and references are to be, all of a neuron's chosen together; None leaves them any number.
    """

    unit_current: float | None = None
    membrane_capacitance: float | None = None
    nominal_current: float = 0.0
    nominal_capacitance: float = 4e-12
    leak_sections: int = 9
    leak_range: float = 5.5
    generator: BiasGenerator | None = None


def map_neuron(
    parameters: NeuronParameters,
    characteristics: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices = MappingChoices(),
) -> NeuronDesign:
    """The design of one neuron on the technology that ``characteristics`` describe.

    Args:
        parameters: one neuron, in model units.
        characteristics: of the technology's cells, as measured; mapping inverts them, so that the
            macromodel has the trained parameters as nearly as its limits allow.
        limits: within which currents, voltages and capacitors have to stay.
        choices: what is fixed beforehand: I0, C_m, the leak.

    Returns:
        The design, in SI units, at the conditions of ``characteristics``.

    Raises:
        InputError: the neuron does not fit; parameter, value, limit and a remedy are named.
    """
    neuron, elements, limits = _prepared(parameters, characteristics, limits)
    scale = _scale(neuron, characteristics, limits, choices)
    for _ in range(_RAISES):
        design, reach = _solved(neuron, elements, scale, characteristics, limits, choices)
        short = leakage_shortage(Macromodel(design, characteristics), limits)
        wanted = replace(choices, nominal_current=BIAS_MARGIN * short * scale[0])
        raised = _scale(neuron, characteristics, limits, wanted)
        if short <= 1.0 or raised[0] <= scale[0]:
            break
        scale = raised
    cold = _scale(neuron, replace(characteristics, leakage=None), limits, choices)
    notes = (
        *_notes(neuron, Macromodel(design, characteristics), reach),
        *_raised(scale, cold, limits),
    )
    design = replace(design, notes=notes)
    _check(neuron, Macromodel(design, characteristics), limits, reach)
    _check_slopes(neuron, Macromodel(design, characteristics))
    if choices.generator is not None:
        free = choices.unit_current is None
        built = Macromodel(design, characteristics)
        return quantize(built, limits, choices.generator, free).design
    return design


def mapped_units(
    parameters: NeuronParameters,
    characteristics: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> tuple[float, float]:
    """V0, volt, and the unit of time, seconds, that :func:`map_neuron` finds with these choices.

    They hang on elements and followers alone: what takes time, the leak, is left out. ``choices``
    fix I0.

    Raises:
        InputError: as :func:`map_neuron`, as far as it can be told from these.
    """
    neuron, elements, limits = _prepared(parameters, characteristics, limits)
    scale = _scale(neuron, characteristics, limits, choices)
    design = _begun(neuron, elements, scale, characteristics, limits)
    for _ in range(_ROUNDS):
        design = _with_elements(neuron, Macromodel(design, characteristics))
    return design.unit_voltage, design.time_unit


def _prepared(
    parameters: NeuronParameters, characteristics: CellCharacteristics, limits: Limits
) -> tuple[NeuronParameters, list[tuple[int, Element]], Limits]:
    """(the neuron without elements of no strength, its elements with their numbers, limits).

    Raises:
        InputError: several neurons, or a filter that cannot be chosen.
    """
    if parameters.neurons != 1:
        raise InputError(
            f"'{parameters.name}' holds {parameters.neurons} neurons: map them one by one."
        )
    neuron = parameters[0]
    lowest, highest = characteristics.common_mode
    voltage = max(limits.voltage[0], lowest), min(limits.voltage[1], highest)
    limits = replace(limits, voltage=voltage)
    elements = [(i, e) for i, e in enumerate(neuron.elements) if e.alpha != 0]
    neuron = replace(neuron, elements=tuple(e for _, e in elements))
    for x in neuron.timescales:
        if neuron.filter(x).offset != 0:
            raise InputError(
                f"neuron '{neuron.name}': filter_{x}.offset = {neuron.filter(x).offset:g} cannot "
                "be chosen, it is what transistors happen to have; set it to 0 and train again."
            )
    return neuron, elements, limits


def _solved(
    neuron: NeuronParameters,
    elements: Sequence[tuple[int, Element]],
    scale: tuple[float, float],
    characteristics: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> tuple[NeuronDesign, float]:
    """(design, reach of its leak) with (I0, C_m) of ``scale``; elements: with their numbers."""
    design = _begun(neuron, elements, scale, characteristics, limits)
    reach = _leak_range(Macromodel(design, characteristics), limits, choices)
    design = replace(design, leak=_first_leak(design, choices.leak_sections, reach))
    for _ in range(_ROUNDS):
        reach = _leak_range(Macromodel(design, characteristics), limits, choices)
        design = _refine(neuron, Macromodel(design, characteristics), reach)
    return design, reach


def _begun(
    neuron: NeuronParameters,
    elements: Sequence[tuple[int, Element]],
    scale: tuple[float, float],
    characteristics: CellCharacteristics,
    limits: Limits,
) -> NeuronDesign:
    """The first guess, without a leak."""
    unit_voltage = _unit_voltage([e for _, e in elements], characteristics)
    unit_current, membrane = scale
    return NeuronDesign(
        name=neuron.name,
        technology=characteristics.technology,
        conditions=characteristics.conditions,
        supply=characteristics.supply,
        reference_voltage=characteristics.reference,
        unit_current=unit_current,
        unit_voltage=unit_voltage,
        time_unit=unit_of_time(membrane, unit_voltage, unit_current, neuron.tau_m),
        membrane_capacitance=membrane,
        elements=tuple(_first_guess(i, e, unit_current, neuron) for i, e in elements),
        leak=(),
        followers=tuple(
            _first_follower(x, neuron, unit_current, membrane, characteristics, limits)
            for x in neuron.timescales
            if neuron.tau(x) > 0
        ),
        compensation_current=0.0,
        compensation_bias=0.0,
        output=OutputDesign(unit_current, characteristics.reference, unit_current),
        i_bias=neuron.i_bias,
        u_rest=neuron.u_rest,
        u_threshold=neuron.u_threshold,
        u_saturation=neuron.u_saturation,
        characteristics=characteristics.fingerprint,
    )


def leakage_shortage(macromodel: Macromodel, limits: Limits) -> float:
    """By which factor the biases would have to be larger for what junctions make of them.

    Of followers, and of all amplifiers at the membrane; below 1 where nothing is missing.
    """
    design, characteristics = macromodel.design, macromodel.cells
    leakage = characteristics.leakage
    if leakage is None:
        return 0.0
    leaked = len(design.amplifiers) * leakage.ota / limits.leakage_share
    missing = [leaked / sum(a.bias_current for a in design.amplifiers)]
    missing += [
        least_follower_bias(f.divided, characteristics, limits) / f.bias_current
        for f in design.followers
    ]
    return max(missing)


def _unit_voltage(elements: list[Element], characteristics: CellCharacteristics) -> float:
    """V0: the slope voltage of an amplifier at the reference times the elements' mean kappa."""
    table = characteristics.noninverting
    middle = math.sqrt(table.bias_current[0] * table.bias_current[-1])
    slope = table.at(middle, characteristics.reference).slope_voltage
    return slope * _mean_kappa(elements)


def _mean_kappa(elements: Sequence[Element]) -> float:
    """The elements' kappa, weighted by |alpha|; 1 where there are none."""
    weights = np.array([abs(e.alpha) for e in elements])
    kappas = np.array([e.kappa for e in elements])
    return float(np.sum(weights * kappas) / weights.sum()) if elements else 1.0


def _scale(
    neuron: NeuronParameters,
    characteristics: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> tuple[float, float]:
    """(I0, C_m): the smallest current at which the slowest follower still has a bias it can use.

    A follower of tau_x has the bias C_x I0 tau_m / (C_m tau_x), at most C_max I0 tau_m / (C_m
    tau_x). Where I0 would have to be larger than the largest element allows, C_m shrinks. What
    junctions add to all biases at the hottest temperature asks for an I0 of its own.
    """
    slowest = max((neuron.tau(x) for x in neuron.timescales), default=0.0) / neuron.tau_m
    largest = max((abs(e.alpha) for e in neuron.elements), default=1.0)
    c_low, c_high = limits.capacitance
    membrane = choices.membrane_capacitance or min(max(choices.nominal_capacitance, c_low), c_high)
    check_within("the membrane capacitor", membrane, limits.capacitance, "F", "choose another C_m")
    kinds = (False, *((True,) if characteristics.divided is not None else ()))
    smallest = min(_smallest_output(x, neuron, characteristics, limits) for x in kinds)
    needed = smallest * slowest / c_high
    ceiling = min(limits.unit_current[1], limits.bias_current[1] / max(largest, 1.0))
    if choices.unit_current is not None:
        unit = check_within(
            "the unit current I0",
            choices.unit_current,
            limits.unit_current,
            "A",
            "choose another I0",
        )
    else:
        calm = _calm_current(neuron, characteristics, limits, choices)
        wanted = max(limits.unit_current[0], choices.nominal_current, needed * membrane, calm)
        unit = min(wanted, max(ceiling, limits.unit_current[0]))
    if choices.membrane_capacitance is None and needed * membrane > unit:
        membrane = max(unit / needed, c_low)
    return unit, membrane


def least_follower_bias(
    divided: bool, characteristics: CellCharacteristics, limits: Limits
) -> float:
    """The smallest bias of a follower, ampere: the technology's, or the one to which junctions add
    no more than ``limits.leakage_share`` at the hottest temperature."""
    leakage = characteristics.leakage
    leaked = 0.0 if leakage is None else leakage.of_follower(divided)
    return max(limits.bias_current[0], leaked / limits.leakage_share)


def _smallest_output(
    divided: bool, neuron: NeuronParameters, characteristics: CellCharacteristics, limits: Limits
) -> float:
    """What C I0 tau_m / (C_m tau_x) must be for a follower's bias to be the smallest allowed.

    That bias is the formula's over gain and V0 / V0_f: followers' gain is above 1 (a part of 1 if
    they divide), and their slope voltage below that of the elements, whose biases are larger.
    """
    bias = least_follower_bias(divided, characteristics, limits)
    at = characteristics.follower_table(divided).at(bias, characteristics.reference)
    widest = float(characteristics.noninverting.slope_voltage.max()) * _mean_kappa(neuron.elements)
    return BIAS_MARGIN * bias * at.gain * widest / at.slope_voltage


def _calm_current(
    neuron: NeuronParameters,
    characteristics: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> float:
    """I0 at which junctions add the allowed share to all biases at the membrane, ampere."""
    if characteristics.leakage is None:
        return 0.0
    amplifiers = len(neuron.elements) + choices.leak_sections
    # gains are above 1, so that biases are smaller than what they make
    gain = float(characteristics.noninverting.gain.max())
    units = (sum(abs(e.alpha) for e in neuron.elements) + choices.leak_range) / gain
    leaked = amplifiers * characteristics.leakage.ota
    return float(BIAS_MARGIN * leaked / limits.leakage_share / units)


def element_name(index: int, element: Element) -> str:
    """What the amplifier of the element numbered ``index`` is called in designs and netlists."""
    sign = "m" if element.alpha < 0 else "p"
    letter = {Timescale.FAST: "f", Timescale.SLOW: "s", Timescale.ULTRASLOW: "us"}
    return f"{letter[element.timescale]}{sign}{index}"


def _first_guess(
    index: int, element: Element, unit_current: float, neuron: NeuronParameters
) -> OtaDesign:
    orientation = Orientation.NONINVERTING if element.alpha < 0 else Orientation.INVERTING
    return OtaDesign(
        name=element_name(index, element),
        timescale=element.timescale,
        orientation=orientation,
        bias_current=abs(element.alpha) * unit_current,
        reference_voltage=0.0,
        alpha=element.alpha,
        delta=element.delta,
    )


def _first_follower(
    timescale: Timescale,
    neuron: NeuronParameters,
    unit_current: float,
    membrane: float,
    characteristics: CellCharacteristics,
    limits: Limits,
) -> FollowerDesign:
    """The membrane's capacitor, or a larger one so that the bias is large and the lag small enough.

    A follower lags by charge / I_bias = charge A tau_x / (C_x V0): in the loop that a slow element
    closes, a lag of a tau_m makes oscillations grow that the model damps. One to which junctions
    add more than a tenth of what is allowed divides its bias, if the technology has an OTA that
    does and its range of currents goes so far.
    """
    tau = neuron.tau(timescale)
    slowness = tau / neuron.tau_m

    def made(divided: bool) -> FollowerDesign:
        table = characteristics.follower_table(divided)
        low = table.at(table.bias_current[0], characteristics.reference)
        part = low.gain if divided else 1.0
        bias = max(unit_current / slowness / part, table.bias_current[0])
        at = table.at(bias, characteristics.reference)
        quick = at.delay * bias * at.gain * slowness / (_LARGEST_LAG * at.slope_voltage)
        smallest = _smallest_output(divided, neuron, characteristics, limits)
        needed = smallest * slowness * membrane / unit_current
        capacitance = min(max(membrane, needed, quick), limits.capacitance[1])
        current = capacitance * unit_current / (membrane * slowness)
        return FollowerDesign(timescale, current / part, capacitance, 0.0, tau, divided)

    plain, leakage = made(False), characteristics.leakage
    if characteristics.divided is None:
        return plain
    leaked = 0.0 if leakage is None else leakage.ota
    least = least_follower_bias(False, characteristics, limits)
    calm = _CALM * leaked / limits.leakage_share
    if plain.bias_current >= max(least, calm):
        return plain
    divided = made(True)
    reached = divided.bias_current <= float(characteristics.divided.bias_current[-1])
    return divided if reached or plain.bias_current < least else plain


def _leak_range(macromodel: Macromodel, limits: Limits, choices: MappingChoices) -> float:
    """How far the leak can follow the model: the outermost references have to be allowed."""
    design = macromodel.design
    low, high = limits.voltage
    room = min(design.reference_voltage - low, high - design.reference_voltage)
    room -= float(np.abs(macromodel.cells.inverting.offset).max())
    if room <= 0:
        raise InputError(
            f"on {design.technology} references may be from {low:.3g} to {high:.3g} V only, which "
            f"leaves the leak no room around {design.reference_voltage:.3g} V: correct the sizes "
            "in [cells.ota], the supply, limits.voltage or limits.bias_current."
        )
    return min(choices.leak_range, room / design.unit_voltage)


def _first_leak(design: NeuronDesign, count: int, reach: float) -> tuple[OtaDesign, ...]:
    spread = reach * (1 - 1.0 / max(count, 2))
    centers = np.linspace(-spread, spread, count) if count > 1 else np.zeros(1)
    weight = 2 * spread / max(count - 1, 1) / 2 if count > 1 else 1.0
    return tuple(
        OtaDesign(
            name=f"leak{i}",
            timescale=Timescale.FAST,
            orientation=Orientation.INVERTING,
            bias_current=weight * design.unit_current,
            reference_voltage=float(design.volts(center)),
            alpha=float(weight),
            delta=float(center),
        )
        for i, center in enumerate(centers)
    )


def _with_elements(neuron: NeuronParameters, before: Macromodel) -> NeuronDesign:
    """V0, followers and elements solved for with the characteristics at the design of before."""
    design, cells = before.design, before.cells
    if design.elements[:1] and design.elements[0].reference_voltage == 0.0:
        placed = tuple(
            replace(a, reference_voltage=float(design.volts(a.delta))) for a in design.elements
        )
        design = replace(design, elements=placed)
    design = _rescaled(neuron, Macromodel(design, cells))
    now = Macromodel(design, cells)
    design = replace(design, followers=tuple(_follower(f, now) for f in design.followers))
    now = Macromodel(design, cells)
    pairs = zip(neuron.elements, design.elements, strict=True)
    return replace(design, elements=tuple(_element(e, neuron, a, now) for e, a in pairs))


def _refine(neuron: NeuronParameters, before: Macromodel, reach: float) -> NeuronDesign:
    """One round: every number solved for with the characteristics at the design of before."""
    cells = before.cells
    design = _with_elements(neuron, before)
    design = replace(design, leak=_leak(neuron, Macromodel(design, cells), reach))
    design = _compensated(neuron, Macromodel(design, cells))
    design = _membrane(neuron, Macromodel(design, cells))
    at = cells.noninverting.at(design.output.bias_current, design.output.threshold_voltage)
    output = OutputDesign(
        bias_current=design.unit_current / at.gain,
        threshold_voltage=float(design.volts(neuron.u_threshold)) - at.offset,
        unit_current=design.unit_current,
    )
    return replace(design, output=output)


def _rescaled(neuron: NeuronParameters, built: Macromodel) -> NeuronDesign:
    """V0 such that the elements' kappas are right on the average, weighted by |alpha|."""
    design = built.design
    if not design.elements:
        return design
    weights = np.array([abs(a.alpha) for a in design.elements])
    pairs = zip(neuron.elements, design.elements, strict=True)
    slopes = np.array([e.kappa * built.at(a).slope_voltage for e, a in pairs])
    unit_voltage = float(weights @ slopes / weights.sum())
    time_unit = design.time_unit * unit_voltage / design.unit_voltage
    return replace(design, unit_voltage=unit_voltage, time_unit=time_unit)


def _follower(follower: FollowerDesign, built: Macromodel) -> FollowerDesign:
    tau, shape = filter_of(follower, built)
    settled = math.atanh(shape.kappa * shape.offset) / shape.kappa * built.design.unit_voltage
    at = built.at_follower(follower)
    bias = follower.bias_current * tau / follower.tau
    return replace(follower, bias_current=bias, shift=settled - at.offset)


def _element(
    element: Element,
    neuron: NeuronParameters,
    amplifier: OtaDesign,
    built: Macromodel,
) -> OtaDesign:
    """Bias by least squares of the whole curve, reference so that its center is delta."""
    design, at = built.design, built.at(amplifier)
    u = np.linspace(-_RANGE, _RANGE, 121) - element.delta
    wanted = np.tanh(element.kappa * u)
    drawn = np.tanh(design.unit_voltage / at.slope_voltage * u)
    alpha = abs(element.alpha) * float(wanted @ drawn / (drawn @ drawn))
    follower = design.follower(amplifier.timescale)
    shift = follower.shift if follower else 0.0
    return replace(
        amplifier,
        bias_current=alpha * design.unit_current / at.gain,
        reference_voltage=float(design.volts(element.delta)) + shift - at.offset,
    )


def _leak(neuron: NeuronParameters, built: Macromodel, reach: float) -> tuple[OtaDesign, ...]:
    """Weights and centers of the sections by least squares of the whole fast curve.

    What output conductances add, and what fast elements miss by their slopes, the leak makes up.
    """
    design = built.design
    u = np.linspace(-reach, reach, 20 * len(design.leak) + 41)
    target = leak_current(u - neuron.u_rest, neuron.leak)
    for element, amplifier in zip(neuron.elements, design.elements, strict=True):
        if amplifier.timescale == Timescale.FAST and neuron.tau_fast == 0:
            target = target + element_current(u, element.alpha, element.delta, element.kappa)
            target = target - _built_current(amplifier, u, built)
    conductance = membrane_conductance(built)
    target = target - conductance * design.unit_voltage / design.unit_current * u
    target = target - skew_current(built, u)
    points = [built.at(a) for a in design.leak]
    kappas = np.array([design.unit_voltage / at.slope_voltage for at in points])
    gains = np.array([at.gain for at in points])
    offsets = np.array([at.offset for at in points])
    count = len(design.leak)
    start = np.r_[
        [g * a.bias_current / design.unit_current for g, a in zip(gains, design.leak, strict=True)],
        [design.units(a.reference_voltage + o) for o, a in zip(offsets, design.leak, strict=True)],
        0.0,
    ]

    def error(p: np.ndarray) -> np.ndarray:
        weights, centers, shift = p[:count], p[count:-1], p[-1]
        return np.tanh(kappas * (u[:, None] - centers)) @ weights + shift - target

    def slopes(p: np.ndarray) -> np.ndarray:
        curves = np.tanh(kappas * (u[:, None] - p[count:-1]))
        moved = -p[:count] * kappas * (1.0 - curves**2)
        return np.hstack([curves, moved, np.ones((u.size, 1))])

    # A section whose center lies outside is a constant, which the compensation is there for.
    smallest = BIAS_MARGIN * built.cells.noninverting.bias_current[0] / design.unit_current
    floor = np.maximum(_LEAST_WEIGHT, gains * smallest)
    low = np.r_[floor, np.full(count, -reach), -np.inf]
    high = np.r_[np.full(count, np.inf), np.full(count, reach), np.inf]
    begin = np.clip(start, low + 1e-6, high - 1e-6)
    fit = least_squares(error, begin, slopes, bounds=(low, high))
    weights, centers = fit.x[:count], fit.x[count:-1]
    # the shift would need a current of its own: put it where the compensation corrects it
    return tuple(
        replace(
            a,
            bias_current=float(w * design.unit_current / g),
            reference_voltage=float(design.volts(c)) - float(o),
            alpha=float(w),
            delta=float(c),
        )
        for a, w, c, g, o in zip(design.leak, weights, centers, gains, offsets, strict=True)
    )


def _built_current(amplifier: OtaDesign, u: np.ndarray, built: Macromodel) -> np.ndarray:
    design, at = built.design, built.at(amplifier)
    sign = -1.0 if amplifier.orientation == Orientation.NONINVERTING else 1.0
    delta = design.units(amplifier.reference_voltage + at.offset)
    kappa = design.unit_voltage / at.slope_voltage
    alpha = sign * at.gain * amplifier.bias_current / design.unit_current
    return np.asarray(element_current(u, alpha, delta, kappa))


def _compensated(neuron: NeuronParameters, built: Macromodel) -> NeuronDesign:
    """The current that makes the mean of the fast curve the trained one."""
    design, cells = built.design, built.cells
    u = neuron.u_rest + np.linspace(-_RANGE, _RANGE, 121)
    leak = leak_current(u - neuron.u_rest, neuron.leak)
    drawn = sum(_built_current(a, u, built) for a in design.leak)
    conductance = membrane_conductance(built)
    drawn = drawn + conductance * design.unit_voltage / design.unit_current * u
    drawn = drawn + skew_current(built, u)
    skew = float(np.mean(drawn - leak))
    current = design.unit_current * (neuron.i_bias + skew) - offset_current(built)
    mirror = cells.source if current > 0 else cells.sink
    size = abs(current)
    bias = size / mirror.gain_at(size) if size > 0 else 0.0
    smallest = cells.source.bias_current[0] / 10
    if bias < smallest:
        current, bias = 0.0, 0.0
    return replace(design, compensation_current=current, compensation_bias=bias)


def _membrane(neuron: NeuronParameters, built: Macromodel) -> NeuronDesign:
    """C_m such that the macromodel's membrane time constant is the trained one.

    A fast element's lag makes the membrane quicker where the element is steep, as the leak's
    does: both are counted, so that the drawn capacitor makes up for them on the average.
    """
    design, circuit = built.design, built.compact
    missing = (neuron.tau_m - circuit.tau_m) * design.time_unit
    if neuron.tau_fast == 0:
        missing += circuit.tau_fast * design.time_unit
    change = missing * design.unit_current / design.unit_voltage
    return replace(design, membrane_capacitance=design.membrane_capacitance + change)


def _notes(neuron: NeuronParameters, mapped: Macromodel, reach: float) -> tuple[str, ...]:
    design, notes = mapped.design, []
    if reach < _RANGE:
        notes.append(
            f"the leak follows the model over +-{reach:.2g} units of U only, as far "
            "as references may go (limits.voltage): smaller kappas reach further"
        )
    for follower in design.followers:
        if neuron.filter(follower.timescale).kappa == 0:
            notes.append(
                f"the {follower.timescale} filter is linear in the model and an OTA follower in "
                'the circuit: large steps slew; train with filter = "ota" to have the same'
            )
    span, built = neuron.u_saturation - neuron.u_threshold, output_span(mapped)
    if neuron.output is not OutputShape.OTA:
        notes.append(
            f"the circuit's s is max(0, tanh) of U - u_threshold over {built:.3g} units of U, the "
            f"model's a straight line over {span:g}: what was trained on it errs in the circuit; "
            'train with output = "ota" to have the same'
        )
    elif abs(span / built - 1.0) > _KAPPA_TOLERANCE:
        notes.append(
            f"the circuit's s rises over {built:.3g} units of U, the model's over {span:g}: train "
            f"with u_saturation = {neuron.u_threshold + built:.3g} to have the same"
        )
    return tuple(notes)


def _raised(
    scale: tuple[float, float], cold: tuple[float, float], limits: Limits
) -> tuple[str, ...]:
    """What leakage made of (I0, C_m); cold: without it."""
    if math.isclose(scale[0], cold[0], rel_tol=1e-3) and math.isclose(
        scale[1], cold[1], rel_tol=1e-3
    ):
        return ()
    return (
        f"I0 is {scale[0] * 1e9:.3g} nA with a C_m of {scale[1] * 1e12:.3g} pF, not "
        f"{cold[0] * 1e9:.3g} nA with {cold[1] * 1e12:.3g} pF, so that at "
        f"{limits.temperature[1]:g} °C junctions add no more than {limits.leakage_share:.0%} to "
        "a bias (limits.temperature, limits.leakage_share)",
    )


def _check_slopes(neuron: NeuronParameters, built: Macromodel) -> None:
    """All amplifiers turn over much the same voltage: their kappas cannot be chosen one by one."""
    design = built.design
    who = f"neuron '{neuron.name}' on {design.technology}:"
    for element, amplifier in zip(neuron.elements, design.elements, strict=True):
        kappa = design.unit_voltage / built.at(amplifier).slope_voltage
        what = f"element {amplifier.name} (alpha {element.alpha:g}, delta {element.delta:g})"
        _check_kappa(f"{who} {what} kappa", element.kappa, kappa, _KAPPA_TOLERANCE)
    for follower in design.followers:
        wanted = neuron.filter(follower.timescale).kappa
        if wanted > 0:
            _, shape = filter_of(follower, built)
            what = f"{who} filter_{follower.timescale}.kappa"
            _check_kappa(what, wanted, shape.kappa, _FILTER_TOLERANCE)


def _check_kappa(what: str, wanted: float, built: float, tolerance: float) -> None:
    if abs(built / wanted - 1.0) > tolerance:
        raise InputError(
            f"{what} = {wanted:g} cannot be built: beside the other elements' it comes out as "
            f"{built:.3g}, and {1 - tolerance:.2f} to {1 + tolerance:.2f} of the trained one is "
            "allowed; train with one kappa for all elements and filters."
        )


def _leaking(follower: FollowerDesign, characteristics: CellCharacteristics, limits: Limits) -> str:
    """Why a follower's bias is too small at the hottest temperature."""
    leakage = characteristics.leakage
    assert leakage is not None
    added = leakage.of_follower(follower.divided)
    return (
        f"at {leakage.temperature:g} °C junctions add {added:.3g} A to it, and "
        f"{limits.leakage_share:.0%} of it is allowed (limits.leakage_share, "
        "limits.temperature); "
    )


def _check_leakage(who: str, macromodel: Macromodel, limits: Limits) -> None:
    """What junctions add to the amplifiers at the membrane, over all their biases."""
    design, leakage = macromodel.design, macromodel.cells.leakage
    if leakage is None:
        return
    leaked = len(design.amplifiers) * leakage.ota
    check_within(
        f"{who} at {leakage.temperature:g} °C, with {leaked:.3g} A that junctions add to the "
        f"amplifiers at the membrane (limits.leakage_share = {limits.leakage_share:g}), the sum of "
        "their bias currents",
        sum(a.bias_current for a in design.amplifiers),
        (leaked / limits.leakage_share, math.inf),
        "A",
        f"choose a larger I0 than {design.unit_current:.3g} A, or fewer leak sections",
    )


def _check(neuron: NeuronParameters, macromodel: Macromodel, limits: Limits, reach: float) -> None:
    """Every number against its limit, with what would make it fit."""
    design, characteristics = macromodel.design, macromodel.cells
    who = f"neuron '{neuron.name}' on {design.technology}:"
    for amplifier in design.elements:
        what = (
            f"{who} element {amplifier.name} (alpha {amplifier.alpha:g}, delta {amplifier.delta:g})"
        )
        if amplifier.bias_current > limits.bias_current[1]:
            at_end = design.unit_current <= limits.unit_current[0]
            change, rest = (
                f"choose a smaller I0 than {design.unit_current:.3g} A",
                "make |alpha| smaller",
            )
        else:
            at_end = design.unit_current >= limits.unit_current[1]
            change, rest = (
                f"choose a larger I0 than {design.unit_current:.3g} A",
                "remove the element",
            )
        remedy = rest if at_end else f"{change}, or {rest}"
        check_within(
            f"{what} bias current", amplifier.bias_current, limits.bias_current, "A", remedy
        )
        check_within(
            f"{what} reference",
            amplifier.reference_voltage,
            limits.voltage,
            "V",
            "bring delta nearer to 0",
        )
    for follower in design.followers:
        what = f"{who} tau_{follower.timescale} = {follower.tau:g}"
        least = least_follower_bias(follower.divided, characteristics, limits)
        largest = float(characteristics.follower_table(follower.divided).bias_current[-1])
        slow = (
            "use a larger capacitor (limits.capacitance), a larger I0, a smaller C_m, or a smaller "
            "time constant"
            if follower.bias_current < least
            else "use a smaller I0, or a larger time constant or tau_m (a slower clock)"
        )
        if least > limits.bias_current[0] and follower.bias_current < least:
            slow = _leaking(follower, characteristics, limits) + slow
        allowed = (least, min(largest, limits.bias_current[1]))
        check_within(f"{what} bias current", follower.bias_current, allowed, "A", slow)
        check_within(f"{what} capacitor", follower.capacitance, limits.capacitance, "F", slow)
    _check_leakage(who, macromodel, limits)
    for amplifier in design.leak:
        what = f"{who} {amplifier.name}"
        check_within(
            f"{what} bias current",
            amplifier.bias_current,
            limits.bias_current,
            "A",
            "choose another I0 or another number of leak sections",
        )
        check_within(
            f"{what} reference",
            amplifier.reference_voltage,
            limits.voltage,
            "V",
            "bring u_rest nearer to 0, train with smaller kappas, or make the leak's range smaller",
        )
    check_within(
        f"{who} u_rest",
        neuron.u_rest,
        (-reach, reach),
        "units of U from the leak",
        "bring u_rest nearer to 0",
    )
    check_within(
        f"{who} u_threshold = {neuron.u_threshold:g} reference",
        design.output.threshold_voltage,
        limits.voltage,
        "V",
        "bring u_threshold nearer to 0",
    )
    check_within(
        f"{who} membrane capacitor",
        design.membrane_capacitance,
        limits.capacitance,
        "F",
        "choose another C_m",
    )
    if design.compensation_bias > 0:
        low, high = limits.bias_current
        check_within(
            f"{who} compensation (i_bias {neuron.i_bias:g})",
            design.compensation_bias,
            (min(low, 1e-13), high),
            "A",
            "use a smaller I0 or a smaller i_bias",
        )
