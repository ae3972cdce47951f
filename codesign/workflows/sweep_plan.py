"""Everything that a sweep's configuration names, loaded and checked, and its points."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from circuits.technology import Technology, load_technology
from codesign.sweep_axes import CONDITIONS, Axis, AxisValue
from codesign.sweep_configuration import SweepConfiguration
from codesign.workflows.characterize import is_characterized, models_for
from codesign.workflows.circuit import NOMINAL_TEMPERATURE, nominal_corner
from codesign.workflows.run_validation import select
from codesign.workflows.source import PRESET_PREFIX, Drive, load_source
from codesign.workflows.stimuli import steady_drive, stimuli_for
from codesign.workflows.sweep_variation import (
    operated_technology,
    varied_choices,
    varied_neuron,
    varied_technology,
)
from codesign.workflows.validate import model_regime, short_stimulus
from netlists.cell_benches import CellBenches
from neuron_model.errors import InputError
from neuron_model.neuron_file import neuron_to_toml
from neuron_model.parameters import NeuronParameters

NOMINAL = "nominal"
"""Stands for the nominal corner where technologies call it differently."""

# Seconds of two processors for the cells of one corner and temperature, and how much longer than
# the model's own run the others take, with a share that does not depend on it: measured, and good
# for a rough answer only.
_CELLS = 25.0
_SENSITIVITIES = 75.0
_RUNS: Mapping[str, tuple[float, float]] = {
    "as_built": (5.0, 0.05),
    "as_built_detail": (75.0, 0.1),
    "ngspice": (250.0, 4.0),
}
_CHIP = 0.4


@dataclass(frozen=True)
class SweptNeuron:
    """One of the neurons, and what drives it."""

    parameters: NeuronParameters
    drive: Drive


@dataclass(frozen=True, eq=False)
class SweepPlan:
    """A sweep before it begins.

    neurons, technologies: by what they are called in the points. axes, shown: as in
    :class:`codesign.sweep_study.SweepStudy`. points: value by axis, in their order.
    """

    configuration: SweepConfiguration
    neurons: Mapping[str, SweptNeuron]
    technologies: Mapping[str, Technology]
    axes: tuple[Axis, ...]
    shown: tuple[str, ...]
    points: tuple[Mapping[str, AxisValue], ...]

    @property
    def runs(self) -> int:
        """How many neurons are run: points, each chip counted."""
        return len(self.points) * max(1, self.configuration.mismatch.samples)

    def situation(self, values: Mapping[str, AxisValue]) -> Situation:
        """What a point asks for.

        Raises:
            InputError: there is no such thing.
        """
        neuron = self.neurons[str(values["neuron"])]
        technology = self.technologies[str(values["technology"])]
        varied = varied_technology(technology, values)
        corner = str(values["corner"])
        return Situation(
            parameters=varied_neuron(neuron.parameters, values),
            technology=varied,
            operated=operated_technology(varied, values),
            corner=nominal_corner(technology) if corner == NOMINAL else corner,
            temperature=float(values["temperature"]),
            drive=neuron.drive,
            cells_key=tuple(v for k, v in values.items() if _decides_cells(k)),
            supply_change=float(values.get("supply_change", 0.0)),
            design_key=tuple(v for k, v in values.items() if k not in CONDITIONS),
        )


@dataclass(frozen=True, eq=False)
class Situation:
    """A neuron to be built, where and on what.

    technology: that the chip is designed on, operated: at the supply that it is run from.
    cells_key: the same for all points with the same cells but for supply_change, corner and
    temperature; design_key: the same for all with the same design.
    """

    parameters: NeuronParameters
    technology: Technology
    operated: Technology
    corner: str
    temperature: float
    drive: Drive
    cells_key: tuple[AxisValue, ...]
    supply_change: float
    design_key: tuple[AxisValue, ...]

    @property
    def cell_sets(self) -> tuple[CellSet, ...]:
        """What has to be measured: the cells that the neuron is mapped on, those it runs with."""
        nominal = nominal_corner(self.technology)
        return (
            CellSet(self.technology, self.cells_key, 0.0, nominal, NOMINAL_TEMPERATURE),
            CellSet(
                self.operated, self.cells_key, self.supply_change, self.corner, self.temperature
            ),
        )


@dataclass(frozen=True, eq=False)
class CellSet:
    """Cells at one corner and temperature."""

    technology: Technology
    cells_key: tuple[AxisValue, ...]
    supply_change: float
    corner: str
    temperature: float

    @property
    def key(self) -> tuple[AxisValue, ...]:
        """The same for the same cells."""
        return (*self.cells_key, self.supply_change, self.corner, self.temperature)


def _decides_cells(key: str) -> bool:
    return key in ("technology", "supply") or key.startswith("area.")


def plan_sweep(configuration: SweepConfiguration) -> SweepPlan:
    """Load what ``configuration`` names.

    Raises:
        InputError: something is not there, or no technology or neuron has what an axis asks for.
    """
    technologies = _technologies(configuration)
    _check_technologies(configuration, technologies)
    neurons = _neurons(configuration)
    _check_neurons(configuration, neurons)
    axes = _axes(configuration, neurons, technologies)
    by_name = {axis.name: axis for axis in axes}
    order = [axis.name for axis in configuration.axes] + ["technology", "neuron"]
    products = itertools.product(*(axis.values for axis in axes))
    names = [axis.name for axis in axes]
    return SweepPlan(
        configuration=configuration,
        neurons=neurons,
        technologies=technologies,
        axes=axes,
        shown=tuple(name for name in order if by_name[name].is_varied),
        points=tuple(dict(zip(names, values, strict=True)) for values in products),
    )


def _technologies(configuration: SweepConfiguration) -> dict[str, Technology]:
    loaded = [(name, load_technology(name)) for name in configuration.technology]
    return _labelled([(t.name, Path(name).stem, t) for name, t in loaded])


def _neurons(configuration: SweepConfiguration) -> dict[str, SweptNeuron]:
    found = []
    for name in configuration.neuron:
        source = load_source(name)
        if source.folder is not None:
            source = source.only(select(source, configuration.neurons or None))
        elif configuration.neurons:
            raise InputError(f"neurons: {name} is no run folder, so that there is none to choose.")
        drives = stimuli_for(source, configuration.current or None, configuration.duration or None)
        for neuron, drive in zip(source.neurons, drives, strict=True):
            judged = steady_drive(neuron[0], drive) if drive.driven else drive
            origin = Path(name.removeprefix(PRESET_PREFIX)).stem
            found.append((neuron.name, origin, SweptNeuron(neuron[0], judged)))
    return _labelled(found)


def _labelled(found: Sequence[tuple[str, str, Any]]) -> dict[str, Any]:
    """By name; where two have the same, with where they come from, or a number."""
    names = [name for name, _, _ in found]
    labels: dict[str, Any] = {}
    for name, origin, value in found:
        label = name if names.count(name) == 1 else f"{origin}:{name}"
        number, unique = 2, label
        while unique in labels:
            unique, number = f"{label}:{number}", number + 1
        labels[unique] = value
    return labels


def _check_technologies(
    configuration: SweepConfiguration, technologies: Mapping[str, Technology]
) -> None:
    """Refuse what none of the technologies has; what one lacks is told point by point."""
    known = tuple(dict.fromkeys(c for t in technologies.values() for c in t.corners))
    for corner in configuration.values("corner"):
        if corner not in known:
            raise InputError(
                f"axes.corner = {corner!r} is not allowed; it must be {', '.join(known)}."
            )
    if configuration.mismatch.samples:
        for name, technology in technologies.items():
            if not any(technology.mismatch.values()):
                raise InputError(
                    f"mismatch.samples: technology '{name}' gives no mismatch: add nmos_threshold "
                    "and pmos_threshold (volt micrometre) under [mismatch]."
                )
    coded = [v for v in configuration.values("bits") if v]
    if coded and not any(t.bias_generator for t in technologies.values()):
        varied_choices(next(iter(technologies.values())), {"bits": coded[0]})


def _check_neurons(configuration: SweepConfiguration, neurons: Mapping[str, SweptNeuron]) -> None:
    for axis in configuration.axes:
        errors = []
        for neuron in neurons.values():
            try:
                varied_neuron(neuron.parameters, {axis.name: axis.values[0]})
            except InputError as error:
                errors.append(error)
        if len(errors) == len(neurons):
            raise errors[0]


def _axes(
    configuration: SweepConfiguration,
    neurons: Mapping[str, SweptNeuron],
    technologies: Mapping[str, Technology],
) -> tuple[Axis, ...]:
    nominal = {nominal_corner(technology) for technology in technologies.values()}
    corner = nominal.pop() if len(nominal) == 1 else NOMINAL
    head = [Axis("neuron", tuple(neurons)), Axis("technology", tuple(technologies))]
    if not configuration.values("corner"):
        head.append(Axis("corner", (corner,)))
    if not configuration.values("temperature"):
        head.append(Axis("temperature", (NOMINAL_TEMPERATURE,)))
    return (*head, *configuration.axes)


@dataclass(frozen=True)
class SweepEstimate:
    """What a sweep will take.

    points, runs: as in the plan. cell_sets: to be measured; the others are cached. seconds:
    roughly, on this machine.
    """

    points: int
    runs: int
    cell_sets: int
    seconds: float


def estimate(plan: SweepPlan, known: int = 0) -> SweepEstimate:
    """What is left to do of ``plan`` where ``known`` of its points are done.

    Raises:
        MissingDependencyError: no models.
    """
    configuration = plan.configuration
    missing = _missing_cells(plan)
    neuron = next(iter(plan.neurons.values()))
    began = time.perf_counter()
    model_regime(neuron.parameters, neuron.drive)
    model = time.perf_counter() - began
    factor, more = _RUNS[configuration.backend]
    samples = configuration.mismatch.samples
    point = factor * model + more
    if samples:
        point = samples * (_CHIP * model if configuration.backend == "as_built" else point)
    workers = os.cpu_count() or 1
    parallel = workers if configuration.backend == "ngspice" else 1
    cells = missing * (_CELLS + (_SENSITIVITIES if samples else 0.0)) / workers
    left = len(plan.points) - known
    seconds = cells + left * point / parallel
    return SweepEstimate(len(plan.points), plan.runs, missing, seconds)


def _missing_cells(plan: SweepPlan) -> int:
    """How many sets of cells are not in the cache; those that cannot be are not counted."""
    sets: dict[tuple[AxisValue, ...], CellSet] = {}
    for values in plan.points:
        try:
            for each in plan.situation(values).cell_sets:
                sets.setdefault(each.key, each)
        except InputError:
            continue
    missing = 0
    for each in sets.values():
        try:
            missing += not is_characterized(each.technology, each.corner, each.temperature)
        except InputError:
            continue
    return missing


def description(plan: SweepPlan) -> dict[str, Any]:
    """What decides the outcomes, by what it is called: of a record.

    Raises:
        MissingDependencyError: no models.
    """
    configuration = plan.configuration
    content: dict[str, Any] = {"backend": configuration.backend}
    for name, neuron in plan.neurons.items():
        drive = neuron.drive
        content[f"neuron {name}"] = _hash(neuron_to_toml(neuron.parameters))
        content[f"current of {name}"] = short_stimulus(drive.stimulus)
        content[f"steps of {name}"] = _hash([drive.stimulus.times, drive.stimulus.values])
        content[f"duration of {name}"] = drive.duration
    for name, technology in plan.technologies.items():
        cells = CellBenches(technology, "", NOMINAL_TEMPERATURE).cells()
        models = models_for(technology, nominal_corner(technology), cells)
        content[f"technology {name}"] = _technology_hash(technology)
        content[f"models of {name}"] = models.content_hash
    for axis in plan.axes:
        content[f"axes.{axis.name}"] = list(axis.values)
    content["order of axes"] = [axis.name for axis in plan.axes]
    content["mismatch.samples"] = configuration.mismatch.samples
    if configuration.mismatch.samples:
        content["seed"] = configuration.seed
    return content


def _technology_hash(technology: Technology) -> str:
    """Of everything but where files lie and what it is called."""
    content = asdict(replace(technology, description=""))
    del content["models"]
    return _hash(content)


def _hash(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(_finite(content), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return str(content) if isinstance(content, float) and not math.isfinite(content) else content
