"""A synapse whose weight is a code: a DAC of unit transistors with a sign, its storage outside.

    I = +-code I_s / m        code = sum of 2^j b_j, I_s of a line into m units

Bit j switches 2^j units, gates on the line, onto one node, which a pair of switches connects to the
column's fold (weights that are positive) or to the membrane. Switches are unit transistors as well:
long ones, which let next to nothing through where they are off, and on whose resistance a current
of the units' kind loses a millivolt. Codes, signs and their complements are voltages at the cell's
ports: 0 or the supply.
"""

from __future__ import annotations

from circuits.structure import Cell, Direction, Instance, Polarity, Port, Transistor
from circuits.synapse import FOLD, KEEP, unit
from circuits.technology import Technology
from neuron_model.errors import InputError

MOST_BITS = 8


def code_ports(bits: int) -> tuple[str, ...]:
    """What a synapse's storage drives: sign (positive), its complement, bits from the least."""
    return ("sign", "sign_bar", *(f"b{j}" for j in range(bits)))


def code_of(units: int, bits: int) -> dict[str, bool]:
    """Which of :func:`code_ports` are at the supply for a weight of whole ``units``.

    Raises:
        InputError: more units than the bits have.
    """
    most = 2**bits - 1
    if abs(units) > most:
        raise InputError(
            f"a weight of {units} units has no code of {bits} bits and a sign: allowed are "
            f"-{most} to {most}; train with fewer units or take more bits."
        )
    levels = [units > 0, units <= 0, *(bool(abs(units) >> j & 1) for j in range(bits))]
    return dict(zip(code_ports(bits), levels, strict=True))


def programmable_synapse(technology: Technology, bits: int) -> Cell:
    """The cell of one synapse; ports: line, fold, vm, :func:`code_ports`, vss.

    Raises:
        InputError: bits not from 1 to ``MOST_BITS``, or a technology without a unit transistor.
    """
    if not 1 <= bits <= MOST_BITS:
        raise InputError(f"a synapse of {bits} bits cannot be drawn: choose from 1 to {MOST_BITS}.")
    switch = unit(technology)
    ports = (
        Port("line", Direction.INPUT),
        Port(FOLD, Direction.BIDIRECTIONAL),
        Port("vm", Direction.BIDIRECTIONAL),
        *(Port(name, Direction.INPUT) for name in code_ports(bits)),
        Port("vss", Direction.GROUND),
    )
    nmos = Polarity.NMOS
    parts = [
        Transistor("to_fold", nmos, FOLD, "sign", "sum", "vss", switch, "switch"),
        Transistor("to_membrane", nmos, "vm", "sign_bar", "sum", "vss", switch, "switch"),
    ]
    for j in range(bits):
        size = unit(technology, 2**j)
        parts += [
            Transistor(f"bit{j}", nmos, "sum", f"b{j}", f"n{j}", "vss", switch, "switch"),
            Transistor(f"units{j}", nmos, f"n{j}", "line", "vss", "vss", size, "synapse"),
        ]
    return Cell(
        f"programmable_synapse_{bits}",
        ports,
        tuple(parts),
        f"weight of {bits} bits and a sign: code x I(line) / units of the line",
    )


def programmable_column(
    name: str, technology: Technology, lines: tuple[str, ...], bits: int, keep_units: int = 0
) -> Cell:
    """A programmable synapse on each of ``lines``, over one PMOS mirror.

    Ports: the lines, LINE_sign, LINE_sign_bar, LINE_b0 and so on of each, KEEP where there are
    ``keep_units`` of the keep-alive current, vm and the supplies.

    Raises:
        InputError: no line, or a line twice, or as for :func:`programmable_synapse`.
    """
    if not lines or len(set(lines)) < len(lines):
        raise InputError(f"synapse column '{name}': expected lines, each once, not {lines}.")
    synapse = programmable_synapse(technology, bits)
    codes = {line: tuple(f"{line}_{port}" for port in code_ports(bits)) for line in lines}
    ports = (
        *(Port(line, Direction.INPUT) for line in lines),
        *(Port(port, Direction.INPUT) for line in lines for port in codes[line]),
        *((Port(KEEP, Direction.INPUT),) if keep_units else ()),
        Port("vm", Direction.BIDIRECTIONAL),
        Port("vdd", Direction.POWER),
        Port("vss", Direction.GROUND),
    )
    mirror, pmos = technology.size("synapse", "pmos_mirror"), Polarity.PMOS
    parts: list[Instance | Transistor] = [
        Instance(f"from_{line}", synapse, (line, FOLD, "vm", *codes[line], "vss")) for line in lines
    ]
    if keep_units:
        size = unit(technology, keep_units)
        parts.append(
            Transistor("keep_alive", Polarity.NMOS, FOLD, KEEP, "vss", "vss", size, "keep_alive")
        )
    parts += [
        Transistor("mirror_in", pmos, FOLD, FOLD, "vdd", "vdd", mirror, "pmos_mirror"),
        Transistor("mirror_out", pmos, "vm", FOLD, "vdd", "vdd", mirror, "pmos_mirror"),
    ]
    return Cell(name, ports, tuple(parts), f"{len(lines)} programmable synapses of {bits} bits")
