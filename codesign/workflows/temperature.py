"""A neuron from cold to hot: cells measured at each temperature, biases by their law."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from circuits.technology import Technology
from codesign.temperature_study import Condition, TemperatureStudy
from codesign.workflows.characterize import Progress, characterize
from codesign.workflows.circuit import BuiltNeuron, assemble
from codesign.workflows.rhythm import model_regime
from codesign.workflows.source import Drive
from codesign.workflows.validate import circuit_regime, short_stimulus
from mapping.design import NeuronDesign
from mapping.temperature import BiasLaws, design_at
from netlists.bench import Bench
from netlists.engine import Engine
from netlists.neuron_benches import response
from neuron_model.errors import InputError
from neuron_model.parameters import NeuronParameters
from neuron_model.regimes import RegimeReport

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
) -> TemperatureStudy:
    """How ``design`` fires at each of ``temperatures`` (degree Celsius), predicted and in ngspice.

    The drive is in units of the neuron's own current there, as it comes from other cells with the
    same biases.

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
    circuits: list[RegimeReport | None] = [None] * len(chips)
    if in_ngspice:
        done = 0

        def count(*_: object) -> None:
            nonlocal done
            done += 1
            if progress:
                progress(done, len(chips), "simulating in ngspice")

        results = engine.map([_bench(chip, drive) for chip in chips], progress=count)
        runs = [response(result, c.design) for result, c in zip(results, chips, strict=True)]
        circuits = [
            circuit_regime(chip, run, drive.onset) for chip, run in zip(chips, runs, strict=True)
        ]
    return TemperatureStudy(
        name=design.name,
        technology=technology.name,
        corner=design.corner,
        laws=laws,
        current=short_stimulus(drive.stimulus),
        duration=drive.duration,
        wanted=model_regime(parameters[0], drive).regime,
        nominal=design.temperature,
        conditions=tuple(
            Condition(
                temperature=chip.temperature,
                as_built=model_regime(chip.as_built, drive),
                circuit=circuit,
                time_unit=chip.design.time_unit,
                unit_current=chip.design.unit_current,
                unit_voltage=chip.design.unit_voltage,
            )
            for chip, circuit in zip(chips, circuits, strict=True)
        ),
    )


def _bench(chip: BuiltNeuron, drive: Drive) -> Bench:
    times, values = np.array(drive.stimulus.times), np.array(drive.stimulus.values)
    return chip.benches.transient(times, values, drive.duration)
