"""Macromodels against ngspice on random neurons: regimes, spike counts, intervals, power.

    python -m benchmarks.macromodel [--technology sky130 generic] [--corner tt ff ss]
        [--neurons 40] [--seed 0] [--folder runs/macromodel] [--recorded]
        [--accuracy tight | auto | fast] [--workers N] [--cluster ADDRESS|FILE|local]

How neurons are drawn stands in ``benchmarks/macromodel/neurons.py``. They are mapped at the nominal
corner and simulated at each of the corners, 27 °C. Neurons that fire otherwise by the macromodel
when the current is perturbed are at a boundary, and have a table of their own. The folder keeps
what became known of each neuron at once (records of before this was a study are brought up to
date): a run that was stopped resumes from there, and ngspice is not asked again when only
macromodels have changed; with --recorded it is not asked at all, and neurons that the folder does
not know are left out. The folder gets table.md, table.json and intervals.png.

With --accuracy auto neurons are simulated fast, and tight where the verdict hangs on it; those
whose tight simulation the folder holds from a run before are compared with it, verdict by verdict.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from benchmarks.macromodel.comparison import (
    Comparison,
    by_accuracy,
    by_margin,
    document,
    line,
    tables,
)
from benchmarks.macromodel.plots import figure
from benchmarks.macromodel.record import bring_up_to_date
from benchmarks.macromodel.study import FiringTask, compared, drawn_neurons, firing_study
from circuits.technology import load_technology
from codesign.pictures.plots import save_figure
from codesign.studies.arguments import add_executor, stopped, studied
from codesign.studies.study import converse
from codesign.workbench import WorkbenchSettings
from mapping.conditions import NOMINAL_TEMPERATURE, Conditions
from netlists.accuracy import Accuracy
from neuron_model.atomic import write_atomically

_TIMEOUT = 1200.0


def main() -> int:
    """Compare, print each neuron and the table, and write table and picture; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--technology", nargs="+", default=["sky130", "generic"])
    parser.add_argument("--corner", nargs="+", default=["tt", "ff", "ss"])
    parser.add_argument("--neurons", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recorded", action="store_true")
    parser.add_argument("--accuracy", choices=list(Accuracy), default=Accuracy.TIGHT, type=Accuracy)
    parser.add_argument("--folder", type=Path, default=Path("runs/macromodel"))
    add_executor(parser)
    arguments = parser.parse_args()
    arguments.program, arguments.words = "python -m benchmarks.macromodel", tuple(sys.argv[1:])
    groups: dict[tuple[str, str], list[Comparison]] = {}
    settings = WorkbenchSettings(timeout=_TIMEOUT)
    with studied(arguments, "drawing neurons", settings) as (executor, progress):
        for name in arguments.technology:
            technology = load_technology(name)
            every = range(arguments.neurons)
            neurons = drawn_neurons(technology, executor.tools, arguments.seed, every)
            for corner in arguments.corner:
                measured = executor.tools.cells(technology, Conditions(corner, NOMINAL_TEMPERATURE))
                task = FiringTask(technology.name, corner, technology, measured, neurons)
                study = firing_study(task)
                record = arguments.folder / f"{technology.name}_{corner}.jsonl"
                bring_up_to_date(record, study.head)
                loop = partial(
                    compared, task, accuracy=arguments.accuracy, recorded=arguments.recorded
                )
                results, found = converse(study, loop, executor, record, progress)
                if found is None:
                    return stopped(arguments, results)
                groups[technology.name, corner] = found
                for number, one in enumerate(found, 1):
                    where = f"{technology.name} {corner} {number}/{len(every)}"
                    print(f"{where}: {line(one)}", flush=True)
    names = {f"{name}, {corner}": found for (name, corner), found in groups.items()}
    table = tables(names)
    if arguments.accuracy is not Accuracy.TIGHT:
        table += "\n" + by_accuracy(names)
    table += "\n" + by_margin([one for found in groups.values() for one in found])
    print(table)
    write_atomically(arguments.folder / "table.md", table)
    write_atomically(arguments.folder / "table.json", json.dumps(document(names), indent=1))
    save_figure(figure(groups), arguments.folder / "intervals.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
