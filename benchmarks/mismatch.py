"""Mismatch: samples predicted against ngspice one by one, and what drawing and altering them costs.

    python -m benchmarks.mismatch [--technology sky130] [--samples 200] [--process]
        [--mismatch-set ordinary] [--folder runs/mismatch]

The neuron is the third published burster (arXiv 1805.05696) with the filters of a circuit. The
folder keeps the design and each sample as soon as it is done: an interrupted run goes on from
there. Times are medians, in seconds of the process that spends them, so that a busy machine does
not count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from circuits.mismatch import device_spreads
from circuits.technology import load_technology, with_mismatch_set
from codesign.building.circuit import design_neuron
from codesign.building.mapped_neuron import MappedNeuron, MonteCarlo
from codesign.pictures.plots import save_figure
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.mismatch.drawn_neuron import DrawnNeuron, draw_neuron
from codesign.studies.mismatch.picture import mismatch_figure
from codesign.studies.mismatch.results import results_to_json
from codesign.studies.mismatch.study import study_mismatch
from codesign.workbench import Workbench, WorkbenchSettings
from mapping.design import read_designs, write_designs
from mapping.mismatch import draw
from mapping.samples import sampled
from netlists.accuracy import Accuracy
from netlists.deck import build_job, command
from netlists.device_names import alterations
from netlists.mismatch_benches import has_factors
from netlists.ngspice_library import find_ngspice_library
from netlists.sample_results import SAMPLES_PER_BENCH
from netlists.shared import QuietNgSpice
from neuron_model.atomic import write_atomically
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import OTA_FILTER
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus

MANY = 10_000


def drawn_burster(
    technology_name: str,
    drawing: MonteCarlo,
    folder: Path,
    workbench: Workbench,
    mismatch_set: str | None = None,
) -> DrawnNeuron:
    """The burster's samples; its design is read from ``folder``, or made and written there."""
    technology = with_mismatch_set(load_technology(technology_name), mismatch_set)
    published = preset("ribar_sepulchre_burster")
    neuron = replace(
        published.parameters, filter_slow=OTA_FILTER, filter_ultraslow=OTA_FILTER, name="burster"
    )
    path = folder / "design.json"
    if path.exists():
        design = read_designs(path)[0]
    else:
        design = design_neuron(neuron, technology, workbench)
        write_designs(path, [design])
    drive = Drive(Stimulus((0.0, 500.0), (-2.4, -1.4)), 11000.0)
    mapped = MappedNeuron(neuron, design, technology, design.conditions, drive)
    return draw_neuron(mapped, workbench, drawing)


def drawing_seconds(drawn: DrawnNeuron, workbench: Workbench, repeats: int = 3) -> float:
    """Median time to draw 10,000 samples and work out their parameters of the macromodel."""
    design, technology = drawn.built.design, drawn.technology
    measured = workbench.cells(technology, drawn.built.conditions)
    sensitivities = workbench.sensitivities(technology, measured)
    spreads, macromodel = device_spreads(design, technology), drawn.built.macromodel

    def once() -> None:
        sampled(macromodel, sensitivities, draw(spreads, MANY, drawn.drawing.seed))

    return _median(once, repeats, time.perf_counter)


def overheads(drawn: DrawnNeuron, repeats: int = 7) -> dict[str, float]:
    """What a sample costs beside its analysis: with the circuit loaded anew, or altered in place.

    Both from the bench to a circuit that is ready in ngspice, in one process.
    """
    benches, technology = drawn.built.benches, drawn.technology
    bench = benches.transient(np.array([0.0]), np.array([0.0]), 1.0)
    ngspice = QuietNgSpice(find_ngspice_library())
    ngspice.execute("set num_threads=1")
    ngspice.load(build_job(bench).deck)
    # ngspice sets a circuit up at its first analysis only
    ngspice.execute("op")

    def reload() -> None:
        ngspice.load(build_job(bench).deck)

    def alter() -> None:
        factors = drawn.draw.current_factor[0] if has_factors(drawn.draw) else None
        steps = alterations(
            benches.circuit.cell,
            technology,
            bench.models,
            bench.instances[0].name,
            drawn.draw.threshold[0],
            factors,
        )
        for step in steps:
            ngspice.clear()
            ngspice.execute(command(step).text)

    times = {"alter": _median(alter, repeats), "reload": _median(reload, repeats)}
    if ngspice.errors:
        raise RuntimeError(f"ngspice refused to alter: {ngspice.errors[0]}")
    return {**times, "ratio": times["reload"] / times["alter"]}


def _median(
    action: Callable[[], None], repeats: int, clock: Callable[[], float] = time.process_time
) -> float:
    samples = []
    for _ in range(repeats):
        begin = clock()
        action()
        samples.append(clock() - begin)
    return statistics.median(samples)


def main() -> None:
    """Measure, print, and write mismatch.json and mismatch.png into the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--technology", default="sky130")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--process", action="store_true", help="draw what whole chips are off by as well"
    )
    parser.add_argument("--mismatch-set", help="of the technology (default: its own choice)")
    parser.add_argument("--folder", type=Path, default=Path("runs/mismatch"))
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    chosen = f"_{arguments.mismatch_set}" if arguments.mismatch_set else ""
    name = f"{arguments.technology}{'_process' * arguments.process}{chosen}"
    folder = arguments.folder / name
    timeout = SAMPLES_PER_BENCH * 600.0
    wanted = MonteCarlo(arguments.samples, arguments.seed, arguments.process)
    settings = WorkbenchSettings(time_limit=timeout)
    with LocalExecutor(arguments.workers, settings, _progress) as executor:
        workbench = executor.tools
        drawn = drawn_burster(
            arguments.technology, wanted, folder, workbench, arguments.mismatch_set
        )
        drawing = drawing_seconds(drawn, workbench)
        record = folder / "samples.jsonl"
        found, outcome = study_mismatch(drawn, executor, Accuracy.AUTO, record, _progress)
    if outcome is None:
        raise SystemExit(found.exit_status)
    save_figure(mismatch_figure(outcome), folder / "mismatch.png")
    document = {
        "draw_10000": drawing,
        "overhead": overheads(drawn),
        **results_to_json(outcome),
    }
    write_atomically(folder / "mismatch.json", json.dumps(document, indent=1))
    del document["outcomes"]
    print(json.dumps(document, indent=2))


def _progress(done: int, total: int, what: str) -> None:
    if done == total or done % 20 == 0:
        print(f"{what} ({done} of {total})", flush=True)


if __name__ == "__main__":
    main()
