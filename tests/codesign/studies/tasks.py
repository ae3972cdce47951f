"""Tasks that compute next to nothing, for tests of studies; some fail, die or wait."""

import os
import signal
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from codesign.studies.identity import JSON
from codesign.studies.study import Failure, FinitePlan, Point, Study, Task
from codesign.workbench import Workbench
from neuron_model.errors import InputError, MissingDependencyError, SimulatorError

OUTSIDE = {"identity": False}


@dataclass(frozen=True)
class Scaled(Task):
    """number -> factor * number.

    folder: each call leaves a file there; a "deadly" point kills its process as long as there are
    fewer than ``deaths`` of its files.
    """

    version: ClassVar[int] = 1
    factor: float = 2.0
    folder: str = field(default="", metadata=OUTSIDE)
    deaths: int = field(default=1, metadata=OUTSIDE)
    sent_along: str = field(default="", metadata=OUTSIDE)

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        calls = self._counted(point)
        match point.values.get("what"):
            case "does not fit":
                raise InputError(f"point {point.key} does not fit.")
            case "fails":
                raise SimulatorError(f"ngspice failed at {point.key}.")
            case "missing":
                raise MissingDependencyError("there is no ngspice.")
            case "wrong":
                raise ZeroDivisionError("a fault of the task")
            case "deadly" if calls <= self.deaths:
                os.kill(os.getpid(), signal.SIGKILL)
            case "stops":
                os.kill(os.getpid(), signal.SIGTERM)
            case "waits":
                signal.pause()
            case "tells":
                tools.progress(1, 3, f"measuring for {point.key}")
        number = float(point.values["number"])
        return {"scaled": self.factor * number, "third": (number / 3.0,), "along": self.sent_along}

    def _counted(self, point: Point) -> int:
        if not self.folder:
            return 0
        before = len(calls_of(Path(self.folder), point.key))
        Path(self.folder, f"{point.key}_{before}_{os.getpid()}").touch()
        return before + 1


@dataclass(frozen=True)
class Prepared(Scaled):
    """What is found beforehand travels along."""

    def prepare(self, tools: Workbench, points: Sequence[Point]) -> Task:
        """Which points there are."""
        return replace(self, sent_along=" ".join(point.key for point in points))


@dataclass(frozen=True)
class Grouped(Scaled):
    """``size`` points each share what they need."""

    size: int = field(default=10, metadata=OUTSIDE)

    def group(self, point: Point) -> Hashable:
        """By its number."""
        return int(point.values["number"]) // self.size


@dataclass(frozen=True)
class Doubling:
    """An adaptive plan: 1, and twice the last outcome until it is above ``most``."""

    most: float = 20.0

    def next(self, known: Mapping[str, JSON | Failure]) -> Sequence[Point]:
        """One after the other."""
        last, number = 1.0, 0
        while str(number) in known:
            last, number = known[str(number)]["scaled"], number + 1  # type: ignore[index,call-overload]
        return [] if last > self.most else [Point(str(number), {"number": last})]


def points(count: int = 6, **what: str) -> list[Point]:
    """0 to ``count`` - 1; what: something special about some of them (p3="fails")."""
    special = {key.removeprefix("p"): {"what": value} for key, value in what.items()}
    return [Point(str(n), {"number": n, **special.get(str(n), {})}) for n in range(count)]


def study(count: int = 6, task: Task | None = None, **what: str) -> Study:
    """Of those points."""
    return Study("scaling", FinitePlan(points(count, **what)), task or Scaled())


def calls_of(folder: Path, key: str) -> list[Path]:
    """A file for each time that a point was begun."""
    return list(folder.glob(f"{key}_*"))


def processes_of(folder: Path, numbers: Iterable[int]) -> set[str]:
    """That began these points."""
    return {c.name.split("_")[2] for number in numbers for c in calls_of(folder, str(number))}
