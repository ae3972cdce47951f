"""Map the neurons of a layer, with free lines, lines of codes or lines that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from circuits.technology import Technology, conditions_at
from codesign.workbench import Workbench
from mapping.common_time import map_neurons
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import MappingChoices
from mapping.quantization import QuantizedDesign, quantize
from mapping.shared_lines import SharedLayer, share_lines
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import CODES
from neuron_model.model.parameters import NeuronParameters

CODES_FILE = "codes.json"


@dataclass(frozen=True)
class MappedLayer:
    """The designs of a layer; quantized: with their codes, empty where lines are free; shared:
    how they share lines, None where they do not."""

    designs: tuple[NeuronDesign, ...]
    quantized: tuple[QuantizedDesign, ...] = ()
    shared: SharedLayer | None = None


def map_layer(
    neurons: Sequence[NeuronParameters],
    technology: Technology,
    workbench: Workbench,
    choices: MappingChoices,
    share: int | None = None,
) -> MappedLayer:
    """Designs at the nominal corner and 27 °C with one unit of time, see
    :func:`mapping.common_time.map_neurons`; with codes if ``choices`` has a generator.

    ``share``: at most so many groups of neurons a line; all neurons then get one I0, the largest
    that one of them needs.

    Raises:
        InputError: a neuron does not fit, or lines are to be shared without codes.
    """
    measured = workbench.cells(technology, conditions_at(technology))
    generator, limits = choices.generator, technology.limits
    free = replace(choices, generator=None)
    designs = map_neurons(neurons, measured, limits, free)
    if generator is None:
        if share is not None:
            raise InputError("--share-lines needs codes: add --quantize.")
        return MappedLayer(designs)
    if share is not None:
        common = replace(free, unit_current=max(d.unit_current for d in designs))
        designs = map_neurons(neurons, measured, limits, common)
        layer = share_lines(designs, measured, limits, generator, share)
        return MappedLayer(tuple(q.design for q in layer.neurons), layer.neurons, layer)
    # I0 is scaled together with the unit of time, which several neurons have in common
    may_scale = choices.unit_current is None and len(designs) == 1
    coded = tuple(quantize(Macromodel(d, measured), limits, generator, may_scale) for d in designs)
    return MappedLayer(tuple(q.design for q in coded), coded)


def codes_to_json(layer: MappedLayer) -> dict[str, Any]:
    """Every line with its code, what was wanted and what is missed, and who shares which."""
    document: dict[str, Any] = {
        "neurons": [
            {
                "name": q.design.name,
                "curve_error": q.curve_error,
                "nearest_error": q.nearest_error,
                "lines": [{**asdict(line), "error": line.error} for line in q.lines],
            }
            for q in layer.quantized
        ]
    }
    if layer.shared is not None:
        document["shared"] = {
            "lines": layer.shared.lines,
            "own_lines": layer.shared.own_lines,
            "own_errors": list(layer.shared.own_errors),
            "groups": {name: list(group) for name, group in layer.shared.groups.items()},
        }
    return document


def write_codes(folder: Path, layer: MappedLayer) -> Path:
    """Write ``codes.json`` into ``folder``, whole or not at all."""
    return write_atomically(folder / CODES_FILE, CODES.json_text(codes_to_json(layer)))
