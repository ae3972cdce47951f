import math

import pytest

from mapping.limits import check_within
from neuron_model.errors import InputError


def test_a_value_within_its_limits_comes_back():
    assert check_within("I0", 2e-9, (1e-9, 3e-9), "A", "") == 2e-9


@pytest.mark.parametrize("value", [1e-9 * (1 - 5e-7), 3e-9 * (1 + 5e-7)])
def test_rounding_is_no_reason(value):
    assert check_within("I0", value, (1e-9, 3e-9), "A", "") == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (9e-10, "the smallest allowed is 1e-09 A"),
        (4e-9, "the largest allowed is 3e-09 A"),
        (-1.0, "the smallest allowed"),
        (math.inf, "the largest allowed"),
        (-math.inf, "the smallest allowed"),
        (math.nan, "allowed is"),
    ],
)
def test_a_value_outside_is_refused_with_limit_and_remedy(value, said):
    with pytest.raises(InputError) as caught:
        check_within("the unit current I0", value, (1e-9, 3e-9), "A", "choose another")
    message = str(caught.value)
    assert message.startswith("the unit current I0 needs ")
    assert said in message
    assert message.endswith(": choose another.")
