"""A neuron as physical quantities: what goes onto the sample's bias lines, references and plates.

    V = V_ref + V0 U        I = I0 i        t = T t_model,  T = C_m V0 / (I0 tau_m)

Everything is in SI units; nothing here knows a device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mapping.characteristics import Orientation
from mapping.conditions import Conditions
from mapping.record import check_fields, flat, nested
from neuron_model.atomic import write_atomically
from neuron_model.file_format import DESIGN
from neuron_model.model.parameters import Timescale
from neuron_model.shown import Shown
from neuron_model.text_file import read_text


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
    settles above its input. tau: the trained time constant. divided: whether its OTA is the one
    that divides, whose gain A is a part of 1.
    """

    timescale: Timescale
    bias_current: float
    capacitance: float
    shift: float
    tau: float
    divided: bool = False


@dataclass(frozen=True)
class OutputDesign:
    """The output stage: I_s = unit_current s. Currents in ampere, threshold in volt."""

    bias_current: float
    threshold_voltage: float
    unit_current: float


@dataclass(frozen=True, repr=False)
class NeuronDesign(Shown):
    """All that has to be applied and drawn for one neuron.

    conditions: at which it is meant to work.
    unit_current I0 (A), unit_voltage V0 (V), reference_voltage V_ref (V), supply (V),
    time_unit T (s per unit of model time), membrane_capacitance (F, drawn),
    compensation_current: ampere into the membrane, cancelling the cells' offset currents and
    adding the trained bias; compensation_bias: its bias line's current. characteristics: the
    fingerprint of the measurements it rests on. notes: what the user should know of it.
    """

    name: str
    technology: str
    conditions: Conditions
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

    def _brief(self) -> str:
        return (
            f"{self.name} on {self.technology}, {self.conditions}: I0 {_nano(self.unit_current)} "
            f"nA, V0 {self.unit_voltage * 1e3:.4g} mV, C_m {_pico(self.membrane_capacitance)} pF, "
            f"1 unit of time {self.time_unit * 1e6:.4g} us"
        )

    _columns = ("part", "bias (nA)", "reference (mV)", "capacitor (pF)", "trained")

    def _rows(self) -> list[tuple[str, ...]]:
        otas = [
            (
                a.name,
                _nano(a.bias_current),
                f"{a.reference_voltage * 1e3:.4g}",
                "",
                f"alpha {a.alpha:.4g}, delta {a.delta:.4g}",
            )
            for a in self.amplifiers
        ]
        followers = [
            (
                f"follower {f.timescale}",
                _nano(f.bias_current),
                "",
                _pico(f.capacitance),
                f"tau {f.tau:.4g}",
            )
            for f in self.followers
        ]
        return [*otas, *followers]

    @property
    def amplifiers(self) -> tuple[OtaDesign, ...]:
        """Elements, then the leak's sections."""
        return (*self.elements, *self.leak)

    def follower(self, timescale: Timescale) -> FollowerDesign | None:
        """The follower of ``timescale``; None where U_x is U_m."""
        return next((f for f in self.followers if f.timescale == timescale), None)

    def tau(self, timescale: Timescale) -> float:
        """Time constant of ``timescale``, in units of the neuron's time; 0 where U_x is U_m."""
        follower = self.follower(timescale)
        return 0.0 if follower is None else follower.tau

    def volts(self, u: Any) -> Any:
        """V = V_ref + V0 U."""
        return self.reference_voltage + self.unit_voltage * u

    def units(self, volts: Any) -> Any:
        """U = (V - V_ref) / V0."""
        return (volts - self.reference_voltage) / self.unit_voltage


def _nano(ampere: float) -> str:
    return f"{ampere * 1e9:.4g}"


def _pico(farad: float) -> str:
    return f"{farad * 1e12:.4g}"


def designs_to_json(designs: Sequence[NeuronDesign]) -> str:
    """The designs as JSON text; :func:`designs_from_json` reads it."""
    return DESIGN.json_text({"neurons": [flat(asdict(design)) for design in designs]})


def designs_from_json(text: str, source: str = "design") -> tuple[NeuronDesign, ...]:
    """The inverse of :func:`designs_to_json`.

    Raises:
        InputError: the text is no design file of this version; ``source`` is named.
    """
    content = DESIGN.json_content(text, source)
    with DESIGN.reading(source):
        return tuple(_design(entry) for entry in content["neurons"])


def _design(entry: dict[str, Any]) -> NeuronDesign:
    def amplifier(content: dict[str, Any]) -> OtaDesign:
        return OtaDesign(
            **check_fields(OtaDesign, content)
            | {
                "timescale": Timescale(content["timescale"]),
                "orientation": Orientation(content["orientation"]),
            }
        )

    def follower(content: dict[str, Any]) -> FollowerDesign:
        timescale = Timescale(content["timescale"])
        return FollowerDesign(**check_fields(FollowerDesign, content) | {"timescale": timescale})

    return NeuronDesign(
        **check_fields(NeuronDesign, nested(entry))
        | {
            "elements": tuple(amplifier(e) for e in entry["elements"]),
            "leak": tuple(amplifier(e) for e in entry["leak"]),
            "followers": tuple(follower(e) for e in entry["followers"]),
            "output": OutputDesign(**check_fields(OutputDesign, entry["output"])),
            "notes": tuple(map(str, entry["notes"])),
        }
    )


def write_designs(path: str | Path, designs: Sequence[NeuronDesign]) -> Path:
    """Write the designs as a JSON file, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    return write_atomically(path, designs_to_json(designs))


def read_designs(path: str | Path) -> tuple[NeuronDesign, ...]:
    """Read a file of :func:`write_designs`.

    Raises:
        InputError: it cannot be read or holds no designs.
    """
    return designs_from_json(read_text(path), str(path))
