"""A neuron as physical quantities: what goes onto the chip's bias lines, references and plates.

    V = V_ref + V0 U        I = I0 i        t = T t_model,  T = C_m V0 / (I0 tau_m)

Everything is in SI units; nothing here knows a device.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from mapping.characteristics import Orientation
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.parameters import Timescale


@dataclass(frozen=True)
class OtaDesign:
    """One transconductance amplifier at the membrane: an element, or a section of the leak.

    name: of its bias line and instance. timescale: which voltage it reads. bias_current:
    ampere. reference_voltage: volt, on its fixed input. alpha, delta: the trained numbers.
    """

    name: str
    timescale: Timescale
    orientation: Orientation
    bias_current: float
    reference_voltage: float
    alpha: float
    delta: float


@dataclass(frozen=True)
class FollowerDesign:
    """The follower-integrator that makes U_x: tau_x = C V0 / (A I_bias).

    bias_current: ampere. capacitance: farad, drawn. shift: volt by which the follower's output
    settles above its input. tau: the trained time constant.
    """

    timescale: Timescale
    bias_current: float
    capacitance: float
    shift: float
    tau: float


@dataclass(frozen=True)
class OutputDesign:
    """The output stage: I_s = unit_current s. Currents in ampere, threshold in volt."""

    bias_current: float
    threshold_voltage: float
    unit_current: float


@dataclass(frozen=True)
class NeuronDesign:
    """All that has to be applied and drawn for one neuron.

    unit_current I0 (A), unit_voltage V0 (V), reference_voltage V_ref (V), supply (V),
    time_unit T (s per unit of model time), membrane_capacitance (F, drawn),
    compensation_current: ampere into the membrane, cancelling the cells' offset currents and
    adding the trained bias; compensation_bias: its bias line's current. characteristics: the
    fingerprint of the measurements it rests on. notes: what the user should know of it.
    """

    name: str
    technology: str
    corner: str
    temperature: float
    supply: float
    reference_voltage: float
    unit_current: float
    unit_voltage: float
    time_unit: float
    membrane_capacitance: float
    elements: tuple[OtaDesign, ...]
    leak: tuple[OtaDesign, ...]
    followers: tuple[FollowerDesign, ...]
    compensation_current: float
    compensation_bias: float
    output: OutputDesign
    i_bias: float = 0.0
    u_rest: float = 0.0
    u_threshold: float = 0.0
    u_saturation: float = 1.0
    characteristics: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def amplifiers(self) -> tuple[OtaDesign, ...]:
        """Elements, then the leak's sections."""
        return (*self.elements, *self.leak)

    def follower(self, timescale: Timescale) -> FollowerDesign | None:
        """The follower of ``timescale``; None where U_x is U_m."""
        return next((f for f in self.followers if f.timescale == timescale), None)

    def volts(self, u: Any) -> Any:
        """V = V_ref + V0 U."""
        return self.reference_voltage + self.unit_voltage * u

    def units(self, volts: Any) -> Any:
        """U = (V - V_ref) / V0."""
        return (volts - self.reference_voltage) / self.unit_voltage


_FORMAT = 1


def design_to_json(design: NeuronDesign) -> str:
    """The design as JSON text; :func:`design_from_json` reads it."""
    return json.dumps({"format": _FORMAT, **asdict(design)}, indent=1)


def design_from_json(text: str, source: str = "design") -> NeuronDesign:
    """The inverse of :func:`design_to_json`.

    Raises:
        InputError: the text is no design of this version; ``source`` is named.
    """

    def amplifier(entry: dict[str, Any]) -> OtaDesign:
        entry["timescale"] = Timescale(entry["timescale"])
        entry["orientation"] = Orientation(entry["orientation"])
        return OtaDesign(**entry)

    def follower(entry: dict[str, Any]) -> FollowerDesign:
        entry["timescale"] = Timescale(entry["timescale"])
        return FollowerDesign(**entry)

    try:
        content = json.loads(text)
        if content.pop("format") != _FORMAT:
            raise ValueError("another version wrote it")
        content["elements"] = tuple(amplifier(e) for e in content["elements"])
        content["leak"] = tuple(amplifier(e) for e in content["leak"])
        content["followers"] = tuple(follower(e) for e in content["followers"])
        content["output"] = OutputDesign(**content["output"])
        content["notes"] = tuple(content["notes"])
        unknown = set(content) - {f.name for f in fields(NeuronDesign)}
        if unknown:
            raise ValueError(f"unknown key {sorted(unknown)[0]!r}")
        return NeuronDesign(**content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{source}: is no design file of this version ({error}).") from error


def write_design(path: str | Path, design: NeuronDesign) -> Path:
    """Write the design as JSON, whole or not at all."""
    return write_atomically(path, design_to_json(design))


def read_design(path: str | Path) -> NeuronDesign:
    """Read a file of :func:`write_design`.

    Raises:
        InputError: it cannot be read or is no design.
    """
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}).") from error
    return design_from_json(text, str(path))
