"""Executors: the same digits in each, a worker that dies takes nothing with it but its point."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from codesign.studies.executors.executor import Executor
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.executors.serial import SerialExecutor
from codesign.studies.record import Record
from codesign.studies.study import Study, run
from netlists.child_process import ForkedProcess
from neuron_model.errors import InputError, MissingDependencyError
from tests.codesign.studies.tasks import (
    Doubling,
    Grouped,
    Prepared,
    Scaled,
    calls_of,
    processes_of,
    study,
)


@pytest.fixture(scope="module")
def local():
    """Of fresh processes."""
    with pytest.MonkeyPatch.context() as patch, LocalExecutor(2) as executor:
        patch.setattr(ForkedProcess, "is_safe", lambda: False)
        yield executor


def test_the_same_digits_in_every_process(local: Executor, tmp_path: Path):
    what = study(9, Prepared(factor=1.1), p3="does not fit", p5="fails")
    with SerialExecutor() as serial:
        alone = run(what, serial)
    found = run(what, local)
    assert found.outcomes == alone.outcomes
    assert found.failures == alone.failures


def test_points_go_to_several_processes_and_come_as_they_finish(local: Executor, tmp_path: Path):
    task, record = Scaled(folder=str(tmp_path)), tmp_path / "r.jsonl"
    found = run(study(12, task), local, record)
    assert set(found.outcomes) == {str(n) for n in range(12)}
    assert len({call.name.split("_")[2] for call in tmp_path.glob("*_0_*")}) == 2
    assert list(Record.read(record, study(12, task).head)) == list(found.outcomes)


def test_a_worker_that_dies_loses_the_point_it_was_at_and_nothing_else(
    local: Executor, tmp_path: Path
):
    task, record = Scaled(folder=str(tmp_path), deaths=2), tmp_path / "r.jsonl"
    what = study(8, task, p3="deadly")
    found = run(what, local, record)
    assert (set(found.outcomes), found.failures) == ({str(n) for n in range(8)}, {})
    calls = [len(calls_of(tmp_path, str(n))) for n in range(8)]
    assert calls == [1, 1, 1, 3, 1, 1, 1, 1]
    lines = record.read_text().splitlines()
    assert len(lines) == 9


def test_points_that_share_work_are_done_by_one_process_also_where_a_worker_dies(
    local: Executor, tmp_path: Path
):
    task = Grouped(folder=str(tmp_path), deaths=1, size=10)
    found = run(study(40, task, p15="deadly"), local)
    assert (set(found.outcomes), found.failures) == ({str(n) for n in range(40)}, {})
    by_group = [processes_of(tmp_path, range(n, n + 10)) for n in range(0, 40, 10)]
    # the last group is split where the other worker has nothing left, that with a death goes on
    assert sum(len(each) == 1 for each in by_group) >= 2
    assert len(set().union(*by_group)) == 3


def test_a_point_that_kills_its_workers_is_set_aside_with_its_reason(
    local: Executor, tmp_path: Path
):
    task, record = Scaled(folder=str(tmp_path), deaths=99), tmp_path / "r.jsonl"
    what = study(4, task, p1="deadly")
    found = run(what, local, record)
    assert set(found.outcomes) == {"0", "2", "3"}
    failure = found.failures["1"]
    assert (failure.kind, failure.reason) == (
        "killed",
        "set aside: 3 workers died at it, the last one of SIGKILL.",
    )
    assert len(calls_of(tmp_path, "1")) == 3
    # started again it has another chance
    mended = run(study(4, task), local, record)
    assert (mended.failures, mended.resumed) == ({}, 3)


@pytest.mark.parametrize(
    ("what", "error", "words"),
    [
        ("missing", MissingDependencyError, "there is no ngspice"),
        ("wrong", ZeroDivisionError, "a fault of the task"),
    ],
)
def test_an_error_that_is_none_of_the_point_comes_with_where_it_was_raised(
    local: Executor, what: str, error: type[Exception], words: str
):
    with pytest.raises(error, match=words) as found:
        run(study(4, p2=what), local)
    assert "tasks.py" in found.value.__notes__[0]
    # and the executor goes on
    assert len(run(study(4), local).outcomes) == 4


def test_what_a_point_needs_is_told_here():
    told: list[tuple[int, int, str]] = []
    with LocalExecutor(2, progress=lambda *step: told.append(step)) as executor:
        run(study(3, p2="tells"), executor)
    assert told == [(1, 3, "measuring for 2")]


def test_a_single_point_stays_in_this_process(tmp_path: Path):
    import os

    with LocalExecutor(2) as executor:
        assert executor.tools.engine.workers == 2
        found = run(Study("growing", Doubling(3.0), Scaled(folder=str(tmp_path))), executor)
    assert len(found.outcomes) == 2
    assert {call.name.split("_")[2] for call in tmp_path.iterdir()} == {str(os.getpid())}


def test_a_task_may_stand_in_a_script(tmp_path: Path):
    """What is defined there can only be sent, not imported."""
    script = tmp_path / "script.py"
    script.write_text(
        "from dataclasses import dataclass\n"
        "from typing import ClassVar\n"
        "from codesign.studies.study import Task\n"
        "@dataclass(frozen=True)\n"
        "class Plus(Task):\n"
        "    version: ClassVar[int] = 1\n"
        "    more: int\n"
        "    def __call__(self, point, tools):\n"
        "        return point.values['number'] + self.more\n"
    )
    specification = importlib.util.spec_from_file_location("__main__", script)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    with LocalExecutor(2) as executor:
        found = run(study(4, module.Plus(10)), executor)
    assert found.outcomes == {"0": 10, "1": 11, "2": 12, "3": 13}


COPIES = """
import sys
from pathlib import Path
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.study import run
from netlists.child_process import ForkedProcess
from tests.codesign.studies.tasks import Scaled, study
folder = Path(sys.argv[1])
assert ForkedProcess.is_safe()
with LocalExecutor(2) as executor:
    what = study(200, Scaled(folder=str(folder), deaths=2), p100="deadly")
    found = run(what, executor, folder / "r.jsonl")
    assert executor.process_ids
    # the record is let go of although workers have a copy of it
    again = run(what, executor, folder / "r.jsonl")
print(len(found.outcomes), len(found.failures), again.resumed)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux")
def test_workers_that_are_copies_of_the_process_die_and_lose_nothing(tmp_path: Path):
    """As a command has them; here there are threads, so that workers are fresh. Two workers are
    killed at one of 200 points."""
    command = [sys.executable, "-c", COPIES, str(tmp_path)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["200", "0", "200"], done.stderr
    assert [len(calls_of(tmp_path, str(n))) for n in range(200)] == [1] * 100 + [3] + [1] * 99
    keys = [json.loads(line)["key"] for line in (tmp_path / "r.jsonl").read_text().splitlines()[1:]]
    assert sorted(keys, key=int) == [str(n) for n in range(200)], "none is lost, none is twice"


def test_workers_are_a_number_of_processes():
    with pytest.raises(InputError, match="workers = 0 is not allowed"):
        LocalExecutor(0)
