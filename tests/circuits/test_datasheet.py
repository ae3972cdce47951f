"""The datasheet of a neuron: every port, what it is given, and what it may be given."""

import csv
import io

import pytest

from circuits.datasheet import (
    datasheet,
    datasheet_from_csv,
    datasheet_to_csv,
    network_datasheet,
)
from circuits.neuron import neuron_circuit
from circuits.structure import Direction
from circuits.technology import load_technology
from mapping.mapper import map_neuron
from neuron_model.errors import InputError
from tests.circuits.networks import small_circuit, small_design
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster

TECHNOLOGY = load_technology("generic")
DESIGN = map_neuron(burster(), real_cells(), LIMITS)
SHEET = datasheet(DESIGN, TECHNOLOGY)


def test_every_line_of_the_circuit_is_there_with_its_value_and_its_limits():
    circuit = neuron_circuit(DESIGN, TECHNOLOGY)
    found = {entry.name: entry for entry in SHEET}
    for lines, unit, allowed in (
        (circuit.bias_lines, "A", TECHNOLOGY.limits.bias_current),
        (circuit.reference_lines, "V", TECHNOLOGY.limits.voltage),
    ):
        for line in lines:
            entry = found[line.port]
            assert (entry.value, entry.unit, entry.meaning) == (line.value, unit, line.purpose)
            assert entry.largest == allowed[1]
            assert entry.smallest == (0.0 if line.port == "ib_comp" else allowed[0])


def test_corners_temperatures_and_every_capacitor_are_there():
    found = {entry.name: entry for entry in SHEET}
    assert found["corners"].value == "tt ff ss sf fs"
    assert (found["temperature"].smallest, found["temperature"].largest) == (-40.0, 125.0)
    drawn = neuron_circuit(DESIGN, TECHNOLOGY).cell.capacitors()
    written = [e.value for e in SHEET if e.unit == "F" and isinstance(e.value, float)]
    assert sorted(written) == pytest.approx(sorted(c.capacitance for _, c in drawn))


def test_a_network_has_one_too():
    design = small_design()
    circuit = small_circuit(design, TECHNOLOGY)
    found = {entry.name: entry for entry in network_datasheet(circuit, design, TECHNOLOGY)}
    given = [p.name for p in circuit.cell.ports if p.direction is Direction.INPUT]
    assert set(given) <= set(found)
    for line in (*circuit.bias_lines, *circuit.reference_lines):
        assert found[line.port].value == line.value
    assert found["x_0"].value == design.line("x").full_scale
    assert found["x_0"].meaning == f"(x {design.line('x').offset[0]:+.4g}) times this"


def test_as_csv_it_is_a_table_that_reads_back():
    text = datasheet_to_csv(SHEET)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == [entry.name for entry in SHEET]
    back = datasheet_from_csv(text, "sheet")
    assert datasheet_to_csv(back) == text
    for ours, read in zip(SHEET, back, strict=True):
        wanted = ours.value
        assert read.value == (
            wanted if isinstance(wanted, str) else pytest.approx(wanted, rel=1e-5)
        )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n", "its columns must be name, value, unit"),
        (datasheet_to_csv(SHEET).replace("27,degC", "warm,degC"), "line 5: value = 'warm'"),
    ],
)
def test_what_is_no_datasheet_is_refused(text: str, why: str):
    with pytest.raises(InputError, match=why):
        datasheet_from_csv(text, "sheet.csv")
