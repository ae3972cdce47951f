"""The neuron's cell: what it is made of, what its ports need, and how it is written about."""

import itertools
from collections import Counter

import pytest

from circuits.neuron import neuron_circuit
from circuits.structure import Capacitor, Cell, Direction, Instance, Polarity, Transistor
from neuron_model.model.parameters import Element, Timescale


def parts_of(cell: Cell):
    """Every part of the whole hierarchy that is no instance, with its multiplicity."""
    for part in cell.parts:
        if isinstance(part, Instance):
            yield from parts_of(part.cell)
        else:
            yield part


def test_it_holds_only_transistors_and_capacitors(design, generic):
    circuit = neuron_circuit(design(), generic)
    kinds = {type(part) for part in parts_of(circuit.cell)}
    assert kinds == {Transistor, Capacitor}


def test_its_devices_are_counted(design, generic):
    circuit = neuron_circuit(design(), generic)
    # 4 elements, 7 leak sections, 2 followers and the output stage have an OTA of 10 each; the
    # output stage's mirror has 2 more, the compensation's 2 (a sink) or 4 (a source).
    compensation = 4 if design().compensation_current > 0 else 2
    assert len(list(circuit.cell.transistors())) == 14 * 10 + 2 + compensation
    capacitors = [p for p in parts_of(circuit.cell) if isinstance(p, Capacitor)]
    wanted = [design().membrane_capacitance, *(f.capacitance for f in design().followers)]
    # a follower's is drawn to six digits
    assert sorted(c.capacitance for c in capacitors) == pytest.approx(sorted(wanted), rel=5e-6)


@pytest.mark.parametrize("i_bias", [-2.0, 2.0])
def test_compensation_is_a_source_or_a_sink_as_its_current_asks(design, generic, i_bias):
    made = design(i_bias=i_bias)
    circuit = neuron_circuit(made, generic)
    part = next(p for p in circuit.cell.parts if p.name == "compensation")
    assert isinstance(part, Instance)
    assert part.cell.name == ("current_source" if i_bias > 0 else "current_sink")
    assert part.nets[1] == "vm"
    assert made.compensation_current * i_bias > 0


def test_ports_in_their_order(design, generic):
    circuit = neuron_circuit(design(), generic)
    names = [port.name for port in circuit.cell.ports]
    elements, sections = ["fm0", "sp1", "sm2", "usp3"], [f"leak{i}" for i in range(7)]
    assert names == [
        *("vm", "v_slow", "v_ultraslow", "s"),
        *(f"ib_{name}" for name in (*elements, *sections, "slow", "ultraslow", "comp", "s")),
        *(f"vr_{name}" for name in (*elements, *sections, "s")),
        *("vdd", "vss"),
    ]
    directions = {port.name: port.direction for port in circuit.cell.ports}
    assert directions["vdd"] == Direction.POWER
    assert directions["vss"] == Direction.GROUND
    assert directions["vm"] == Direction.BIDIRECTIONAL
    assert directions["s"] == directions["v_slow"] == Direction.OUTPUT


def test_every_bias_and_reference_has_its_number_from_the_design(design, generic):
    made = design()
    circuit = neuron_circuit(made, generic)
    biases = {line.port: line.value for line in circuit.bias_lines}
    references = {line.port: line.value for line in circuit.reference_lines}
    for amplifier in made.amplifiers:
        assert biases[f"ib_{amplifier.name}"] == amplifier.bias_current
        assert references[f"vr_{amplifier.name}"] == amplifier.reference_voltage
    for follower in made.followers:
        assert biases[f"ib_{follower.timescale}"] == follower.bias_current
    assert biases["ib_comp"] == made.compensation_bias
    assert references["vr_s"] == made.output.threshold_voltage
    ports = {port.name for port in circuit.cell.ports}
    assert set(biases) | set(references) <= ports


def test_negative_conductances_push_current_into_the_membrane_as_their_voltage_rises(
    design, generic
):
    circuit = neuron_circuit(design(), generic)
    instances = {p.name: p for p in circuit.cell.parts if isinstance(p, Instance)}
    # ports of the OTA: inp, inn, out, ...
    assert instances["fm0"].nets[:3] == ("vm", "vr_fm0", "vm")
    assert instances["sp1"].nets[:3] == ("vr_sp1", "v_slow", "vm")
    assert instances["sm2"].nets[:3] == ("v_slow", "vr_sm2", "vm")
    assert instances["usp3"].nets[:3] == ("vr_usp3", "v_ultraslow", "vm")


def test_blocks_are_shared_and_children_come_first(design, generic):
    cells = neuron_circuit(design(), generic).cell.cells
    names = [cell.name for cell in cells]
    assert len(names) == len(set(names))
    assert names[0] == "ota"
    assert {"leak_7", "output_stage"} <= set(names)
    assert {name.rsplit("_", 1)[0] for name in names} >= {"follower_slow", "follower_ultraslow"}


def test_comments_tie_blocks_to_trained_parameters(design, generic):
    circuit = neuron_circuit(design(), generic)
    made = design()
    comments = {p.name: p.comment for p in circuit.cell.parts if isinstance(p, Instance)}
    third = made.elements[2]
    assert comments["sm2"] == (
        f"s-: alpha -1.5, delta -1.5 -> {third.bias_current * 1e9:.4g} nA, "
        f"{third.reference_voltage:.4f} V"
    )
    assert comments["follow_slow"].startswith("U_slow: tau 50 -> ")


def test_a_timescale_without_time_constant_needs_no_follower(design, generic):
    elements = (Element(Timescale.FAST, -2.0, 0.0), Element(Timescale.SLOW, 2.0, 0.0))
    circuit = neuron_circuit(design(elements=elements, tau_slow=0.0), generic)
    assert circuit.monitors == ()
    positive = next(p for p in circuit.cell.parts if p.name == "sp1")
    assert positive.nets[1] == "vm"


def test_a_fast_follower_is_built_where_the_model_has_one(design, generic):
    circuit = neuron_circuit(design(tau_fast=0.5), generic)
    assert circuit.monitors == ("v_fast", "v_slow", "v_ultraslow")
    negative = next(p for p in circuit.cell.parts if p.name == "fm0")
    assert negative.nets[:3] == ("v_fast", "vr_fm0", "vm")


@pytest.mark.parametrize("sections", [1, 2, 7, 12])
def test_the_leak_has_as_many_sections_as_it_was_designed_with(design, generic, sections):
    elements = (Element(Timescale.FAST, -1.0, 0.0),)
    made = design(elements=elements, sections=sections)
    circuit = neuron_circuit(made, generic)
    leak = next(cell for cell in circuit.cell.cells if cell.name.startswith("leak_"))
    assert len(leak.parts) == sections == len(made.leak)


@pytest.mark.parametrize("name", ["a-b.c", "9lives", "x" * 64, "..a".strip(".")])
def test_any_name_of_a_neuron_becomes_a_name_of_a_cell(design, generic, name):
    cell = neuron_circuit(design(name=name), generic).cell
    assert cell.name.startswith("neuron_")
    assert len(cell.name) <= 64


def test_roles_say_what_a_transistor_is_for(design, generic):
    circuit = neuron_circuit(design(), generic)
    roles = Counter(device.role for _, device in circuit.cell.transistors())
    otas = 14
    assert roles["pair"] == 2 * otas
    assert roles["tail"] == roles["bias"] == otas
    assert roles["pmos_mirror"] == 4 * otas
    assert roles["nmos_mirror"] == 2 * otas
    assert set(roles) == {"pair", "tail", "bias", "pmos_mirror", "nmos_mirror", "mirror"}


def test_bulks_are_on_the_supplies_and_sizes_on_the_technology(design, generic):
    circuit = neuron_circuit(design(), generic)
    for _, device in circuit.cell.transistors():
        assert device.bulk == ("vss" if device.polarity == Polarity.NMOS else "vdd")
    ota = next(cell for cell in circuit.cell.cells if cell.name == "ota")
    for device in ota.parts:
        assert isinstance(device, Transistor)
        role = "tail" if device.role == "bias" else device.role
        assert device.size == generic.size("ota", role)


def test_paths_of_transistors_are_unique(design, generic):
    circuit = neuron_circuit(design(), generic)
    paths = [path for path, _ in circuit.cell.transistors()]
    assert len(paths) == len(set(paths))
    assert all(len(path) <= 3 for path in itertools.islice(paths, 5))


def test_neurons_of_other_time_constants_stand_in_one_deck(design, generic):
    slow, slower = (
        neuron_circuit(design(name=f"n{tau:g}", tau_slow=tau), generic).cell for tau in (25.0, 50.0)
    )
    nets = tuple(port.name for port in slow.ports)
    both = Cell(
        "layer",
        slow.ports,
        (Instance("one", slow, nets), Instance("other", slower, nets)),
    )
    names = [cell.name for cell in both.cells]
    assert len(names) == len(set(names))
    assert sum(name.startswith("follower_slow_") for name in names) == 2
