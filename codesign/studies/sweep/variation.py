"""What the values of a sweep's axes make of a neuron, a technology and the choices of mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from circuits.sizing import SCALED_ROLES, scaled_technology
from circuits.technology import Technology
from codesign.building.circuit import default_choices
from codesign.studies.sweep.axes import AxisValue
from mapping.limits import Limits
from mapping.mapper import MappingChoices, element_name
from mapping.temperature import BiasLaws, CurrentLaw, ReferenceLaw
from neuron_model.errors import InputError
from neuron_model.model.parameters import Element, NeuronParameters, Timescale

Values = Mapping[str, AxisValue]

_ALL = "all"


def varied_neuron(parameters: NeuronParameters, values: Values) -> NeuronParameters:
    """``parameters`` of one neuron with alphas, deltas, time constants and bias as ``values`` say.

    Raises:
        InputError: it has no such element, or the time constant is 0.
    """
    elements = list(parameters.elements)
    names = [element_name(index, element) for index, element in enumerate(elements)]
    changes: dict[str, object] = {}
    for key, value in values.items():
        family, _, member = key.partition(".")
        if family in ("alpha", "delta"):
            if member not in (*names, _ALL):
                raise InputError(
                    f"axes.{key}: neuron '{parameters.name}' has no element {member!r}; it has "
                    f"{', '.join(names)}."
                )
            for index in (i for i, name in enumerate(names) if member in (name, _ALL)):
                elements[index] = _varied_element(elements[index], family, float(value))
        elif family == "tau":
            timescale = Timescale(member)
            tau = parameters.tau(timescale)
            if tau == 0:
                raise InputError(
                    f"axes.{key}: tau_{timescale} of neuron '{parameters.name}' is 0, which no "
                    "factor changes; vary another one."
                )
            changes[f"tau_{timescale}"] = tau * float(value)
        elif key == "i_bias":
            changes["i_bias"] = parameters.i_bias + float(value)
    return replace(parameters, elements=tuple(elements), **changes)  # type: ignore[arg-type]


def _varied_element(element: Element, family: str, value: float) -> Element:
    if family == "alpha":
        return replace(element, alpha=element.alpha * value)
    return replace(element, delta=element.delta + value)


def varied_technology(technology: Technology, values: Values) -> Technology:
    """``technology`` designed for another supply, with other gate areas.

    The reference stays the same share of the supply, and references may be as far from it as
    before, within the supply.

    Raises:
        InputError: a size is beyond the technology's limits.
    """
    factors: dict[str, float] = {}
    for key, value in values.items():
        family, _, member = key.partition(".")
        if family == "area":
            for role in SCALED_ROLES if member == _ALL else (member,):
                factors[role] = factors.get(role, 1.0) * float(value)
    varied = scaled_technology(technology, factors)
    if "supply" not in values:
        return varied
    supply = float(values["supply"])
    reference = technology.reference * supply / technology.supply
    return replace(
        varied,
        supply=supply,
        reference=reference,
        limits=_moved(technology.limits, reference - technology.reference, supply),
    )


def _moved(limits: Limits, by: float, supply: float) -> Limits:
    low, high = limits.voltage
    return replace(limits, voltage=(max(low + by, 0.0), min(high + by, supply)))


def operated_technology(technology: Technology, values: Values) -> Technology:
    """``technology`` at the supply that a chip is run from; references stay where they are."""
    change = float(values.get("supply_change", 0.0))
    return replace(technology, supply=technology.supply * (1.0 + change))


def varied_choices(technology: Technology, values: Values) -> MappingChoices:
    """The technology's own choices with I0, C_m and bias codes as ``values`` say.

    Raises:
        InputError: codes are asked for, and the technology has no generator.
    """
    choices = default_choices(technology)
    bits = int(values.get("bits", 0))
    generator = None
    if bits:
        if technology.bias_generator is None:
            raise InputError(
                f"axes.bits: technology '{technology.name}' has no [bias_generator], whose codes "
                "these would be: describe it in the technology file, or give 0 for free lines."
            )
        generator = replace(technology.bias_generator, bits=bits)
    return replace(
        choices,
        unit_current=_number(values, "unit_current"),
        membrane_capacitance=_number(values, "membrane_capacitance"),
        generator=generator,
    )


def bias_laws(values: Values) -> BiasLaws:
    """What the bias generator does over temperature; PTAT unless ``values`` say."""
    return BiasLaws(
        CurrentLaw(str(values.get("currents", CurrentLaw.PTAT))),
        ReferenceLaw(str(values.get("references", ReferenceLaw.PTAT))),
    )


def _number(values: Values, name: str) -> float | None:
    return float(values[name]) if name in values else None
