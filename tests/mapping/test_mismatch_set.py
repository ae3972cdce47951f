from dataclasses import replace

import pytest

from codesign.studies.identity import key
from mapping.mismatch_set import Matching, MismatchSet, find_set
from neuron_model.errors import InputError

PLAIN = Matching(((0.0, 5e-3),), current_factor=0.01)


def test_four_times_the_area_halves_the_spread():
    assert PLAIN.threshold_spread(2.0, 2.0, 1, 1e-9) == pytest.approx(2.5e-3)
    assert PLAIN.threshold_spread(2.0, 2.0, 4, 1e-9) == pytest.approx(1.25e-3)
    assert PLAIN.threshold_spread(2.0, 8.0, 1, 1e-9) == pytest.approx(1.25e-3)
    assert PLAIN.current_factor_spread(2.0, 8.0, 1) == pytest.approx(0.0025)


def test_the_area_is_that_of_effective_width_and_length():
    """As gf180mcu has it: (W + 0.1 um)(L - 0.15 um)."""
    matching = replace(PLAIN, width_offset=0.1, length_offset=-0.15)
    spread = matching.threshold_spread(1.5, 0.55, 1, 1e-9)
    assert spread == pytest.approx(5e-3 / (1.6 * 0.4) ** 0.5)
    assert matching.current_factor_spread(1.5, 0.55, 1) == pytest.approx(0.01 / (1.6 * 0.4) ** 0.5)
    with pytest.raises(InputError, match=r"2 um by 0\.1 um has no area left"):
        matching.threshold_spread(2.0, 0.1, 1, 1e-9)


def test_short_narrow_and_small_devices_spread_more():
    matching = replace(PLAIN, short=0.1, narrow=0.2, small=0.4)
    edges = (1 + 0.1 / 0.5) * (1 + 0.2 / 2.0) * (1 + 0.4 / 1.0)
    assert matching.threshold_spread(2.0, 0.5, 1, 1e-9) == pytest.approx(5e-3 * edges)
    # parallel devices are as short and as narrow as one
    halved = matching.threshold_spread(2.0, 0.5, 4, 4e-9)
    assert halved == pytest.approx(5e-3 * edges / 2)


def test_a_coefficient_hangs_on_the_current_a_square():
    matching = Matching(((1e-10, 12e-3), (1e-8, 8e-3)))
    at = [matching.threshold_coefficient(j) for j in (0.0, 1e-12, 1e-10, 1e-9, 1e-8, 1e-6)]
    assert at == pytest.approx([12e-3, 12e-3, 12e-3, 10e-3, 8e-3, 8e-3])
    # four squares in a row carry a quarter of a square's current; two in parallel twice that
    assert matching.threshold_spread(1.0, 4.0, 1, 1e-9) == pytest.approx(
        matching.threshold_coefficient(4e-9) / 2
    )
    assert matching.threshold_spread(1.0, 1.0, 2, 2e-9) == pytest.approx(10e-3 / 2**0.5)


def test_currents_that_do_not_rise_are_refused():
    with pytest.raises(InputError, match="must rise"):
        Matching(((1e-8, 8e-3), (1e-8, 9e-3)))


def test_a_set_without_coefficients_is_empty():
    assert MismatchSet("none").is_empty
    assert not MismatchSet("one", pmos=PLAIN).is_empty
    assert MismatchSet("one", nmos=Matching(((0.0, 1e-3),))).has_current_factors is False
    assert MismatchSet("one", pmos=PLAIN).has_current_factors


def test_sets_are_found_by_name_and_told_apart():
    sets = MismatchSet("slow", nmos=PLAIN), MismatchSet("fast", nmos=PLAIN)
    assert find_set(sets, "fast", "mine") is sets[1]
    with pytest.raises(InputError, match=r"mine has no mismatch set 'both'; it has slow, fast\."):
        find_set(sets, "both", "mine")
    assert key(sets[0]) != key(sets[1])
