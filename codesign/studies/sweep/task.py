"""A point of a sweep: its neuron is built, and told how it fires and what it costs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from circuits.area import area
from circuits.mismatch import draw_samples
from circuits.neuron import neuron_circuit
from circuits.technology import Technology
from codesign.building.circuit import Circuit, assemble
from codesign.building.mapped_neuron import MappedNeuron, MonteCarlo
from codesign.studies.executors.within import WithinExecutor
from codesign.studies.failure import NotOfThePoint
from codesign.studies.identity import JSON
from codesign.studies.memo import Memo, anew
from codesign.studies.mismatch.drawn_neuron import draw_neuron
from codesign.studies.mismatch.study import study_mismatch
from codesign.studies.sample_reports import sample_reports
from codesign.studies.study import Point, Task
from codesign.studies.sweep.axes import AxisValue
from codesign.studies.sweep.configuration import MismatchSettings
from codesign.studies.sweep.outcome import PointOutcome, SampleOutcome, outcome_to_json
from codesign.studies.sweep.situation import (
    CellSet,
    Situation,
    SweptNeuron,
    design_key,
    situation,
)
from codesign.studies.sweep.variation import bias_laws, varied_choices
from codesign.terminal.interruption import Interruption
from codesign.validation.validate import DrivenCircuit, curve_errors, validate
from codesign.workbench import Workbench
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from mapping.estimates import energy_per_spike, static_power
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.samples import sampled
from mapping.sensitivity import CellSensitivities
from mapping.temperature import design_at
from netlists.accuracy import Accuracy
from netlists.cells.characterize import characterize
from netlists.cells.sensitivities import measure_sensitivities
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.rhythm import model_regime
from neuron_model.analysis.verdicts import timing
from neuron_model.errors import CodesignError, InputError, SimulatorError
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters
from neuron_model.progress import silent

# Sets of cells that travel to the workers; where there are more, they read them from the cache.
_MOST_SENT = 256

Cells = Mapping[tuple[AxisValue, ...], CellCharacteristics | InputError | SimulatorError]
"""What was measured, or why it could not be, by :attr:`CellSet.key`."""

_NOT_SAID = {"identity": False}


@dataclass(frozen=True, eq=False)
class SweepTask(Task):
    """Builds the neuron of a point and tells how it fires.

    neurons, technologies: by what points call them. models: content of the transistor models, by
    technology and corner. backend, seed, mismatch: as in the configuration. accuracy: of ngspice.
    samples_folder: keeps the samples of each point that ngspice simulates; empty for memory.
    """

    version: ClassVar[int] = 1

    neurons: Mapping[str, SweptNeuron]
    technologies: Mapping[str, Technology]
    models: Mapping[str, Mapping[str, str]]
    backend: str = "macromodel"
    seed: int = 0
    mismatch: MismatchSettings = field(default_factory=MismatchSettings)
    accuracy: Accuracy = Accuracy.AUTO
    samples_folder: str = field(default="", metadata=_NOT_SAID)
    cells: Cells = field(default_factory=dict, metadata=_NOT_SAID)
    memo: Memo = field(default_factory=Memo, metadata=_NOT_SAID)

    def prepare(self, tools: Workbench, points: Sequence[Point]) -> Task:
        """The same with measured cells, which take all cores here, or why there are none."""
        found: dict[tuple[AxisValue, ...], CellCharacteristics | InputError | SimulatorError] = {}
        for point in points:
            try:
                asked = situation(self.neurons, self.technologies, point.values)
            except InputError:
                continue  # the point will say so
            for cells in asked.cell_sets:
                try:
                    measured: Any = self._cells(cells, tools)
                    if self.mismatch.samples and cells is asked.cell_sets[-1]:
                        self._sensitivities(asked.operated, measured, tools)
                except (InputError, SimulatorError) as error:
                    measured = anew(error)
                if len(found) < _MOST_SENT:
                    found[cells.key] = measured
        return replace(self, cells=found)

    def group(self, point: Point) -> Hashable:
        """Points of one design: they share its mapping and how the model fires."""
        return design_key(point.values)

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """A :class:`codesign.studies.sweep.outcome.PointOutcome` in JSON."""
        one = self._built(point.values, tools)
        if self.backend == "ngspice":
            several = self.mismatch.samples > 0
            outcome = (
                self._simulated_samples(one, point.key, tools)
                if several
                else self._simulated(one, tools)
            )
        else:
            outcome = self._samples(one, tools) if self.mismatch.samples else self._macromodel(one)
        return outcome_to_json(outcome)

    def _built(self, values: Mapping[str, AxisValue], tools: Workbench) -> _Built:
        asked = situation(self.neurons, self.technologies, values)
        nominal, there = asked.cell_sets
        drawn = self.memo(
            ("design", asked.design_key), lambda: self._mapped(asked, values, nominal, tools)
        )
        measured = self._cells(there, tools)
        applied = design_at(
            Macromodel(drawn, self._cells(nominal, tools)), bias_laws(values), measured
        )
        design = replace(applied, supply=measured.supply)
        wanted = self.memo(
            ("model", asked.design_key), lambda: model_regime(asked.parameters, asked.drive)
        )
        return _Built(asked, drawn, design, measured, wanted)

    def _mapped(
        self, asked: Situation, values: Mapping[str, AxisValue], nominal: CellSet, tools: Workbench
    ) -> NeuronDesign:
        choices = varied_choices(asked.technology, values)
        measured = self._cells(nominal, tools)
        return map_neuron(asked.parameters, measured, asked.technology.limits, choices)

    def _cells(self, cells: CellSet, tools: Workbench) -> CellCharacteristics:
        def measured() -> CellCharacteristics:
            known = self.cells.get(cells.key)
            if isinstance(known, CodesignError):
                raise anew(known)
            return known or characterize(
                cells.technology, cells.conditions, tools.engine, tools.progress
            )

        found: CellCharacteristics = self.memo(("cells", cells.key), measured)
        return found

    def _macromodel(self, one: _Built) -> PointOutcome:
        """By the macromodel, compact or detailed."""
        detailed = self.backend == "macromodel_detail"
        built = one.macromodel.detailed if detailed else one.macromodel.compact
        report = model_regime(built, one.drive)
        power = static_power(one.macromodel)
        energy = energy_per_spike(power, one.seconds, report.spike_count)
        return one.finished((one.sample(report, _errors(built, one.model), energy),), power)

    def _sensitivities(
        self, technology: Technology, measured: CellCharacteristics, tools: Workbench
    ) -> CellSensitivities:
        return measure_sensitivities(technology, measured, tools.engine, tools.progress)

    def _samples(self, one: _Built, tools: Workbench) -> PointOutcome:
        """Macromodel, of the same samples as at every other point."""
        technology, count = one.asked.operated, self.mismatch.samples
        sensitivities = self._sensitivities(technology, one.measured, tools)
        process = self.seed if self.mismatch.process else None
        drawn = draw_samples(one.design, technology, count, self.seed, process)
        parameters = sampled(one.macromodel, sensitivities, drawn)
        power = static_power(one.macromodel)
        samples = []
        reports = sample_reports(parameters, one.drive, float(one.model.u_threshold))
        for index, report in enumerate(reports):
            # those that were run for longer are charged for the time that all were run for
            spikes = sum(t <= one.drive.duration for t in report.spike_times)
            energy = energy_per_spike(power, one.seconds, spikes)
            samples.append(one.sample(report, _errors(parameters[index], one.model), energy))
        return one.finished(tuple(samples), power)

    def _simulated(self, one: _Built, tools: Workbench) -> PointOutcome:
        """In ngspice."""
        task = DrivenCircuit(one.assembled(), one.drive)
        (found,) = validate([task], replace(tools, progress=silent), self.accuracy)
        errors = {c.timescale.value: c.nrmse for c in found.iv}
        power, energy = found.supply.static_power, found.supply.energy_per_spike
        return one.finished((one.sample(found.circuit, errors, energy),), power)

    def _simulated_samples(self, one: _Built, key: str, tools: Workbench) -> PointOutcome:
        """The same samples in ngspice, transistor by transistor; their I-V curves are not swept."""
        record = Path(self.samples_folder, f"point_{key}.jsonl") if self.samples_folder else None
        power = static_power(one.macromodel)
        samples = []
        try:
            drawn = draw_neuron(
                MappedNeuron(
                    one.model, one.design, one.asked.operated, one.measured.conditions, one.drive
                ),
                tools,
                MonteCarlo(self.mismatch.samples, self.seed, self.mismatch.process),
            )
            within = WithinExecutor(tools)
            found = study_mismatch(
                drawn, within, self.accuracy, record, tools.progress, Interruption()
            )[1]
        except InputError as error:
            raise NotOfThePoint(error) from error  # but of the samples' own record
        assert found is not None
        for each in found.samples:
            assert each.circuit is not None
            seconds = (each.duration - one.drive.onset) * one.design.time_unit
            energy = energy_per_spike(power, seconds, each.circuit.spike_count)
            samples.append(one.sample(each.circuit, {}, energy))
        return one.finished(tuple(samples), power)


@dataclass(frozen=True, eq=False)
class _Built:
    """A neuron at a point.

    mapped: the design at the nominal conditions; design: as it is applied at the point's. wanted:
    how the model fires.
    """

    asked: Situation
    mapped: NeuronDesign
    design: NeuronDesign
    measured: CellCharacteristics
    wanted: RegimeReport

    @property
    def model(self) -> NeuronParameters:
        """The point's neuron."""
        return self.asked.parameters

    @property
    def drive(self) -> Drive:
        """What drives it."""
        return self.asked.drive

    @property
    def seconds(self) -> float:
        """From the onset to the end of the drive."""
        return (self.drive.duration - self.drive.onset) * self.design.time_unit

    @cached_property
    def macromodel(self) -> Macromodel:
        """The design on the cells of the point."""
        return Macromodel(self.design, self.measured)

    def assembled(self) -> Circuit:
        """With cell text, models and the macromodel."""
        return assemble(self.model, self.macromodel, self.asked.operated)

    def sample(
        self, report: RegimeReport, iv: Mapping[str, float], energy: float | None
    ) -> SampleOutcome:
        """One of its samples, compared with the model."""
        compared = timing(self.wanted, report)
        # of seconds: a unit of time there need not be as long as where the neuron was mapped
        ratio = self.design.time_unit / self.mapped.time_unit

        def in_seconds(error: float | None) -> float | None:
            return None if error is None else (1.0 + error) * ratio - 1.0

        return SampleOutcome(
            report=report,
            iv=iv,
            isi_error=in_seconds(compared.isi_error),
            ibi_error=in_seconds(compared.ibi_error),
            energy_per_spike=energy,
        )

    def finished(self, samples: tuple[SampleOutcome, ...], power: float) -> PointOutcome:
        """With what it costs."""
        technology = self.asked.technology
        return PointOutcome(
            wanted=self.wanted,
            samples=samples,
            static_power=power,
            area=area(neuron_circuit(self.mapped, technology).cell, technology).total,
            unit_current=self.design.unit_current,
            membrane_capacitance=self.design.membrane_capacitance,
            unit_voltage=self.design.unit_voltage,
            time_unit=self.design.time_unit,
            mapped_time_unit=self.mapped.time_unit,
        )


def _errors(built: NeuronParameters, model: NeuronParameters) -> dict[str, float]:
    return {x.value: error for x, error in curve_errors(built, model).items()}
