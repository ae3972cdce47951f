"""Monte Carlo samples of a macromodel: the parameters of every sample of its devices.

    alpha' = alpha A'/A          kappa' = kappa V0/V0'        delta' = delta + (do + do_follower)/V0
    tau_x' = tau_x (V0'/V0) (A/A')       filter offset' = offset + (c'/A' - c/A) / kappa'
    I_bias' = I_bias + sum_k (c'_k - c_k) I_k / I0 + compensation (m' - 1) / I0
    tau_m' = tau_m + e C_m V0 / (I0 T)          tau_x'' = tau_x' (1 + e C_x / (C_x + parasitic))

A' and c' follow from what the two branches of an amplifier source and sink, whose logarithms are
linear in the devices' shifts (:mod:`mapping.sensitivity`); m is a mirror's gain; e is the share by
which the sample's capacitors are off. Amplifiers' lags, output conductances and (parasitic)
capacitances are those of the design as drawn: they are a few per cent of what they add to, and
change by a few per cent of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mapping.characteristics import CellCharacteristics, Orientation, OtaPoint
from mapping.compact import parasitics
from mapping.design import NeuronDesign, OtaDesign
from mapping.macromodel import Macromodel
from mapping.mismatch import COMPENSATION, OUTPUT, Draw, follower_block
from mapping.sensitivity import CellSensitivities, OtaSensitivity
from neuron_model.errors import InputError
from neuron_model.model.dynamics import element_current
from neuron_model.model.parameters import Element, NeuronParameters

# Over how many units of U on each side of rest a leak beside a fast follower is fitted.
_RANGE = 3.0


class Change(NamedTuple):
    """What samples of an amplifier have beside the drawn one, each (samples,).

    gain: A'/A. slope: V0'/V0. offset: volt. current: c' - c, of the bias current. relative:
    c'/A' - c/A.
    """

    gain: np.ndarray
    slope: np.ndarray
    offset: np.ndarray
    current: np.ndarray
    relative: np.ndarray


def sampled(
    macromodel: Macromodel, sensitivities: CellSensitivities, draw: Draw
) -> NeuronParameters:
    """The parameters of each sample of ``draw``, arrays (samples,), in the design's own units.

    ``draw`` holds every device of the design's amplifiers, followers, compensation and output
    stage. The nominal sample is the compact macromodel.

    Raises:
        InputError: a device was not drawn, or sensitivities of other conditions.
    """
    design, cells = macromodel.design, macromodel.cells
    _check_conditions(cells, sensitivities)
    nominal = macromodel.compact
    changes = {a.name: _amplifier(a, macromodel, sensitivities, draw) for a in design.amplifiers}
    followers = {
        f.timescale: change_of(
            follower_block(f.timescale),
            sensitivities.follower_table(f.divided),
            f.bias_current,
            cells.reference,
            macromodel.at_follower(f),
            draw,
        )
        for f in design.followers
    }
    values: dict[str, object] = {}
    capacitors = 0.0 if draw.capacitance is None else draw.capacitance
    drawn = design.membrane_capacitance * design.unit_voltage / design.unit_current
    values["tau_m"] = nominal.tau_m + capacitors * drawn / design.time_unit
    other = parasitics(macromodel).followers
    for follower in design.followers:
        x, change = follower.timescale, followers[follower.timescale]
        shape = nominal.filter(x)
        share = follower.capacitance / (follower.capacitance + other[x])
        longer = 1.0 + capacitors * share
        values[f"tau_{x}"] = nominal.tau(x) * longer * change.slope / change.gain
        kappa = shape.kappa / change.slope
        offset = shape.offset * change.slope + change.relative / kappa
        values[f"filter_{x}"] = replace(shape, kappa=kappa, offset=offset)
    # the first elements are the amplifiers, in their order, as far as the leak's are elements
    elements = []
    for amplifier, element in zip(design.amplifiers, nominal.elements, strict=False):
        # the leak's sections read the membrane itself, whatever the fast elements do
        filtered = None if amplifier in design.leak else followers.get(amplifier.timescale)
        shift = filtered.offset if filtered else 0.0
        elements.append(_element(element, changes[amplifier.name], shift, design.unit_voltage))
    elements += nominal.elements[len(elements) :]
    bias = _bias(design, sensitivities, changes, draw)
    if len(nominal.elements) < len(design.amplifiers):
        extra, constant = _leak_change(macromodel, changes)
        values["leak"] = replace(nominal.leak, conductance=nominal.leak.conductance + extra)
        bias = bias + constant
    threshold, saturation = _output(macromodel, sensitivities, draw)
    return replace(
        nominal,
        elements=tuple(elements),
        i_bias=nominal.i_bias + bias,
        u_threshold=threshold,
        u_saturation=saturation,
        **values,  # type: ignore[arg-type]
    )


def _check_conditions(cells: CellCharacteristics, sensitivities: CellSensitivities) -> None:
    here, there = (f"{x.technology}, {x.conditions}" for x in (cells, sensitivities))
    if here != there:
        raise InputError(
            f"characteristics are of {here} and sensitivities of {there}: measure both at the "
            "same technology, corner and temperature."
        )


def change_of(
    block: str,
    table: OtaSensitivity,
    bias_current: float,
    common_mode: float,
    at: OtaPoint,
    draw: Draw,
) -> Change:
    """What each sample of an amplifier has beside the drawn one.

    Args:
        block: the design's name of it, under which its devices were drawn.
        table: of its kind.
        bias_current: ampere. common_mode: volt. at: its characteristics there.
        draw: of its devices.
    """
    shift = table.shift(bias_current, common_mode, *draw.of(block, table.devices))
    source = (at.gain + at.offset_current) * np.exp(shift.sourcing)
    sink = (at.gain - at.offset_current) * np.exp(shift.sinking)
    gain, current = (source + sink) / 2, (source - sink) / 2
    return Change(
        gain=gain / at.gain,
        slope=np.exp(shift.slope),
        offset=shift.offset,
        current=current - at.offset_current,
        relative=current / gain - at.offset_current / at.gain,
    )


def _amplifier(
    amplifier: OtaDesign, macromodel: Macromodel, sensitivities: CellSensitivities, draw: Draw
) -> Change:
    return change_of(
        amplifier.name,
        sensitivities.ota(amplifier.orientation),
        amplifier.bias_current,
        amplifier.reference_voltage,
        macromodel.at(amplifier),
        draw,
    )


def _element(
    element: Element, change: Change, shift: np.ndarray | float, unit_voltage: float
) -> Element:
    return replace(
        element,
        alpha=element.alpha * change.gain,
        delta=element.delta + (change.offset + shift) / unit_voltage,
        kappa=element.kappa / change.slope,
    )


def _bias(
    design: NeuronDesign,
    sensitivities: CellSensitivities,
    changes: Mapping[str, Change],
    draw: Draw,
) -> np.ndarray:
    """What offset currents and the compensation add to the bias, in I0, (samples,)."""
    total = np.zeros(draw.samples)
    for amplifier in design.amplifiers:
        total += changes[amplifier.name].current * amplifier.bias_current
    if design.compensation_bias > 0:
        mirror = sensitivities.source if design.compensation_current > 0 else sensitivities.sink
        shifts = draw.of(COMPENSATION, mirror.devices)
        gain = np.exp(mirror.shift(design.compensation_bias, *shifts))
        total += design.compensation_current * (gain - 1)
    return total / design.unit_current


def _leak_change(
    macromodel: Macromodel, changes: Mapping[str, Change]
) -> tuple[np.ndarray, np.ndarray]:
    """(conductance, bias): the straight line through what the leak's sections draw beside the
    drawn ones, by least squares, where they are no elements of the model; each (samples,)."""
    design = macromodel.design
    u = design.u_rest + np.linspace(-_RANGE, _RANGE, 121)
    drawn: np.ndarray = np.zeros(1)
    for amplifier in design.leak:
        at, change = macromodel.at(amplifier), changes[amplifier.name]
        sign = -1.0 if amplifier.orientation == Orientation.NONINVERTING else 1.0
        element = Element(
            amplifier.timescale,
            alpha=sign * at.gain * amplifier.bias_current / design.unit_current,
            delta=design.units(amplifier.reference_voltage + at.offset),
            kappa=design.unit_voltage / at.slope_voltage,
        )
        moved = _element(element, change, 0.0, design.unit_voltage)
        parts = (np.reshape(x, (-1, 1)) for x in (moved.alpha, moved.delta, moved.kappa))
        before = element_current(u, element.alpha, element.delta, element.kappa)
        drawn = drawn + element_current(u, *parts) - before
    line = np.linalg.pinv(np.stack([u - design.u_rest, np.ones_like(u)], axis=1))
    conductance, constant = line @ drawn.T
    return conductance, -constant


def _output(
    macromodel: Macromodel, sensitivities: CellSensitivities, draw: Draw
) -> tuple[np.ndarray, np.ndarray]:
    """Threshold and saturation of s: the output stage's offset, and its slope at threshold."""
    design, nominal = macromodel.design, macromodel.compact
    output, table = design.output, sensitivities.noninverting
    at = macromodel.cells.noninverting.at(output.bias_current, output.threshold_voltage)
    change = change_of(OUTPUT, table, output.bias_current, output.threshold_voltage, at, draw)
    mirror = sensitivities.sink
    gain = np.exp(mirror.shift(output.unit_current, *draw.of(OUTPUT, mirror.devices)))
    threshold = nominal.u_threshold + change.offset / design.unit_voltage
    # the stage pushes what it sources: the rise is steeper by the gain of that branch
    sourced = (change.gain * at.gain + change.current) / at.gain
    span = (nominal.u_saturation - nominal.u_threshold) * change.slope / (gain * sourced)
    return threshold, threshold + span
