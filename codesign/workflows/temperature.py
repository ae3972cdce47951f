"""A neuron from cold to hot: cells measured at each temperature, biases by their law."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from circuits.technology import Technology
from codesign.close_calls import sample_close_calls
from codesign.temperature_study import Condition, TemperatureStudy
from codesign.workflows.characterize import characterize
from codesign.workflows.circuit import BuiltNeuron, assemble
from codesign.workflows.rhythm import model_regime
from codesign.workflows.validate import REPEATING, circuit_regime, short_stimulus
from mapping.design import NeuronDesign
from mapping.temperature import BiasLaws, design_at
from netlists.accuracy import FAST_ERROR, Accuracy
from netlists.bench import Bench
from netlists.engine import Engine
from netlists.neuron_benches import response
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters
from neuron_model.progress import Progress

TEMPERATURES = (-40.0, 27.0, 85.0, 125.0)
"""Degree Celsius: the ends of the industrial and automotive ranges, and where mapping is done."""

PTAT = BiasLaws()
"""Currents and references proportional to absolute temperature."""


def study(
    parameters: NeuronParameters,
    design: NeuronDesign,
    technology: Technology,
    engine: Engine,
    drive: Drive,
    temperatures: Sequence[float] = TEMPERATURES,
    laws: BiasLaws = PTAT,
    in_ngspice: bool = False,
    progress: Progress | None = None,
    accuracy: Accuracy = Accuracy.AUTO,
) -> TemperatureStudy:
    """How ``design`` fires at each of ``temperatures`` (degree Celsius), predicted and in ngspice.

    The drive is in units of the neuron's own current there, as it comes from other cells with the
    same biases. With the accuracy AUTO a temperature is simulated again with tight tolerances where
    the fast ones leave a doubt (:func:`codesign.close_calls.sample_close_calls`).

    Raises:
        InputError: no temperature, or one at which cells cannot be measured.
        SimulatorError: ngspice failed.
    """
    if not temperatures:
        raise InputError("temperature: name at least one.")
    nominal = characterize(technology, design.corner, design.temperature, engine, progress)
    chips: list[BuiltNeuron] = []
    for temperature in temperatures:
        there = characterize(technology, design.corner, temperature, engine, progress)
        chips.append(
            assemble(parameters, design_at(design, laws, nominal, there), technology, there)
        )
    model = model_regime(parameters[0], drive)
    as_built = [model_regime(chip.as_built, drive) for chip in chips]
    circuits: list[RegimeReport | None] = [None] * len(chips)
    taken: list[Accuracy | None] = [None] * len(chips)

    def simulate(which: Sequence[int], accurately: Accuracy, what: str) -> None:
        def count(done: int, total: int) -> None:
            if progress:
                progress(done, total, what)

        benches = [_bench(chips[i], drive, accurately) for i in which]
        for i, result in zip(which, engine.map(benches, progress=count), strict=True):
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
        corner=design.corner,
        laws=laws,
        current=short_stimulus(drive.stimulus),
        duration=drive.duration,
        model=model,
        nominal=design.temperature,
        time_unit=design.time_unit,
        conditions=tuple(
            Condition(
                temperature=chip.temperature,
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


def _bench(chip: BuiltNeuron, drive: Drive, accuracy: Accuracy) -> Bench:
    times, values = np.array(drive.stimulus.times), np.array(drive.stimulus.values)
    return chip.benches.at(accuracy).transient(times, values, drive.duration)
