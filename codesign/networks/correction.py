"""What the neurons of a circuit's macromodel change by, as ngspice showed it, and its file.

A training through a circuit records it several times, as its weights move; the file has each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuron_model.file_format import CORRECTION
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.circuit_network import LineModel
from neuron_model.runs.file_names import CORRECTION_FILE

DIGITS = 9
"""Behind the point, of what neurons change by."""


@dataclass(frozen=True, eq=False)
class Correction:
    """What the neurons of a circuit's macromodel change by.

    technology: on which it was found. layers: of each layer's neurons, by the key of a parameter,
    (neurons,): a factor, of voltages and i_bias what is added. lines: of each layer's, by the name
    of a field of ``LineModel``, a factor, of lag what is added. outputs: fields of ``OutputModel``
    by name, (outputs,) each; empty: y is as it is.
    """

    technology: str
    layers: tuple[Mapping[str, np.ndarray], ...]
    lines: tuple[Mapping[str, float], ...]
    outputs: Mapping[str, np.ndarray] = field(default_factory=dict)

    def line(self, layer: int, line: LineModel) -> LineModel:
        """The lines of a layer, corrected."""
        changes = self.lines[layer].items()
        factors = {name: getattr(line, name) * by for name, by in changes if name != "lag"}
        return replace(line, **factors, lag=line.lag + self.lines[layer].get("lag", 0.0))

    def of(self, layer: int, neurons: NeuronParameters) -> NeuronParameters:
        """The neurons of a layer, corrected."""
        change = self.layers[layer]

        def changed(key: str, value: Any) -> Any:
            if key not in change:
                return value
            return value + change[key] if is_added(key) else value * change[key]

        return neurons.with_values({k: changed(k, v) for k, v in neurons.named_values()})


def corrections_document(found: Mapping[int, Correction]) -> str:
    """As JSON, those of a training by the step before which each was recorded, at least one;
    :func:`read_corrections` reads it."""
    (technology,) = {one.technology for one in found.values()}
    recorded = [
        {
            "step": step,
            "lines": [{k: round(v, DIGITS) for k, v in line.items()} for line in one.lines],
            "layers": [_rounded(layer) for layer in one.layers],
            "outputs": _rounded(one.outputs),
        }
        for step, one in sorted(found.items())
    ]
    return CORRECTION.json_text({"technology": technology, "recorded": recorded}) + "\n"


def read_corrections(folder: Path) -> dict[int, Correction]:
    """Of a run folder, by the step before which each was recorded, in their order; empty where it
    has none.

    Raises:
        InputError: its file is damaged, or of another format.
    """
    path = folder / CORRECTION_FILE
    content = CORRECTION.optional_json(path, str(folder))
    if content is None:
        return {}
    with CORRECTION.reading(str(path)):
        technology = str(content["technology"])
        return {
            int(each["step"]): Correction(
                technology,
                tuple(map(_arrays, each["layers"])),
                tuple({str(k): float(v) for k, v in line.items()} for line in each["lines"]),
                _arrays(each["outputs"]),
            )
            for each in content["recorded"]
        }


def read_correction(folder: Path) -> Correction | None:
    """The last one of a run folder; None where it has none.

    Raises:
        InputError: as :func:`read_corrections`.
    """
    return next(reversed(read_corrections(folder).values()), None)


def _rounded(changes: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    return {k: np.round(v, DIGITS).tolist() for k, v in changes.items()}


def _arrays(content: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {str(k): np.array(v, dtype=float) for k, v in content.items()}


def is_added(key: str) -> bool:
    """Whether a parameter changes by what is added; else by a factor."""
    return key in ("i_bias", "u_threshold", "u_saturation") or key.endswith(".delta")
