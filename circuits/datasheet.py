"""What a neuron's circuit, or a network's, has to be given, line by line, and what it may be."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields

from circuits.network import NetworkCircuit
from circuits.neuron import Line, bias_lines, reference_lines
from circuits.technology import Technology
from mapping.conditions import Conditions
from mapping.design import NeuronDesign
from mapping.limits import Limits
from mapping.network_design import NetworkDesign
from neuron_model.errors import InputError


@dataclass(frozen=True)
class Entry:
    """One line of a datasheet.

    name: of a port, a capacitor, or of what is said. value: in ``unit``, or a text without one.
    smallest, largest: that the technology allows. meaning: what it is for.
    """

    name: str
    value: float | str
    unit: str = ""
    smallest: float | None = None
    largest: float | None = None
    meaning: str = ""


def datasheet(design: NeuronDesign, technology: Technology) -> tuple[Entry, ...]:
    """Conditions, units, supply, bias lines, reference lines and capacitors of ``design``."""
    limits = technology.limits
    reference = design.reference_voltage
    return (
        *_conditions(technology, design.conditions),
        Entry("I0", design.unit_current, "A", *limits.unit_current, meaning="1 unit of I"),
        Entry("V0", design.unit_voltage, "V", meaning="1 unit of U"),
        Entry("T", design.time_unit, "s", meaning="1 unit of time"),
        Entry("vdd", design.supply, "V", meaning="supply"),
        Entry("V_ref", reference, "V", *limits.voltage, meaning="U = 0"),
        *_lines(bias_lines(design), reference_lines(design), limits),
        *(
            Entry(f"C_{what}", value, "F", *limits.capacitance, meaning=meaning)
            for what, value, meaning in _capacitors(design)
        ),
    )


def network_datasheet(
    circuit: NetworkCircuit, design: NetworkDesign, technology: Technology
) -> tuple[Entry, ...]:
    """Conditions, units, supply, inputs, bias lines and reference lines of a network's circuit."""
    into = design.line("x")
    inputs = (
        Entry(port, into.full_scale, "A", meaning=f"(x {offset:+.4g}) times this")
        for port, offset in zip(circuit.inputs, into.offset.tolist(), strict=True)
    )
    limits = technology.limits
    return (
        *_conditions(technology, design.conditions),
        Entry("I0", design.unit_current, "A", *limits.unit_current, meaning="1 unit of I"),
        Entry("T", design.time_unit, "s", meaning="1 unit of time"),
        Entry("vdd", technology.supply, "V", meaning="supply"),
        *inputs,
        *_lines(circuit.bias_lines, circuit.reference_lines, limits),
    )


def _conditions(technology: Technology, at: Conditions) -> tuple[Entry, ...]:
    limits = technology.limits
    return (
        Entry("technology", technology.name, meaning="process"),
        Entry("corner", at.corner, meaning="of the process, at which it was mapped"),
        Entry("corners", " ".join(technology.corners), meaning="of the process, that there are"),
        Entry("temperature", at.temperature, "degC", *limits.temperature, meaning="of the mapping"),
    )


def _lines(biases: Sequence[Line], references: Sequence[Line], limits: Limits) -> Iterator[Entry]:
    for line in biases:
        allowed = _allowed(line.port, limits)
        yield Entry(line.port, line.value, "A", *allowed, meaning=line.purpose)
    for line in references:
        yield Entry(line.port, line.value, "V", *limits.voltage, meaning=line.purpose)


def _allowed(port: str, limits: Limits) -> tuple[float, float]:
    """Of a bias line; a compensation may be as small as it comes out."""
    low, high = limits.bias_current
    return (0.0 if port.endswith("ib_comp") else low), high


def _capacitors(design: NeuronDesign) -> list[tuple[str, float, str]]:
    slow = [
        (f.timescale.value, f.capacitance, f"tau_{f.timescale} = {f.tau:g}")
        for f in design.followers
    ]
    return [("membrane", design.membrane_capacitance, "tau_m"), *slow]


def datasheet_to_csv(entries: tuple[Entry, ...]) -> str:
    """One row an entry, in SI units; a cell is empty where there is nothing to say."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([f.name for f in fields(Entry)])
    writer.writerows(
        [f"{value:.6g}" if isinstance(value, float) else value for value in astuple(entry)]
        for entry in entries
    )
    return buffer.getvalue()


def datasheet_from_csv(text: str, source: str) -> tuple[Entry, ...]:
    """The inverse of :func:`datasheet_to_csv`, but for the digits that it leaves out.

    Raises:
        InputError: the text is no datasheet; ``source`` is named.
    """
    rows = csv.DictReader(io.StringIO(text))
    wanted = [f.name for f in fields(Entry)]
    if list(rows.fieldnames or ()) != wanted:
        raise InputError(f"{source}: is no datasheet; its columns must be {', '.join(wanted)}.")
    return tuple(_entry(row, f"{source}, line {index + 2}") for index, row in enumerate(rows))


def _entry(row: dict[str, str | None], where: str) -> Entry:
    def number(column: str) -> float | None:
        word = row[column] or ""
        try:
            return float(word) if word else None
        except ValueError:
            raise InputError(f"{where}: {column} = {word!r} must be a number.") from None

    value: float | str | None = number("value") if row["unit"] else row["value"]
    return Entry(
        row["name"] or "",
        "" if value is None else value,
        row["unit"] or "",
        number("smallest"),
        number("largest"),
        row["meaning"] or "",
    )
