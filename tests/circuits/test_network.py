"""A network's netlist: hierarchy, ports, what hangs on which line, and names in one deck."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from circuits.area import area
from circuits.network import KEEP_PORT, NetworkCircuit, network_circuit
from circuits.structure import Capacitor, Cell, Instance, Transistor
from circuits.synapse import KEEP
from mapping.network_design import NetworkDesign
from netlists.writer import cell_text
from neuron_model.errors import InputError
from tests.circuits.networks import CHOICES, small_circuit, small_design, small_neurons
from tests.mapping.cells import real_cells
from tests.mapping.synapses import made_up_synapses


@pytest.fixture(scope="module")
def design() -> NetworkDesign:
    return small_design()


@pytest.fixture(scope="module")
def circuit(design: NetworkDesign, generic) -> NetworkCircuit:
    return small_circuit(design, generic)


def parts(cell: Cell) -> dict[str, Instance]:
    return {part.name: part for part in cell.parts if isinstance(part, Instance)}


def test_it_holds_only_transistors_and_capacitors(circuit):
    kinds = {
        type(part)
        for cell in (*circuit.cell.cells, circuit.cell)
        for part in cell.parts
        if not isinstance(part, Instance)
    }
    assert kinds == {Transistor, Capacitor}


def test_the_hierarchy_is_network_layer_neuron_and_column(circuit):
    top = parts(circuit.cell)
    assert set(top) == {"input0", "keeper", "layer0_i", "layer1_i", "output0_i"}
    inside = parts(top["layer1_i"].cell)
    assert set(inside) == {"column0", "neuron0", "column1", "neuron1"}
    assert set(parts(top["output0_i"].cell)) == {"column", "readout"}


def test_names_are_unique_in_one_deck(circuit):
    names = Counter(cell.name.lower() for cell in (*circuit.cell.cells, circuit.cell))
    assert max(names.values()) == 1


def test_every_synapse_has_its_units_its_line_and_its_side(circuit, design):
    top = parts(circuit.cell)
    for projection in design.projections:
        if projection.target == "y":
            columns = [parts(top["output0_i"].cell)["column"].cell]
        else:
            inside = parts(top[f"{projection.target}_i"].cell)
            columns = [inside[f"column{i}"].cell for i in range(len(projection.units))]
        for column, row in zip(columns, projection.units, strict=True):
            found = {t.gate: t for _, t in column.transistors() if t.role == "synapse"}
            for source, units in enumerate(row):
                gate = f"{projection.source}_{source}"
                assert (gate in found) == bool(units)
                if units:
                    assert found[gate].size.multiplier == abs(units)
                    assert found[gate].drain == ("fold" if units > 0 else "vm")


def test_each_weight_is_a_comment_with_its_trained_and_built_value(circuit, design, generic):
    text = cell_text(circuit.cell, generic)
    for projection in design.projections:
        for (target, source), units in np.ndenumerate(projection.units):
            if units:
                trained = projection.trained[target, source]
                built = projection.built[target, source]
                line = (
                    f"{projection.source}_{source}: {trained:.5g} -> {built:.5g}, {units:+d} units"
                )
                assert f"* weight from {line}" in text


def test_lines_lead_from_neurons_to_columns(circuit):
    top = parts(circuit.cell)
    ports = {name: [p.name for p in top[name].cell.ports] for name in ("layer0_i", "layer1_i")}
    assert {"x_0", "s0_0", "s0_1", KEEP} <= set(ports["layer0_i"])
    # a layer that feeds itself reads its own lines inside
    assert {"s0_0", "s1_0", "s1_1"} <= set(ports["layer1_i"])
    assert "s0_1" not in ports["layer1_i"]
    keep = {
        part.nets[[p.name for p in part.cell.ports].index(KEEP)]
        for part in (top["layer0_i"], top["layer1_i"], top["output0_i"])
    }
    assert keep == {KEEP_PORT}


def test_every_port_is_an_input_an_output_a_line_or_a_supply(circuit):
    names = [port.name for port in circuit.cell.ports]
    lines = [line.port for line in (*circuit.bias_lines, *circuit.reference_lines)]
    # nobody hears the second neuron of the first layer
    assert sorted(names) == sorted(
        [*circuit.inputs, *circuit.outputs, "s0_1", *lines, "vdd", "vss"]
    )
    assert all(line.value > 0 for line in circuit.bias_lines)


def test_its_area_is_that_of_its_parts(circuit, design, generic):
    total = area(circuit.cell, generic)
    units = sum(t.size.multiplier for _, t in circuit.cell.transistors() if t.role == "synapse")
    assert units == design.unit_count
    assert total.transistors > units
    assert total.capacitors > 0


def test_neurons_have_one_time_unit_and_drive_their_lines(design):
    neurons = small_neurons(design)
    for number, group in enumerate(neurons):
        for neuron in group:
            assert neuron.time_unit == pytest.approx(CHOICES.time_unit, rel=1e-4)
            assert neuron.unit_current == CHOICES.unit_current
            line, bias = design.line(f"s{number}"), neuron.output.bias_current
            # as measured at one bias and the reference, and from there as the amplifier's
            stage = made_up_synapses().stage(line.unit_current)
            cells, threshold = real_cells(), float(neuron.volts(neuron.u_threshold))
            amplifier = cells.noninverting
            there = amplifier.at(stage.bias_current, cells.reference)
            ratio = amplifier.at(bias, threshold).gain / there.gain
            assert stage.gain * ratio * bias == pytest.approx(line.full_scale, rel=1e-3)
            # the line pulls its current up before the membrane is at the threshold
            offset = stage.offset + amplifier.at(bias, threshold).offset - there.offset
            assert neuron.output.threshold_voltage == pytest.approx(threshold - offset)
            assert neuron.output.unit_current == line.full_scale


def test_a_neuron_without_synapses_keeps_its_membrane_to_itself(design, generic):
    first = design.projections[0]
    silent = replace(first, units=first.units * np.array([[1], [0]]))
    pruned = replace(design, projections=(silent, *design.projections[1:]))
    assert [pruned.is_driven("layer0", index) for index in (0, 1)] == [True, False]
    inside = parts(parts(small_circuit(pruned, generic).cell)["layer0_i"].cell)
    assert set(inside) == {"column0", "neuron0", "neuron1"}
    assert "vm" not in [port.name for port in inside["neuron1"].cell.ports]


def test_layers_that_are_not_the_networks_are_refused(design, generic):
    with pytest.raises(InputError, match="layer 1 has 3 neurons"):
        small_neurons(design, (2, 3))
    with pytest.raises(InputError, match="designs of"):
        network_circuit("network", design, [], [], generic)
