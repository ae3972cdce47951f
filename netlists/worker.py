"""The process in which ngspice runs: takes jobs from a connection until it closes.

Started by :mod:`netlists.worker_process` in a folder of its own, and kept free of heavy imports:
all that it needs is PySpice and numpy.
"""

import os
import shutil
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np

from netlists.child_process import serve_parent
from netlists.job import Job, JobProgress, Outcome, Reply
from netlists.remarks import ignored_parameters
from netlists.shared import LibraryDiedError, QuietNgSpice
from netlists.solving import analyse

# Of what ngspice wrote: enough to tell what went wrong, little enough to send.
_KEPT_LINES = 40
# Seconds between two words on how far a job is.
_GAP = 0.5


def main(descriptor: int, library_path: str) -> None:
    """Load ngspice and answer jobs."""
    folder = os.getcwd()
    # A parent that was killed could not take the folder away.
    serve_parent(lambda: shutil.rmtree(folder, ignore_errors=True))
    connection = Connection(descriptor)
    try:
        ngspice = QuietNgSpice(library_path)
        # With its default of two, processes side by side slow each other down forty times.
        ngspice.execute("set num_threads=1")
    except Exception as error:
        # Whatever it is, it is the parent that has someone to tell.
        lines = (str(error) or repr(error),)
        connection.send(Reply(Outcome.NO_LIBRARY, lines=lines, alive=False))
        return
    connection.send(Reply(Outcome.READY))
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        reply = answer(
            ngspice,
            job,
            lambda: connection.send(Reply(Outcome.READ)),
            _at_most_every(_GAP, connection.send),
        )
        connection.send(reply)
        if not reply.alive:
            return


def _at_most_every(
    pause: float, send: Callable[[JobProgress], None], clock: Callable[[], float] = time.monotonic
) -> Callable[[JobProgress], None]:
    """``send`` for the progress of a job; what comes less than ``pause`` seconds later is left."""
    last = clock()

    def tell(progress: JobProgress) -> None:
        nonlocal last
        now = clock()
        if now - last >= pause:
            last = now
            send(progress)

    return tell


def answer(
    ngspice: QuietNgSpice,
    job: Job,
    is_read: Callable[[], None],
    tell: Callable[[JobProgress], None] = lambda progress: None,
) -> Reply:
    """Run a job and forget it.

    ``is_read`` is called once the deck is loaded, ``tell`` from time to time with how far it is.
    """
    ngspice.clear()
    try:
        ngspice.load(job.deck)
    except LibraryDiedError:
        return Reply(Outcome.REFUSED, lines=_last(ngspice.errors), alive=False)
    is_read()
    try:
        reply = _run(ngspice, job, tell)
        ngspice.execute("destroy all")
        # Circuits add up otherwise: 12 MB a run, and a failed load would leave the one before.
        ngspice.execute("remcirc")
    except LibraryDiedError:
        return Reply(Outcome.CRASHED, lines=_last(ngspice.lines), alive=False)
    return reply


def _run(ngspice: QuietNgSpice, job: Job, tell: Callable[[JobProgress], None]) -> Reply:
    if ngspice.errors:
        # ngspice would go on and simulate something else, or nothing.
        return Reply(Outcome.REFUSED, lines=_last(ngspice.errors))
    said = list(ngspice.lines)
    ignored = ignored_parameters(said)
    plots: list[dict[str, np.ndarray]] = []
    ngspice.on_share = lambda share: tell(JobProgress(len(plots), share))
    loosest = 0
    for number, command in enumerate(job.commands):
        ngspice.clear()
        if not command.makes_plot:
            ngspice.execute(command.text)
            if ngspice.errors:
                return Reply(Outcome.REFUSED, lines=_last([command.text, *ngspice.errors]))
            continue
        outcome, tolerance = analyse(ngspice, job, number, loosest)
        said += ngspice.lines
        if outcome is not Outcome.DONE:
            return Reply(outcome, lines=_last(ngspice.lines), failed=number)
        loosest = max(loosest, tolerance)
        plots.append(ngspice.read_plot(_first_plot(ngspice)))
        # So that what is there after the next analysis is its own.
        ngspice.execute("destroy all")
    return Reply(
        Outcome.DONE, tuple(plots), tuple(said[-_KEPT_LINES:]), ignored=ignored, loosest=loosest
    )


def _first_plot(ngspice: QuietNgSpice) -> str:
    """That of the last analysis: a noise analysis makes two, of which the first is the spectrum."""
    last = str(ngspice.last_plot)
    if not last.startswith("noise"):
        return last
    return min(
        (name for name in ngspice.plot_names if name.startswith("noise")),
        key=lambda name: int(name.removeprefix("noise") or 0),
    )


def _last(lines: list[str]) -> tuple[str, ...]:
    return tuple(line.strip() for line in lines if line.strip())[-_KEPT_LINES:]
