"""What of a sample can be calibrated: the codes of some of its bias and reference lines.

Current lines are calibrated by the generator's own codes around the drawn current, references by
its steps of voltage around the drawn one. The offset current into the membrane is the compensation
mirror's line. Which others are worth a code of their own is worked out, not assumed:
:func:`choose_knobs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from mapping.bias_generator import BiasGenerator
from mapping.calibration.curves import (
    POINTS,
    VOLTAGE,
    Blocks,
    center_of,
    steady_current,
    total_curves,
    weighted,
)
from mapping.design import NeuronDesign
from mapping.limits import Limits, check_within
from mapping.macromodel import Macromodel
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters

OFFSET = "ib_comp"
"""Port of the compensation mirror, the offset current's line."""

_CURRENT_REACH = 0.55, 1.6
_REFERENCE_REACH = 0.7
_OFFSET_REACH = 0.8
# Of I0: what a compensation that is calibrated both ways sources.
_MIDDLE, _LEAST_OFFSET = 0.5, 0.4


@dataclass(frozen=True, eq=False)
class Knob:
    """One line that is calibrated.

    port: as in netlists. drawn: its value before, ampere or volt. codes: what it can be set to,
    (codes,), rising. per_unit: how much of it is one unit of what :mod:`mapping.calibration.curves`
    counts in: the drawn current of an element, V0 of a reference, I0 of the offset.
    """

    port: str
    drawn: float
    codes: np.ndarray
    per_unit: float

    @property
    def is_reference(self) -> bool:
        """Whether it is a voltage."""
        return self.port.startswith("vr_")

    def nearest(self, values: np.ndarray) -> np.ndarray:
        """The codes nearest to ``values``, of their shape."""
        middles = (self.codes[1:] + self.codes[:-1]) / 2
        return np.asarray(self.codes[np.searchsorted(middles, values)])


def make_knobs(
    macromodel: Macromodel, ports: Sequence[str], generator: BiasGenerator, limits: Limits
) -> tuple[Knob, ...]:
    """Knobs of ``ports``: OFFSET, or ib_ and vr_ of elements.

    Raises:
        InputError: the design has no such line, or no code lies within its limits.
    """
    return tuple(_knob(macromodel, port, generator, limits) for port in ports)


def _knob(macromodel: Macromodel, port: str, generator: BiasGenerator, limits: Limits) -> Knob:
    design = macromodel.design
    if port == OFFSET:
        if design.compensation_bias == 0:
            raise InputError(
                f"neuron '{design.name}': its circuit has no compensation mirror, whose current "
                "a trim would change; give the neuron an i_bias."
            )
        drawn, unit = design.compensation_bias, design.unit_current
        low, high = generator.smallest, drawn + _OFFSET_REACH * unit
        codes = generator.currents(low, min(high, limits.bias_current[1]))
        return Knob(port, drawn, codes, unit / _compensation_gain(design))
    kind, _, name = port.partition("_")
    found = [a for a in design.elements if a.name == name]
    if not found or kind not in ("ib", "vr"):
        names = ", ".join(f"ib_{a.name}, vr_{a.name}" for a in design.elements)
        raise InputError(
            f"neuron '{design.name}': {port} cannot be calibrated; it must be one of {OFFSET}, "
            f"{names}."
        )
    (amplifier,) = found
    if kind == "ib":
        drawn = amplifier.bias_current
        low, high = (drawn * factor for factor in _CURRENT_REACH)
        low, high = max(low, limits.bias_current[0]), min(high, limits.bias_current[1])
        return Knob(port, drawn, generator.currents(low, high), drawn)
    drawn, reach = amplifier.reference_voltage, _REFERENCE_REACH * design.unit_voltage
    lowest, highest = macromodel.cells.common_mode
    low = max(drawn - reach, limits.voltage[0], lowest)
    high = min(drawn + reach, limits.voltage[1], highest)
    return Knob(port, drawn, generator.voltages(low, high), design.unit_voltage)


def _compensation_gain(design: NeuronDesign) -> float:
    """Ampere into the membrane per ampere of the line, signed."""
    return design.compensation_current / design.compensation_bias


def with_value(macromodel: Macromodel, port: str, value: float) -> NeuronDesign:
    """The design with one line at ``value`` (ampere or volt)."""
    design = macromodel.design
    if port == OFFSET:
        sourced = design.compensation_current > 0
        current = (1.0 if sourced else -1.0) * value * macromodel.compensation.gain_at(value)
        return replace(design, compensation_bias=value, compensation_current=current)
    kind, _, name = port.partition("_")
    field = "bias_current" if kind == "ib" else "reference_voltage"
    elements = tuple(
        replace(a, **{field: value}) if a.name == name else a  # type: ignore[arg-type]
        for a in design.elements
    )
    return replace(design, elements=elements)


def choose_knobs(
    design: NeuronDesign, nominal: NeuronParameters, samples: NeuronParameters, count: int
) -> tuple[str, ...]:
    """OFFSET and the ``count`` lines of elements that take most of the error out of the curves.

    Of every set of so many lines: the mean square that is left of the curves' errors over
    ``samples`` when the set takes what it can, E |(1 - P) e|^2 with P the projection onto what
    the set's lines do to the curves.

    Args:
        design: the neuron's.
        nominal: macromodel without mismatch.
        samples: macromodel samples, arrays (samples,).
        count: lines beside the offset.
    """
    center = center_of(nominal, len(design.elements))
    errors = weighted(total_curves(samples) - total_curves(nominal), center)
    covariance = errors.T @ errors
    blocks = Blocks.of(nominal, len(design.elements))
    ports = [f"{kind}_{a.name}" for a in design.elements for kind in ("ib", "vr")]
    columns = {port: weighted(blocks.column(port, design), center)[0] for port in ports}
    offset = weighted(-np.ones((1, 3, POINTS)), center)[0]

    def left(chosen: tuple[str, ...]) -> float:
        basis, _ = np.linalg.qr(np.stack([offset, *(columns[p] for p in chosen)], axis=1))
        return float(np.trace(covariance) - np.trace(basis.T @ covariance @ basis))

    best = min(combinations(ports, min(count, len(ports))), key=left)
    return (OFFSET, *best)


def with_offset_range(mapped: Macromodel, limits: Limits) -> NeuronDesign:
    """The design with a compensation that can be calibrated both ways.

    A mirror that sources little, or sinks, cannot make up for a sample that draws too much: it is
    given _MIDDLE I0 to source, which the outermost section of the leak, saturated wherever the
    neuron's voltage is, draws away again. A design whose compensation is as large stays as it is.

    Raises:
        InputError: that section's bias would be beyond the limits.
    """
    design = mapped.design
    if design.compensation_current >= _LEAST_OFFSET * design.unit_current or not design.leak:
        return design
    outermost = min(design.leak, key=lambda a: a.reference_voltage)
    more = _MIDDLE - design.compensation_current / design.unit_current
    gain = mapped.at(outermost).gain
    current = outermost.bias_current + more * design.unit_current / gain
    check_within(
        f"neuron '{design.name}' on {design.technology}: {outermost.name}, for a range of trim,",
        current,
        limits.bias_current,
        "A",
        "use a smaller I0",
    )
    loaded = replace(
        design,
        leak=tuple(
            replace(a, bias_current=current, alpha=a.alpha + more) if a is outermost else a
            for a in design.leak
        ),
    )
    wanted = steady_current(mapped.compact, VOLTAGE)
    sourced = _MIDDLE * design.unit_current
    # the last few per cent: what the section's offset and output conductance changed
    for _ in range(3):
        bias = sourced / mapped.cells.source.gain_at(sourced)
        loaded = replace(loaded, compensation_current=sourced, compensation_bias=bias)
        drawn = steady_current(replace(mapped, design=loaded).compact, VOLTAGE)
        sourced += float(np.mean(drawn - wanted)) * design.unit_current
    return loaded
