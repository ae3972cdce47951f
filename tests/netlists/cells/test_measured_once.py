"""What takes long to measure is measured once, also where several processes ask for it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from netlists.cells.measured_once import measured_once
from neuron_model.errors import InputError, SimulatorError

ROOT = Path(__file__).parents[3]


def read(path: Path) -> str:
    text = path.read_text()
    if text == "broken":
        raise InputError(f"{path}: is broken.")
    return text


class Measured:
    """Counts how often it is measured."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        return f"measured {self.times}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "cells").mkdir()
    return tmp_path / "cells" / "one.json"


def test_once_and_again_where_it_is_asked_for_or_broken(path: Path):
    measure = Measured()
    for fresh, expected in ((False, 1), (False, 1), (True, 2), (False, 2)):
        found = measured_once(path, read, measure, Path.write_text, fresh)
        assert found == f"measured {expected}"
    path.write_text("broken")
    assert measured_once(path, read, measure, Path.write_text) == "measured 3"
    assert path.read_text() == "measured 3"


def test_what_fails_leaves_nothing_and_keeps_nobody_waiting(path: Path):
    def fail() -> str:
        raise SimulatorError("no solution.")

    for _ in range(2):
        with pytest.raises(SimulatorError):
            measured_once(path, read, fail, Path.write_text)
    assert not path.exists()
    assert measured_once(path, read, Measured(), Path.write_text) == "measured 1"


HELD = """
import sys
from pathlib import Path
from netlists.cells.measured_once import measured_once
def measure():
    print("measuring", flush=True)
    sys.stdin.readline()
    return "by the other"
measured_once(Path(sys.argv[1]), Path.read_text, measure, Path.write_text)
"""


def test_who_comes_second_waits_and_reads_what_the_first_kept(path: Path):
    other = subprocess.Popen(
        [sys.executable, "-c", HELD, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdin is not None
    assert other.stdout.readline() == "measuring\n"
    second = subprocess.Popen(
        [sys.executable, "-c", HELD, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(0.1)
    other.stdin.write("go on\n")
    other.stdin.flush()
    assert second.communicate(timeout=60)[0] == ""
    assert (other.wait(60), second.returncode) == (0, 0)
    other.stdin.close()
    other.stdout.close()
    measure = Measured()
    assert measured_once(path, read, measure, Path.write_text) == "by the other"
    assert measure.times == 0
