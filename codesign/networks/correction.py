"""What the neurons of a circuit's macromodel change by, as ngspice showed it, and its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuron_model.file_format import CORRECTION
from neuron_model.model.parameters import NeuronParameters
from neuron_model.runs.file_names import CORRECTION_FILE

_DIGITS = 9


@dataclass(frozen=True, eq=False)
class Correction:
    """What the neurons of a circuit's macromodel change by.

    technology: on which it was found. layers: of each layer's neurons, by the key of a parameter,
    (neurons,): a factor, of delta and i_bias what is added.
    """

    technology: str
    layers: tuple[Mapping[str, np.ndarray], ...]

    def of(self, layer: int, neurons: NeuronParameters) -> NeuronParameters:
        """The neurons of a layer, corrected."""
        change = self.layers[layer]

        def changed(key: str, value: Any) -> Any:
            if key not in change:
                return value
            return value + change[key] if is_added(key) else value * change[key]

        return neurons.with_values({k: changed(k, v) for k, v in neurons.named_values()})

    def document(self) -> str:
        """As JSON; :func:`read_correction` reads it."""
        layers = [{k: np.round(v, _DIGITS).tolist() for k, v in one.items()} for one in self.layers]
        return CORRECTION.json_text({"technology": self.technology, "layers": layers}) + "\n"


def read_correction(folder: Path) -> Correction | None:
    """Of a run folder; None where it has none.

    Raises:
        InputError: its file is damaged, or of another format.
    """
    path = folder / CORRECTION_FILE
    content = CORRECTION.optional_json(path, str(folder))
    if content is None:
        return None
    with CORRECTION.reading(str(path)):
        layers = tuple(
            {str(k): np.array(v, dtype=float) for k, v in one.items()} for one in content["layers"]
        )
        return Correction(str(content["technology"]), layers)


def is_added(key: str) -> bool:
    """Whether a parameter changes by what is added; else by a factor."""
    return key == "i_bias" or key.endswith(".delta")
