"""Everything that a sweep's configuration names, loaded and checked, and its points."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circuits.technology import (
    Technology,
    check_mismatch,
    load_technology,
    nominal_corner,
    with_mismatch_set,
)
from codesign.building.source import PRESET_PREFIX, load_source
from codesign.building.stimuli import steady_drive, stimuli_for
from codesign.studies.sweep.axes import Axis, AxisValue
from codesign.studies.sweep.configuration import SweepConfiguration
from codesign.studies.sweep.situation import NOMINAL, Situation, SweptNeuron, situation
from codesign.studies.sweep.variation import varied_choices, varied_neuron
from codesign.validation.run_validation import select
from mapping.conditions import NOMINAL_TEMPERATURE
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters
from neuron_model.toml_file import named_source


@dataclass(frozen=True, eq=False)
class SweepPlan:
    """A sweep before it begins.

    neurons, technologies: by what they are called in the points. axes, shown: as in
    :class:`codesign.studies.sweep.results.SweepResults`. points: value by axis, in their order.
    """

    configuration: SweepConfiguration
    neurons: Mapping[str, SweptNeuron]
    technologies: Mapping[str, Technology]
    axes: tuple[Axis, ...]
    shown: tuple[str, ...]
    points: tuple[Mapping[str, AxisValue], ...]

    @property
    def runs(self) -> int:
        """How many neurons are run: points, each sample counted."""
        return len(self.points) * max(1, self.configuration.mismatch.samples)

    def situation(self, values: Mapping[str, AxisValue]) -> Situation:
        """What a point asks for.

        Raises:
            InputError: there is no such thing.
        """
        return situation(self.neurons, self.technologies, values)


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
    with named_source("mismatch.set"):
        loaded = [(n, with_mismatch_set(t, configuration.mismatch.set)) for n, t in loaded]
    return _labelled([(t.name, Path(name).stem, t) for name, t in loaded])


def _neurons(configuration: SweepConfiguration) -> dict[str, SweptNeuron]:
    found = []
    for name in configuration.neuron:
        source = load_source(name)
        if source.folder is not None:
            source = source.only(select(source, configuration.neurons or None, "neurons"))
        elif configuration.neurons:
            raise InputError(f"neurons: {name} is no run folder, so that there is none to choose.")
        drives = stimuli_for(source, configuration.current or None, configuration.duration or None)
        for neuron, drive in zip(source.neurons, drives, strict=True):
            judged = _judged(neuron, drive, configuration.duration)
            origin = Path(name.removeprefix(PRESET_PREFIX)).stem
            found.append((neuron.name, origin, SweptNeuron(neuron[0], judged)))
    return _labelled(found)


def _judged(neuron: NeuronParameters, drive: Drive, duration: float) -> Drive:
    """A constant current typical of a recorded one, under which there is a regime to tell."""
    if not drive.driven:
        return drive
    steady = steady_drive(neuron[0], drive)
    return steady.lasting(duration) if duration else steady


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
        for technology in technologies.values():
            with named_source("mismatch.samples"):
                check_mismatch(technology)
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
