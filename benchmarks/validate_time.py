"""Processor time of `codesign validate`, part by part, and beside another checkout's.

    python -m benchmarks.validate_time [preset:tonic_bursting] [--technology sky130]
        [--repeats 3] [--against FOLDER] [--out FILE]

Seconds of user and system time, of all processes together, with what is measured once (cells,
models) in the cache. A part is medians over the repeats of what it takes when it is run alone:

    imports     Python and the modules of the command
    mapping     design, drawing, parameters of the macromodel
    model       the model and the macromodel in continuous time, and whether a perturbation changes
    it workers     starting ngspice and having it read the circuit
    curves      the I-V curves, without that
    response    the response in time, without that

``whole`` is the command itself. With --against the command also runs in another checkout (`git
worktree add FOLDER COMMIT`, with this interpreter), in turns with this one, so that a busy machine
slows both; the last line is the ratio of the medians. With --out what was measured is also written
as JSON (docs/results/validate_time.json).
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from circuits.technology import conditions_at, load_technology
from codesign.building.circuit import Circuit, circuit_of, mapped_neurons
from codesign.building.source import load_source
from codesign.building.stimuli import stimuli_for
from codesign.validation.validate import DrivenCircuit, expected
from codesign.workbench import WorkbenchSettings
from netlists.accuracy import Accuracy
from netlists.bench import Bench, OperatingPoint
from netlists.engine import Engine
from neuron_model.analysis.rhythm import about_to_change
from neuron_model.atomic import write_atomically

HERE = Path(__file__).resolve().parent.parent


def processor_seconds() -> float:
    """User and system time of this process and of its children that have ended."""
    ours, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return ours.ru_utime + ours.ru_stime + children.ru_utime + children.ru_stime


def seconds_of(part: Callable[[], object]) -> float:
    """Processor time of a call."""
    begin = processor_seconds()
    part()
    return processor_seconds() - begin


def simulate(benches: Sequence[Bench]) -> None:
    """Run them in one worker, which ends with the call, so that its time is known."""
    with Engine(workers=1, timeout=None) as engine:
        engine.map(benches)


def standing(bench: Bench) -> Bench:
    """Of a response, the point that it begins from alone."""
    return replace(bench, analyses=(OperatingPoint(),))


def python(*arguments: str, folder: Path = HERE) -> None:
    """Run this interpreter on the checkout in ``folder``; a status of 1 is a verdict.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(arguments)} in {folder}: {done.stderr[-1000:]}")


def parts(neuron: str, technology_name: str, repeats: int) -> dict[str, float]:
    """Medians in seconds; see the module's own words for what is what."""
    technology, source = load_technology(technology_name), load_source(neuron).only([0])
    drives = stimuli_for(source, None, None)
    with WorkbenchSettings().open() as workbench:

        def mapped() -> Circuit:
            conditions = conditions_at(technology)
            first = mapped_neurons(source, drives, technology, conditions, workbench)
            return circuit_of(first[0], workbench)

        task = DrivenCircuit(mapped(), drives[0])

        def model() -> None:
            report, _ = expected(task, Accuracy.FAST).macromodel
            about_to_change(task.built.predicted, task.drive, report)

        response = task.response(Accuracy.FAST)
        measured: dict[str, Callable[[], object]] = {
            "imports": lambda: python("-c", "import codesign.validation.run_validation"),
            "mapping": mapped,
            "model": model,
            "workers": lambda: simulate([standing(response)]),
            "curves": lambda: simulate([task.curves()]),
            "response": lambda: simulate([response]),
        }
        found = {
            name: statistics.median(seconds_of(part) for _ in range(repeats))
            for name, part in measured.items()
        }
    for name in ("curves", "response"):
        found[name] -= found["workers"]
    return found


def command_seconds(
    neuron: str, technology: str, folders: Sequence[Path], repeats: int
) -> list[list[float]]:
    """Of the command in each checkout, in turns: a list for each."""
    words = ("-m", "codesign", "validate", neuron, "--technology", technology, "--json")
    rounds = [
        [seconds_of(lambda at=at: python(*words, folder=at)) for at in folders]  # type: ignore[misc]
        for _ in range(repeats)
    ]
    return [list(column) for column in zip(*rounds, strict=True)]


def commit_of(folder: Path) -> str:
    """Of the checkout in ``folder``, short."""
    words = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("neuron", nargs="?", default="preset:tonic_bursting")
    parser.add_argument("--technology", default="sky130")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout of this repository")
    parser.add_argument("--out", type=Path, help="also write what was measured, as JSON")
    arguments = parser.parse_args()
    neuron, technology, repeats = arguments.neuron, arguments.technology, arguments.repeats
    folders = [HERE, *([arguments.against.resolve()] if arguments.against else [])]
    for folder in folders:
        # so that what is kept from run to run is there in all of them
        command_seconds(neuron, technology, [folder], 1)
    found = parts(neuron, technology, repeats)
    for name, seconds in found.items():
        print(f"{name:10} {seconds:6.2f} s", flush=True)
    rounds = command_seconds(neuron, technology, folders, repeats)
    whole = [statistics.median(each) for each in rounds]
    print(f"{'whole':10} {whole[0]:6.2f} s")
    record: dict[str, object] = {
        "format": 1,
        "neuron": neuron,
        "technology": technology,
        "parts": found,
        "whole": rounds[0],
    }
    if arguments.against:
        print(f"{'against':10} {whole[1]:6.2f} s")
        print(f"{'ratio':10} {whole[0] / whole[1]:6.2f}")
        record |= {"against": rounds[1], "against_commit": commit_of(folders[1])}
        record["ratio"] = whole[0] / whole[1]
    if arguments.out:
        write_atomically(arguments.out, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
