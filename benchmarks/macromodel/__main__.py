"""Macromodels against ngspice on random neurons: regimes, spike counts, intervals, power.

    python -m benchmarks.macromodel [--technology sky130 generic] [--corner tt ff ss]
        [--neurons 40] [--seed 0] [--folder runs/macromodel] [--recorded]
        [--accuracy tight | auto | fast]

How neurons are drawn stands in ``benchmarks/macromodel/neurons.py``. They are mapped at the nominal
corner and simulated at each of the corners, 27 degC. Neurons that fire otherwise by the macromodel
when the current is perturbed are at a boundary, and have a table of their own. The folder keeps
what became known of each neuron at once: an interrupted run goes on from there, and ngspice is not
asked again when only macromodels have changed; with --recorded it is not asked at all, and neurons
that the folder does not know are left out. The folder gets table.md, table.json and intervals.png.

With --accuracy auto neurons are simulated fast, and tight where the verdict hangs on it; those
whose tight simulation the folder holds from a run before are compared with it, verdict by verdict.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.macromodel.comparison import (
    Comparison,
    by_accuracy,
    by_margin,
    document,
    line,
    tables,
)
from benchmarks.macromodel.neurons import RandomNeuron, random_neuron
from benchmarks.macromodel.plots import figure
from benchmarks.macromodel.record import CIRCUIT, MACROMODEL, Finding, Record, fingerprints
from circuits.technology import Technology, load_technology, nominal_corner
from codesign.building.circuit import (
    Circuit,
    assemble,
    default_choices,
)
from codesign.cells.characterize import characterize
from codesign.pictures.plots import save_figure
from codesign.validation.close_calls import firing_close_calls
from codesign.validation.rhythm import at_boundary, model_regime, perturbations
from codesign.validation.validate import circuit_regime, supply
from mapping.characteristics import CellCharacteristics
from mapping.conditions import NOMINAL_TEMPERATURE, Conditions
from mapping.design import NeuronDesign
from mapping.estimates import static_power
from mapping.mapper import map_neuron
from netlists.accuracy import FAST_ERROR, Accuracy
from netlists.engine import Engine
from netlists.neuron_benches import response
from neuron_model.atomic import write_atomically
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters

_TIMEOUT = 1200.0


@dataclass(frozen=True)
class Draw:
    """The random neurons of one technology."""

    technology: Technology
    engine: Engine
    seed: int

    def neuron(self, index: int) -> RandomNeuron:
        """Neuron ``index``, mapped at the nominal corner."""
        measured = self.measured(nominal_corner(self.technology))

        def design(parameters: NeuronParameters, capacitance: float) -> NeuronDesign:
            choices = replace(default_choices(self.technology), membrane_capacitance=capacitance)
            return map_neuron(parameters, measured, self.technology.limits, choices)

        return random_neuron(self.seed, index, design)

    def measured(self, corner: str) -> CellCharacteristics:
        """The technology's characteristics at ``corner``, 27 degC."""
        return characterize(self.technology, Conditions(corner, NOMINAL_TEMPERATURE), self.engine)


def compare(
    draw: Draw,
    corner: str,
    indices: range,
    record: Record,
    recorded: bool = False,
    accuracy: Accuracy = Accuracy.TIGHT,
) -> Iterator[Comparison]:
    """Each neuron at ``corner``, from the record or found out; those ``recorded`` alone, or all."""
    measured = draw.measured(corner)
    for index in indices:
        one = draw.neuron(index)
        built = assemble(one.parameters, one.design, draw.technology, measured)
        circuits = {each: _at(built, each) for each in (Accuracy.FAST, Accuracy.TIGHT)}
        marks = {each: fingerprints(it, one.drive)[CIRCUIT] for each, it in circuits.items()}
        predict = partial(predicted, built)
        if recorded and record.get(marks[accuracy.first]) is None:
            continue
        macromodel = known(record, built, MACROMODEL, one.drive, predict)
        nearby = tuple(
            known(record, built, MACROMODEL, drive, predict).report
            for drive in perturbations(built.predicted, one.drive).values()
        )
        model = model_regime(one.parameters, one.drive)

        taken, circuit = accuracy.first, _asked(record, circuits[accuracy.first], draw, one.drive)
        close = firing_close_calls(model, macromodel.report, circuit.report, False, FAST_ERROR)
        if accuracy.repeats and (any(close) or at_boundary(macromodel.report, nearby)):
            taken = Accuracy.TIGHT
            circuit = _asked(record, circuits[taken], draw, one.drive)
        yield Comparison(
            one.parameters.name,
            macromodel,
            circuit,
            one.drive,
            one.design.time_unit,
            nearby,
            model,
            taken,
            None if accuracy is Accuracy.TIGHT else record.get(marks[Accuracy.TIGHT]),
        )


def _asked(record: Record, built: Circuit, draw: Draw, drive: Drive) -> Finding:
    """What ngspice says, or said."""
    return known(record, built, CIRCUIT, drive, partial(simulated, built, draw.engine))


def _at(built: Circuit, accuracy: Accuracy) -> Circuit:
    return replace(built, benches=built.benches.at(accuracy))


def known(
    record: Record, built: Circuit, kind: str, drive: Drive, find: Callable[[Drive], Finding]
) -> Finding:
    """From the record, or found and kept there."""
    mark = fingerprints(built, drive)[kind]
    finding = record.get(mark)
    if finding is None:
        finding = find(drive)
        record.add(kind, built.parameters.name, mark, finding)
    return finding


def predicted(built: Circuit, drive: Drive) -> Finding:
    """What parameters of the macromodel say."""
    power = static_power(built.macromodel)
    return Finding(model_regime(built.predicted, drive), power, power)


def simulated(built: Circuit, engine: Engine, drive: Drive) -> Finding:
    """What ngspice says."""
    stimulus = drive.stimulus
    bench = built.benches.transient(
        np.array(stimulus.times), np.array(stimulus.values), drive.duration
    )
    run = response(engine.run(bench), built.design)
    report = circuit_regime(built, run, drive.onset)
    drawn = supply(built, run, report, drive)
    return Finding(report, drawn.static_power, drawn.mean_power)


def main() -> None:
    """Compare, print each neuron and the table, and write table and picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--technology", nargs="+", default=["sky130", "generic"])
    parser.add_argument("--corner", nargs="+", default=["tt", "ff", "ss"])
    parser.add_argument("--neurons", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recorded", action="store_true")
    parser.add_argument("--accuracy", choices=list(Accuracy), default=Accuracy.TIGHT, type=Accuracy)
    parser.add_argument("--folder", type=Path, default=Path("runs/macromodel"))
    arguments = parser.parse_args()
    groups: dict[tuple[str, str], list[Comparison]] = {}
    with Engine(workers=1, timeout=_TIMEOUT) as engine:
        for name in arguments.technology:
            draw = Draw(load_technology(name), engine, arguments.seed)
            for corner in arguments.corner:
                record = Record(arguments.folder / f"{draw.technology.name}_{corner}.jsonl")
                found = groups[draw.technology.name, corner] = []
                every = range(arguments.neurons)
                found_here = compare(
                    draw, corner, every, record, arguments.recorded, arguments.accuracy
                )
                for one in found_here:
                    found.append(one)
                    where = f"{draw.technology.name} {corner} {len(found)}/{len(every)}"
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


if __name__ == "__main__":
    main()
