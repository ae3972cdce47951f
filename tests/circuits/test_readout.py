import pytest

from circuits.area import area
from circuits.readout import readout, readout_bias_lines, readout_reference_lines
from circuits.structure import Instance
from mapping.mapper import MappingChoices
from mapping.readout import FOLLOWERS, ReadoutDesign, map_readout
from tests.mapping.cells import LIMITS, real_cells


@pytest.fixture
def output() -> ReadoutDesign:
    choices = MappingChoices(leak_sections=5)
    return map_readout("y0", 4e-4, 0.3, real_cells(), LIMITS, choices)


def test_a_node_and_followers_in_a_row(output, generic):
    parts = readout("readout_y0", output, generic).parts
    stages = [p for p in parts if isinstance(p, Instance) and p.name.startswith("follow")]
    assert [stage.nets[:2] for stage in stages] == [
        ("vm", "stage1"),
        ("stage1", "stage2"),
        ("stage2", "y"),
    ]
    assert len(stages) == FOLLOWERS
    assert len({stage.cell for stage in stages}) == 1


def test_every_line_is_a_port_in_order(output, generic):
    cell = readout("readout_y0", output, generic)
    lines = (*readout_bias_lines(output), *readout_reference_lines(output))
    assert [p.name for p in cell.ports] == ["vm", "y", *(line.port for line in lines), "vdd", "vss"]
    assert [line.value for line in lines if line.port.startswith("ib_follow")] == [
        output.follower.bias_current
    ] * FOLLOWERS


def test_area_holds_all_capacitors(output, generic):
    farads = output.node.membrane_capacitance + FOLLOWERS * output.follower.capacitance
    drawn = area(readout("readout_y0", output, generic), generic)
    assert drawn.capacitors == pytest.approx(farads / generic.capacitance_density, rel=1e-5)
