"""Synapses whose weight is a code: what they are drawn of, and the codes of whole units."""

import pytest

from circuits.programmable_synapse import code_of, programmable_column, programmable_synapse
from neuron_model.errors import InputError


def test_bits_switch_powers_of_two_units(generic):
    drawn = dict(programmable_synapse(generic, 4).transistors())
    units = {path[-1]: t.size.multiplier for path, t in drawn.items() if t.role == "synapse"}
    assert units == {"units0": 1, "units1": 2, "units2": 4, "units3": 8}
    assert sum(t.role == "switch" for t in drawn.values()) == 6


@pytest.mark.parametrize(
    ("units", "sign", "bits"),
    [(5, True, (True, False, True)), (-6, False, (False, True, True)), (0, False, (False,) * 3)],
)
def test_the_code_of_whole_units(units, sign, bits):
    assert tuple(code_of(units, 3).values()) == (sign, not sign, *bits)


def test_units_beyond_the_bits_are_refused():
    with pytest.raises(InputError, match=r"a weight of -16 units .* 4 bits .* -15 to 15"):
        code_of(-16, 4)


def test_a_column_has_a_code_for_each_line(generic):
    names = [port.name for port in programmable_column("c", generic, ("x0", "x1"), 2).ports]
    assert names == [
        *("x0", "x1"),
        *("x0_sign", "x0_sign_bar", "x0_b0", "x0_b1"),
        *("x1_sign", "x1_sign_bar", "x1_b0", "x1_b1"),
        *("vm", "vdd", "vss"),
    ]


@pytest.mark.parametrize("bits", [0, 9])
def test_bits_that_cannot_be_drawn_are_refused(generic, bits):
    with pytest.raises(InputError, match="1 to 8"):
        programmable_synapse(generic, bits)


def test_a_column_without_a_line_is_refused(generic):
    with pytest.raises(InputError, match="each once"):
        programmable_column("c", generic, ("x0", "x0"), 2)
