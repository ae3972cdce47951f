"""A study: a plan of points, a task that gives each its outcome, a record, and what runs it.

    plan      which points are to be done, given what is known        Plan
    task      a point -> its outcome, and nothing else                Task
    record    outcomes by key, on disk as soon as they are known      codesign.studies.record
    executor  where tasks run: here, on all cores, on a cluster       codesign.studies.executors

A new study is a task, a list of points, and what is made of the outcomes:

    @dataclass(frozen=True)
    class Doubled(Task):
        version: ClassVar[int] = 1
        factor: float

        def __call__(self, point: Point, tools: Workbench) -> JSON:
            return {"double": self.factor * point.values["number"]}

    points = [Point(str(n), {"number": n}) for n in range(20)]
    study = Study("doubling", FinitePlan(points), Doubled(2.0))
    with LocalExecutor(workers=2) as executor:
        results = run(study, executor, Path("doubled.jsonl"))
    results.outcomes["7"]                                   # {"double": 14.0}

Started again with the same file it does what is missing. With a factor of 3.0 the file is refused:
"factor = 3.0, where the record has 2.0".

Where the next points follow from what was found, a plan may be told as a loop, which is handed
what asks for them (:func:`converse`):

    def loop(asked: Asked) -> float:
        (first,) = asked([Point("2", {"number": 2})])
        (second,) = asked([Point("x", {"number": first["double"]})])
        return second["double"]

    results, value = converse(Study("doubling", None, Doubled(2.0)), loop, executor, path)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Protocol, TypeVar

from codesign.studies.failure import Failure, Kind
from codesign.studies.identity import JSON, content
from codesign.studies.record import Record, RecordHead
from codesign.terminal.interruption import Interruption, Stopped, interruption
from neuron_model.errors import InputError, SimulatorError
from neuron_model.progress import Progress
from neuron_model.shown import Shown, counted

if TYPE_CHECKING:
    from codesign.studies.executors.executor import Executor
    from codesign.workbench import Workbench

__all__ = [
    "Asked",
    "Failure",
    "FinitePlan",
    "Known",
    "Plan",
    "Point",
    "Results",
    "Study",
    "Task",
    "complete",
    "converse",
    "has_failed",
    "run",
]

Outcome = TypeVar("Outcome")

Known = Mapping[str, JSON | Failure]
"""Outcomes of points by key, or why there is none."""


def has_failed(known: Known) -> bool:
    """Whether a point has no outcome."""
    return any(isinstance(each, Failure) for each in known.values())


@dataclass(frozen=True)
class Point:
    """One point of a study.

    key: its name in the record; one point, one key, and the same in every run of the study (a
    number, or :func:`codesign.studies.identity.key` of its values). values: what it is, in JSON.
    """

    key: str
    values: Mapping[str, JSON] = field(default_factory=dict)


class Task(Protocol):
    """What is done at a point: a frozen dataclass that can be pickled. Derive from this class.

    It knows nothing of records, progress or pictures. Its fields are all that decides an outcome:
    the record of a study goes by them (:mod:`codesign.studies.identity`), so that what decides
    nothing is declared with ``field(metadata={"identity": False})``. The same task gives the same
    digits at the same point wherever it runs: it draws from seeded generators only, and asks
    ``tools`` for ngspice.

    version: raised by hand whenever it computes something else from the same fields; records of
    before are then refused.
    """

    version: ClassVar[int]

    def prepare(self, tools: Workbench, points: Sequence[Point]) -> Task:
        """The task that goes to the workers; called here, once before these points go out.

        What many points need (measured cells) is found with ``tools``, whose engine has all cores,
        and may travel along in a field that is not part of the identity. It need not do anything,
        and what it cannot find it leaves to the points.
        """
        return self

    def group(self, point: Point) -> Hashable:
        """The same for points of which a process that has done one does the others sooner (what
        they share it found for the first): a worker gets them one after the other as far as no
        other has to wait. None for a point that shares nothing."""
        return None

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """The outcome: what JSON can hold, of a few kB.

        Raises:
            InputError: the point cannot be; that is an outcome as well, and kept with its reason.
            SimulatorError: ngspice failed at it; kept with its reason, and tried again when the
                study is started again.
        """
        ...


class Plan(Protocol):
    """Which points a study has. The same ``known`` gives the same points in the same order."""

    def next(self, known: Known) -> Sequence[Point]:
        """The points that are to be done now; none where the study is done.

        Asked before anything is done, and again when all points of the answer before are known. A
        study that was stopped asks with what its record holds.

        Args:
            known: outcome by key, or why there is none. Of what failed in ngspice or killed its
                workers, only what did in this run: it is tried again in the next.
        """
        ...


@dataclass(frozen=True)
class FinitePlan:
    """These points, each once.

    Raises:
        ValueError: two have the same key.
    """

    points: Sequence[Point]

    def __post_init__(self) -> None:
        if len({point.key for point in self.points}) < len(self.points):
            raise ValueError("two points of a plan have the same key")

    def next(self, known: Known) -> Sequence[Point]:
        """Those that are not known."""
        return [point for point in self.points if point.key not in known]


@dataclass(frozen=True)
class Study:
    """A plan and a task under a name.

    name: in the record and in messages, such as "sweep". identity: what decides outcomes beside
    the fields of the task, by the name that a message calls it (a seed of the plan, the axes).
    label: what progress says, such as "sweeping". expected: how many points it will have, where
    its plan asks for them bit by bit. share: how much of what people count (samples, say) a point
    is, by its key. plan: None where it is told as a loop (:func:`converse`).
    """

    name: str
    plan: Plan | None
    task: Task
    identity: Mapping[str, object] = field(default_factory=dict)
    label: str = ""
    expected: int = 0
    share: Callable[[str], int] = lambda _: 1

    @property
    def head(self) -> RecordHead:
        """What its record begins with.

        Raises:
            TypeError: something in the task or in ``identity`` has no identity.
            ValueError: ``identity`` has the name of a field of the task.
        """
        task: Any = self.task
        own = {f.name: getattr(task, f.name) for f in fields(task) if f.metadata.get("identity", 1)}
        if twice := own.keys() & self.identity.keys():
            raise ValueError(f"identity: {', '.join(sorted(twice))} is a field of the task as well")
        tree = content({**own, **self.identity}, self.name)
        return RecordHead(self.name, self.task.version, tree)


@dataclass(frozen=True, repr=False)
class Results(Shown):
    """What became of a study.

    outcomes: by key, in the order in which they became known; with JSON's types, whether they
    come from the record or not. failures: why a point has none. resumed: how many points the
    record held. planned: points that the plan had asked for so far. done: of these; both as the
    study counts them (:attr:`Study.share`). record: where it is kept. signal: that stopped it; None
    where it is done.
    """

    outcomes: Mapping[str, JSON]
    failures: Mapping[str, Failure]
    resumed: int = 0
    planned: int = 0
    record: Path | None = None
    signal: int | None = None
    done: int = 0

    def _brief(self) -> str:
        failed = f", {counted(len(self.failures), 'failure')}" if self.failures else ""
        return f"{len(self.outcomes)} of {counted(self.planned, 'point')}{failed}"

    @property
    def interrupted(self) -> bool:
        """Whether a signal stopped it before it was done."""
        return self.signal is not None

    def check(self) -> None:
        """For a study that says nothing without all of its points.

        Raises:
            InputError: the first point that cannot be, with its reason.
            SimulatorError: the first one at which ngspice failed, or that killed its workers.
        """
        for key, failure in self.failures.items():
            _raise(failure, f"{key}: ")

    @property
    def exit_status(self) -> int:
        """Of a command that a signal stopped, as a shell says it; 0 where none did."""
        return 0 if self.signal is None else 128 + self.signal


def run(
    study: Study,
    executor: Executor,
    record: Path | None = None,
    progress: Progress | None = None,
    stop: Interruption | None = None,
) -> Results:
    """Do the points of a study that are not known.

    Each outcome is on disk before the next is looked at. SIGINT or SIGTERM ends it at once: points
    that were under way are lost, all that are done are kept, and the results say which signal it
    was (:func:`codesign.studies.arguments.stopped_line` tells how to go on).

    Args:
        study: what is done.
        executor: that is open.
        record: file that keeps outcomes; a study that was stopped goes on from it. None keeps them
            in memory.
        progress: called with (points done, points planned, the study's label).
        stop: of a block that listens to signals already; None listens while this runs. A study
            that is a part of another one's point is given an Interruption of nobody.

    Raises:
        InputError: the record is of something else, in use, or cannot be read or written.
        CodesignError: a task raised another one than InputError or SimulatorError.
    """
    plan = study.plan
    assert plan is not None, "a study that is told as a loop is no plan"

    def loop(asked: Asked) -> None:
        while points := plan.next(asked.known):
            asked.do(points)

    return converse(study, loop, executor, record, progress, stop)[0]


def converse(
    study: Study,
    loop: Callable[[Asked], Outcome],
    executor: Executor,
    record: Path | None = None,
    progress: Progress | None = None,
    stop: Interruption | None = None,
) -> tuple[Results, Outcome | None]:
    """What ``loop`` makes of the points that it asks for, and what became of these.

    Started again, the loop runs anew, and what it asks for is in the record already: the same
    answers have to make it ask for the same.

    Returns:
        The results, and what the loop returned; None where a signal stopped it.

    Raises:
        See :func:`run`, and what the loop raises.
    """
    with ExitStack() as stack:
        stop = stop or stack.enter_context(interruption())
        kept = stack.enter_context(Record.opened(record, study.head))
        asked = Asked(study, executor, kept, progress, stop)
        outcome = None
        try:
            with stop.at_once():
                outcome = loop(asked)
        except Stopped:
            if stop.signal is None:
                raise  # it is the study that this one is a part of
        return asked.results(record), outcome


class Asked:
    """Does the points that it is asked for, of a study that is under way.

    known: outcome by key, or why there is none, of all that were done and of what the record held;
    but not what failed there for reasons outside the point, which is tried again.
    """

    def __init__(
        self,
        study: Study,
        executor: Executor,
        kept: Record,
        progress: Progress | None,
        stop: Interruption,
    ) -> None:
        self._study, self._executor, self._kept = study, executor, kept
        self._progress, self._stop = progress, stop
        self.known = {key: each for key, each in kept.entries.items() if not _again(each)}
        self._resumed = len(self.known)
        self._done = self._planned = sum(map(study.share, self.known))

    def __call__(self, points: Sequence[Point]) -> list[JSON]:
        """The outcomes of ``points``, in their order.

        Raises:
            InputError: one cannot be.
            SimulatorError: ngspice failed at one, or it killed its workers.
        """
        self.do([point for point in points if point.key not in self.known])
        found = [self.known[point.key] for point in points]
        for each in found:
            if isinstance(each, Failure):
                _raise(each)
        return found

    def do(self, points: Sequence[Point]) -> None:
        """What is not known of ``points`` is known then.

        Raises:
            ValueError: one is known, or there twice: a plan that asks so would never be done.
        """
        points = _distinct(points, self.known)
        if not points:
            return
        share = self._study.share
        self._planned = max(
            self._done + sum(share(point.key) for point in points), self._study.expected
        )
        self._tell()
        task = self._study.task.prepare(self._executor.tools, points)
        with closing(self._executor.run(task, points)) as outcomes:
            for point, outcome in outcomes:
                with self._stop.held():
                    self.known[point.key] = self._kept.add(point.key, outcome)
                    self._done += share(point.key)
                    self._tell()
        missing = [point.key for point in points if point.key not in self.known]
        if missing:
            raise RuntimeError(f"the executor lost the points {', '.join(missing)}")

    def results(self, record: Path | None) -> Results:
        """What became of all points so far."""
        return Results(
            outcomes={k: v for k, v in self.known.items() if not isinstance(v, Failure)},
            failures={k: v for k, v in self.known.items() if isinstance(v, Failure)},
            resumed=self._resumed,
            planned=self._planned,
            record=record,
            signal=self._stop.signal,
            done=self._done,
        )

    def _tell(self) -> None:
        if self._progress:
            self._progress(self._done, self._planned, self._study.label or self._study.name)


def complete(
    study: Study,
    conclude: Callable[[Mapping[str, JSON]], Outcome],
    executor: Executor,
    record: Path | None = None,
    progress: Progress | None = None,
    stop: Interruption | None = None,
) -> tuple[Results, Outcome | None]:
    """As :func:`run`, for a study that says nothing without all of its points.

    Returns:
        The results, and what ``conclude`` makes of all outcomes; None where a signal stopped it.

    Raises:
        InputError, SimulatorError: as :func:`run` and, where no signal stopped it,
            :meth:`Results.check`.
    """
    found = run(study, executor, record, progress, stop)
    if found.interrupted:
        return found, None
    found.check()
    return found, conclude(found.outcomes)


def _raise(failure: Failure, where: str = "") -> NoReturn:
    error = InputError if failure.kind is Kind.INPUT else SimulatorError
    raise error(f"{where}{failure.reason}")


def _again(entry: JSON | Failure) -> bool:
    return isinstance(entry, Failure) and entry.again


def _distinct(points: Iterable[Point], known: Mapping[str, object]) -> list[Point]:
    """The points that a plan gave.

    Raises:
        ValueError: one is known, or there twice: such a plan would never be done.
    """
    found: dict[str, Point] = {}
    for point in points:
        if point.key in known or point.key in found:
            raise ValueError(f"the plan asks for the point {point.key!r} twice")
        found[point.key] = point
    # what goes to a worker and what a record could hold is the same
    return [Point(p.key, json.loads(json.dumps(dict(p.values)))) for p in found.values()]
