"""Benches in, waveforms out: ngspice in worker processes, each with one circuit at a time."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Self

from netlists.bench import Alteration, Bench, DCSweep, Transient
from netlists.deck import build_job
from netlists.errors import (
    ConvergenceError,
    EngineDiedError,
    NetlistError,
    ReadingTimeout,
    SimulationTimeout,
)
from netlists.job import JobProgress, Outcome, Reply
from netlists.ngspice_library import find_ngspice_library
from netlists.remarks import broken_off, complaints
from netlists.safe_text import check_number, clean_comment
from netlists.underway import Underway, default_limit
from netlists.waveforms import Waveforms, from_plot
from netlists.worker_process import WorkerProcess
from neuron_model.errors import InputError, MissingDependencyError, SimulatorError
from neuron_model.shown import Shown

# A worker starts in a third of a second where nothing else runs.
_START_TIMEOUT = 60.0
# What models and cells there are is read in well below a second. A megabyte takes some ten.
_READING_TIMEOUT = 30.0
_READING_SPEED = 3e4  # characters a second


@dataclass(frozen=True, repr=False)
class Result(Shown):
    """Waveforms per analysis, in the bench's order (alterations give none), and ngspice's log.

    ``ignored``: the parameters of models that ngspice does not know and left out. ``loosened``: by
    how many orders of magnitude an analysis without a solution had its tolerances loosened.
    """

    waveforms: tuple[Waveforms, ...]
    log: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    loosened: int = 0

    def _brief(self) -> str:
        return "; ".join(waveforms._brief() for waveforms in self.waveforms[:2])

    def __getitem__(self, index: int) -> Waveforms:
        return self.waveforms[index]

    def __len__(self) -> int:
        return len(self.waveforms)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What ngspice warned of."""
        return tuple(line for line in self.log if line.lower().startswith("warning"))


@dataclass
class _Assignment:
    """A bench that a worker is at, when it must be through with what it does now, and how far
    it is."""

    index: int
    bench: Bench
    deadline: float
    limit: float
    reading: bool = False
    progress: JobProgress = JobProgress(0, 0.0)

    @property
    def underway(self) -> Underway:
        """In words that need no worker."""
        seconds = self.limit - (self.deadline - time.monotonic())
        done, share = self.progress.analyses, self.progress.share
        return Underway(self.bench, done, share, max(0.0, seconds), self.limit)

    def allow(self, seconds: float, reading: bool = False) -> None:
        """From now on it may take this long."""
        self.limit, self.deadline = seconds, time.monotonic() + seconds
        self.reading = reading


class Engine:
    """Runs benches in at most ``workers`` processes (a core each, unless told).

    A bench that takes longer than ``timeout`` seconds is stopped, and so is one whose circuit takes
    longer than ``reading`` seconds (and more for a long one) to read. With the timeout None, the
    default, a bench may take :func:`netlists.underway.default_limit` of it. ``time_limit`` is that
    of benches that are about a neuron, instead: cells are measured in any case. While ngspice is at
    a transient analysis ``watch`` is called a few times a second with how far it is. Workers start
    when they are needed and stay until the engine is closed; a worker that ngspice left unusable is
    replaced. One thread at a time may use an engine.

        with Engine() as engine:
            result = engine.run(bench)
            voltage = result[0]["v(m)"]
    """

    def __init__(
        self,
        workers: int | None = None,
        timeout: float | None = None,
        reading: float = _READING_TIMEOUT,
        watch: Callable[[Underway], None] | None = None,
        time_limit: float | None = None,
    ) -> None:
        if workers is not None and workers < 1:
            raise InputError(f"The engine is to have {workers} workers; it must be at least 1.")
        self.workers = workers or os.cpu_count() or 1
        if timeout is not None:
            check_number(timeout, "The time-out of the engine in seconds", above=0.0)
        if time_limit is not None:
            check_number(time_limit, "The time limit of a simulation in seconds", above=0.0)
        self.timeout = timeout
        self.time_limit = time_limit
        self.watch = watch
        self.reading = check_number(reading, "The time-out of reading in seconds", above=0.0)
        self._library_path: str | None = None
        self._idle: list[WorkerProcess] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers."""
        while self._idle:
            self._idle.pop().kill()

    def run(self, bench: Bench) -> Result:
        """Simulate one bench.

        Raises:
            NetlistError: ngspice does not take the circuit, or a saved vector is not in it.
            ConvergenceError: ngspice found no solution.
            SimulationTimeout: it took longer than the engine's time-out.
            EngineDiedError: ngspice crashed.
            MissingDependencyError: there is no ngspice library that can be loaded.
        """
        return self.map([bench])[0]

    def map(
        self,
        benches: Iterable[Bench],
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Result]:
        """Simulate many benches side by side; results in their order.

        ``progress`` is called with how many are done and how many there are. The first failure
        (in their order) is raised and the rest left. Raises as :meth:`run`.
        """
        benches = list(benches)
        results = []
        for outcome in self.attempt(benches):
            if isinstance(outcome, SimulatorError):
                raise outcome
            results.append(outcome)
            if progress is not None:
                progress(len(results), len(benches))
        return results

    def attempt(self, benches: Iterable[Bench]) -> Iterator[Result | SimulatorError]:
        """As :meth:`map`, result by result, with failures returned in their places."""
        waiting = deque(enumerate(benches))
        outcomes: dict[int, Result | SimulatorError] = {}
        busy: dict[WorkerProcess, _Assignment] = {}
        try:
            for index in range(len(waiting)):
                while index not in outcomes:
                    while waiting and len(busy) < self.workers:
                        self._assign(busy, *waiting.popleft())
                    for worker in _with_news(busy):
                        self._listen(worker, busy, waiting, outcomes)
                    _stop_late(busy, outcomes)
                yield outcomes.pop(index)
        finally:
            # Left early, by an error or because the caller wants no more.
            for worker in busy:
                worker.kill()

    def _limit(self, bench: Bench) -> float:
        if bench.subject is not None and self.time_limit is not None:
            return self.time_limit
        return default_limit(bench) if self.timeout is None else self.timeout

    def _assign(
        self, busy: dict[WorkerProcess, _Assignment], index: int, bench: Bench, fresh: bool = False
    ) -> None:
        if self._idle and not fresh:
            worker = self._idle.pop()
            busy[worker] = _Assignment(index, bench, 0.0, 0.0)
            self._send(worker, busy[worker])
        else:
            if self._library_path is None:
                self._library_path = find_ngspice_library()
            worker = WorkerProcess(self._library_path)
            deadline = time.monotonic() + _START_TIMEOUT
            busy[worker] = _Assignment(index, bench, deadline, _START_TIMEOUT)

    def _send(self, worker: WorkerProcess, assignment: _Assignment) -> None:
        job = build_job(assignment.bench)
        assignment.allow(self.reading + len(job.deck) / _READING_SPEED, reading=True)
        worker.send(job)

    def _listen(
        self,
        worker: WorkerProcess,
        busy: dict[WorkerProcess, _Assignment],
        waiting: deque[tuple[int, Bench]],
        outcomes: dict[int, Result | SimulatorError],
    ) -> None:
        assignment = busy[worker]
        bench = assignment.bench
        reply = worker.receive()
        if isinstance(reply, JobProgress):
            assignment.progress = reply
            if self.watch is not None:
                self.watch(assignment.underway)
            return
        if reply is not None and reply.outcome is Outcome.READY:
            self._send(worker, assignment)
            return
        if reply is not None and reply.outcome is Outcome.READ:
            assignment.allow(self._limit(bench))
            return
        if reply is not None and reply.alive:
            del busy[worker]
            self._idle.append(worker)
            outcomes[assignment.index] = _judge(bench, reply)
            return
        del busy[worker]
        last_words = worker.end()
        if reply is not None and reply.outcome is Outcome.NO_LIBRARY:
            raise MissingDependencyError(
                f"The ngspice library {self._library_path} cannot be loaded "
                f"({_joined(reply.lines)}); set NGSPICE_LIBRARY_PATH to one that can."
            )
        if worker.jobs_taken > 1:
            # It may be the benches before that it died of: once more, in a worker of its own.
            self._assign(busy, assignment.index, bench, fresh=True)
        elif reply is not None:
            outcomes[assignment.index] = _judge(bench, reply)
        else:
            outcomes[assignment.index] = EngineDiedError(
                f"ngspice died of the bench {bench.title!r} ({last_words}); if it was "
                "killed, the machine may be short of memory, else simplify the circuit."
            )


def _with_news(busy: dict[WorkerProcess, _Assignment]) -> list[WorkerProcess]:
    """The workers that have something to say, waiting for one until the next deadline."""
    patience = min(assignment.deadline for assignment in busy.values()) - time.monotonic()
    ready = wait([worker.connection for worker in busy], timeout=max(0.0, patience))
    return [worker for worker in busy if worker.connection in ready]


def _stop_late(
    busy: dict[WorkerProcess, _Assignment], outcomes: dict[int, Result | SimulatorError]
) -> None:
    now = time.monotonic()
    for worker in [worker for worker, assignment in busy.items() if assignment.deadline < now]:
        assignment = busy.pop(worker)
        worker.kill()
        if assignment.reading:
            outcomes[assignment.index] = ReadingTimeout(
                f"ngspice was stopped {assignment.limit:.3g} s after it began to read the circuit "
                f"of {assignment.bench.title!r}, which takes it a fraction of a second where all "
                "is well: there is something in the models or cells on which its reader never ends."
            )
            continue
        outcomes[assignment.index] = SimulationTimeout(_too_late(assignment.underway))


def _too_late(found: Underway) -> str:
    reached = found.simulated and f", at {found.simulated}"
    stopped = f"{found.bench.title!r} was stopped after {found.limit:g} s{reached}"
    if found.bench.subject is None:
        return f"The simulation of {stopped}; allow it more time, or make it shorter."
    return (
        f"The simulation of {stopped}; allow it more time (--time-limit), make it shorter "
        "(--duration) or less exact (--accuracy fast)."
    )


def _judge(bench: Bench, reply: Reply) -> Result | SimulatorError:
    what = complaints(reply.lines)
    match reply.outcome:
        case Outcome.REFUSED:
            return NetlistError(
                f"ngspice does not take the circuit {bench.title!r} ({_joined(what)}); "
                "correct the cell, the model or the test bench that it names."
            )
        case Outcome.FAILED if (stopped := broken_off(reply.lines)) is not None:
            trouble = f" (trouble with {stopped[1]})" if stopped[1] else ""
            return ConvergenceError(
                f"ngspice came to a stop at {stopped[0]:.3g} s on its way through {bench.title!r}, "
                f"from where it finds no next step{trouble}."
            )
        case Outcome.FAILED:
            return ConvergenceError(
                f"ngspice found no solution for {bench.title!r}{_at(bench, reply.failed)}, also "
                "with gmin and source stepping and with tolerances up to a thousand times looser "
                f"({_joined(what)}); check that every node has a path to the supply and every "
                "bias its value."
            )
        case Outcome.CRASHED:
            return EngineDiedError(
                f"ngspice gave up on {bench.title!r} ({_joined(what)}); "
                "simplify the circuit or the bench."
            )
    waveforms = tuple(from_plot(plot) for plot in reply.plots)
    return _incomplete(bench, waveforms) or Result(
        waveforms, reply.lines, reply.ignored, reply.loosest
    )


def _at(bench: Bench, failed: int | None) -> str:
    """At which values of its sources a bench's analysis failed, as words."""
    if failed is None:
        return ""
    sources = {source.name.lower(): source for source in bench.sources}
    values: dict[str, str] = {}
    for step in bench.analyses[:failed]:
        if isinstance(step, Alteration) and step.parameter == "dc" and step.device in sources:
            unit = "A" if step.device[0].lower() == "i" else "V"
            values[step.device] = f"{step.device} = {step.value:.3g} {unit}"
    step = bench.analyses[failed]
    if isinstance(step, DCSweep):
        values.pop(step.source, None)
        values["sweep"] = f"{step.source} from {step.start:.3g} to {step.stop:.3g}"
    return f" at {', '.join(values.values())}" if values else ""


def _incomplete(bench: Bench, waveforms: tuple[Waveforms, ...]) -> SimulatorError | None:
    """What is missing from waveforms that ngspice called complete."""
    for step, waveform in zip(bench.waveform_steps, waveforms, strict=True):
        missing = [name for name in bench.save if name != "all" and name not in waveform]
        if missing:
            return NetlistError(
                f"ngspice has no {', '.join(missing)} in {bench.title!r}; save what is there: "
                f"{', '.join(waveform)}."
            )
        short = (isinstance(step, Transient) and waveform.axis[-1] < step.end * (1.0 - 1e-9)) or (
            isinstance(step, DCSweep) and len(waveform) < step.points
        )
        if short:
            return ConvergenceError(
                f"ngspice stopped at {waveform.axis[-1]:g} in {bench.title!r}, before the "
                "analysis was through: there is no solution beyond."
            )
    return None


def _joined(lines: Sequence[str]) -> str:
    """The last few lines as one."""
    return "; ".join(clean_comment(line) for line in lines[-4:])[:400]
