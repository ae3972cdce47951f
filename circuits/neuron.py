"""The multi-timescale conductance neuron of transistors and capacitors.

One OTA an element, a leak of OTA sections, a follower-integrator a timescale, a mirror for the
compensation current and an output stage. The membrane is the port ``vm``: current into it is
the input. Bias currents flow into the ``ib_`` ports, the ``vr_`` ports are reference voltages,
the ``v_`` ports show the filtered voltages (leave them open on a chip).
"""

from dataclasses import dataclass

from circuits.bias_mirror import current_sink, current_source
from circuits.follower import follower
from circuits.leak import leak
from circuits.ota import ota
from circuits.output_stage import output_stage
from circuits.structure import Capacitor, Cell, Direction, Instance, Part, Port
from circuits.synapse import line_driver
from circuits.technology import Technology
from mapping.characteristics import Orientation
from mapping.design import NeuronDesign, OtaDesign
from neuron_model.shown import Shown, counted

MEMBRANE, OUTPUT = "vm", "s"
_SUPPLIES = ("vdd", "vss")


@dataclass(frozen=True)
class Line:
    """A bias current (ampere) or reference voltage (volt) that a port needs, and what for."""

    port: str
    value: float
    purpose: str


@dataclass(frozen=True, repr=False)
class NeuronCircuit(Shown):
    """The cell, and what its ports have to be given."""

    cell: Cell
    bias_lines: tuple[Line, ...]
    reference_lines: tuple[Line, ...]
    monitors: tuple[str, ...]

    def _brief(self) -> str:
        lines = counted(len(self.bias_lines), "bias line")
        return f"{self.cell._brief()}, {lines}"

    _columns = ("line", "value", "for")

    def _rows(self) -> list[tuple[str, ...]]:
        lines = (*self.bias_lines, *self.reference_lines)
        return [(line.port, f"{line.value:.4g}", line.purpose) for line in lines]


def bias_lines(design: NeuronDesign) -> tuple[Line, ...]:
    """One line a bias current, in the order of the cell's ports."""
    lines = [Line(f"ib_{a.name}", a.bias_current, _trained(a)) for a in design.amplifiers]
    lines += [
        Line(f"ib_{f.timescale}", f.bias_current, f"tau_{f.timescale} = {f.tau:g}")
        for f in design.followers
    ]
    if design.compensation_bias > 0:
        lines.append(Line("ib_comp", design.compensation_bias, "compensation of offset currents"))
    return (*lines, Line("ib_s", design.output.bias_current, "output stage"))


def reference_lines(design: NeuronDesign) -> tuple[Line, ...]:
    """One line a reference voltage, in the order of the cell's ports."""
    lines = [Line(f"vr_{a.name}", a.reference_voltage, _trained(a)) for a in design.amplifiers]
    return (*lines, Line("vr_s", design.output.threshold_voltage, "threshold of s"))


def neuron_circuit(
    design: NeuronDesign,
    technology: Technology,
    line_units: int | None = None,
    driven: bool = True,
) -> NeuronCircuit:
    """The transistor-level neuron of ``design``, with the sizes of ``technology``.

    line_units: of a neuron in a network, whose port ``s`` is a gate line with a diode of so many
    unit transistors, and whose filtered voltages have no port. driven: whether the membrane has
    one; without any synapse nothing would be connected to it.
    """
    biases, references = bias_lines(design), reference_lines(design)
    monitors = () if line_units else tuple(f"v_{f.timescale}" for f in design.followers)
    ports = (
        *((Port(MEMBRANE, Direction.BIDIRECTIONAL),) if driven else ()),
        *(Port(name, Direction.OUTPUT) for name in monitors),
        Port(OUTPUT, Direction.OUTPUT),
        *(Port(line.port, Direction.INPUT) for line in biases),
        *(Port(line.port, Direction.INPUT) for line in references),
        Port("vdd", Direction.POWER),
        Port("vss", Direction.GROUND),
    )
    parts = _parts(design, technology, line_units)
    cell = Cell(_cell_name(design.name), ports, parts, _description(design))
    return NeuronCircuit(cell, biases, references, monitors)


def _parts(
    design: NeuronDesign, technology: Technology, line_units: int | None
) -> tuple[Part, ...]:
    amplifier = ota(technology)
    parts: list[Part] = []
    for element in design.elements:
        reads = f"v_{element.timescale}" if design.follower(element.timescale) else MEMBRANE
        reference = f"vr_{element.name}"
        rising = element.orientation == Orientation.NONINVERTING
        inputs = (reads, reference) if rising else (reference, reads)
        nets: tuple[str, ...] = (*inputs, MEMBRANE, f"ib_{element.name}", *_SUPPLIES)
        comment = (
            f"{_symbol(element)}: {_trained(element)} -> "
            f"{element.bias_current * 1e9:.4g} nA, {element.reference_voltage:.4f} V"
        )
        parts.append(Instance(element.name, amplifier, nets, comment))
    parts.append(leak_part(design, technology))
    for each in design.followers:
        cell = follower(
            f"follower_{each.timescale}",
            technology,
            each.capacitance,
            f"follower-integrator of the {each.timescale} voltage",
            each.divided,
        )
        nets = (MEMBRANE, f"v_{each.timescale}", f"ib_{each.timescale}", *_SUPPLIES)
        comment = (
            f"U_{each.timescale}: tau {each.tau:g} -> {each.bias_current * 1e12:.4g} pA, "
            f"{each.capacitance * 1e12:.4g} pF"
        )
        parts.append(Instance(f"follow_{each.timescale}", cell, nets, comment))
    parts += compensation_parts(design, technology)
    nets = (MEMBRANE, "vr_s", OUTPUT, "ib_s", *_SUPPLIES)
    comment = (
        f"s: threshold {design.u_threshold:g}, saturation {design.u_saturation:g} -> "
        f"{design.output.bias_current * 1e9:.4g} nA, {design.output.threshold_voltage:.4f} V"
    )
    stage = line_driver(technology, line_units) if line_units else output_stage(technology)
    parts.append(Instance("output", stage, nets, comment))
    parts.append(Capacitor("membrane", MEMBRANE, "vss", design.membrane_capacitance, "membrane"))
    return tuple(parts)


def leak_part(design: NeuronDesign, technology: Technology) -> Instance:
    """The leak at the membrane, on the references and bias lines of its sections."""
    sections = [a.name for a in design.leak]
    nets = (
        MEMBRANE,
        *(f"vr_{name}" for name in sections),
        *(f"ib_{name}" for name in sections),
        *_SUPPLIES,
    )
    total = sum(a.bias_current for a in design.leak)
    comment = (
        f"leak: u_rest {design.u_rest:g}, {len(sections)} sections, {total * 1e9:.4g} nA in all"
    )
    return Instance("leak", leak(technology, len(sections)), nets, comment)


def compensation_parts(design: NeuronDesign, technology: Technology) -> tuple[Instance, ...]:
    """The mirror of the compensation current at the membrane, if there is one."""
    if design.compensation_bias <= 0:
        return ()
    sources = design.compensation_current > 0
    cell = current_source(technology) if sources else current_sink(technology)
    nets = ("ib_comp", MEMBRANE, *(_SUPPLIES if sources else ("vss",)))
    comment = (
        f"compensation of offset currents, and i_bias {design.i_bias:g} -> "
        f"{design.compensation_current * 1e9:.4g} nA"
    )
    return (Instance("compensation", cell, nets, comment),)


def _symbol(element: OtaDesign) -> str:
    letters = {"fast": "f", "slow": "s", "ultraslow": "us"}
    return letters[element.timescale] + ("-" if element.alpha < 0 else "+")


def _trained(amplifier: OtaDesign) -> str:
    return f"alpha {amplifier.alpha:.4g}, delta {amplifier.delta:.4g}"


def _description(design: NeuronDesign) -> str:
    return (
        f"neuron {design.name}: 1 unit of U = {design.unit_voltage * 1e3:.4g} mV around "
        f"{design.reference_voltage:g} V, 1 unit of I = {design.unit_current * 1e9:.4g} nA, "
        f"1 unit of time = {design.time_unit * 1e6:.4g} us"
    )


def _cell_name(name: str) -> str:
    return "neuron_" + "".join(c if c.isalnum() and c.isascii() else "_" for c in name)[:56]
