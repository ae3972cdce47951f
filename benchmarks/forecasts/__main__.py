"""Forecasts of six series: MTC, an echo state network of as many units, ridge, the last value.

    python -m benchmarks.forecasts [--series NARMA-10 Lorenz ...] [--neurons 16] [--steps 1500]
        [--seeds 3] [--echo-seeds 5] [--why | --lengths] [--out FOLDER]

NRMSE on the test part in one continuous run, as `codesign train` prints it. MTC networks are the
toolkit's defaults but for the number of steps; the echo state network's sizes (of leak, spectral
radius, input and penalty) are those of a grid that do best on the validation part. --why trains
some series with other settings, one at a time; --lengths for other numbers of steps. FOLDER gets
table.md and table.json (why.md and why.json, lengths.md and lengths.json); what is in them already
is not computed again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.forecasts import lengths, why
from benchmarks.forecasts.rows import Row, row, table, verdict
from benchmarks.forecasts.series import SERIES
from benchmarks.forecasts.table_files import read_entries, write_table


def read_rows(out: Path | None) -> list[Row]:
    """The rows of a folder's table.json; none where there is none."""
    return [
        Row(**entry | {key: tuple(entry[key]) for key in ("echo_state", "mtc")})
        for entry in read_entries(out, "table")
    ]


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.forecasts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--series", nargs="+", default=list(SERIES), choices=list(SERIES))
    parser.add_argument("--neurons", type=int, default=16)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--echo-seeds", type=int, default=5)
    parser.add_argument("--why", action="store_true", help="other settings, one at a time")
    parser.add_argument("--lengths", action="store_true", help="other numbers of steps")
    parser.add_argument("--out", type=Path, help="folder for the tables")
    given = parser.parse_args(words)
    if given.why:
        return why.run(given.neurons, given.out)
    if given.lengths:
        return lengths.run(given.neurons, given.out)
    there = read_rows(given.out)
    rows: list[Row] = []
    for name in given.series:
        wanted = (name, given.neurons, given.steps, given.seeds, given.echo_seeds)
        found = [r for r in there if _of(r) == wanted]
        rows += found[:1] or [row(*wanted[:2], given.seeds, given.echo_seeds, given.steps)]
        print(f"{name}: {rows[-1].seconds:.0f} s", file=sys.stderr, flush=True)
        write_table(given.out, "table", rows, table(rows) + "\n" + verdict(rows))
    print(table(rows) + "\n" + verdict(rows), end="")
    return 0


def _of(one: Row) -> tuple[str, int, int, int, int]:
    return (one.series, one.neurons, one.steps, len(one.mtc), len(one.echo_state))


if __name__ == "__main__":
    sys.exit(main())
