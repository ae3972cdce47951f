"""What ngspice's tolerances cost and give: spikes of one response with each, beside tight ones.

    python -m benchmarks.tolerances [--neurons preset:tonic_bursting generic:ff:4]
        [--technology sky130] [--out docs/results/tolerances.json]

A neuron is a preset or a neuron file, on the technology at its nominal corner, or
TECHNOLOGY:CORNER:INDEX, a random neuron of ``benchmarks.macromodel``; 27 °C. Processor time is that
of the process in which ngspice runs, its start included.
"""

from __future__ import annotations

import argparse
import json
import resource
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks.macromodel.study import FiringTask, drawn_neurons
from circuits.technology import conditions_at, load_technology
from codesign.building.circuit import Circuit, circuit_of, mapped_neurons
from codesign.building.source import load_source
from codesign.building.stimuli import stimuli_for
from codesign.validation.validate import circuit_regime
from codesign.workbench import Workbench, WorkbenchSettings
from mapping.conditions import NOMINAL_TEMPERATURE, Conditions
from netlists.accuracy import Accuracy
from netlists.engine import Engine
from netlists.neuron_benches import response
from neuron_model.atomic import write_atomically
from neuron_model.model.drive import Drive

SETTINGS: Mapping[str, tuple[Accuracy, Mapping[str, float]]] = MappingProxyType(
    {
        "tight": (Accuracy.TIGHT, {}),
        "fast": (Accuracy.FAST, {}),
        "fast, trtol 3e-4": (Accuracy.FAST, {"trtol": 3e-4}),
        "fast, trtol 5e-4": (Accuracy.FAST, {"trtol": 5e-4}),
        "fast, chgtol 3e-12": (Accuracy.FAST, {"chgtol": 3e-12}),
        "fast, reltol 3e-4": (Accuracy.FAST, {"reltol": 3e-4}),
    }
)
"""Accuracy, and the options that are other ones; the first is what the others stand beside."""

_TIMEOUT = 1200.0


def measured(
    built: Circuit, drive: Drive, accuracy: Accuracy, options: Mapping[str, float]
) -> dict[str, Any]:
    """Points, processor seconds, spikes, the last of them and the median ISI, units of time."""
    stimulus = drive.stimulus
    bench = built.benches.at(accuracy).transient(
        np.array(stimulus.times), np.array(stimulus.values), drive.duration
    )
    before = _children()
    with Engine(workers=1, timeout=_TIMEOUT) as engine:
        result = engine.run(replace(bench, options={**bench.options, **options}))
    seconds = _children() - before
    run = response(result, built.design)
    report = circuit_regime(built, run, drive.onset)
    return {
        "points": len(run.time),
        "seconds": round(seconds, 2),
        "spikes": report.spike_count,
        "last_spike": report.spike_times[-1] if report.spike_times else None,
        "isi": report.interspike_interval,
    }


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def circuits(
    names: list[str], technology_name: str, tools: Workbench
) -> Iterator[tuple[str, Circuit, Drive]]:
    """Each neuron, on which technology and at which corner, and what drives it."""
    for name in names:
        if name.count(":") == 2:
            at, corner, index = name.split(":")
            technology = load_technology(at)
            (one,) = drawn_neurons(technology, tools, 0, [int(index)])
            cells = tools.cells(technology, Conditions(corner, NOMINAL_TEMPERATURE))
            task = FiringTask(technology.name, corner, technology, cells, (one,))
            yield f"{one.parameters.name}, {at}, {corner}", task.circuit(one), one.drive
            continue
        technology = load_technology(technology_name)
        conditions = conditions_at(technology)
        source = load_source(name).only([0])
        (drive,) = stimuli_for(source, None, None)
        (mapped,) = mapped_neurons(source, (drive,), technology, conditions, tools)
        label = f"{source.neurons[0].name}, {technology.name}, {conditions.corner}"
        yield label, circuit_of(mapped, tools), drive


def table(rows: list[dict[str, Any]]) -> str:
    """In Markdown; errors and ratios beside the neuron's tight simulation."""
    lines = [
        "| neuron | tolerances | points | processor time | last spike | median ISI |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        (tight,) = [r for r in rows if r["neuron"] == row["neuron"] and r["tolerances"] == "tight"]
        same = row["spikes"] == tight["spikes"]
        cells = (
            row["neuron"],
            row["tolerances"],
            row["points"],
            f"{row['seconds'] / tight['seconds']:.2f}",
            _error(row["last_spike"], tight["last_spike"]) if same else "another number",
            _error(row["isi"], tight["isi"]),
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def _error(value: float | None, reference: float | None) -> str:
    return "-" if not value or not reference else f"{100 * (value / reference - 1):+.3f} %"


def main() -> None:
    """Measure, print the table, and write the record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--neurons", nargs="+", default=["preset:tonic_bursting"])
    parser.add_argument("--technology", default="sky130")
    parser.add_argument("--out", type=Path, help="a file of JSON that keeps what was measured")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with WorkbenchSettings(workers=1).open() as tools:
        for name, built, drive in circuits(options.neurons, options.technology, tools):
            for tolerances, (accuracy, changed) in SETTINGS.items():
                found = measured(built, drive, accuracy, changed)
                rows.append({"neuron": name, "tolerances": tolerances, **found})
                print(table(rows).splitlines()[-1], flush=True)
    if options.out:
        write_atomically(options.out, json.dumps(rows, indent=1) + "\n")
    print(f"\n{table(rows)}", end="")


if __name__ == "__main__":
    main()
