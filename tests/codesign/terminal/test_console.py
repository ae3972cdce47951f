"""What goes to standard output, and how."""

import json
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from codesign.terminal.console import QUIET, StepProgress, plain, print_json, progress
from codesign.terminal.simulation_text import duration_text, underway_text
from codesign.terminal.tables import print_table
from netlists.bench import Bench, BenchInstance, Subject, Transient
from netlists.underway import Underway


class Color(Enum):
    RED = "red"


Point = namedtuple("Point", "x y")


@dataclass(frozen=True)
class Box:
    color: Color
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
        ({Color.RED: {3, 1}}, {"red": [1, 3]}),
        (True, True),
        (
            Box(Color.RED, 1.5, (Point(0, 1),)),
            {"color": "red", "size": 1.5, "corners": [{"x": 0, "y": 1}]},
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
    print_table("[a] on sky130, tt, 27 °C", ("what",), [("x",)])
    assert capsys.readouterr().out.splitlines()[0] == "[a] on sky130, tt, 27 °C"


def test_progress_is_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]):
    with progress("Measuring", total=2) as advance:
        advance()
        advance(description="Writing")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "Measuring\nWriting\n"


def underway(share: float, seconds: float, name: str = "neuron_3") -> Underway:
    bench = Bench(
        title=f"{name} on generic: response to an input current",
        models="",
        cells=".subckt cell a\nr1 a 0 1k\n.ends\n",
        instances=(BenchInstance("x1", "cell", ("a",)),),
        sources=(),
        analyses=(Transient(0.12, 4e-5),),
        subject=Subject(name, 1e-5),
    )
    return Underway(bench, 0, share, seconds, 1200.0)


def test_a_simulation_says_how_far_it_is_what_is_left_and_when_it_is_stopped():
    assert (
        underway_text(underway(0.35, 65.0))
        == "neuron_3, 2 min left, 4,200 of 12,000 tau_m (stops after 20 min)"
    )
    assert underway_text(underway(0.0, 1.0)) == "neuron_3, 0 of 12,000 tau_m (stops after 20 min)"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (38.0, "40 s"), (120.0, "2 min"), (7200.0, "2.0 h")]
)
def test_times_are_rounded_as_people_round_them(seconds: float, text: str):
    assert duration_text(seconds) == text


def shown(
    live: bool, clock: Callable[[], float] = lambda: 0.0
) -> tuple[StepProgress, list[str | None]]:
    said: list[str | None] = []

    def advance(steps: float = 1, description: str | None = None, **bar: float) -> None:
        said.append(description)

    return StepProgress(advance, live, clock=clock), said


def test_elsewhere_steps_say_once_in_a_while_how_far_they_are():
    now = [0.0]
    steps, said = shown(live=False, clock=lambda: now[0])
    for done in range(1, 6):
        steps(done, 5, "drawing samples")
        now[0] += 0.4 * QUIET
    assert said == ["drawing samples", "drawing samples (4 of 5)"]


def test_a_bar_is_moved_to_what_is_done():
    moved: list[dict[str, float]] = []
    StepProgress(lambda *_, description, **bar: moved.append(bar), live=True)(2, 7, "drawing")
    assert moved == [{"done": 2, "total": 7}]


def test_on_a_terminal_the_bar_follows_the_simulation():
    steps, said = shown(live=True)
    steps(1, 4, "simulating in ngspice")
    steps.watch(underway(0.35, 65.0))
    assert said == [
        "simulating in ngspice",
        f"simulating in ngspice: {underway_text(underway(0.35, 65.0))}",
    ]


def test_of_two_simulations_the_one_that_takes_longer_is_shown():
    steps, said = shown(live=True)
    quick, slow = underway(0.9, 10.0, "quick"), underway(0.1, 10.0, "slow")
    for found in (quick, slow, quick):
        steps.watch(found)
    assert ["slow" in str(text) for text in said] == [False, True, True]
    # it has ended, and says nothing any more
    for _ in range(20):
        steps.watch(quick)
    assert "quick" in str(said[-1])


def test_elsewhere_a_simulation_says_so_once_in_a_while():
    now = [0.0]
    steps, said = shown(live=False, clock=lambda: now[0])
    for seconds in (1.0, 0.9 * QUIET, 1.1 * QUIET, 1.5 * QUIET, 2.1 * QUIET):
        now[0] = seconds
        steps.watch(underway(0.1, seconds))
        steps.watch(underway(0.1, 1.0))  # another one of the same neuron, which has just begun
    assert said == [underway_text(underway(0.1, s * QUIET)) for s in (1.1, 2.1)]
