"""What codes and shared lines do to the neurons of a trained network: regimes and curve errors.

    python -m benchmarks.quantization RUN [--technology sky130] [--bits 3 4 5 6 8] [--share 2 4 8]

RUN is the folder of a trained network, such as `codesign demo` leaves. Each neuron is driven with a
constant current typical of its own input, and fires by the parameters of its macromodel: with free
lines, with codes of so many bits, and with lines that the layer shares in groups. Curve errors are
root mean squares in I0; "nearest" is what rounding each line alone would leave.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from circuits.technology import conditions_at, load_technology
from codesign.building.circuit import default_choices
from codesign.building.quantize import MappedLayer, map_layer
from codesign.building.source import load_source
from codesign.building.stimuli import default_stimulus, steady_drive
from codesign.validation.validate import default_task_duration
from codesign.workbench import WorkbenchSettings
from mapping.characteristics import CellCharacteristics
from mapping.macromodel import Macromodel
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.rhythm import model_regime
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters


def drive_of(neuron: NeuronParameters, recorded: Drive | None) -> Drive:
    """A constant current at which the neuron is as active as its own input makes it."""
    if recorded is not None and recorded.driven:
        return steady_drive(neuron, recorded)
    stimulus = default_stimulus(neuron)
    return Drive(stimulus, default_task_duration(neuron, stimulus))


def regimes(
    layer: MappedLayer, measured: CellCharacteristics, drives: Sequence[Drive]
) -> list[RegimeReport]:
    """How each neuron fires by the macromodel."""
    return [
        model_regime(Macromodel(design, measured).compact, drive)
        for design, drive in zip(layer.designs, drives, strict=True)
    ]


def compared(
    layer: MappedLayer, found: Sequence[RegimeReport], free: Sequence[RegimeReport]
) -> dict[str, Any]:
    """Regimes that changed, changes of intervals, and curve errors."""
    changed = [
        f"{design.name}: {before.regime} (margin {before.margin:.2f}) -> {after.regime}"
        for design, before, after in zip(layer.designs, free, found, strict=True)
        if before.regime != after.regime
    ]
    intervals = [
        abs(after.interspike_interval / before.interspike_interval - 1)
        for before, after in zip(free, found, strict=True)
        if before.regime == after.regime
        and before.interspike_interval is not None
        and after.interspike_interval is not None
    ]
    errors = [q.curve_error for q in layer.quantized]
    result: dict[str, Any] = {
        "changed": changed,
        "largest_interval_change": max(intervals, default=None),
        "median_interval_change": statistics.median(intervals) if intervals else None,
        "curve_error": {"median": statistics.median(errors), "largest": max(errors)},
        "nearest": statistics.median(q.nearest_error for q in layer.quantized),
    }
    if layer.shared is not None:
        result["lines"], result["own_lines"] = layer.shared.lines, layer.shared.own_lines
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--technology", default="sky130")
    parser.add_argument("--bits", type=int, nargs="+", default=[3, 4, 5, 6, 8])
    parser.add_argument("--share", type=int, nargs="*", default=[2, 4, 8])
    arguments = parser.parse_args()
    technology = load_technology(arguments.technology)
    generator = technology.bias_generator
    if generator is None:
        parser.error(f"{arguments.technology} has no [bias_generator]")
    source = load_source(str(arguments.run))
    recorded = source.drives or (None,) * len(source.neurons)
    drives = [drive_of(n, d) for n, d in zip(source.neurons, recorded, strict=True)]
    choices = default_choices(technology)
    with WorkbenchSettings().open() as workbench:
        measured = workbench.cells(technology, conditions_at(technology))
        free = regimes(map_layer(source.neurons, technology, workbench, choices), measured, drives)
        document: dict[str, Any] = {"neurons": len(drives), "technology": technology.name}
        cases = [(bits, None) for bits in arguments.bits]
        cases += [(generator.bits, share) for share in arguments.share]
        for bits, share in cases:
            coded = replace(choices, generator=replace(generator, bits=bits))
            layer = map_layer(source.neurons, technology, workbench, coded, share)
            name = f"{bits} bits" if share is None else f"{bits} bits, {share} groups a line"
            document[name] = compared(layer, regimes(layer, measured, drives), free)
            print(name, json.dumps(document[name]), flush=True)
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
