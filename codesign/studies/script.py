"""A study of one's own as a command line: table, picture, record, executors for free.

    def study(tools: Workbench) -> Study: ...
    def table(results: Results) -> Table: ...
    def figure(results: Results) -> Figure: ...

    if __name__ == "__main__":
        sys.exit(study_script(__doc__, study, table, figure))

That takes ``--out FILE`` (a record; started again, the study resumes from it), ``--plot FILE``,
``--json``, ``--workers`` and ``--cluster``, and ends at SIGINT and SIGTERM with what is done kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from codesign.studies.arguments import add_executor, add_record, stopped, studied
from codesign.studies.study import Results, Study, run
from codesign.terminal.arguments import add_plot
from codesign.terminal.console import print_json
from codesign.terminal.parser import CommandParser, section
from codesign.terminal.tables import print_table
from codesign.workbench import Workbench
from neuron_model.errors import CodesignError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Table(NamedTuple):
    """What is printed of a study; with ``--json`` each row is a table of its columns."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def study_script(
    description: str | None,
    study: Callable[[Workbench], Study],
    table: Callable[[Results], Table],
    figure: Callable[[Results], Figure] | None = None,
    words: Sequence[str] | None = None,
) -> int:
    """Run a study from a command line and show what it gives.

    Args:
        description: for ``--help``, such as the module's docstring.
        study: makes it, with a workbench to measure cells with.
        table: of its results.
        figure: of its results, for ``--plot``.
        words: of the command line; the process's own if not given.

    Returns:
        The exit status: 0, 128 + signal where one stopped it, or that of an error, which is told.
    """
    given = sys.argv[1:] if words is None else list(words)
    arguments = _parser(description, figure is not None).parse_args(given)
    arguments.words, arguments.program = tuple(given), f"python {sys.argv[0]}"
    try:
        with studied(arguments, "measuring what the study needs") as (executor, progress):
            made = study(executor.tools)
            results = run(made, executor, arguments.out, progress)
        if results.interrupted:
            return stopped(arguments, results)
        _show(arguments, results, table(results))
        if figure is not None and arguments.plot is not None:
            from codesign.pictures.plots import save_figure

            save_figure(figure(results), arguments.plot)
    except CodesignError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


def _parser(description: str | None, plots: bool) -> argparse.ArgumentParser:
    parser = CommandParser(description=description)
    add_record(parser)
    section(parser, "output").add_argument(
        "--json", action="store_true", help="print one JSON document on standard output"
    )
    if plots:
        add_plot(parser)
    add_executor(parser)
    return parser


def _show(arguments: argparse.Namespace, results: Results, table: Table) -> None:
    failed = {key: each.reason for key, each in results.failures.items()}
    if arguments.json:
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        print_json({"rows": rows, "failures": failed})
        return
    print_table(table.title, table.columns, table.rows)
    for key, reason in failed.items():
        print(f"{key}: {reason}")
