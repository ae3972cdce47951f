"""Numbers as people read them."""

import math

import pytest

from codesign.terminal.quantities import MISSING, number, percent, quantity, si_unit


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (2, "2.00"),
        (-1.5, "-1.50"),
        (0.99951, "1.00"),
        (9.999, "10.0"),
        (12000.0, "12000"),
        (0.00123, "0.00123"),
        (1.2e-7, "1.20×10^-7"),
        (3e9, "3.00×10^9"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (math.nan, MISSING),
        (None, MISSING),
    ],
)
def test_number(value: float | None, expected: str):
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1.42e-9, "A", "1.42 nA"),
        (4.15e-12, "F", "4.15 pF"),
        (0.0731, "V", "73.1 mV"),
        (9.996e-10, "A", "1.00 nA"),
        (9.994e-10, "A", "999 pA"),
        (-2.5e-12, "A", "-2.50 pA"),
        (0.9, "V", "900 mV"),
        (1.8, "V", "1.80 V"),
        (0.0, "W", "0 W"),
        (2e-21, "J", "0.00200 aJ"),
        (None, "J", MISSING),
    ],
)
def test_quantity(value: float | None, unit: str, expected: str):
    assert quantity(value, unit) == expected


def test_unit_holds_the_value_between_1_and_1000():
    assert si_unit(0.5398, "s") == (pytest.approx(1e-3), "ms")
    assert si_unit(math.nan, "s") == (1.0, "s")


@pytest.mark.parametrize(
    ("value", "signed", "expected"),
    [
        (0.0084, False, "0.84 %"),
        (0.0212, True, "+2.12 %"),
        (-0.0039, True, "-0.39 %"),
        (0.4551, False, "45.5 %"),
        (1.7, True, "+170 %"),
        (None, True, MISSING),
    ],
)
def test_percent(value: float | None, signed: bool, expected: str):
    assert percent(value, signed=signed) == expected
