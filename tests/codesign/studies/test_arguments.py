"""What the command lines of studies have in common: where points are done, how to go on."""

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from codesign.studies.arguments import add_executor, stopped, stopped_line, studied
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.failure import Failure, Kind
from codesign.studies.study import Results, run
from neuron_model.errors import InputError, MissingDependencyError
from tests.codesign.studies.tasks import study

FAILED = {"1": Failure(Kind.INPUT, "it does not fit.")}
RESULTS = Results({"0": 1}, FAILED, 0, 5, Path("r/points.jsonl"), signal.SIGTERM, done=2)


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_executor(parser)
    return parser.parse_args(words)


def test_the_cores_of_this_machine_unless_told(capsys: pytest.CaptureFixture[str]):
    with studied(parsed("--workers", "2"), "scaling") as (executor, progress):
        assert isinstance(executor, LocalExecutor)
        assert executor.workers == 2
        assert len(run(study(4), executor, progress=progress).outcomes) == 4
    assert capsys.readouterr().err == "scaling\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--cluster", "no_such_file.toml"), "no_such_file.toml"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], message: str):
    with pytest.raises(InputError, match=message), studied(parsed(*words), "scaling"):
        pass


@pytest.mark.parametrize("count", ["0", "-1", "two"])
def test_a_number_of_workers_that_is_none_is_refused_as_it_is_read(
    count: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit, match="2"):
        parsed("--workers", count)
    assert f"--workers: {count} is not allowed; it must be at least 1" in capsys.readouterr().err


def test_a_cluster_without_its_extra_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    message = r"--cluster needs Dask; install it with pip install 'mtc-codesign\[cluster\]'"
    asked = parsed("--cluster", "local")
    with pytest.raises(MissingDependencyError, match=message), studied(asked, "scaling"):
        pass


def test_one_line_says_how_a_study_goes_on():
    words = ("sweep", "my file.toml", "--out", "r", "--restart")
    assert stopped_line(RESULTS, words) == (
        "stopped by SIGTERM after 2 of 5 points; r/points.jsonl has them, and the same command "
        "resumes: codesign sweep 'my file.toml' --out r"
    )
    lost = Results({"0": 1}, {}, planned=5, signal=signal.SIGINT, done=1)
    assert stopped_line(lost, words) == (
        "stopped by SIGINT after 1 of 5 points, of which nothing was kept: give a file or folder "
        "that keeps them (--out)."
    )
    early = replace(RESULTS, done=0)
    assert stopped_line(early, words[:2]) == (
        "stopped by SIGTERM before a point was done; the same command begins again: codesign sweep "
        "'my file.toml'"
    )


def test_the_status_of_a_stopped_command_is_that_of_its_signal(
    capsys: pytest.CaptureFixture[str],
):
    assert stopped(argparse.Namespace(), RESULTS) == 143
    assert capsys.readouterr().err.startswith("stopped by SIGTERM after 2 of 5 points")
