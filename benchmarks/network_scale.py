"""How export and estimates of a network grow with its layers, in time and memory.

    python -m benchmarks.network_scale --technology sky130 --neurons 1000

Two layers of so many neurons, an input for each eight of them, and one output. A neuron has 4
random inputs, or 16 sources in the layer before, and the output reads 8 neurons, whatever the size:
a line to a thousand neurons would need more current than its limit. The weights are arrays of
(neurons, neurons) all the same, mostly of zeros.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from circuits.technology import conditions_at, load_technology
from codesign.networks.built_network import BuiltNetwork, build_network
from codesign.networks.estimates import estimate_network
from codesign.networks.forecast_task import ForecastTask
from codesign.terminal.tables import print_table
from codesign.workbench import WorkbenchSettings
from neuron_model.model.parameters import (
    OTA_FILTER,
    Element,
    NeuronParameters,
    OutputShape,
    Timescale,
)
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.tasks.series import Series, cut_series, make_series

NEURONS_PER_INPUT, ENTERING, FAN_IN, READ = 8, 4, 16, 8
if TYPE_CHECKING:
    from torch import Tensor

_SAMPLES, _HEARD = 240, 12


@dataclass(frozen=True)
class Waves:
    """Sines of many periods as inputs; the first one, later, as the target."""

    inputs: int
    window: int = 12
    washout: int = 4

    def series(self) -> Series:
        """The data."""
        time = np.arange(_SAMPLES, dtype=float)
        periods = np.linspace(9.0, 31.0, self.inputs)
        signal = np.sin(2 * np.pi * time[:, None] / periods)
        return cut_series(signal, signal[:, :1], 2, 0.6, 0.15)


def inputs_of(neurons: int) -> int:
    """Of a network with so many neurons a layer."""
    return max(2, neurons // NEURONS_PER_INPUT)


def network_of(neurons: int, seed: int = 0) -> MTCNetwork:
    """Two layers of ``neurons`` excitable neurons with random weights."""
    rng = np.random.default_rng(seed)
    layers = tuple(NeuronParameters.stack([_neuron(rng) for _ in range(neurons)]) for _ in "01")
    configuration = NetworkConfiguration(
        inputs=inputs_of(neurons),
        outputs=1,
        layers=layers,
        dt=0.5,
        steps_per_sample=8,
        readout_tau=1.0,
        readout_filter="exact",
    )
    network = MTCNetwork(configuration, dtype=torch.float64)
    with torch.no_grad():
        for layer, fan_in in zip(network.projections, (ENTERING, FAN_IN), strict=True):
            weight = cast("Tensor", layer.weight)
            weight.copy_(torch.tensor(_sparse(rng, weight.shape, fan_in, 0.9 / fan_in**0.5)))
            cast("Tensor", layer.bias).fill_(0.2)
        readout = network.readout.weight
        readout.copy_(torch.tensor(_sparse(rng, readout.shape, READ, 1.0)))
    return network


def _neuron(rng: np.random.Generator) -> NeuronParameters:
    """Each another one, so that nothing is mapped only once."""
    return NeuronParameters(
        elements=(
            Element(Timescale.FAST, -2.0 + 0.05 * float(rng.normal()), 0.0),
            Element(Timescale.SLOW, 2.0, 0.0),
        ),
        name="excitable",
        tau_slow=float(rng.uniform(20.0, 30.0)),
        filter_slow=OTA_FILTER,
        output=OutputShape.OTA,
        i_bias=-1.3,
    )


def _sparse(
    rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, scale: float
) -> np.ndarray:
    """Random weights, ``fan_in`` in each row."""
    weights = np.zeros(shape)
    count = min(fan_in, shape[1])
    for row in weights:
        # no line gets much more than its share
        row[rng.choice(shape[1], count, replace=False)] = rng.uniform(-scale, scale, count)
    return weights


def measured(technology: str, neurons: int, folder: Path) -> list[tuple[str, float, float]]:
    """(step, seconds, peak memory so far in MB) of each step."""
    found: list[tuple[str, float, float]] = []

    def timed(name: str, work: Callable[[], object]) -> object:
        begin = time.perf_counter()
        made = work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        found.append((name, time.perf_counter() - begin, peak))
        return made

    loaded = load_technology(technology)
    with WorkbenchSettings().open() as workbench:
        # cells are measured once for all networks
        workbench.cells(loaded, conditions_at(loaded))
        network = timed("network and series", lambda: network_of(neurons))
        assert isinstance(network, MTCNetwork)
        waves = Waves(inputs_of(neurons))
        task = ForecastTask(network, waves, make_series(waves))
        built = timed("mapping", lambda: build_network(task, loaded, workbench))
        assert isinstance(built, BuiltNetwork)
        timed("circuit", lambda: built.circuit)
        timed("netlist", lambda: built.netlist)
        signal = task.heard(_HEARD)
        timed("estimates", lambda: estimate_network(built, [signal]))
        timed("export, all files", lambda: built.export(folder, _HEARD))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--technology", default="sky130")
    parser.add_argument("--neurons", type=int, default=1000, help="of each of the two layers")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = measured(arguments.technology, arguments.neurons, folder)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    title = (
        f"{arguments.technology}: 2 layers of {arguments.neurons} neurons, {size / 1e6:.0f} MB of "
        "files"
    )
    print_table(title, ("step", "seconds", "peak memory (MB)"), rows)
    print(f"all: {sum(row[1] for row in rows):.0f} s")


if __name__ == "__main__":
    main()
