"""Output of a network: a node with a linear leak and a capacitor, then followers in a row.

    vm -> follower 1 -> follower 2 -> follower 3 -> y          four equal poles in all

Currents into the node ``vm`` (a column of synapses) become the voltage ``y``.
"""

from __future__ import annotations

from circuits.follower import follower
from circuits.neuron import MEMBRANE, Line, compensation_parts, leak_part
from circuits.structure import Capacitor, Cell, Direction, Instance, Part, Port
from circuits.technology import Technology
from mapping.readout import FOLLOWERS, ReadoutDesign

Y = "y"


def readout_bias_lines(design: ReadoutDesign) -> tuple[Line, ...]:
    """One line a bias current, in the order of the cell's ports."""
    node = design.node
    lines = [Line(f"ib_{a.name}", a.bias_current, "leak of the readout") for a in node.leak]
    if node.compensation_bias > 0:
        lines.append(Line("ib_comp", node.compensation_bias, "compensation, and bias of y"))
    purpose = f"a pole of {design.time_constant:.4g} s"
    followers = range(1, FOLLOWERS + 1)
    return (
        *lines,
        *(Line(f"ib_follow{k}", design.follower.bias_current, purpose) for k in followers),
    )


def readout_reference_lines(design: ReadoutDesign) -> tuple[Line, ...]:
    """One line a reference voltage, in the order of the cell's ports."""
    leak = design.node.leak
    return tuple(Line(f"vr_{a.name}", a.reference_voltage, "leak of the readout") for a in leak)


def readout(name: str, design: ReadoutDesign, technology: Technology) -> Cell:
    """The cell ``name`` of one output; ports: vm, y, bias lines, reference lines, supplies."""
    node = design.node
    lines = (*readout_bias_lines(design), *readout_reference_lines(design))
    ports = (
        Port(MEMBRANE, Direction.BIDIRECTIONAL),
        Port(Y, Direction.OUTPUT),
        *(Port(line.port, Direction.INPUT) for line in lines),
        Port("vdd", Direction.POWER),
        Port("vss", Direction.GROUND),
    )
    parts: list[Part] = [leak_part(node, technology), *compensation_parts(node, technology)]
    stage = follower(
        "readout_follower", technology, design.follower.capacitance, "a pole of the readout"
    )
    stages = [MEMBRANE, *(f"stage{k}" for k in range(1, FOLLOWERS)), Y]
    for k, (before, after) in enumerate(zip(stages, stages[1:], strict=False), 1):
        nets = (before, after, f"ib_follow{k}", "vdd", "vss")
        parts.append(Instance(f"follow{k}", stage, nets))
    parts.append(Capacitor("node", MEMBRANE, "vss", node.membrane_capacitance, "readout"))
    description = (
        f"readout {node.name}: four poles of {design.time_constant:.4g} s, 1 unit of y = "
        f"{design.scale * 1e3:.4g} mV around {node.reference_voltage + design.offset:.4f} V"
    )
    return Cell(name, ports, tuple(parts), description)
