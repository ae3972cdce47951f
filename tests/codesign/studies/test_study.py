"""A study: every point once, whatever stops it; what fails is told; a plan may ask for more."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from codesign.studies.executors.serial import SerialExecutor
from codesign.studies.identity import JSON
from codesign.studies.study import Asked, Failure, FinitePlan, Point, Results, Study, converse, run
from codesign.terminal.interruption import interruption
from neuron_model.errors import InputError, MissingDependencyError
from tests.codesign.studies.tasks import Doubling, Prepared, Scaled, calls_of, points, study

ROOT = Path(__file__).parents[3]


def done(what: Study, record: Path | None = None) -> Results:
    with SerialExecutor() as executor:
        return run(what, executor, record)


def test_every_point_has_its_outcome_with_the_types_of_json():
    found = done(study(3))
    assert found.outcomes["2"] == {"scaled": 4.0, "third": [2 / 3], "along": ""}
    assert list(found.outcomes) == ["0", "1", "2"]
    assert (found.failures, found.resumed, found.planned, found.exit_status) == ({}, 0, 3, 0)


def test_a_record_has_each_point_and_nothing_is_done_twice(tmp_path: Path):
    task, record = Scaled(folder=str(tmp_path)), tmp_path / "r.jsonl"
    first = done(study(3, task), record)
    again = done(study(5, task), record)
    assert again.resumed == 3
    assert {k: again.outcomes[k] for k in first.outcomes} == first.outcomes
    assert [len(calls_of(tmp_path, str(n))) for n in range(5)] == [1] * 5
    assert list(again.outcomes) == [*first.outcomes, "3", "4"]


def test_the_record_of_another_task_is_refused_with_what_is_different(tmp_path: Path):
    record = tmp_path / "r.jsonl"
    done(study(3), record)
    with pytest.raises(InputError, match=r"factor = 3\.0, where the record has 2\.0"):
        done(study(3, Scaled(factor=3.0)), record)
    with pytest.raises(InputError, match="seed is new"):
        done(replace(study(3), identity={"seed": 1}), record)
    # where files lie decides nothing
    assert done(study(3, Scaled(folder=str(tmp_path))), record).resumed == 3


def test_a_name_that_stands_for_two_things_is_a_fault():
    with pytest.raises(ValueError, match="factor is a field of the task as well"):
        done(replace(study(1), identity={"factor": 1.0}))


def test_what_cannot_be_is_kept_and_what_ngspice_failed_at_is_tried_again(tmp_path: Path):
    task, record = Scaled(folder=str(tmp_path)), tmp_path / "r.jsonl"
    what = study(4, task, p1="does not fit", p2="fails")
    for round_, resumed in ((1, 0), (2, 3)):
        found = done(what, record)
        assert found.failures == {
            "1": Failure("input", "point 1 does not fit."),
            "2": Failure("simulator", "ngspice failed at 2."),
        }
        assert (set(found.outcomes), found.resumed) == ({"0", "3"}, resumed)
        assert len(calls_of(tmp_path, "1")) == 1
        assert len(calls_of(tmp_path, "2")) == round_
    mended = study(4, task, p1="does not fit")
    assert set(done(mended, record).outcomes) == {"0", "2", "3"}


@pytest.mark.parametrize(
    ("what", "error"), [("missing", MissingDependencyError), ("wrong", ZeroDivisionError)]
)
def test_an_error_that_is_none_of_the_point_ends_the_study(
    tmp_path: Path, what: str, error: type[Exception]
):
    record = tmp_path / "r.jsonl"
    with pytest.raises(error):
        done(study(4, p2=what), record)
    assert done(study(4), record).resumed == 2


def test_a_plan_may_ask_for_points_by_what_is_known(tmp_path: Path):
    record = tmp_path / "r.jsonl"
    growing = Study("growing", Doubling(20.0), Scaled())
    found = done(growing, record)
    assert [each["scaled"] for each in found.outcomes.values()] == [2.0, 4.0, 8.0, 16.0, 32.0]
    more = done(replace(growing, plan=Doubling(100.0)), record)
    assert (more.resumed, len(more.outcomes)) == (5, 7)


@pytest.mark.parametrize("keys", [["0", "0"], ["0", "1", "1"]])
def test_a_point_that_is_there_twice_is_a_fault_of_the_plan(keys: list[str]):
    twice = [Point(key, {"number": 1}) for key in keys]
    with pytest.raises(ValueError, match="same key"):
        FinitePlan(twice)

    @dataclass(frozen=True)
    class Endless:
        def next(self, known: Mapping[str, JSON | Failure]) -> Sequence[Point]:
            return points(1)

    with pytest.raises(ValueError, match="'0' twice"):
        done(Study("endless", Endless(), Scaled()))


def test_what_points_need_is_found_once_and_travels_along():
    found = done(study(3, Prepared()))
    assert {each["along"] for each in found.outcomes.values()} == {"0 1 2"}


def test_progress_counts_what_the_record_holds(tmp_path: Path):
    record = tmp_path / "r.jsonl"
    done(study(2), record)
    told: list[tuple[int, int, str]] = []
    with SerialExecutor(progress=lambda *step: told.append(step)) as executor:
        labelled = replace(study(4, p3="tells"), label="scaling numbers")
        run(labelled, executor, record, lambda *step: told.append(step))
    assert told == [
        (2, 4, "scaling numbers"),
        (3, 4, "scaling numbers"),
        (1, 3, "measuring for 3"),
        (4, 4, "scaling numbers"),
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_point_and_keeps_what_is_done(tmp_path: Path, number: int):
    record = tmp_path / "r.jsonl"
    what = study(4, p2="stops")
    with SerialExecutor() as executor, interruption() as stop:
        if number == signal.SIGINT:
            what = study(4)
            kill = lambda done, *_: os.kill(os.getpid(), number) if done == 2 else None  # noqa: E731
            found = run(what, executor, record, kill, stop)
        else:
            found = run(what, executor, record, stop=stop)
    assert found.interrupted
    assert (set(found.outcomes), found.planned) == ({"0", "1"}, 4)
    assert found.exit_status == 128 + number
    rest = done(study(4), record)
    assert (rest.resumed, rest.interrupted) == (2, False)
    assert rest.outcomes == done(study(4)).outcomes


STOPPED = """
import sys
from pathlib import Path
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.study import run
from tests.codesign.studies.tasks import Scaled, study
what = study(6, Scaled(), p4="waits")
def tell(done, *_):
    if done == 5:
        print("five", flush=True)
with LocalExecutor(2) as executor:
    found = run(what, executor, Path(sys.argv[1]), tell)
sys.exit(found.exit_status)
"""


def test_a_process_that_is_told_to_end_does_and_goes_on_later(tmp_path: Path):
    """SIGTERM while a worker is at a point that would never end."""
    record = tmp_path / "r.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(record)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "five\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 128 + signal.SIGTERM
    process.stdout.close()
    keys = [json.loads(line)["key"] for line in record.read_text().splitlines()[1:]]
    assert sorted(keys) == ["0", "1", "2", "3", "5"]
    rest = done(study(6), record)
    assert (rest.resumed, len(rest.outcomes)) == (5, 6)


def test_a_loop_asks_for_points_and_is_resumed(tmp_path: Path):
    record, seen = tmp_path / "r.jsonl", []

    def loop(asked: Asked) -> float:
        number = 1.0
        while number < most:
            (found,) = asked([Point(str(number), {"number": number})])
            number = found["scaled"]
        return number

    told = Study("loop", None, Scaled(), share=lambda _: 3)
    for most, resumed in ((3.0, 0), (9.0, 2), (9.0, 4)):
        with SerialExecutor() as executor:
            watch = lambda *how: seen.append(how[:2])  # noqa: E731
            results, value = converse(told, loop, executor, record, watch)
        assert (results.resumed, value) == (resumed, 4.0 if most == 3.0 else 16.0)
    # what people count is three times as many; what is known is not told again
    assert seen == [(0, 3), (3, 3), (3, 6), (6, 6), (6, 9), (9, 9), (9, 12), (12, 12)]


def test_a_signal_ends_a_loop_after_the_point_that_is_kept(tmp_path: Path):
    record = tmp_path / "r.jsonl"

    def loop(asked: Asked) -> None:
        asked([Point("0", {"number": 0.0}), Point("1", {"number": 1.0})])

    def kill(done: int, *_: object) -> None:
        if done == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    with SerialExecutor() as executor:
        results, value = converse(Study("loop", None, Scaled()), loop, executor, record, kill)
    assert (results.exit_status, value, results.done, results.planned) == (143, None, 1, 2)
    assert set(results.outcomes) == {"0"}


def test_a_loop_ends_with_what_its_point_failed_of():
    def loop(asked: Asked) -> None:
        asked([Point("0", {"number": 0.0, "what": "does not fit"})])

    with SerialExecutor() as executor, pytest.raises(InputError, match="^point 0 does not fit"):
        converse(Study("loop", None, Scaled()), loop, executor)


def test_progress_counts_samples_where_some_share_a_bench():
    from codesign.studies.calibration.plan import samples_of as calibrated
    from codesign.studies.mismatch.plan import samples_of as drawn

    assert (drawn("fast 300.0 0,1,2,3"), drawn("macromodel 300.0 7")) == (4, 1)
    assert (calibrated("pattern 4,9 0f0f"), calibrated("currents 0 0f0f")) == (2, 1)
