"""What running a study on several processes gives and costs.

    python -m benchmarks.study_overhead [--json] [--throughput]

Throughput: twenty macromodel points of examples/modulation.toml, on one worker and on two; starting
the workers is part of it. Overhead: points that compute nothing, here, on two workers of this
machine and on a cluster of Dask with two workers, each outcome on disk before the next is looked
at; and what it takes to start the workers. A killed worker: a sweep of 200 points, one of two
workers killed in the middle. From the overhead follows what a million points cost on a thousand
cores: whoever hands out points and keeps outcomes is one process.

Times are wall-clock seconds, so that they hold where nothing else runs; the load of the machine
before each is printed beside it. Of the throughput processor time is told as well, which holds on a
busy machine: the parent's, and that of the workers, of which each has a half if both are busy all
the time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from codesign.studies.executors.dask import LOCAL, DaskExecutor
from codesign.studies.executors.executor import Executor
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.executors.serial import SerialExecutor
from codesign.studies.identity import JSON
from codesign.studies.study import FinitePlan, Point, Results, Study, Task, run
from codesign.studies.sweep.axes import Axis
from codesign.studies.sweep.configuration import SweepConfiguration, read_sweep_configuration
from codesign.studies.sweep.files import csv_text
from codesign.studies.sweep.plan import SweepPlan, plan_sweep
from codesign.studies.sweep.study import sweep_results, sweep_study
from codesign.workbench import Workbench
from neuron_model.progress import Progress

EXAMPLE = Path(__file__).parents[1] / "examples" / "modulation.toml"
EMPTY_POINTS = 1000
KILLED_POINTS = (20, 10)
"""Currents and gains of the sweep in which a worker is killed."""
_SHORT = 1500.0  # model time of its points


@dataclass(frozen=True)
class Nothing(Task):
    """Computes nothing."""

    version: ClassVar[int] = 1

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """The point's number."""
        return {"number": point.values["number"]}


@contextlib.contextmanager
def record() -> Iterator[Path]:
    """A file that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder, "points.jsonl")


def executors() -> dict[str, Callable[[], Executor]]:
    """Those that are compared, by what they are called."""
    return {
        "serial": SerialExecutor,
        "local, 2 workers": lambda: LocalExecutor(2),
        "dask local, 2 workers": lambda: DaskExecutor(LOCAL, 2),
    }


def whole(
    study: Study, executor: Executor, path: Path | None = None, progress: Progress | None = None
) -> Results:
    """All points of a study; a signal that stops it ends the benchmark as well, since a table of
    some of the points compares nothing."""
    results = run(study, executor, path, progress)
    if results.interrupted:
        raise SystemExit(results.exit_status)
    return results


def throughput() -> dict[str, Any]:
    """Seconds for twenty macromodel points on one and on two workers."""
    example = read_sweep_configuration(EXAMPLE)
    current, gain = example.axes
    axes = Axis(current.name, current.values[1:6]), Axis(gain.name, gain.values[:4])
    plan = plan_sweep(replace(example, axes=axes))
    study = sweep_study(plan)
    assert study.plan is not None
    with SerialExecutor() as warm:
        study.task.prepare(warm.tools, study.plan.next({}))  # cells are in the cache from now on
    found: dict[str, Any] = {"points": len(plan.points), "load": os.getloadavg()[0]}
    tables = []
    for workers in (1, 2):
        begin, before = time.perf_counter(), _processor_time()
        with record() as path, LocalExecutor(workers) as executor:
            results = whole(study, executor, path)
        found[f"workers_{workers}"] = time.perf_counter() - begin
        here, there = (now - b for now, b in zip(_processor_time(), before, strict=True))
        found[f"processor_{workers}"] = {"parent": here, "workers": there}
        tables.append(csv_text(sweep_results(plan, results)))
    found["times_as_fast"] = found["workers_1"] / found["workers_2"]
    path_of_two = found["processor_2"]["parent"] + found["processor_2"]["workers"] / 2
    found["times_by_processor"] = sum(found["processor_1"].values()) / path_of_two
    found["same_table"] = tables[0] == tables[1]
    return found


def _processor_time() -> tuple[float, float]:
    """Seconds of this process, and of those that it started and that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time(), ended.ru_utime + ended.ru_stime


def overhead(make: Callable[[], Executor]) -> dict[str, float]:
    """Seconds to start workers, and for each empty point after that."""
    load = os.getloadavg()[0]
    begin = time.perf_counter()
    with record() as path, make() as executor:
        whole(_empty(2, "start"), executor)
        started = time.perf_counter()
        whole(_empty(EMPTY_POINTS, "all"), executor, path)
        done = time.perf_counter()
    return {"load": load, "start": started - begin, "point": (done - started) / EMPTY_POINTS}


def _empty(count: int, name: str) -> Study:
    points = [Point(str(number), {"number": number}) for number in range(count)]
    return Study(name, FinitePlan(points), Nothing())


def killed(make: Callable[[], Executor], kill: Callable[[Any], None]) -> dict[str, Any]:
    """A sweep in which ``kill`` is called with the executor once half of its points are done."""
    plan = _small_plan()
    study, count = sweep_study(plan), len(plan.points)
    with SerialExecutor() as serial:
        alone = csv_text(sweep_results(plan, whole(study, serial)))
    with record() as path, make() as executor:

        def watch(done: int, _total: int, _what: str, /) -> None:
            if done == count // 2:
                kill(executor)

        results = whole(study, executor, path, watch)
        lines = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    keys = [line["key"] for line in lines]
    return {
        "points": count,
        "lost": count - len(set(keys)),
        "twice": len(keys) - len(set(keys)),
        "failures": len(results.failures),
        "same_table": csv_text(sweep_results(plan, results)) == alone,
    }


def _small_plan() -> SweepPlan:
    example = read_sweep_configuration(EXAMPLE)
    currents, gains = KILLED_POINTS
    axes = (
        Axis("i_bias", tuple(0.05 * n - 0.5 for n in range(currents))),
        Axis("alpha.sm2", tuple(0.6 + 0.08 * n for n in range(gains))),
    )
    small: SweepConfiguration = replace(example, axes=axes, duration=_SHORT)
    return plan_sweep(small)


def kill_local(executor: LocalExecutor) -> None:
    """One of its workers."""
    os.kill(executor.process_ids[0], signal.SIGKILL)


def kill_dask(executor: DaskExecutor) -> None:
    """One of the cluster's workers."""
    os.kill(next(iter(executor.client.run(os.getpid).values())), signal.SIGKILL)


def text(found: dict[str, Any]) -> str:
    """All of it in words."""
    fast = found["throughput"]
    lines = [
        f"{os.cpu_count()} cores",
        f"{fast['points']} macromodel points of {EXAMPLE.name} (load before: {fast['load']:.1f})",
        f"  1 worker:  {fast['workers_1']:6.1f} s",
        f"  2 workers: {fast['workers_2']:6.1f} s, {fast['times_as_fast']:.2f} times as fast, "
        + ("the same table" if fast["same_table"] else "ANOTHER TABLE"),
        f"  processor time: {sum(fast['processor_1'].values()):.1f} s with 1 worker; with 2, "
        f"{fast['processor_2']['parent']:.1f} s of the parent and "
        f"{fast['processor_2']['workers']:.1f} s of both workers: "
        f"{fast['times_by_processor']:.2f} times as fast if both are busy",
        f"overhead of an empty point, of {EMPTY_POINTS}",
    ]
    for name, each in found["overhead"].items():
        lines.append(
            f"  {name + ':':23}{1e3 * each['point']:6.2f} ms, workers start in "
            f"{each['start']:4.1f} s (load before: {each['load']:.1f})"
        )
    lines.append("a worker of two is killed in the middle of a sweep")
    for name, each in found["killed"].items():
        same = "the same table" if each["same_table"] else "ANOTHER TABLE"
        lines.append(
            f"  {name}: {each['points']} points, {each['lost']} lost, {each['twice']} twice in the "
            f"record, {each['failures']} failed, {same} as in one process"
        )
    point = found["overhead"]["dask local, 2 workers"]["point"]
    hours = 1e6 * point / 3600
    lines.append(
        f"a million points by that overhead: {hours:.1f} h of the one process that hands them out "
        f"and keeps them; a thousand cores are busy with points of {1e3 * point:.0f} s and longer"
    )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--throughput", action="store_true", help="measure that alone")
    arguments = parser.parse_args()
    if arguments.throughput:
        print(json.dumps(throughput(), indent=2))
        return
    made = executors()
    found = {
        "throughput": throughput(),
        "overhead": {name: overhead(make) for name, make in made.items()},
        "killed": {
            "local": killed(made["local, 2 workers"], kill_local),
            "dask local": killed(made["dask local, 2 workers"], kill_dask),
        },
    }
    print(json.dumps(found, indent=2) if arguments.json else text(found))


if __name__ == "__main__":
    main()
