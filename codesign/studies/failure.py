"""Why a point of a study has no outcome."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from neuron_model.errors import InputError, SimulatorError


class Kind(StrEnum):
    """What went wrong at a point."""

    INPUT = "input"
    """It cannot be: a circuit that does not fit, a value that is not allowed."""
    SIMULATOR = "simulator"
    """ngspice failed."""
    KILLED = "killed"
    """Every worker that took it up died; it was set aside."""


class NotOfThePoint(Exception):
    """Raised by a task around an InputError or SimulatorError that is to end the study: of a file
    that all points share, say."""

    def __init__(self, error: InputError | SimulatorError) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True)
class Failure:
    """A point without outcome: what kind of failure, and the reason as one sentence."""

    kind: Kind
    reason: str

    @property
    def again(self) -> bool:
        """Whether the next start of the study tries it again: all but what cannot be."""
        return self.kind is not Kind.INPUT

    @staticmethod
    def of(error: InputError | SimulatorError) -> Failure:
        """What a task raised."""
        kind = Kind.INPUT if isinstance(error, InputError) else Kind.SIMULATOR
        return Failure(kind, str(error))
