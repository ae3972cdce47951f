"""What a library would do in the place of code of our own: figures for docs/decisions.md.

    pip install pydantic msgspec jinja2 jitcdde ddeint atomicwrites spicelib
    python -m benchmarks.own_or_library

None of them is needed by the toolkit; what is not installed is left out.
"""

from __future__ import annotations

import contextlib
import importlib
import random
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from codesign.terminal.tables import print_table
from netlists.raw_file import read_raw_file
from neuron_model.errors import InputError
from neuron_model.runs.run_configuration import run_configuration_from_toml
from neuron_model.tasks.mackey_glass import MackeyGlass, mackey_glass
from neuron_model.training.training_configuration import TrainingConfiguration

LIBRARIES = ("pydantic", "msgspec", "jinja2", "jitcdde", "ddeint", "atomicwrites", "spicelib")
FAULTS = {
    "a key that is not known": "[training]\nstep = 3",
    "text for a number": '[training]\nsteps = "many"',
    "true for a number": "[training]\nsteps = true",
    "a value out of range": "[training]\nsteps = -3",
}
DAMAGED = 400


def main() -> None:
    """Print all tables."""
    there = [name for name in LIBRARIES if find_spec(name)]
    print_table("import", ("library", "ms"), [(name, import_time(name)) for name in there])
    print_table("faults in a run configuration", ("fault", "by", "what is said"), faults(there))
    print_table("Mackey-Glass, 400 samples", ("by", "seconds", "largest error"), delays(there))
    columns = ("by", "whole", "refused by name", "other errors", "read without a word")
    print_table(f"{DAMAGED} damaged raw files", columns, raw_files(there))


def import_time(name: str) -> float:
    """Milliseconds of processor, the least of five."""
    program = f"import time; t = time.process_time(); import {name}; print(time.process_time() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(5)
    ]
    return 1e3 * min(float(run.stdout.split()[-1]) for run in runs)


def faults(there: list[str]) -> list[tuple[str, str, str]]:
    """What each says of a table that it should refuse."""
    readers: dict[str, Callable[[str], Any]] = {
        "ours": lambda text: run_configuration_from_toml(text, "run.toml")
    }
    if "msgspec" in there:
        msgspec = importlib.import_module("msgspec")
        readers["msgspec"] = lambda text: msgspec.convert(
            tomllib.loads(text)["training"], TrainingConfiguration
        )
    if "pydantic" in there:
        adapter = importlib.import_module("pydantic").TypeAdapter(TrainingConfiguration)
        readers["pydantic"] = lambda text: adapter.validate_python(tomllib.loads(text)["training"])
    rows = []
    for fault, text in FAULTS.items():
        for by, read in readers.items():
            try:
                read(text)
                said = "nothing"
            except Exception as error:
                said = " ".join(str(error).split())[:150]
            rows.append((fault, by, said))
    return rows


def delays(there: list[str]) -> list[tuple[str, float, float]]:
    """Seconds on the wall, and how far from our own with an eighth of its step."""
    task = MackeyGlass(samples=400)
    times = task.transient + task.interval * np.arange(task.samples)
    exact = mackey_glass(task, 8 * round(task.tau / 0.1))
    rows = []

    def timed(by: str, made: Callable[[], np.ndarray]) -> None:
        start = time.perf_counter()
        found = made()
        rows.append((by, time.perf_counter() - start, float(np.abs(found - exact).max())))

    timed("ours", lambda: mackey_glass(task))
    if "ddeint" in there:
        timed("ddeint", lambda: _ddeint(task, times))
    if "jitcdde" in there:
        timed("jitcdde", lambda: _jitcdde(task, times))
    return rows


def _ddeint(task: MackeyGlass, times: np.ndarray) -> np.ndarray:
    solve = importlib.import_module("ddeint").ddeint

    def rate(x: Any, t: float) -> Any:
        late = x(t - task.tau)
        return task.beta * late / (1 + late**task.n) - task.gamma * x(t)

    grid = np.concatenate([np.arange(0.0, times[0], 0.1), times])
    return np.asarray(solve(rate, lambda t: task.start, grid)).reshape(-1)[-len(times) :]


def _jitcdde(task: MackeyGlass, times: np.ndarray) -> np.ndarray:
    library = importlib.import_module("jitcdde")
    late = library.y(0, library.t - task.tau)
    rate = task.beta * late / (1 + late**task.n) - task.gamma * library.y(0)
    # It prints where it finds no compiler that it can use.
    with contextlib.redirect_stdout(sys.stderr):
        solver = library.jitcdde([rate])
        solver.constant_past([task.start])
        solver.set_integration_parameters(rtol=1e-10, atol=1e-10)
        solver.step_on_discontinuities()
        return np.array([solver.integrate(t)[0] for t in times])


def raw_files(there: list[str]) -> list[tuple[str, int, int, int, int]]:
    """What becomes of files in which a few bytes were changed, removed or put in.

    A file counts as whole where ours, which checks everything, reads it.
    """
    readers: dict[str, tuple[Callable[[str], Any], str]] = {"ours": (read_raw_file, "InputError")}
    if "spicelib" in there:
        spicelib = importlib.import_module("spicelib")
        readers["spicelib"] = (
            lambda path: spicelib.RawRead(path, dialect="ngspice", verbose=False),
            "SpiceReadException",
        )
    generator = random.Random(1)
    counts: dict[str, Counter[str]] = {by: Counter() for by in readers}
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "damaged.raw"))
        for _ in range(DAMAGED):
            Path(path).write_bytes(_damaged(generator))
            try:
                read_raw_file(path)
                whole = True
            except InputError:
                whole = False
            for by, (read, own) in readers.items():
                counts[by][_outcome(read, path, own, whole)] += 1
    kinds = ("whole", "refused", "other", "silent")
    return [(by, *(found[kind] for kind in kinds)) for by, found in counts.items()]  # type: ignore[misc]


def _outcome(read: Callable[[str], Any], path: str, own: str, whole: bool) -> str:
    try:
        read(path)
    except Exception as error:
        return "refused" if type(error).__name__ == own else "other"
    return "whole" if whole else "silent"


def _damaged(generator: random.Random) -> bytes:
    values = "".join(f"{k}\t{k / 10}\n\t{k / 20}\n" for k in range(11))
    text = (
        "Title: t\nDate: today\nPlotname: DC transfer characteristic\nFlags: real\n"
        "No. Variables: 2\nNo. Points: 11\nVariables:\n\t0\tv-sweep\tvoltage\n\t1\tv(b)\tvoltage\n"
        f"Values:\n{values}"
    )
    content = bytearray(text.encode())
    for _ in range(generator.randint(1, 3)):
        at = generator.randrange(len(content) - 1)
        match generator.randint(0, 2):
            case 0:
                content[at] = generator.randrange(256)
            case 1:
                del content[at : at + generator.randint(1, 30)]
            case _:
                content[at:at] = bytes(generator.choices(b"0123456789\n\t:x", k=5))
    return bytes(content)


if __name__ == "__main__":
    main()
