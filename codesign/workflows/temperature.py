"""A neuron from cold to hot: cells measured at each temperature, biases by their law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from codesign.close_calls import sample_close_calls
from codesign.mapped_neuron import MappedNeuron
from codesign.temperature_study import Condition, TemperatureStudy
from codesign.workbench import Workbench
from codesign.workflows.circuit import Circuit, assemble
from codesign.workflows.rhythm import model_regime
from codesign.workflows.validate import REPEATING, circuit_regime, short_stimulus
from mapping.temperature import BiasLaws, design_at
from netlists.accuracy import FAST_ERROR, Accuracy
from netlists.bench import Bench
from netlists.neuron_benches import response
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive

TEMPERATURES = (-40.0, 27.0, 85.0, 125.0)
"""Degree Celsius: the ends of the industrial and automotive ranges, and where mapping is done."""

PTAT = BiasLaws()
"""Currents and references proportional to absolute temperature."""


def study(
    neuron: MappedNeuron,
    workbench: Workbench,
    temperatures: Sequence[float] = TEMPERATURES,
    laws: BiasLaws = PTAT,
    in_ngspice: bool = False,
    accuracy: Accuracy = Accuracy.AUTO,
) -> TemperatureStudy:
    """How ``neuron`` fires at each of ``temperatures`` (degree Celsius), predicted and in ngspice.

    The corner is that of the conditions of the neuron; their temperature does not matter.

    The drive is in units of the neuron's own current there, as it comes from other cells with the
    same biases. With the accuracy AUTO a temperature is simulated again with tight tolerances where
    the fast ones leave a doubt (:func:`codesign.close_calls.sample_close_calls`).

    Raises:
        InputError: no temperature, or one at which cells cannot be measured.
        SimulatorError: ngspice failed.
    """
    if not temperatures:
        raise InputError("temperature: name at least one.")
    design, technology, drive = neuron.design, neuron.technology, neuron.drive
    nominal = workbench.cells(technology, design.conditions)
    chips: list[Circuit] = []
    for temperature in temperatures:
        there = workbench.cells(technology, replace(neuron.conditions, temperature=temperature))
        moved = design_at(design, laws, nominal, there)
        chips.append(assemble(neuron.parameters, moved, technology, there))
    model = model_regime(neuron.model, drive)
    as_built = [model_regime(chip.as_built, drive) for chip in chips]
    circuits: list[RegimeReport | None] = [None] * len(chips)
    taken: list[Accuracy | None] = [None] * len(chips)

    def simulate(which: Sequence[int], accurately: Accuracy, what: str) -> None:
        def count(done: int, total: int) -> None:
            workbench.progress(done, total, what)

        benches = [_bench(chips[i], drive, accurately) for i in which]
        for i, result in zip(which, workbench.engine.map(benches, progress=count), strict=True):
            run = response(result, chips[i].design)
            circuits[i] = circuit_regime(chips[i], run, drive.onset)
            taken[i] = accurately

    def hangs(i: int) -> bool:
        found = circuits[i]
        assert found is not None
        return bool(sample_close_calls(model, as_built[i], found, FAST_ERROR))

    if in_ngspice:
        every = range(len(chips))
        simulate(every, accuracy.first, "simulating in ngspice")
        if accuracy.repeats:
            simulate([i for i in every if hangs(i)], Accuracy.TIGHT, REPEATING)
    return TemperatureStudy(
        name=design.name,
        technology=technology.name,
        corner=neuron.conditions.corner,
        laws=laws,
        current=short_stimulus(drive.stimulus),
        duration=drive.duration,
        model=model,
        nominal=design.conditions.temperature,
        time_unit=design.time_unit,
        conditions=tuple(
            Condition(
                temperature=chip.conditions.temperature,
                as_built=as_built[i],
                circuit=circuits[i],
                time_unit=chip.design.time_unit,
                unit_current=chip.design.unit_current,
                unit_voltage=chip.design.unit_voltage,
                accuracy=taken[i],
            )
            for i, chip in enumerate(chips)
        ),
    )


def _bench(chip: Circuit, drive: Drive, accuracy: Accuracy) -> Bench:
    times, values = np.array(drive.stimulus.times), np.array(drive.stimulus.values)
    return chip.benches.at(accuracy).transient(times, values, drive.duration)
