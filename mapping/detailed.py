"""The macromodel, detailed: every amplifier as it is, to compare with ngspice spike by spike.

    alpha_k, kappa_k, delta_k, offset     as :mod:`mapping.compact` has them
    skew  = h / A V0, ease = +-e / A V0    h, e: of the output conductance, of an element's
    skew  = d(ln A)/dV V0      of a follower, whose common mode and output are its own voltage
    conductance = -(dc/dV) V0 / A       of a follower; that of the others is the leak's
    drift = l V0
    tau_m                               c of each amplifier that draws with U_m, -c of each that
                                        sources: its input's feedthrough, see characteristics
    lag = that of the first mirrors, rise or fall = that of the fold, over the time unit

Here each amplifier's mirrors have a state of their own. :mod:`mapping.compact` puts the
lags of all fast amplifiers into one time constant and leaves the followers' out: a tenth of the
numbers, for training and for thousands of samples; spike intervals differ by one to three per cent.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from mapping.characteristics import Orientation
from mapping.compact import (
    compensation_current,
    element_of,
    membrane_conductance,
    offset_current,
    parasitics,
)
from mapping.design import FollowerDesign, OtaDesign
from neuron_model.model.parameters import Amplifier, Leak, NeuronParameters, Timescale

if TYPE_CHECKING:
    from mapping.macromodel import Macromodel

# Volt on each side of the reference, for the slope of a follower's gain.
_REACH = 0.1


def parameters(macromodel: Macromodel) -> NeuronParameters:
    """The parameters that the circuit of a design has, in the design's own units.

    The first elements are the trained ones, in their order; the leak's sections follow, at a
    timescale that has no follower: its voltage is the membrane's. Where each has one, the leak
    stays the fitted one of :mod:`mapping.compact`, its lag a smaller ``tau_m``.
    """
    macromodel = replace(macromodel, cells=macromodel.cells.in_detail)
    design, compact = macromodel.design, macromodel.compact
    unit = design.unit_voltage / design.unit_current
    through = feedthrough(macromodel)
    elements = tuple(
        replace(e, amplifier=_of_element(a, macromodel))
        for e, a in zip(compact.elements, design.elements, strict=False)
    )
    filters = {
        f"filter_{f.timescale}": replace(
            compact.filter(f.timescale), amplifier=_of_follower(f, macromodel)
        )
        for f in design.followers
    }
    values: dict[str, object] = dict(filters)
    membrane = next((x for x in Timescale if design.follower(x) is None), None)
    if membrane is None:
        values["tau_m"] = compact.tau_m + through * unit / design.time_unit
    else:
        total = design.membrane_capacitance + parasitics(macromodel).membrane + through
        conductance = membrane_conductance(macromodel) * unit
        sections = tuple(
            replace(
                element_of(a, macromodel),
                timescale=membrane,
                amplifier=_of_element(a, macromodel),
            )
            for a in design.leak
        )
        elements = (*elements, *sections)
        bias = offset_current(macromodel)
        bias += compensation_current(macromodel)
        # output conductances lead to the reference, U = 0; the leak of the model leads to U_rest
        values |= {
            "tau_m": total * unit / design.time_unit,
            "leak": Leak(conductance=conductance),
            "i_bias": bias / design.unit_current - conductance * design.u_rest,
            f"tau_{membrane}": 0.0,
        }
    return replace(compact, elements=elements, **values)  # type: ignore[arg-type]


def feedthrough(macromodel: Macromodel) -> float:
    """Farad that the membrane seems larger by: what its own rise sends back through the amplifiers.

    One that draws more current when the membrane rises counts for more, a negative conductance for
    less. Those that read a slower voltage send nothing.
    """
    design = macromodel.design
    readers = [a for a in design.elements if design.follower(a.timescale) is None]
    drawing = sum(
        1 if a.orientation == Orientation.INVERTING else -1 for a in (*readers, *design.leak)
    )
    return drawing * macromodel.cells.feedthrough


def _of_element(amplifier: OtaDesign, macromodel: Macromodel) -> Amplifier:
    design, at = macromodel.design, macromodel.at(amplifier)
    fold = at.fold_lag / design.time_unit
    straight = amplifier.orientation == Orientation.NONINVERTING
    return Amplifier(
        lag=at.mirror_lag / design.time_unit,
        rise=0.0 if straight else fold,
        fall=fold if straight else 0.0,
        bend=at.bend,
        skew=at.conductance_skew / at.gain * design.unit_voltage,
        drift=at.drift * design.unit_voltage,
        ease=(1 if straight else -1) * at.conductance_ease / at.gain * design.unit_voltage,
        shape=at.shape,
        shoulder=at.shoulder,
    )


def _of_follower(follower: FollowerDesign, macromodel: Macromodel) -> Amplifier:
    design, cells, at = macromodel.design, macromodel.cells, macromodel.at_follower(follower)
    table = cells.follower_table(follower.divided)
    low, high = (table.at(follower.bias_current, cells.reference + v) for v in (-_REACH, _REACH))
    per_unit = design.unit_voltage / (2 * _REACH)
    return Amplifier(
        lag=at.mirror_lag / design.time_unit,
        fall=at.fold_lag / design.time_unit,
        bend=at.bend,
        skew=math.log(high.gain / low.gain) * per_unit,
        drift=at.drift * design.unit_voltage,
        shape=at.shape,
        shoulder=at.shoulder,
        conductance=(low.offset_current - high.offset_current) / at.gain * per_unit,
    )
