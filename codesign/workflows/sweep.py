"""Run a sweep: build the neuron of every point, tell how it fires, and keep that at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from circuits.area import area
from circuits.mismatch import draw_chips
from circuits.neuron import neuron_circuit
from codesign.mapped_neuron import MappedNeuron, MonteCarlo
from codesign.sweep_axes import AxisValue
from codesign.sweep_study import (
    ChipOutcome,
    PointOutcome,
    SweepPoint,
    SweepStudy,
    outcome_to_json,
)
from codesign.verdicts import timing
from codesign.workbench import Workbench
from codesign.workflows.characterize import characterize
from codesign.workflows.chip_reports import chip_reports
from codesign.workflows.circuit import Circuit, assemble
from codesign.workflows.mismatch import draw_neuron
from codesign.workflows.mismatch import study as mismatch_study
from codesign.workflows.rhythm import model_regime
from codesign.workflows.sensitivities import measure_sensitivities
from codesign.workflows.sweep_plan import CellSet, Situation, SweepPlan
from codesign.workflows.sweep_record import open_record, point_from_record
from codesign.workflows.sweep_variation import bias_laws, varied_choices
from codesign.workflows.validate import (
    Task,
    attempted,
    curve_errors,
    short_stimulus,
)
from mapping.as_built import as_built
from mapping.as_built_samples import as_built_samples
from mapping.characteristics import CellCharacteristics
from mapping.conditions import Conditions
from mapping.design import NeuronDesign
from mapping.estimates import energy_per_spike, static_power
from mapping.mapper import map_neuron
from mapping.temperature import design_at
from netlists.accuracy import Accuracy
from netlists.engine import Engine
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.errors import CodesignError, InputError, SimulatorError
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters
from neuron_model.progress import Progress

CHIPS_FOLDER = "chips"
"""Beside the record: the chips of each point that ngspice simulates."""

# Points that are built before ngspice simulates them, for each of its processes.
_AHEAD = 4


def run_sweep(
    plan: SweepPlan,
    engine: Engine,
    record: Path | None = None,
    progress: Progress | None = None,
    accuracy: Accuracy = Accuracy.AUTO,
) -> SweepStudy:
    """Every point of ``plan``.

    A point that cannot be built is told with its reason; so is one at which ngspice failed, which
    is tried again when the sweep is started again.

    Args:
        plan: the sweep.
        engine: ngspice, for cells that are not in the cache and for points if they ask for it.
        record: file that keeps each point as soon as it is known; a sweep that was stopped goes on
            from it.
        progress: called with the number of points done.
        accuracy: of points in ngspice.

    Raises:
        InputError: the record is of another sweep, or cannot be read or written.
        MissingDependencyError: no ngspice or no models.
    """
    known = open_record(plan, record, accuracy)
    points: dict[int, SweepPoint] = {}
    for number, values in enumerate(plan.points):
        if str(number) in known:
            points[number] = point_from_record(record, number, values, known[str(number)])
    missing = [number for number in range(len(plan.points)) if number not in points]
    runner = _Runner(plan, engine, record, progress, len(points), accuracy)
    for point in runner.points(missing):
        points[point.number] = point
        if not point.failed:
            outcome = None if point.outcome is None else outcome_to_json(point.outcome)
            values = dict(point.values)
            entry = {"values": values, "reason": point.reason, "outcome": outcome}
            known.add(str(point.number), entry)
    configuration = plan.configuration
    return SweepStudy(
        backend=configuration.backend,
        axes=plan.axes,
        shown=plan.shown,
        drives={
            name: (short_stimulus(n.drive.stimulus), n.drive.duration)
            for name, n in plan.neurons.items()
        },
        seed=configuration.seed,
        samples=configuration.mismatch.samples,
        mismatch_sets={n: t.mismatch.name for n, t in plan.technologies.items()},
        least_yield=configuration.mismatch.least_yield,
        points=tuple(points[number] for number in range(len(plan.points))),
    )


@dataclass(frozen=True, eq=False)
class _Built:
    """A neuron at a point.

    mapped: the design at the nominal conditions; design: as it is applied at the point's.
    """

    number: int
    values: Mapping[str, AxisValue]
    situation: Situation
    mapped: NeuronDesign
    design: NeuronDesign
    measured: CellCharacteristics
    wanted: RegimeReport

    @property
    def model(self) -> NeuronParameters:
        """The point's neuron."""
        return self.situation.parameters

    @property
    def drive(self) -> Drive:
        """What drives it."""
        return self.situation.drive

    @property
    def seconds(self) -> float:
        """From the onset to the end of the drive."""
        return (self.drive.duration - self.drive.onset) * self.design.time_unit

    def assembled(self) -> Circuit:
        """With cell text, models and the as-built parameters in detail."""
        return assemble(self.model, self.design, self.situation.operated, self.measured)


class _Runner:
    def __init__(
        self,
        plan: SweepPlan,
        engine: Engine,
        record: Path | None,
        progress: Progress | None,
        done: int,
        accuracy: Accuracy,
    ) -> None:
        self._plan = plan
        self._engine = engine
        self._record = record
        self._progress = progress
        self._done = done
        self._accuracy = accuracy
        self._cells = _Known(self._measure)
        self._designs: dict[tuple[AxisValue, ...], NeuronDesign | CodesignError] = {}
        self._wanted: dict[tuple[AxisValue, ...], RegimeReport] = {}

    def points(self, numbers: Sequence[int]) -> Iterator[SweepPoint]:
        """The points of these numbers, one by one as soon as they are known."""
        configuration = self._plan.configuration
        together = configuration.backend == "ngspice" and not configuration.mismatch.samples
        size = _AHEAD * self._engine.workers if together else 1
        for first in range(0, len(numbers), size):
            built = []
            for number in numbers[first : first + size]:
                one = self._built(number)
                if isinstance(one, _Built):
                    built.append(one)
                else:
                    yield self._counted(one)
            found = self._simulated(built) if together else ((b, self._outcome(b)) for b in built)
            for one, outcome in found:
                yield self._counted(self._point(one, outcome))

    def _counted(self, point: SweepPoint) -> SweepPoint:
        self._done += 1
        self._tell("sweeping")
        return point

    def _tell(self, what: str) -> None:
        if self._progress:
            self._progress(self._done, len(self._plan.points), what)

    @staticmethod
    def _point(one: _Built, outcome: PointOutcome | CodesignError) -> SweepPoint:
        if isinstance(outcome, CodesignError):
            return _without(one.number, one.values, outcome)
        return SweepPoint(one.number, one.values, outcome)

    def _built(self, number: int) -> _Built | SweepPoint:
        """What is simulated at a point; without outcome, with a reason, where it cannot be."""
        values = self._plan.points[number]
        try:
            situation = self._plan.situation(values)
            nominal, there = situation.cell_sets
            mapped = self._mapped(situation, values, nominal)
            measured = self._cells(there)
            laws = bias_laws(values)
            applied = design_at(mapped, laws, self._cells(nominal), measured)
            design = replace(applied, supply=measured.supply)
        except (InputError, SimulatorError) as error:
            return _without(number, values, error)
        return _Built(number, values, situation, mapped, design, measured, self._model(situation))

    def _mapped(
        self, situation: Situation, values: Mapping[str, AxisValue], nominal: CellSet
    ) -> NeuronDesign:
        key = situation.design_key
        if key not in self._designs:
            try:
                technology = situation.technology
                choices = varied_choices(technology, values)
                cells = self._cells(nominal)
                self._designs[key] = map_neuron(
                    situation.parameters, cells, technology.limits, choices
                )
            except (InputError, SimulatorError) as error:
                self._designs[key] = error
        known = self._designs[key]
        if isinstance(known, CodesignError):
            raise known
        return known

    def _aside(self, _done: int, _total: int, what: str) -> None:
        """Progress of what a point needs."""
        self._tell(what)

    def _measure(self, cells: CellSet) -> CellCharacteristics:
        return characterize(
            cells.technology,
            Conditions(cells.corner, cells.temperature),
            self._engine,
            self._aside,
        )

    def _model(self, situation: Situation) -> RegimeReport:
        key = situation.design_key
        if key not in self._wanted:
            self._wanted[key] = model_regime(situation.parameters, situation.drive)
        return self._wanted[key]

    def _outcome(self, one: _Built) -> PointOutcome | CodesignError:
        configuration = self._plan.configuration
        try:
            if configuration.backend == "ngspice":
                return self._simulated_chips(one)
            return self._chips(one) if configuration.mismatch.samples else self._as_built(one)
        except SimulatorError as error:
            return error
        except InputError as error:
            if configuration.backend == "ngspice":
                raise  # of the chips' own record, not of the point
            return error

    def _as_built(self, one: _Built) -> PointOutcome:
        """By as-built parameters, compact or in detail."""
        detailed = self._plan.configuration.backend == "as_built_detail"
        built = one.assembled().as_built if detailed else as_built(one.design, one.measured)
        report = model_regime(built, one.drive)
        power = static_power(one.design, one.measured)
        energy = energy_per_spike(power, one.seconds, report.spike_count)
        return self._finished(one, (_chip(one, report, _errors(built, one.model), energy),), power)

    def _chips(self, one: _Built) -> PointOutcome:
        """As built, of the same chips as at every other point."""
        configuration = self._plan.configuration
        samples, seed = configuration.mismatch.samples, configuration.seed
        technology = one.situation.operated
        sensitivities = measure_sensitivities(technology, one.measured, self._engine, self._aside)
        drawn = draw_chips(
            one.design, technology, samples, seed, seed if configuration.mismatch.process else None
        )
        parameters = as_built_samples(one.design, one.measured, sensitivities, drawn)
        power = static_power(one.design, one.measured)
        chips = []
        reports = chip_reports(parameters, one.drive, float(one.model.u_threshold))
        for index, report in enumerate(reports):
            # those that were run for longer are charged for the time that all were run for
            spikes = sum(t <= one.drive.duration for t in report.spike_times)
            energy = energy_per_spike(power, one.seconds, spikes)
            chips.append(_chip(one, report, _errors(parameters[index], one.model), energy))
        return self._finished(one, tuple(chips), power)

    def _simulated_chips(self, one: _Built) -> PointOutcome:
        """The same chips in ngspice, transistor by transistor; their I-V curves are not swept."""
        configuration = self._plan.configuration
        neuron = MappedNeuron(
            one.model, one.design, one.situation.operated, one.measured.conditions, one.drive
        )
        mismatch = configuration.mismatch
        drawing = MonteCarlo(mismatch.samples, configuration.seed, mismatch.process)
        workbench = Workbench(self._engine, self._aside)
        drawn = draw_neuron(neuron, workbench, drawing)
        record = self._chips_record(one.number)
        power = static_power(one.design, one.measured)
        chips = []
        study = mismatch_study(drawn, workbench, True, record, self._accuracy)
        for each in study.chips:
            assert each.circuit is not None
            seconds = (each.duration - one.drive.onset) * one.design.time_unit
            energy = energy_per_spike(power, seconds, each.circuit.spike_count)
            chips.append(_chip(one, each.circuit, {}, energy))
        return self._finished(one, tuple(chips), power)

    def _chips_record(self, number: int) -> Path | None:
        if self._record is None:
            return None
        return self._record.parent / CHIPS_FOLDER / f"point_{number}.jsonl"

    def _simulated(
        self, built: Sequence[_Built]
    ) -> Iterator[tuple[_Built, PointOutcome | CodesignError]]:
        """In ngspice, side by side, as soon as they are known."""
        tasks = [Task(one.assembled(), one.drive) for one in built]
        outcomes = attempted(tasks, Workbench(self._engine), self._accuracy)
        for index, found in outcomes:
            one = built[index]
            if isinstance(found, SimulatorError):
                yield one, found
                continue
            errors = {c.timescale.value: c.nrmse for c in found.iv}
            power, energy = found.supply.static_power, found.supply.energy_per_spike
            chip = _chip(one, found.circuit, errors, energy)
            yield one, self._finished(one, (chip,), power)

    def _finished(self, one: _Built, chips: tuple[ChipOutcome, ...], power: float) -> PointOutcome:
        technology = one.situation.technology
        return PointOutcome(
            wanted=one.wanted,
            chips=chips,
            static_power=power,
            area=area(neuron_circuit(one.mapped, technology).cell, technology).total,
            unit_current=one.design.unit_current,
            membrane_capacitance=one.design.membrane_capacitance,
            unit_voltage=one.design.unit_voltage,
            time_unit=one.design.time_unit,
            mapped_time_unit=one.mapped.time_unit,
        )


class _Known:
    """Characteristics by set of cells; what cannot be measured is not tried again."""

    def __init__(self, measure: Callable[[CellSet], CellCharacteristics]) -> None:
        self._measure = measure
        self._found: dict[tuple[AxisValue, ...], CellCharacteristics | CodesignError] = {}

    def __call__(self, cells: CellSet) -> CellCharacteristics:
        if cells.key not in self._found:
            try:
                self._found[cells.key] = self._measure(cells)
            except (InputError, SimulatorError) as error:
                self._found[cells.key] = error
        known = self._found[cells.key]
        if isinstance(known, CodesignError):
            raise known
        return known


def _without(number: int, values: Mapping[str, AxisValue], error: CodesignError) -> SweepPoint:
    failed = isinstance(error, SimulatorError)
    return SweepPoint(number, values, None, str(error), failed)


def _chip(
    one: _Built, report: RegimeReport, iv: Mapping[str, float], energy: float | None
) -> ChipOutcome:
    compared = timing(one.wanted, report)
    # of seconds: a unit of time there need not be as long as where the neuron was mapped
    ratio = one.design.time_unit / one.mapped.time_unit

    def in_seconds(error: float | None) -> float | None:
        return None if error is None else (1.0 + error) * ratio - 1.0

    return ChipOutcome(
        report=report,
        iv=iv,
        interval_error=in_seconds(compared.interval_error),
        pause_error=in_seconds(compared.pause_error),
        energy_per_spike=energy,
    )


def _errors(built: NeuronParameters, model: NeuronParameters) -> dict[str, float]:
    return {x.value: error for x, error in curve_errors(built, model).items()}
