from dataclasses import replace

import pytest

from circuits.area import area
from circuits.mismatch import cell_spreads, device_spread
from circuits.structure import Cell, Polarity, Transistor
from circuits.synapse import Weight, column_currents, gate_line, line_driver, synapse_column, unit
from mapping.mismatch_set import Matching, MismatchSet
from neuron_model.errors import InputError

WEIGHTS = (Weight("x0", -3), Weight("s0_1", 5, "weight 0.61 -> 0.625"), Weight("s0_2", 0))


def devices(cell: Cell) -> dict[str, Transistor]:
    return {path[-1]: transistor for path, transistor in cell.transistors()}


def test_a_weight_is_a_whole_number_of_unit_transistors(generic):
    column = devices(synapse_column("column", generic, WEIGHTS))
    one = generic.size("synapse", "unit")
    assert column["from_x0"].size == replace(one, multiplier=3)
    assert column["from_s0_1"].size == replace(one, multiplier=5)
    assert "from_s0_2" not in column


def test_a_unit_may_be_several_devices(generic):
    sizes = dict(generic.sizes["synapse"])
    sizes["unit"] = replace(sizes["unit"], multiplier=2)
    doubled = replace(generic, sizes={**generic.sizes, "synapse": sizes})
    assert unit(doubled, 3).multiplier == 6


def test_negative_weights_draw_from_the_membrane_and_positive_ones_go_over_the_mirror(generic):
    column = devices(synapse_column("column", generic, WEIGHTS, keep_units=4))
    assert (column["from_x0"].drain, column["from_x0"].gate) == ("vm", "x0")
    assert (column["from_s0_1"].drain, column["from_s0_1"].gate) == ("fold", "s0_1")
    assert column["mirror_in"].nets == ("fold", "fold", "vdd", "vdd")
    assert column["mirror_out"].nets == ("vm", "fold", "vdd", "vdd")
    keeper = column["keep_alive"]
    assert (keeper.drain, keeper.gate, keeper.size.multiplier) == ("fold", "keep", 4)


def test_ports_are_the_lines_in_use_then_keep_membrane_and_supplies(generic):
    ports = [p.name for p in synapse_column("column", generic, WEIGHTS, 4).ports]
    assert ports == ["x0", "s0_1", "keep", "vm", "vdd", "vss"]


def test_without_positive_weights_there_is_no_mirror_to_keep_alive(generic):
    column = synapse_column("column", generic, WEIGHTS[:1], keep_units=4)
    assert [p.name for p in column.ports] == ["x0", "vm", "vss"]
    assert all(t.polarity == Polarity.NMOS for t in devices(column).values())


def test_a_comment_says_what_was_trained(generic):
    column = devices(synapse_column("column", generic, WEIGHTS))
    assert column["from_s0_1"].comment == "weight 0.61 -> 0.625"


@pytest.mark.parametrize("weights", [(), (Weight("x0", 0),)])
def test_a_column_of_nothing_is_refused(generic, weights):
    with pytest.raises(InputError, match="'column': there is no weight"):
        synapse_column("column", generic, weights)


def test_two_weights_on_one_line_are_refused(generic):
    with pytest.raises(InputError, match="two ports"):
        synapse_column("column", generic, (Weight("x0", 1), Weight("x0", 2)))


def test_lines_of_other_lengths_are_other_cells(generic):
    cells = [gate_line(generic, m) for m in (4, 8)] + [line_driver(generic, m) for m in (4, 8)]
    assert len({cell.name for cell in cells}) == 4
    for cell, units in zip(cells, (4, 8, 4, 8), strict=True):
        diode = devices(cell)["diode"]
        assert (diode.drain, diode.gate, diode.size.multiplier) == ("line", "line", units)


def test_a_technology_without_units_says_what_to_add(generic):
    bare = {name: roles for name, roles in generic.sizes.items() if name != "synapse"}
    with pytest.raises(InputError, match=r"'generic' has no unit transistor.*\[cells.synapse\]"):
        gate_line(replace(generic, sizes=bare), 8)


def test_a_line_of_no_units_is_refused(generic):
    with pytest.raises(InputError, match="0 unit transistors"):
        gate_line(generic, 0)


def test_currents_add_up_in_the_mirror(generic):
    column = synapse_column("column", generic, WEIGHTS, keep_units=4)
    assert column_currents(column, generic, 1e-10, 5e-10) == pytest.approx(
        {
            "from_x0": 3e-10,
            "from_s0_1": 5e-10,
            "keep_alive": 5e-10,
            "mirror_in": 10e-10,
            "mirror_out": 10e-10,
        }
    )


def test_the_spread_of_each_device_is_that_at_its_own_current(generic):
    column = synapse_column("column", generic, WEIGHTS, keep_units=4)
    matching = Matching(((1e-12, 1e-3), (1e-6, 7e-3)))
    technology = replace(generic, mismatch=MismatchSet("mine", "", matching, matching))
    currents = column_currents(column, technology, 1e-10, 5e-10)
    spreads = cell_spreads("n0", column, technology, currents)
    assert [s.device for s in spreads] == [path[-1] for path, _ in column.transistors()]
    found = {s.device: s for s in spreads}
    size = technology.size("synapse", "pmos_mirror")
    per_square = 10e-10 / size.multiplier * size.length / size.width
    expected = matching.threshold_coefficient(per_square) / size.area**0.5
    assert found["mirror_in"].threshold == pytest.approx(expected)
    assert {s.block for s in spreads} == {"n0"}


def test_area_and_mismatch_count_every_unit(generic):
    column = synapse_column("column", generic, WEIGHTS, keep_units=4)
    one = generic.size("synapse", "unit").area
    mirror = generic.size("synapse", "pmos_mirror")
    drawn = area(column, generic)
    assert drawn.gates == pytest.approx((3 + 5 + 4) * one + 2 * mirror.area)
    assert drawn.transistors == 3 + 5 + 4 + 2 * mirror.multiplier
    found = devices(column)
    single, triple = (
        device_spread("column", name, replace(found["from_x0"], size=size), generic, 1e-9)
        for name, size in (("one", unit(generic)), ("three", found["from_x0"].size))
    )
    assert triple.threshold == pytest.approx(single.threshold / 3**0.5)
