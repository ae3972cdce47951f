"""A neuron from cold to hot as a study: from what is asked to its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codesign.building.mapped_neuron import MappedNeuron
from codesign.studies.executors.executor import Executor
from codesign.studies.identity import JSON
from codesign.studies.study import Results, Study, complete
from codesign.studies.temperature.ends import RESOLUTION
from codesign.studies.temperature.plan import EndSearch, TemperaturePlan, key
from codesign.studies.temperature.results import Condition, TemperatureResults
from codesign.studies.temperature.task import MACROMODEL, TemperatureTask
from codesign.validation.validate import short_stimulus
from mapping.temperature import BiasLaws
from netlists.accuracy import Accuracy
from netlists.cell_benches import CellBenches
from netlists.cells.characterize import models_for
from neuron_model.analysis.regime_reports import report_from_json
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.rhythm import model_regime
from neuron_model.errors import InputError
from neuron_model.progress import Progress

TEMPERATURES = (-40.0, 27.0, 85.0, 125.0)
"""Degree Celsius: the ends of the industrial and automotive ranges, and where mapping is done."""

_FINEST, _COARSEST = 0.1, 1000.0

PTAT = BiasLaws()
"""Currents and references proportional to absolute temperature."""


@dataclass(frozen=True)
class TemperatureQuestion:
    """What is asked of a neuron.

    temperatures: degree Celsius. laws: of its biases. accuracy: of ngspice; None predicts only.
    resolution: degree Celsius to which the temperatures are found beyond which the regime and the
    rhythm of the model are lost; 0: no others than those of the list are looked at.

    Raises:
        InputError: no temperature, or a resolution that is none.
    """

    temperatures: tuple[float, ...] = TEMPERATURES
    laws: BiasLaws = PTAT
    accuracy: Accuracy | None = None
    resolution: float = RESOLUTION

    def __post_init__(self) -> None:
        if not self.temperatures:
            raise InputError("temperature: name at least one.")
        if self.resolution != 0 and not _FINEST <= self.resolution <= _COARSEST:
            raise InputError(
                f"resolution = {self.resolution:g} °C is not allowed; it must be from {_FINEST:g} "
                f"to {_COARSEST:g}, or 0 to look at the temperatures of the list alone."
            )


def temperature_plan(neuron: MappedNeuron, question: TemperatureQuestion) -> TemperaturePlan:
    """What ``question`` asks of ``neuron``."""
    model = model_regime(neuron.model, neuron.drive)
    search = None
    if question.resolution:
        nominal = neuron.design.conditions.temperature
        search = EndSearch(nominal, neuron.design.time_unit, question.resolution)
    return TemperaturePlan(question.temperatures, model, question.accuracy, search)


def temperature_study(neuron: MappedNeuron, laws: BiasLaws, plan: TemperaturePlan) -> Study:
    """The study of ``neuron``: the corner is that of its conditions, whose temperature does not
    matter.

    Raises:
        MissingDependencyError: no models.
    """
    technology = neuron.technology
    cells = CellBenches(technology, "", neuron.design.conditions.temperature).cells()
    models = models_for(technology, neuron.conditions.corner, cells).content_hash
    task = TemperatureTask(neuron, laws, models)
    return Study("temperature", plan, task, label="over temperature")


def study_temperature(
    neuron: MappedNeuron,
    question: TemperatureQuestion,
    executor: Executor,
    record: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Results, TemperatureResults | None]:
    """How ``neuron`` fires at each temperature; None where a signal stopped it.

    Raises:
        InputError: a temperature at which cells cannot be measured; a record of something else.
        SimulatorError: ngspice failed.
    """
    plan = temperature_plan(neuron, question)
    study = temperature_study(neuron, question.laws, plan)
    conclude = partial(temperature_results, neuron, question.laws, plan)
    return complete(study, conclude, executor, record, progress)


def temperature_results(
    neuron: MappedNeuron,
    laws: BiasLaws,
    plan: TemperaturePlan,
    outcomes: Mapping[str, JSON],
) -> TemperatureResults:
    """What the outcomes of all points say together."""
    design, drive = neuron.design, neuron.drive
    return TemperatureResults(
        name=design.name,
        technology=neuron.technology.name,
        corner=neuron.conditions.corner,
        laws=laws,
        current=short_stimulus(drive.stimulus),
        duration=drive.duration,
        model=plan.model,
        nominal=design.conditions.temperature,
        time_unit=design.time_unit,
        conditions=tuple(_condition(t, outcomes) for t in plan.looked_at(outcomes)),
    )


def _condition(temperature: float, outcomes: Mapping[str, JSON]) -> Condition:
    predicted = outcomes[key(temperature, MACROMODEL)]
    # the tight one is the last word
    taken = next(
        (x for x in (Accuracy.TIGHT, Accuracy.FAST) if key(temperature, x.value) in outcomes), None
    )
    circuit: RegimeReport | None = None
    if taken is not None:
        circuit = report_from_json(outcomes[key(temperature, taken.value)]["report"])
    return Condition(
        temperature=temperature,
        macromodel=report_from_json(predicted["report"]),
        circuit=circuit,
        time_unit=predicted["time_unit"],
        unit_current=predicted["unit_current"],
        unit_voltage=predicted["unit_voltage"],
        accuracy=taken,
    )
