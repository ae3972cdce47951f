"""Samples of a network as it stands: mapped, drawn, and as they would be built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from circuits.calibrated_samples import Calibrator, Measured
from circuits.mismatch import draw_samples
from circuits.technology import (
    Technology,
    conditions_at,
    load_technology,
    nominal_corner,
    with_mismatch_set,
)
from codesign.building.circuit import default_choices
from codesign.building.quantize import map_layer
from codesign.workbench import Workbench
from mapping.conditions import Conditions
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import MappingChoices
from mapping.samples import sampled
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters, Value
from neuron_model.network.network import MTCNetwork, SpikingNetwork, neurons_of
from neuron_model.network.variation import Variation
from neuron_model.runs.variation_settings import VariationSettings


class VariationDrawer:
    """Draws samples of a network's layers; the cells are measured once, when it is made.

    Args:
        settings: which samples.
        workbench: for what is not in the cache of measurements.

    Raises:
        InputError: no such technology, mismatch set, corner or bias generator, or no mismatch
            coefficients.
        MissingDependencyError: no ngspice or no models.
    """

    def __init__(self, settings: VariationSettings, workbench: Workbench) -> None:
        self._settings = settings
        self._workbench = workbench
        self._technology = with_mismatch_set(
            load_technology(settings.technology), settings.mismatch_set
        )
        self._choices = _choices(self._technology, settings.bits)
        corners = settings.corners or (nominal_corner(self._technology),)

        def measured(conditions: Conditions) -> Measured:
            cells = workbench.cells(self._technology, conditions)
            return cells, workbench.sensitivities(self._technology, cells)

        # by corner: the samples of a corner are the same at all temperatures
        self._measured = [
            [measured(Conditions(c, t)) for t in settings.temperatures] for c in corners
        ]
        self._calibrator: Calibrator | None = None
        if settings.trim >= 0:
            mapped_at = measured(conditions_at(self._technology))
            self._calibrator = Calibrator(self._technology, mapped_at, settings.trim)

    @property
    def mismatch_set(self) -> str:
        """The technology's set of coefficients that devices are drawn by."""
        return self._technology.mismatch.name

    def with_samples(self, samples: int) -> VariationDrawer:
        """The same samples' conditions, with another number of samples."""
        other = copy(self)
        other._settings = replace(self._settings, samples=samples)
        return other

    def __call__(self, network: SpikingNetwork, seed: int) -> tuple[Variation, ...]:
        """Samples of each layer: ``samples`` at each corner and temperature, one after the other.

        Raises:
            InputError: a neuron does not fit the technology; it is named.
        """
        assert isinstance(network, MTCNetwork)
        return tuple(
            self._layer(neurons_of(network, index), [seed, index])
            for index in range(len(network.layers))
        )

    def _layer(self, trained: NeuronParameters, seed: list[int]) -> Variation:
        neurons = list(trained)
        if any(element.alpha == 0 for neuron in neurons for element in neuron.elements):
            raise InputError("samples: an element has alpha = 0, so no circuit; leave it out.")
        mapped = map_layer(neurons, self._technology, self._workbench, self._choices)
        own = np.random.default_rng(seed).integers(2**31, size=len(neurons))
        built = [
            self._samples(design, int(number), seed[0])
            for design, number in zip(mapped.designs, own, strict=True)
        ]
        conditions = sum(len(each) for each in self._measured)
        samples = self._settings.samples * conditions
        return Variation(samples, _joined(built, lambda of: np.stack(of, axis=1).ravel()), trained)

    def _samples(self, design: NeuronDesign, seed: int, samples_seed: int) -> NeuronParameters:
        """One neuron on every sample, arrays (samples,). A sample's devices are the same at all
        conditions, and its process, of ``samples_seed``, for all its neurons."""
        samples, calibrator = self._settings.samples, self._calibrator
        if calibrator is not None:
            design = calibrator.ready(design)
        process_seed = samples_seed if self._settings.process else None
        drawn = draw_samples(design, self._technology, samples, seed, process_seed)
        there: list[NeuronParameters] = []
        for conditions in self._measured:
            if calibrator is not None:
                there += calibrator.samples(design, drawn, conditions)
            else:
                there += [
                    sampled(Macromodel(design, cells), sensitivities, drawn)
                    for cells, sensitivities in conditions
                ]
        return _joined(there, lambda of: np.concatenate([np.broadcast_to(v, samples) for v in of]))


def _joined(
    parts: Sequence[NeuronParameters], join: Callable[[Sequence[Value]], np.ndarray]
) -> NeuronParameters:
    """One object of ``parts``, all of one structure: ``join`` makes each number of theirs."""
    columns = zip(*([value for _, value in part.named_values()] for part in parts), strict=True)
    joined = iter([join(column) for column in columns])
    return replace(parts[0], name="neurons").map(lambda _: next(joined))


def _choices(technology: Technology, bits: int) -> MappingChoices:
    choices = default_choices(technology)
    if not bits:
        return choices
    if technology.bias_generator is None:
        raise InputError(
            f"samples: technology '{technology.name}' has no [bias_generator], so there are no "
            "codes of so many bits."
        )
    return replace(choices, generator=replace(technology.bias_generator, bits=bits))
