"""A network's synapses as whole numbers of unit transistors, and the currents of its lines.

    line        I_s = m I_u            m: units of its diode, I_u: current of one unit at s = 1
    weight      w = k A I_u / I0       k: whole units with a sign, A: measured gain of that sign
    input       I = (x + offset) I_x   a unipolar current into a line, I_x = m I_u
    bias        b - offset W - keep    what is left to a neuron's compensation current, in I0
    output      V_y = V_ref + offset + scale y

Everything is in SI units but for weights and biases, which are in I0 as in the trained network.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from mapping.conditions import Conditions
from mapping.record import check_fields, nested, record_to_json
from neuron_model.atomic import write_atomically
from neuron_model.file_format import NETWORK_DESIGN
from neuron_model.text_file import read_text

INPUT, OUTPUT = "x", "y"
"""The lines of all inputs, and the readouts as a target."""


@dataclass(frozen=True)
class LineDesign:
    """The gate lines of one source: all inputs, or the neurons of one layer, all drawn alike.

    name: "x", "s0", "s1". count: how many. units: m of each one's diode. unit_current: I_u, ampere.
    fan_out: units of synapses on the busiest one. delay: seconds until half of its current flows.
    offset: what is added to the input before it becomes a current, (count,); zeros for neurons.
    """

    name: str
    count: int
    units: int
    unit_current: float
    fan_out: int
    delay: float
    offset: np.ndarray

    @property
    def full_scale(self) -> float:
        """I_s of a neuron, or I_x for a unit of an input, ampere."""
        return self.units * self.unit_current


@dataclass(frozen=True)
class ProjectionDesign:
    """Weights from the lines of one source to the neurons of a layer, or to the outputs.

    source: name of its lines. target: "layer0", "layer1", "y". units: k, (targets, sources), whole
    numbers. trained, built: the weights, the same shape, in I0 (into the readout: in units of y).
    """

    source: str
    target: str
    units: np.ndarray
    trained: np.ndarray
    built: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """built - trained."""
        return self.built - self.trained


@dataclass(frozen=True)
class TargetDesign:
    """What each neuron of a layer, or each output's node, gets beside its weights.

    name: "layer0", "y". bias: constant current that its compensation has to deliver, in I0 (of an
    output: in I_r), (targets,). keeps: whether its column has a mirror and so a keep-alive current,
    (targets,).
    """

    name: str
    bias: np.ndarray
    keeps: np.ndarray


@dataclass(frozen=True)
class NetworkDesign:
    """All of a network but its neurons and readouts themselves.

    technology, conditions: of the measured cells. unit_current: I0, A. time_unit: T, s. keep_units:
    of the keep-alive line, and of each column on it; keep_current: what a column gets, A.
    readout_current: I_r, A. scale: one unit of y in V0. synapses: fingerprint of the measurements.
    notes: what the user should know of it.
    """

    technology: str
    conditions: Conditions
    unit_current: float
    time_unit: float
    keep_units: int
    keep_current: float
    readout_current: float
    scale: float
    lines: tuple[LineDesign, ...]
    projections: tuple[ProjectionDesign, ...]
    targets: tuple[TargetDesign, ...]
    synapses: str = ""
    notes: tuple[str, ...] = ()

    def line(self, name: str) -> LineDesign:
        """The lines of a source."""
        return next(line for line in self.lines if line.name == name)

    def target(self, name: str) -> TargetDesign:
        """The neurons of a layer, or the outputs."""
        return next(target for target in self.targets if target.name == name)

    def into(self, target: str) -> tuple[ProjectionDesign, ...]:
        """Every projection that ends there."""
        return tuple(p for p in self.projections if p.target == target)

    def weight_unit(self, target: str) -> float:
        """Ampere of a weight of 1 into a target: I0, or that of one unit of y."""
        return self.readout_current * self.scale if target == OUTPUT else self.unit_current

    def is_driven(self, target: str, index: int) -> bool:
        """Whether any weight into a neuron, or an output, has units."""
        return any(bool(p.units[index].any()) for p in self.into(target))

    @property
    def unit_count(self) -> int:
        """Unit transistors of all synapses together."""
        return int(sum(np.abs(p.units).sum() for p in self.projections))


def network_design_to_json(design: NetworkDesign) -> str:
    """The design as JSON text; :func:`network_design_from_json` reads it."""
    return record_to_json(design, NETWORK_DESIGN)


def network_design_from_json(text: str, source: str = "network design") -> NetworkDesign:
    """The inverse of :func:`network_design_to_json`.

    Raises:
        InputError: the text is no network design of this version; ``source`` is named.
    """
    content = NETWORK_DESIGN.json_content(text, source)
    with NETWORK_DESIGN.reading(source):
        content = nested(content)
        parts: dict[str, Any] = {
            "lines": tuple(_part(LineDesign, entry) for entry in content["lines"]),
            "projections": tuple(_part(ProjectionDesign, e) for e in content["projections"]),
            "targets": tuple(_part(TargetDesign, entry) for entry in content["targets"]),
            "notes": tuple(map(str, content["notes"])),
        }
        return NetworkDesign(**check_fields(NetworkDesign, content) | parts)


def _part(kind: type[Any], content: dict[str, Any]) -> Any:
    """One of the dataclasses above, its lists as arrays."""
    values = check_fields(kind, content)
    types = {"units": int, "keeps": bool}
    for field in fields(kind):
        if field.type == "np.ndarray":
            array: np.ndarray = np.array(values[field.name], dtype=types.get(field.name, float))
            if not np.isfinite(array).all():
                raise ValueError(f"{field.name} holds what is no number")
            values[field.name] = array
    return kind(**values)


def write_network_design(path: str | Path, design: NetworkDesign) -> Path:
    """Write the design as a JSON file, whole or not at all."""
    return write_atomically(path, network_design_to_json(design))


def read_network_design(path: str | Path) -> NetworkDesign:
    """Read a file of :func:`write_network_design`.

    Raises:
        InputError: it cannot be read or is no network design.
    """
    return network_design_from_json(read_text(path), str(path))
