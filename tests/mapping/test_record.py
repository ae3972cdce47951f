import math
from dataclasses import dataclass

import pytest

from mapping.record import check_fields


@dataclass(frozen=True)
class Record:
    name: str
    size: float
    parts: tuple[int, ...] = ()


def test_numbers_and_texts_pass_as_they_are():
    content = {"name": "a", "size": 2, "parts": [1], "more": None}
    assert check_fields(Record, content) == content


@pytest.mark.parametrize("size", [math.nan, math.inf, "2", None, True, [2.0], {}])
def test_what_is_no_finite_number_is_refused(size):
    with pytest.raises(ValueError, match="size = .* is not a finite number"):
        check_fields(Record, {"name": "a", "size": size})


@pytest.mark.parametrize("name", [None, 3, ["a"]])
def test_what_is_no_text_is_refused(name):
    with pytest.raises(ValueError, match="name = .* is not a text"):
        check_fields(Record, {"name": name, "size": 1.0})
