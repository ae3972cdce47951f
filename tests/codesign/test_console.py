"""What goes to standard output, and how."""

import json
from collections import namedtuple
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from codesign.console import plain, print_json, print_table, progress


class Colour(Enum):
    RED = "red"


Point = namedtuple("Point", "x y")


@dataclass(frozen=True)
class Box:
    colour: Colour
    size: float
    corners: tuple[Point, ...]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        (np.float32(0.5), 0.5),
        (np.float64("nan"), None),
        (np.int64(3), 3),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        (np.array(2.0), 2.0),
        (Path("/a/b"), "/a/b"),
        ({Colour.RED: {3, 1}}, {"red": [1, 3]}),
        (True, True),
        (
            Box(Colour.RED, 1.5, (Point(0, 1),)),
            {"colour": "red", "size": 1.5, "corners": [{"x": 0, "y": 1}]},
        ),
    ],
)
def test_values_as_json(value: object, expected: object):
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


def test_a_tensor_as_json():
    torch = pytest.importorskip("torch")
    assert plain({"u": torch.tensor([1.0, float("inf")], requires_grad=True)}) == {"u": [1.0, None]}


def test_what_json_cannot_say_is_an_error():
    with pytest.raises(TypeError, match="bytes"):
        plain(b"x")


def test_one_document_on_standard_output(capsys: pytest.CaptureFixture[str]):
    print_json({"name": "µ", "value": [float("nan"), 1e-9]})
    out, err = capsys.readouterr()
    assert json.loads(out) == {"name": "µ", "value": [None, 1e-9]}
    assert err == ""


def test_a_table_shows_markup_as_it_is(capsys: pytest.CaptureFixture[str]):
    print_table("", ("what", "value"), [("[red]x[/red]", 1.23456789), ("y", None), ("z", True)])
    out = capsys.readouterr().out
    assert "[red]x[/red]" in out
    assert "1.235" in out
    assert "yes" in out
    assert "None" not in out


def test_a_title_stands_on_one_line_above_its_table(capsys: pytest.CaptureFixture[str]):
    print_table("[a] on sky130, tt, 27 degC", ("what",), [("x",)])
    assert capsys.readouterr().out.splitlines()[0] == "[a] on sky130, tt, 27 degC"


def test_progress_is_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]):
    with progress("Measuring", total=2) as advance:
        advance()
        advance(description="Writing")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "Measuring\nWriting\n"
