"""What a record goes by: every field of what goes into a study, to the last digit."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from circuits.technology import Technology, load_technology
from codesign.building.source import Drive
from codesign.studies.centering.task import CenteringTask
from codesign.studies.identity import (
    ABSENT,
    content,
    difference_text,
    differences,
    key,
)
from codesign.studies.mismatch.task import MismatchTask
from codesign.studies.noise.task import NoiseTask
from codesign.studies.sizing.results import SizingGoal
from codesign.studies.sizing.task import SizingTask
from codesign.studies.sweep.configuration import SweepConfiguration
from codesign.studies.sweep.task import SweepTask
from codesign.studies.temperature.task import TemperatureTask
from neuron_model.model.parameters import NeuronParameters
from tests.codesign.studies.every_field import uncounted
from tests.mapping.neurons import EXCITABLE

# What decides no outcome: what a thing says of itself, where files lie, what is known beside what
# is in use, and what judges outcomes that are known. A field joins them here or counts.
_OF_TECHNOLOGY = {
    "Technology.capacitor",  # of netlists that are handed over; simulations have plain ones
    "Technology.description",
    "Technology.mismatch_sets",
    "Models.folder",
    "Models.installed",
    "MismatchSet.source",
}
LEFT_OUT = {
    Technology: _OF_TECHNOLOGY,
    TemperatureTask: _OF_TECHNOLOGY,
    MismatchTask: _OF_TECHNOLOGY | {"MismatchTask.drawn"},
    SizingTask: _OF_TECHNOLOGY,
    CenteringTask: _OF_TECHNOLOGY,
    SizingGoal: set(),
    NoiseTask: _OF_TECHNOLOGY | {"NoiseTask.neuron"},
    NeuronParameters: set(),
    Drive: set(),
    SweepConfiguration: {"MismatchSettings.least_yield"},
    # beside what is left out of technologies: what is sent along, and where samples are kept
    SweepTask: {
        "SweepTask.cells",
        "SweepTask.memo",
        "SweepTask.samples_folder",
        "MismatchSettings.least_yield",
        *_OF_TECHNOLOGY,
    },
}


class Color(Enum):
    RED = 1
    BLUE = 2


@dataclass(frozen=True)
class Wire:
    length: float
    color: Color = Color.RED
    label: str = field(default="", metadata={"identity": False})


@dataclass(frozen=True)
class Board:
    wires: tuple[Wire, ...]
    names: dict[str, float] = field(default_factory=dict)


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_every_declared_field_counts_unless_it_is_said_where_it_is_declared(kind: Any):
    assert set(uncounted(kind)) == LEFT_OUT[kind]


def test_a_field_that_is_added_counts():
    added = make_dataclass("Wire", [("gauge", float, 1.0)], bases=(Wire,), frozen=True)
    assert key(added(1.0)) != key(Wire(1.0))
    assert key(added(1.0)) != key(added(1.0, gauge=2.0))


def test_what_is_left_out_does_not_count():
    assert key(Wire(1.0, label="a")) == key(Wire(1.0, label="b"))


@pytest.mark.parametrize(
    "values",
    [
        (0.0, -0.0, 0, False, None, "", "0.0", [], {}, math.nan, math.inf, -math.inf, "nan"),
        (0.1, 0.1 + 2**-56, np.float32(0.1), "0.1"),
        (1, 1.0, True, "1", [1], {"1": 1}, {1: 1}, {True: 1}, b"1", frozenset({1})),
        (Color.RED, Color.BLUE, "Color.RED", 1),
        (Wire(1.0), Wire(1.0, Color.BLUE), Wire(2.0), {"length": 1.0}, ("Wire", 1.0)),
        (np.zeros(2), np.zeros(2, np.float32), np.zeros((2, 1)), np.array([0.0, -0.0]), [0.0, 0.0]),
        ({"=1": 1}, {1: 1}),
    ],
)
def test_what_is_not_the_same_has_another_key(values: tuple[Any, ...]):
    keys = [key(value) for value in values]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1.0, 2.0), [1.0, 2.0]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.float64(0.1), 0.1),
        (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
        (frozenset({"a", "b"}), {"b", "a"}),
    ],
)
def test_what_is_the_same_has_the_same_key(one: Any, other: Any):
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            Board((Wire(1.0), Wire(Path("x")))),
            r"^board\.wires\[1\]\.length: x is where a file lies",
        ),
        ({"a": {"b": lambda: None}}, r"^board\['a'\]\['b'\]: a function has no identity"),
        ([object()], r"^board\[0\]: a object has no identity"),
        (Wire, "^board: a type has no identity"),
        (np.array([None]), "^board: a ndarray has no identity"),
    ],
)
def test_what_has_no_content_is_refused_by_the_path_to_it(value: Any, words: str):
    with pytest.raises(TypeError, match=words):
        content(value, "board")


def test_differences_are_told_leaf_by_leaf_after_a_way_through_json():
    one = {"board": Board((Wire(1.0), Wire(2.0)), {"a": 1.0, "b": -0.0})}
    other = {"board": Board((Wire(1.0), Wire(2.5, Color.BLUE)), {"a": 1.0, "c": math.inf})}
    before = json.loads(json.dumps(content(one)))
    assert differences(before, content(one)) == []
    assert differences(before, content(other)) == [
        ("board.wires[1].length", 2.0, 2.5),
        ("board.wires[1].color", "Color.RED", "Color.BLUE"),
        ("board.names.b", "-0.0", ABSENT),
        ("board.names.c", ABSENT, "inf"),
    ]


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ({"a": 1.0}, {"a": 2.0}, "a = 2.0, where the record has 1.0"),
        ({"a": 1}, {"a": 1.0}, "a = 1.0, where the record has 1"),
        ({}, {"a": [1]}, "a is new"),
        ({"a": Wire(1.0)}, {}, "a is not there any more"),
        ({"a": np.zeros(2)}, {"a": np.ones(2)}, "a is another one"),
        ({"a": "0" * 64}, {"a": "1" * 64}, "a is another one"),
        (
            dict.fromkeys("abcdef", 0),
            dict.fromkeys("abcdef", 1),
            "a = 1, where the record has 0; b = 1, where the record has 0; c = 1, where the record "
            "has 0; d = 1, where the record has 0, and 2 more",
        ),
    ],
)
def test_differences_in_words(before: Any, now: Any, words: str):
    assert difference_text(differences(content(before), content(now))) == words


def test_a_technology_is_its_numbers_not_where_its_files_lie():
    generic = load_technology("generic")
    moved = replace(generic, models=replace(generic.models, folder=Path("/elsewhere")))
    assert key(moved) == key(replace(generic, description="the same")) == key(generic)
    sections = replace(generic.leak, sections=generic.leak.sections + 2)
    assert key(replace(generic, leak=sections)) != key(generic)


def test_a_neuron_is_named_by_the_number_that_is_another():
    elements = (replace(EXCITABLE.elements[0], alpha=3.0), *EXCITABLE.elements[1:])
    other = replace(EXCITABLE, elements=elements)
    (found,) = differences(content({"neuron": EXCITABLE}), content({"neuron": other}))
    assert found == ("neuron.elements[0].alpha", EXCITABLE.elements[0].alpha, 3.0)


def test_the_check_of_fields_sees_one_that_does_not_count():
    """A function that lists what counts by hand forgets what was added since."""
    by_hand: Callable[[Any], str] = lambda wire: key([wire.length])  # noqa: E731
    assert list(uncounted(Wire, by_hand)) == ["Wire.color", "Wire.label"]
