"""The table and the picture of a network's cells are those of the recorded figures."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import synapses

RESULTS = Path(__file__).parents[2] / "docs" / "results"


@pytest.fixture
def recorded() -> list[dict[str, Any]]:
    return json.loads((RESULTS / "synapses" / "synapses.json").read_text())


def test_the_recorded_table_is_that_of_the_recorded_figures(recorded):
    printed = (RESULTS / "synapses" / "table.md").read_text()
    assert synapses.table(recorded) == printed.rstrip("\n")
    assert printed in (RESULTS / "README.md").read_text()


def test_each_technology_is_recorded(recorded):
    assert tuple(one["technology"] for one in recorded) == synapses.TECHNOLOGIES


def test_units_carry_as_many_times_the_current_of_one(recorded):
    for one in recorded:
        for sign in ("negative", "positive"):
            assert one[f"count_error_{sign}"] < 0.02


def test_the_law_of_a_line_is_an_upper_bound(recorded):
    for one in recorded:
        for delays, laws in zip(one["delays"], one["delay_laws"], strict=True):
            assert all(delay < law for delay, law in zip(delays, laws, strict=True))


def test_the_picture_has_a_curve_for_each_technology(recorded):
    drawn = synapses.figure(recorded)
    gains, delays, steps = drawn.axes
    assert len(gains.lines) == 2 * len(recorded)
    assert len(delays.lines) == 2 * len(recorded) * len(synapses.CURRENTS)
    assert len(steps.lines) == len(recorded) + 1
