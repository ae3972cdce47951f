"""Where a circuit works: one check of temperatures, and one form in files."""

import pytest

from mapping.conditions import COLDEST, HOTTEST, Conditions
from mapping.record import flat, nested
from neuron_model.errors import InputError


@pytest.mark.parametrize("temperature", [COLDEST, 27, HOTTEST])
def test_temperatures_of_models_are_allowed(temperature):
    conditions = Conditions("tt", temperature)
    assert isinstance(conditions.temperature, float)
    assert conditions.kelvin == pytest.approx(temperature + 273.15)


@pytest.mark.parametrize("temperature", [-60.1, 200.5, float("nan"), float("inf"), -273.15])
def test_others_are_refused_with_the_range(temperature):
    with pytest.raises(InputError, match=r"temperature = .* °C must be from -60 to 200\."):
        Conditions("tt", temperature)


def test_they_are_said_as_one():
    assert str(Conditions("ss", -40.0)) == "ss, -40 °C"
    assert len({Conditions("tt", 27), Conditions("tt", 27.0), Conditions("ss", 27.0)}) == 2


def test_a_file_has_their_two_values_where_they_stand():
    content = {"name": "n", "conditions": {"corner": "tt", "temperature": 27.0}, "supply": 1.8}
    found = flat(content)
    assert list(found.items()) == [
        ("name", "n"),
        ("corner", "tt"),
        ("temperature", 27.0),
        ("supply", 1.8),
    ]
    back = nested(found)
    assert back == {"name": "n", "supply": 1.8, "conditions": Conditions("tt", 27.0)}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"corner": "tt"}, KeyError),
        ({"corner": 3, "temperature": 27.0}, ValueError),
        ({"corner": "tt", "temperature": "warm"}, ValueError),
        ({"corner": "tt", "temperature": True}, ValueError),
        ({"corner": "tt", "temperature": 1000.0}, InputError),
    ],
)
def test_what_is_no_condition_in_a_file_is_refused(content, error):
    with pytest.raises(error):
        nested(content)
