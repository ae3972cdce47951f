"""Synapses of unit transistors: a weight is how many of them a neuron has on a line.

    line      I_s into m units, gates on their drains: V_gate     one unit passes on I_s / m
    w < 0     k units from the membrane, gates on the line        I = -k I_s / m
    w > 0     k units from the column's fold, a PMOS mirror       I = +k I_s / m
    column    I_out = sum of k I_s / m over its lines + I_keep    I_keep: the keep-alive current

A transistor half as wide does not carry half of the current, so that one size makes every weight
and every line. What flows through the PMOS mirror sets the pole of its gates: a keep-alive current,
which the neuron's compensation takes out again, keeps it quick where no line is active.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from circuits.ota import ota
from circuits.structure import Cell, Direction, Instance, Polarity, Port, Size, Transistor
from circuits.technology import Technology
from neuron_model.errors import InputError

FOLD, KEEP = "fold", "keep"
"""Nets of a column: the gates of its PMOS mirror, and the keep-alive current's line."""


@dataclass(frozen=True)
class Weight:
    """``units`` unit transistors on ``line``: into the membrane (positive) or out of it.

    comment: what was trained, and what is built.
    """

    line: str
    units: int
    comment: str = ""


def unit(technology: Technology, count: int = 1) -> Size:
    """``count`` unit transistors side by side, ``[cells.synapse]``.

    Raises:
        InputError: the technology has no unit transistor, or the count is less than 1.
    """
    if "synapse" not in technology.sizes:
        raise InputError(
            f"technology '{technology.name}' has no unit transistor: add the sizes of unit and "
            "pmos_mirror in [cells.synapse]."
        )
    if count < 1:
        raise InputError(f"a weight or a line of {count} unit transistors cannot be drawn.")
    return replace(technology.size("synapse", "unit"), multiplier=count * _drawn(technology))


def _drawn(technology: Technology) -> int:
    """Devices in parallel that make one unit."""
    return technology.size("synapse", "unit").multiplier


def gate_line(technology: Technology, units: int) -> Cell:
    """The diode of ``units`` unit transistors that turns a current into a line's gate voltage.

    For the input (a unipolar current from outside), and for the keep-alive current.
    """
    ports = (Port("line", Direction.BIDIRECTIONAL), Port("vss", Direction.GROUND))
    return Cell(
        f"gate_line_{units}",
        ports,
        (_diode("line", technology, units),),
        f"line of {units} units: a unit on it passes on I(line) / {units}",
    )


def line_driver(technology: Technology, units: int) -> Cell:
    """Output stage of a neuron that feeds others: an OTA into the diode of its line.

    I_s = max(0, I_bias tanh((V_m - V_threshold) / V0)); below threshold the OTA pulls the gates
    down.
    """
    ports = (
        Port("vm", Direction.INPUT),
        Port("threshold", Direction.INPUT),
        Port("line", Direction.OUTPUT),
        Port("ibias", Direction.INPUT),
        Port("vdd", Direction.POWER),
        Port("vss", Direction.GROUND),
    )
    parts = (
        Instance("ota", ota(technology), ("vm", "threshold", "line", "ibias", "vdd", "vss")),
        _diode("line", technology, units),
    )
    return Cell(
        f"line_driver_{units}",
        ports,
        parts,
        f"s onto a line: a unit passes on I(ibias) max(0, tanh((vm - threshold) / V0)) / {units}",
    )


def synapse_column(
    name: str, technology: Technology, weights: Sequence[Weight], keep_units: int = 0
) -> Cell:
    """All synapses of one neuron; ports: the lines in order, KEEP if it has one, vm, supplies.

    Args:
        name: of the cell, one for each neuron.
        technology: whose ``[cells.synapse]`` is drawn.
        weights: those of 0 units are left out. Lines that only they name have no port.
        keep_units: units on the KEEP line, which draw the keep-alive current; without positive
            weights there is no mirror to keep alive.

    Raises:
        InputError: no weight is left, or two on one line.
    """
    drawn = [weight for weight in weights if weight.units != 0]
    if not drawn:
        raise InputError(f"synapse column '{name}': there is no weight to draw.")
    mirrored = any(weight.units > 0 for weight in drawn)
    keeps = mirrored and keep_units > 0
    ports = (
        *(Port(weight.line, Direction.INPUT) for weight in drawn),
        *((Port(KEEP, Direction.INPUT),) if keeps else ()),
        Port("vm", Direction.BIDIRECTIONAL),
        *((Port("vdd", Direction.POWER),) if mirrored else ()),
        Port("vss", Direction.GROUND),
    )
    parts = [_synapse(technology, weight) for weight in drawn]
    if keeps:
        size = unit(technology, keep_units)
        parts.append(
            Transistor("keep_alive", Polarity.NMOS, FOLD, KEEP, "vss", "vss", size, "keep_alive")
        )
    if mirrored:
        size = technology.size("synapse", "pmos_mirror")
        parts += [
            Transistor("mirror_in", Polarity.PMOS, FOLD, FOLD, "vdd", "vdd", size, "pmos_mirror"),
            Transistor("mirror_out", Polarity.PMOS, "vm", FOLD, "vdd", "vdd", size, "pmos_mirror"),
        ]
    total = sum(abs(weight.units) for weight in drawn)
    return Cell(name, ports, tuple(parts), f"{len(drawn)} synapses of {total} units in all")


def column_currents(
    cell: Cell, technology: Technology, unit_current: float, keep_current: float
) -> dict[str, float]:
    """Ampere of each transistor of a line or a column, by name, where all lines are at s = 1.

    unit_current: of one unit on a line. keep_current: of the keep-alive transistor.
    """
    found: dict[str, float] = {}
    for path, transistor in cell.transistors():
        if transistor.role in ("synapse", "line"):
            found[path[-1]] = transistor.size.multiplier / _drawn(technology) * unit_current
        elif transistor.role == "keep_alive":
            found[path[-1]] = keep_current
    folded = sum(found[path[-1]] for path, t in cell.transistors() if t.drain == FOLD != t.gate)
    mirror = {p[-1]: folded for p, t in cell.transistors() if t.role == "pmos_mirror"}
    return found | mirror


def _synapse(technology: Technology, weight: Weight) -> Transistor:
    return Transistor(
        f"from_{weight.line}",
        Polarity.NMOS,
        FOLD if weight.units > 0 else "vm",
        weight.line,
        "vss",
        "vss",
        unit(technology, abs(weight.units)),
        "synapse",
        weight.comment,
    )


def _diode(line: str, technology: Technology, units: int) -> Transistor:
    size = unit(technology, units)
    return Transistor("diode", Polarity.NMOS, line, line, "vss", "vss", size, "line")
