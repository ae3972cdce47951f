"""Which parts are simulated when; ngspice is not asked: outcomes are made up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from circuits.network_parts import NetworkPart
from circuits.structure import Capacitor, Cell, Direction, Port
from codesign.studies.failure import Failure, Kind
from codesign.studies.network.plan import MOST_SWEEPS, Case, LayeredPlan, stages_of
from codesign.studies.study import Point
from netlists.gate_waves import GateWave, slope_voltage
from neuron_model.errors import SimulatorError

INTERVAL = 4.0
PORTS = (Port("a", Direction.INPUT), Port("b", Direction.INPUT))
CELL = Cell("cell", PORTS, (Capacitor("c", "a", "b", 1e-12),))


def part(name: str, stage: int, reads: tuple[str, ...], drives: str) -> NetworkPart:
    return NetworkPart(name, stage, CELL, reads, (drives,), (1,))


FORWARD = (
    part("inputs", 0, (), "x_0"),
    part("layer0.n0", 1, ("x_0",), "s0_0"),
    part("layer0.n1", 1, ("x_0",), "s0_1"),
    part("output0", 2, ("s0_0", "s0_1"), "y"),
)
RECURRENT = (
    part("inputs", 0, (), "x_0"),
    part("layer0.n0", 1, ("x_0",), "s0_0"),
    part("layer0.n1", 1, ("x_0", "s0_0"), "s0_1"),
    part("layer0.n2", 1, ("x_0", "s0_1"), "s0_2"),
    part("output0", 2, ("s0_2",), "y"),
)


def plan_of(parts: tuple[NetworkPart, ...], cases: int = 1) -> LayeredPlan:
    made = tuple(Case(20 * k, 5) for k in range(cases))
    return LayeredPlan(made, stages_of(parts), INTERVAL, 27.0)


def level(value: float) -> dict[str, object]:
    """A line whose s is ``value`` all the time."""
    volts = 0.3 + slope_voltage(27.0) * np.log(value)
    return GateWave(np.array([0.0, 20.0]), np.full(2, volts), 0.3).document()


def walked(
    plan: LayeredPlan, outcome: Callable[[Point], dict[str, object]], known: dict | None = None
) -> tuple[list[list[str]], dict]:
    """Part and sweep of the points of each answer, until there are none."""
    known, asked = dict(known or {}), []
    while points := plan.next(known):
        asked.append([point.key.split(": ")[1] for point in points])
        known |= {point.key: outcome(point) for point in points}
    return asked, known


def alike(point: Point) -> dict[str, object]:
    drives = {p.name: p.drives[0] for p in (*FORWARD, *RECURRENT)}
    return {"lines": {drives[point.values["part"]]: level(0.5)}, "charge": 1.0, "seconds": 0.0}


def test_layers_wait_for_the_lines_that_they_read():
    asked, known = walked(plan_of(FORWARD), alike)
    assert asked == [["inputs"], ["layer0.n0", "layer0.n1"], ["output0"]]
    assert list(known)[0] == "moments 0 to 4: inputs"


def test_a_part_gets_the_recorded_lines_and_its_stretch_of_the_series():
    plan = plan_of(FORWARD, cases=2)
    _, known = walked(plan, alike)
    del known["moments 20 to 24: output0"]
    (point,) = plan.next(known)
    assert point.values["lines"] == {"s0_0": level(0.5), "s0_1": level(0.5)}
    assert (point.values["start"], point.values["count"]) == (20, 5)


def test_stretches_are_done_side_by_side():
    asked, _ = walked(plan_of(FORWARD, cases=2), alike)
    assert asked[1] == ["layer0.n0", "layer0.n1"] * 2


def test_nothing_follows_a_part_that_failed():
    plan = plan_of(FORWARD)
    known = {"moments 0 to 4: inputs": Failure(Kind.SIMULATOR, "broken off")}
    assert list(plan.next(known)) == []


def test_a_layer_that_feeds_itself_is_swept_until_nothing_changes():
    """A chain from neuron to neuron: each sweep carries it one further."""

    def chain(point: Point) -> dict[str, object]:
        drives = {"inputs": "x_0", "layer0.n0": "s0_0", "layer0.n1": "s0_1", "layer0.n2": "s0_2"}
        heard = [GateWave.of_document(d) for d in point.values["lines"].values()]
        least = min([float(w.activity(np.array([1.0]), 27.0)[0]) for w in heard] or [1.0])
        drive = drives.get(point.values["part"], "y")
        return {"lines": {drive: level(max(0.5 * least, 1e-9))}}

    asked, known = walked(plan_of(RECURRENT), chain)
    assert asked == [
        ["inputs"],
        [f"layer0.n{k}, sweep 1" for k in range(3)],
        # neuron 1 heard silence and now hears neuron 0; neuron 0 hears no other
        ["layer0.n1, sweep 2"],
        ["layer0.n2, sweep 3"],
        ["output0"],
    ]
    found = plan_of(RECURRENT).found(Case(0, 5), known)
    last = GateWave.of_document(found["layer0.n2"]["lines"]["s0_2"])
    assert last.activity(np.array([1.0]), 27.0) == pytest.approx([0.0625], rel=0.02)


def test_a_layer_that_never_settles_ends_with_status_4():
    count = iter(range(10**6))

    def restless(point: Point) -> dict[str, object]:
        found = alike(point)
        if "layer0" in point.values["part"]:
            name = next(iter(found["lines"]))
            found["lines"] = {name: level(0.2 + 0.1 * (next(count) % 5))}
        return found

    loop = (*RECURRENT[:1], part("layer0.n0", 1, ("s0_2",), "s0_0"), *RECURRENT[2:])
    with pytest.raises(SimulatorError, match=f"layer0.*after {MOST_SWEEPS} sweeps.*--one-deck"):
        walked(plan_of(loop), restless)


def test_what_is_not_done_has_no_result():
    with pytest.raises(ValueError, match="is not done: moments 0 to 4: inputs"):
        plan_of(FORWARD).found(Case(0, 5), {})


def test_points_say_which_sample_they_are_of():
    drawn, calibrated = Case(0, 5, 3), Case(0, 5, 3, True)
    assert drawn.name == "sample 3, moments 0 to 4"
    assert calibrated.name == "sample 3 calibrated, moments 0 to 4"
    plan = LayeredPlan((drawn, calibrated), stages_of(FORWARD), INTERVAL, 27.0)
    first, second = plan.next({})
    assert (first.values["sample"], first.values["calibrated"]) == (3, False)
    assert second.values["calibrated"]
