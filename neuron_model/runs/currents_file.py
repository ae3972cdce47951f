"""The file ``currents.npz`` of a run folder: what a network feeds to its neurons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import CURRENTS
from neuron_model.model.drive import Drive
from neuron_model.model.stimulus import Stimulus
from neuron_model.runs.array_file import array_content, open_arrays
from neuron_model.runs.file_names import CURRENTS_FILE

Layer = tuple[np.ndarray, float]
"""Input currents, (samples, neurons), in model units; and for how long a sample is held."""


def write_drives(folder: Path, currents: np.ndarray, interval: float, *deeper: Layer) -> Path:
    """Keep what a network feeds to its neurons.

    Args:
        folder: of the run.
        currents: of the layer nearest to the input, (samples, neurons), in model units.
        interval: for how long a sample is held, in model time.
        deeper: the same two of each further layer.
    """
    content = currents_content([(currents, interval), *deeper])
    return write_atomically(folder / CURRENTS_FILE, content)


def currents_content(layers: list[Layer]) -> bytes:
    """What stands in the file."""
    arrays: dict[str, Any] = {}
    for index, (recorded, held) in enumerate(layers):
        arrays |= {_name("currents", index): recorded, _name("interval", index): np.array(held)}
    return array_content(CURRENTS, arrays)


def read_currents(path: Path, layers: int) -> tuple[Layer, ...] | None:
    """What :func:`write_drives` wrote of so many layers; None where there is no such file.

    Raises:
        InputError: the file is something else, damaged or of another version.
    """
    if not path.is_file():
        return None
    with open_arrays(path, CURRENTS) as content:
        return tuple(
            (content[_name("currents", i)], float(content[_name("interval", i)]))
            for i in range(layers)
        )


def read_drives(path: Path, sizes: tuple[int, ...]) -> tuple[Drive, ...] | None:
    """A drive for each neuron, layer by layer; None where there is no such file.

    Args:
        path: of the file.
        sizes: neurons of each layer.

    Raises:
        InputError: the file is something else or damaged, or of other layers.
    """
    layers = read_currents(path, len(sizes))
    if layers is None:
        return None
    drives: list[Drive] = []
    for (currents, interval), neurons in zip(layers, sizes, strict=True):
        drives += layer_drives(path, currents, interval, neurons)
    return tuple(drives)


def layer_drives(
    what: Path | str, currents: np.ndarray, interval: float, neurons: int
) -> Iterator[Drive]:
    """A drive for each neuron of a layer; ``what`` is what errors call the currents.

    Raises:
        InputError: the currents are not those of so many neurons, or not finite.
    """
    if currents.ndim != 2 or currents.shape[1] != neurons:
        raise InputError(
            f"{what}: currents of shape {currents.shape} do not fit {neurons} neurons; they must "
            "be (samples, neurons)."
        )
    try:
        stimuli = [Stimulus.sampled(column, interval) for column in currents.T]
    except InputError as error:
        raise InputError(f"{what}: {error}") from error
    return (Drive(stimulus, len(currents) * interval, True) for stimulus in stimuli)


def _name(array: str, layer: int) -> str:
    return f"{array}_{layer}" if layer else array
