"""What the command lines of all studies have in common: where points are done, and how to go on.

add_executor(parser)                                     --workers, --cluster
add_record(parser)                                       --out
with studied(arguments, "sweeping", settings) as (executor, progress):
    results = run(study, executor, record, progress)
if results.interrupted:
    return stopped(arguments, results)                   says how to go on; 128 + signal
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesign.terminal.parser import section

if TYPE_CHECKING:
    from codesign.studies.executors.executor import Executor
    from codesign.studies.study import Results
    from codesign.terminal.console import StepProgress
    from codesign.workbench import WorkbenchSettings


def add_executor(parser: argparse.ArgumentParser) -> None:
    """Where the points of a study are done."""
    group = section(parser, "study")
    group.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        help="processes that do the points (default: one for each core)",
    )
    group.add_argument(
        "--cluster",
        metavar="ADDRESS|FILE|local",
        help="do the points on a cluster of Dask: the address of its scheduler (tcp://...), a TOML "
        "file that says how workers are started under SLURM, LSF or PBS, or local for one that is "
        "started here",
    )


def _count(text: str) -> int:
    """
    Raises:
        argparse.ArgumentTypeError: no whole number above 0.
    """
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is not allowed; it must be at least 1.")
    return int(text)


def add_record(parser: argparse.ArgumentParser) -> None:
    """The file that keeps the points of a study."""
    section(parser, "output").add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        help="record of all points (JSON lines): a study that was stopped resumes from it",
    )


@contextlib.contextmanager
def studied(
    arguments: argparse.Namespace, what: str, settings: WorkbenchSettings | None = None
) -> Iterator[tuple[Executor, StepProgress]]:
    """The executor that :func:`add_executor` was asked for, and progress on standard error.

    Args:
        arguments: of the command.
        what: is done, for people, until a study says it better.
        settings: of each workbench; the command's ``--time-limit`` if not given.

    Raises:
        InputError, MissingDependencyError: as
            :func:`codesign.studies.executors.choice.chosen_executor`.
    """
    from codesign.studies.executors.choice import chosen_executor
    from codesign.terminal.console import step_progress
    from codesign.workbench import WorkbenchSettings

    settings = settings or WorkbenchSettings(time_limit=getattr(arguments, "time_limit", None))
    with (
        step_progress(what) as progress,
        chosen_executor(
            arguments.workers, arguments.cluster, settings, progress, progress.watch
        ) as executor,
    ):
        yield executor, progress


def show(arguments: argparse.Namespace, study: str, outcome: object) -> None:
    """An outcome as the command line asks: its picture in a file, and a JSON document or tables.

    study: its folder, whose ``picture``, ``results`` and ``table`` have what makes them.
    """

    def of(module: str, name: str) -> Any:
        # what draws takes long to import: not unless it is asked for
        return getattr(import_module(f"{__package__}.{study}.{module}"), name)

    if arguments.plot is not None:
        from codesign.pictures.plots import save_figure

        save_figure(of("picture", f"{study}_figure")(outcome), arguments.plot)
    if arguments.json:
        from codesign.terminal.console import print_json

        print_json(of("results", "results_to_json")(outcome))
    else:
        of("table", "print_results")(outcome)


def stopped(arguments: argparse.Namespace, results: Results) -> int:
    """Say in one line what a signal left of a study; returns the command's exit status."""
    from codesign.terminal.console import note

    program = getattr(arguments, "program", "codesign")
    note(stopped_line(results, getattr(arguments, "words", ()), program))
    return results.exit_status


def stopped_line(results: Results, words: tuple[str, ...] = (), program: str = "codesign") -> str:
    """What a signal left, and the command line that goes on; ``words``: of the one that began."""
    from signal import Signals

    name = Signals(results.signal or 0).name if results.signal else "a signal"
    said = f"stopped by {name} after {results.done} of {results.planned} points"
    if results.record is None:
        return f"{said}, of which nothing was kept: give a file or folder that keeps them (--out)."
    command = command_again(words, program)
    if results.done == 0:
        return f"stopped by {name} before a point was done; the same command begins again{command}"
    return f"{said}; {results.record} has them, and the same command resumes{command}"


def command_again(words: tuple[str, ...], program: str = "codesign") -> str:
    """``": codesign sweep x.toml"``: what resumes the command that ``words`` began, for a line that
    says that there is such a command; nothing where they are not known."""
    again = [word for word in words if word != "--restart"]
    return f": {program} {shlex.join(again)}" if again else ""
