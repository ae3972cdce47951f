"""A sweep on several processes and on a cluster: the same table, whatever dies in between."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from circuits.technology import Technology
from codesign.command_line import main
from codesign.studies.executors.executor import Executor
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.executors.serial import SerialExecutor
from codesign.studies.study import run
from codesign.studies.sweep import task
from codesign.studies.sweep.configuration import sweep_configuration_from_toml
from codesign.studies.sweep.files import csv_text
from codesign.studies.sweep.plan import SweepPlan, plan_sweep
from codesign.studies.sweep.study import sweep_results, sweep_study
from mapping.characteristics import CellCharacteristics
from mapping.conditions import Conditions
from neuron_model.errors import InputError
from neuron_model.model.neuron_file import write_neuron
from tests.mapping.cells import real_cells
from tests.mapping.neurons import EXCITABLE

CONFIGURATION = """
neuron = "n.toml"
technology = "generic"
current = "0:0.1"
duration = 20

[axes]
temperature = { from = 0, to = 90, points = 10 }
supply_change = { from = -0.1, to = 0.1, points = 10 }
currents = ["constant", "ptat"]
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepPlan:
    """200 points of one design, which most take no time: cells work at 0, 10 and 27 °C. They are
    made up here and go to the workers."""

    def made_up(technology: Technology, conditions: Conditions, *_: object) -> CellCharacteristics:
        if conditions.temperature not in (0.0, 10.0, 27.0):
            raise InputError("such cells do not work.")
        return real_cells(
            conditions=conditions, supply=technology.supply, reference=technology.reference
        )

    monkeypatch.setattr(task, "characterize", made_up)
    write_neuron(tmp_path / "n.toml", EXCITABLE)
    return plan_sweep(sweep_configuration_from_toml(CONFIGURATION, "sweep.toml", tmp_path))


def dask() -> Executor:
    pytest.importorskip(
        "distributed", reason="no Dask: pip install -c constraints.txt -e '.[cluster]'"
    )
    from codesign.studies.executors.dask import LOCAL, DaskExecutor

    return DaskExecutor(LOCAL, 2)


def a_worker_of(executor: object) -> int:
    """The number of the process of one of them."""
    if isinstance(executor, LocalExecutor):
        return executor.process_ids[0]
    return next(iter(executor.client.run(os.getpid).values()))  # type: ignore[attr-defined]


@pytest.mark.parametrize("make", [lambda: LocalExecutor(2), dask], ids=["local", "dask"])
def test_a_worker_killed_in_the_middle_changes_nothing(
    plan: SweepPlan, tmp_path: Path, make: Callable[[], Executor]
):
    study, record = sweep_study(plan), tmp_path / "points.jsonl"
    with SerialExecutor() as serial:
        alone = sweep_results(plan, run(study, serial))
    with make() as executor:

        def watch(done: int, _total: int, _what: str, /) -> None:
            if done == 100:
                os.kill(a_worker_of(executor), signal.SIGKILL)

        found = run(study, executor, record, watch)
    assert csv_text(sweep_results(plan, found)) == csv_text(alone)
    keys = [json.loads(line)["key"] for line in record.read_text().splitlines()[1:]]
    assert sorted(keys, key=int) == [str(number) for number in range(200)]
    assert {f.reason for f in found.failures.values()} == {"such cells do not work."}
    assert (len(found.failures), len(found.outcomes)) == (160, 40)


def test_the_record_of_before_is_refused_with_what_to_do(
    plan: SweepPlan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "sweep.toml").write_text(CONFIGURATION)
    record = tmp_path / "out" / "points.jsonl"
    record.parent.mkdir()
    before = json.dumps({"fingerprint": json.dumps({"backend": "macromodel"})}) + "\n"
    record.write_text(before)
    words = ["sweep", str(tmp_path / "sweep.toml"), "--out", str(record.parent)]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "is a record from before records said what they are of" in said
    assert "begin again (--restart where" in said
    assert record.read_text() == before
