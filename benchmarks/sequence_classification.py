"""Classification of sequences: MTC neurons beside adaptive and plain LIF, at equal parameters.

    python -m benchmarks.sequence_classification [--sets GunPoint BasicMotions JapaneseVowels]
        [--seeds 1] [--steps 100] [--neurons 16] [--data FOLDER] [--json] [--out FILE]

Sets of the UCR and UEA archives that the wheel of aeon carries (`pip install aeon`; it is not
imported), or those of FOLDER, as NAME/NAME_TRAIN.ts and NAME_TEST.ts. All networks have one hidden
layer, the same steps for a sample, the same readout, training and parts of the data; LIF and AdLIF
layers have as many neurons as bring the number of learned parameters nearest to that of the MTC
network. Nothing was tuned for these sets: MTC layers are the toolkit's defaults, the layers, first
weights and learning rates of the others those of `benchmarks.mackey_glass`. Beside them the nearest
neighbor of the raw sequences.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import mackey_glass
from neuron_model.atomic import write_together
from neuron_model.baselines.adaptive_lif import AdaptiveLIF
from neuron_model.baselines.lif import LeakyLIF
from neuron_model.errors import MissingDependencyError
from neuron_model.network.bursting_layer import BurstingLayer
from neuron_model.network.description import Network, NetworkSettings
from neuron_model.network.network import SpikingNetwork
from neuron_model.tasks.sequence_file import SequenceFile
from neuron_model.tasks.sequences import SequenceData
from neuron_model.training.sequence_scoring import trivial_scores
from neuron_model.training.sequence_training import fit_sequences
from neuron_model.training.training_configuration import TrainingConfiguration

SETS = ("GunPoint", "BasicMotions", "JapaneseVowels")
KINDS = ("MTC", "AdLIF", "LIF")
STEPS_PER_SAMPLE = 4
_OTHERS = {"AdLIF": "adlif.toml", "LIF": "lif.toml"}
_LARGEST_GRADIENT = 1e17
"""Beyond it the square of a gradient's norm leaves float32; surrogates can explode in time."""


@dataclass(frozen=True)
class Row:
    """One set and kind of neuron over all seeds. accuracy, activity: of each seed, from 0 to 1.

    parameters: learned numbers. seconds: of all trainings.
    """

    set: str
    kind: str
    neurons: int
    parameters: int
    accuracy: tuple[float, ...]
    activity: tuple[float, ...]
    seconds: float


def data_folder(given: str | None) -> Path:
    """Where the sets lie.

    Raises:
        MissingDependencyError: none is given, and aeon is not installed.
    """
    if given:
        return Path(given)
    spec = find_spec("aeon")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError(
            "The sets come with aeon, which is not installed; run `pip install aeon`, or give "
            "--data FOLDER."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "datasets" / "data"


def parameter_count(network: SpikingNetwork) -> int:
    """How many numbers are learned."""
    return sum(p.numel() for p in network.parameters())


def make_network(kind: str, neurons: int, data: SequenceData, seed: int) -> SpikingNetwork:
    """A network of one hidden layer, before training; the same for the same arguments."""
    if kind == "MTC":
        usual = NetworkSettings(steps_per_sample=STEPS_PER_SAMPLE)
        return Network(BurstingLayer(neurons), usual, seed).module(data.inputs, data.outputs)
    layer_of = AdaptiveLIF if kind == "AdLIF" else LeakyLIF
    settings = _settings(kind)
    values: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in settings["neurons"].items()
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SpikingNetwork(
            [layer_of(neurons, **values)],
            inputs=data.inputs,
            outputs=data.outputs,
            steps_per_sample=STEPS_PER_SAMPLE,
        )
        with torch.no_grad():
            projection: Any = network.projections[0]
            projection.weight.normal_(0.0, settings["input_gain"] / math.sqrt(data.inputs))
            projection.bias.uniform_(*settings["bias"])
    for parameter in network.parameters():
        parameter.register_hook(_bounded)
    return network


def _bounded(gradient: Tensor) -> Tensor:
    bound = _LARGEST_GRADIENT
    return torch.nan_to_num(gradient, 0.0, bound, -bound).clamp(-bound, bound)


def _settings(kind: str) -> dict[str, Any]:
    path = Path(mackey_glass.__file__).with_name(_OTHERS[kind])
    return tomllib.loads(path.read_text(encoding="utf-8"))


def training_of(kind: str, steps: int, seed: int) -> TrainingConfiguration:
    """How a kind of neuron is trained: MTC by the toolkit's defaults."""
    if kind == "MTC":
        return TrainingConfiguration(steps=steps, seed=seed)
    settings = _settings(kind)["training"]
    rates = {name: settings[name] for name in ("learning_rate", "readout_rate")}
    return TrainingConfiguration(steps=steps, seed=seed, **rates)


def equal_size(kind: str, neurons: int, data: SequenceData) -> int:
    """Neurons of ``kind`` with about as many learned parameters as so many MTC neurons."""
    wanted = parameter_count(make_network("MTC", neurons, data, 0))
    one, two = (parameter_count(make_network(kind, n, data, 0)) for n in (1, 2))
    return max(1, round((wanted - one) / (two - one)) + 1)


def run(kind: str, neurons: int, task: SequenceFile, seeds: int, steps: int) -> Row:
    """Train and test one kind of neuron on one set."""
    data = task.sequences()
    size = neurons if kind == "MTC" else equal_size(kind, neurons, data)
    accuracy, activity = [], []
    start = time.perf_counter()
    for seed in range(seeds):
        network = make_network(kind, size, data, seed)
        result = fit_sequences(network, task, training_of(kind, steps, seed))
        assert result.test.accuracy is not None
        accuracy.append(result.test.accuracy)
        activity.append(result.history[-1].activity)
    return Row(
        Path(task.file).parent.name,
        kind,
        size,
        parameter_count(make_network(kind, size, data, 0)),
        tuple(accuracy),
        tuple(activity),
        time.perf_counter() - start,
    )


def table(rows: Sequence[Row], neighbors: dict[str, float]) -> str:
    """In Markdown: accuracy and activity, the median over the seeds and their range."""
    lines = [
        "| set | neurons | learned parameters | accuracy (%) | activity (%) |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.set} | {row.neurons} {row.kind} | {row.parameters} | "
            f"{_range(row.accuracy)} | {_range(row.activity)} |"
        )
    lines += [
        f"| {name} | nearest neighbor | - | {100 * accuracy:.1f} | - |"
        for name, accuracy in neighbors.items()
    ]
    return "\n".join(lines) + "\n"


def _range(values: Sequence[float]) -> str:
    middle = f"{100 * statistics.median(values):.1f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({100 * min(values):.1f} to {100 * max(values):.1f})"


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sequence_classification",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--neurons", type=int, default=16)
    parser.add_argument("--data", help="folder of the sets; aeon's if not given")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, help="write the table to this file, JSON beside it")
    given = parser.parse_args(words)
    folder = data_folder(given.data)
    rows, neighbors = [], {}
    for name in given.sets:
        task = SequenceFile(str(folder / name / f"{name}_TRAIN.ts"))
        trivial = trivial_scores(task, task.sequences())
        if "nearest neighbor" in trivial:
            neighbors[name] = trivial["nearest neighbor"].accuracy or 0.0
        for kind in KINDS:
            rows.append(run(kind, given.neurons, task, given.seeds, given.steps))
            print(f"{name}, {kind}: {rows[-1].seconds:.0f} s", file=sys.stderr)
    text = table(rows, neighbors)
    record = json.dumps({"rows": [asdict(r) for r in rows], "neighbors": neighbors}, indent=2)
    print(f"{record}\n" if given.json else text, end="")
    if given.out is not None:
        write_together(
            {given.out: text, given.out.with_suffix(".json"): f"{record}\n"},
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
