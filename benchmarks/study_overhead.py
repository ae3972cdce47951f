"""What running a study on several processes gives and costs.

    python -m benchmarks.study_overhead [--json] [--only throughput|overhead|killed]

Throughput: twenty macromodel points of examples/modulation.toml, on one worker and on two; starting
the workers is part of it, and no run knows what another has found. Overhead: points that compute
nothing, here, on two workers of this machine and on a cluster of Dask with two, each outcome
on disk before the next is looked at; and what it takes to start the workers. A killed worker: a
sweep of 200 points, one of two workers killed in the middle. From the overhead follows what a
million points cost on a thousand cores: whoever hands out points and keeps outcomes is one process.

Times are wall-clock seconds, so that they hold where nothing else runs; the load of the machine
before each is printed beside it. A run that goes before all others (``chrt --rr 1 python ...``, by
root) measures on a busy machine nearly what an idle one would show; but two processors may be two
threads of one core, of which each is slower where both are busy. So
the sweep also runs twice at once, in two processes that share nothing: more than that the machine
does not give. Of the throughput processor time is printed as well: the parent's, and that of the
workers, of which each has a half if both are busy all the time.
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
from multiprocessing import get_context
from pathlib import Path
from statistics import median
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
_GAINS = Axis("alpha.sm2", (0.6, 0.8, 1.0, 1.2))
_TWENTY_POINTS = {
    "designs": (Axis("i_bias", (-0.4, -0.2, 0.0, 0.2, 0.4)), _GAINS),
    "temperatures": (Axis("temperature", (0.0, 27.0, 40.0, 60.0, 85.0)), _GAINS),
}
"""Twenty points that are a design each; and four designs at five temperatures, of which each is
mapped once, and its model simulated once, by the process that has all of its points."""
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


def throughput(repeats: int = 3) -> dict[str, Any]:
    """Seconds for twenty macromodel points on one worker and on two, of each of two sweeps."""
    return {name: _throughput(axes, repeats) for name, axes in _TWENTY_POINTS.items()}


def _throughput(axes: tuple[Axis, ...], repeats: int) -> dict[str, Any]:
    """In turn, so that a machine that is slow for a while is slow for all."""
    plan = plan_sweep(replace(read_sweep_configuration(EXAMPLE), axes=axes))
    study = sweep_study(plan)
    assert study.plan is not None
    with SerialExecutor() as warm:
        study.task.prepare(warm.tools, study.plan.next({}))  # cells are in the cache from now on
    load = os.getloadavg()[0]
    pairs, side_by_side = [], []
    for _ in range(repeats):
        pairs.append([_started(_timed_sweep, plan, workers)() for workers in (1, 2)])
        side_by_side.append(_two_alone(plan))
    return {
        "points": len(plan.points),
        "load": load,
        "workers_1": [one.entries for one, _ in pairs],
        "workers_2": [two.entries for _, two in pairs],
        "two_alone": side_by_side,
        "times_as_fast": median(one.seconds / two.seconds for one, two in pairs),
        "machine_gives": median(
            2 * one.seconds / alone for (one, _), alone in zip(pairs, side_by_side, strict=True)
        ),
        "times_by_processor": median(
            (one.parent + one.workers) / (two.parent + two.workers / 2) for one, two in pairs
        ),
        "same_table": len({run.table for pair in pairs for run in pair}) == 1,
    }


@dataclass(frozen=True)
class _Timed:
    """A sweep: seconds of the wall clock, processor seconds of the parent and of the workers."""

    seconds: float
    parent: float
    workers: float
    table: str

    @property
    def entries(self) -> dict[str, float]:
        """In JSON."""
        return {"seconds": self.seconds, "parent": self.parent, "workers": self.workers}


def _timed_sweep(plan: SweepPlan, workers: int) -> _Timed:
    study = sweep_study(plan)
    begin, before = time.perf_counter(), _processor_time()
    with record() as path, LocalExecutor(workers) as executor:
        results = whole(study, executor, path)
    seconds = time.perf_counter() - begin
    parent, there = (now - b for now, b in zip(_processor_time(), before, strict=True))
    return _Timed(seconds, parent, there, csv_text(sweep_results(plan, results)))


def _two_alone(plan: SweepPlan) -> float:
    """Seconds for the whole sweep twice at once, by two processes that share nothing: what two
    processors of this machine do together, whoever hands out the points."""
    begin = time.perf_counter()
    for wait in [_started(_timed_sweep, plan, 1) for _ in "12"]:
        wait()
    return time.perf_counter() - begin


def _started(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Begin ``function`` in a copy of this process: what it finds and keeps is known to no other
    run. What is returned waits for its result."""
    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=lambda: theirs.send(function(*arguments)))
    process.start()
    theirs.close()

    def result() -> Any:
        try:
            found = ours.recv()
        except EOFError:
            process.join()
            raise SystemExit(process.exitcode or 1) from None
        process.join()
        return found

    return result


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
    lines = [f"{os.cpu_count()} cores"]
    for name, fast in found["throughput"].items():
        seconds = [median(run["seconds"] for run in fast[f"workers_{n}"]) for n in (1, 2)]
        lines += [
            f"{fast['points']} macromodel points of {EXAMPLE.name}, {name} and gains (load before: "
            f"{fast['load']:.1f})",
            f"  1 worker:  {seconds[0]:6.1f} s",
            f"  2 workers: {seconds[1]:6.1f} s, {fast['times_as_fast']:.2f} times as fast (medians "
            f"of {len(fast['workers_1'])}, in turn), "
            + ("the same table" if fast["same_table"] else "ANOTHER TABLE"),
            f"  by processor time, if both are busy: {fast['times_by_processor']:.2f} times",
            f"  two sweeps at once, sharing nothing: {fast['machine_gives']:.2f} times the points",
        ]
    lines.append(f"overhead of an empty point, of {EMPTY_POINTS}")
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
    parser.add_argument("--only", choices=_PARTS, help="measure that alone, in JSON")
    arguments = parser.parse_args()
    if arguments.only is not None:
        print(json.dumps(_PARTS[arguments.only](), indent=1))
        return
    found = {name: measure() for name, measure in _PARTS.items()}
    print(json.dumps(found, indent=1) if arguments.json else text(found))


_PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "throughput": throughput,
    "overhead": lambda: {name: overhead(make) for name, make in executors().items()},
    "killed": lambda: {
        "local": killed(executors()["local, 2 workers"], kill_local),
        "dask local": killed(executors()["dask local, 2 workers"], kill_dask),
    },
}


if __name__ == "__main__":
    main()
