"""What work in ngspice is handed, and from which another process makes its own."""

import pickle
from typing import Any

import pytest

from circuits.technology import conditions_at, load_technology
from codesign.workbench import Workbench, WorkbenchSettings
from neuron_model.errors import InputError
from tests.codesign.no_engine import NoEngine
from tests.mapping.cells import real_cells

GENERIC = load_technology("generic")


@pytest.mark.parametrize(
    ("method", "measure", "asked"),
    [
        ("cells", "characterize.characterize", conditions_at(GENERIC)),
        ("sensitivities", "sensitivities.measure_sensitivities", real_cells()),
        ("noise", "noise_characterize.measure_noise", real_cells()),
    ],
)
def test_each_is_asked_for_with_its_engine_and_its_progress(monkeypatch, method, measure, asked):
    calls: list[tuple[Any, ...]] = []

    def measured(*arguments: Any) -> str:
        calls.append(arguments)
        arguments[-1](1, 2, "measuring")
        return "measured"

    told: list[tuple[int, int, str]] = []
    bench = Workbench(NoEngine(), lambda *step: told.append(step))
    monkeypatch.setattr(f"netlists.cells.{measure}", measured)
    assert getattr(bench, method)(GENERIC, asked) == "measured"
    ((technology, what, engine, _),) = calls
    assert (technology, what, engine) == (GENERIC, asked, bench.engine)
    assert told == [(1, 2, "measuring")]


def test_without_progress_nobody_is_told():
    Workbench(NoEngine()).progress(1, 2, "measuring")


def test_settings_go_to_another_process_and_become_a_workbench_there():
    settings = pickle.loads(pickle.dumps(WorkbenchSettings(workers=1, time_limit=30.0)))
    told: list[tuple[int, int, str]] = []
    with settings.open(lambda *step: told.append(step)) as bench:
        engine = bench.engine
        assert (engine.workers, engine.time_limit, engine.timeout) == (1, 30.0, None)
        bench.progress(3, 4, "working")
    assert told == [(3, 4, "working")]


def test_settings_that_are_none_are_refused():
    with pytest.raises(InputError, match="at least 1"), WorkbenchSettings(workers=0).open():
        pass
