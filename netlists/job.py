"""What a worker is asked and what it answers; nothing here needs more than numpy."""

from dataclasses import dataclass
from enum import Enum

import numpy as np


@dataclass(frozen=True)
class Command:
    """A line of ngspice's command language; an analysis makes a plot, an alteration does not."""

    text: str
    makes_plot: bool


@dataclass(frozen=True)
class Job:
    """A deck to load and the commands to run on it, in their order.

    tolerances: ngspice's options, as lines of its command language: the deck's own first, then
    looser and looser ones for analyses that find no solution with them.
    """

    deck: str
    commands: tuple[Command, ...]
    tolerances: tuple[str, ...] = ()


class Outcome(Enum):
    """What became of a job, or of a worker that was to take jobs."""

    READY = "the library is loaded"
    NO_LIBRARY = "the library cannot be loaded"
    READ = "the deck has been read"
    DONE = "all plots are there"
    REFUSED = "ngspice does not take the deck or a command"
    FAILED = "ngspice found no solution"
    CRASHED = "ngspice left through its exit routine during an analysis"


@dataclass(frozen=True)
class JobProgress:
    """How far a job is: ``analyses`` are done, and of the next one this ``share``, 0 to 1."""

    analyses: int
    share: float


@dataclass(frozen=True)
class Reply:
    """The outcome, a plot (vectors by ngspice's names) per analysis, and what ngspice wrote.

    ``alive`` is false where the worker can take no more jobs. ``ignored`` are the parameters of
    models that ngspice does not know. ``loosest`` is the last of the job's tolerances that was
    needed. ``failed`` is the number of the command that failed.
    """

    outcome: Outcome
    plots: tuple[dict[str, np.ndarray], ...] = ()
    lines: tuple[str, ...] = ()
    alive: bool = True
    ignored: tuple[str, ...] = ()
    loosest: int = 0
    failed: int | None = None
