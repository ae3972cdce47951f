"""A step of neurons with detailed macromodels, forward and backward: plain torch and compiled.

    python -m benchmarks.detailed_step [--steps 64] [--repeats 5] [--threads 1] [--out FOLDER]

32 sequences of 16 neurons, float32: the parameters of the macromodel, with every amplifier, of a
random neuron of `benchmarks.macromodel` on `generic`, each number moved by 1 % from neuron to
neuron. The gradient is that of the current and of all these numbers. The two take turns, so that a
busy machine slows both; times are medians of wall-clock time, and the first compiled run is counted
apart, as what compiling takes (in an empty cache of inductor's).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch

from benchmarks.macromodel.study import drawn_neurons
from circuits.technology import conditions_at, load_technology
from codesign.building.circuit import assemble
from codesign.workbench import WorkbenchSettings
from mapping.macromodel import Macromodel
from neuron_model.atomic import write_atomically
from neuron_model.backends.backends import BACKENDS
from neuron_model.backends.problem import TAPES, Problem
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import NeuronParameters, Value

BATCH, NEURONS = 32, 16
CONTENDERS = {"eager": "full", **{f"compiled, tape {tape}": tape for tape in TAPES}}


def detailed_neuron() -> NeuronParameters:
    """One neuron on `generic`, as it is built, in detail."""
    technology = load_technology("generic")
    with WorkbenchSettings(workers=1, timeout=600).open() as tools:
        (one,) = drawn_neurons(technology, tools, 0, (1,))
        measured = tools.cells(technology, conditions_at(technology))
        return assemble(one.parameters, Macromodel(one.design, measured), technology).predicted[0]


def no_two_alike(one: NeuronParameters) -> NeuronParameters:
    """``NEURONS`` such neurons; what leaves its term as it is stays a plain number."""
    generator = np.random.default_rng(0)

    def row(value: Value) -> Value:
        if value in (0.0, 1.0) or math.isinf(value):
            return value
        spread = 1.0 + 0.01 * generator.standard_normal(NEURONS)
        return torch.tensor(value * spread, dtype=torch.float32, requires_grad=True)

    return one.map(row)


def run(name: str, parameters: NeuronParameters, steps: int, gradient: bool = True) -> float:
    """Seconds that one run takes."""
    generator = torch.Generator().manual_seed(0)
    current = 0.1 * torch.randn(BATCH, steps, NEURONS, generator=generator)
    current.requires_grad_()
    state = State(*[torch.full((BATCH, NEURONS), -0.3)] * 4)
    backend = BACKENDS[name.split(",")[0]]
    problem = Problem(current, state, parameters, 0.1, "exponential", tape=CONTENDERS[name])
    learned = [v for _, v in parameters.named_values() if isinstance(v, torch.Tensor)]
    begin = time.perf_counter()
    with torch.set_grad_enabled(gradient):
        s = backend(problem).output
    if gradient:
        torch.autograd.grad(s.sum(), [current, *learned], allow_unused=True)
    return time.perf_counter() - begin


def measure(steps: int, repeats: int) -> dict[str, object]:
    """Milliseconds of a step, and what compiling takes, in seconds."""
    one = detailed_neuron()
    parameters = no_two_alike(one)
    with tempfile.TemporaryDirectory() as cache, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
        first = "compiled, tape full"
        found: dict[str, object] = {
            "amplifiers": len(one.lagging),
            "rows": sum(isinstance(v, torch.Tensor) for _, v in parameters.named_values()),
            "seconds to compile the step": run(first, parameters, 1, gradient=False),
            "seconds to compile the gradient": run(first, parameters, 1),
        }
        for gradient in (True, False):
            times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
            for _ in range(repeats):
                for name, seconds in times.items():
                    seconds.append(1e3 * run(name, parameters, steps, gradient) / steps)
            found["with gradient" if gradient else "forward"] = {
                name: statistics.median(seconds) for name, seconds in times.items()
            }
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for detailed_step.json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    found = measure(arguments.steps, arguments.repeats)
    found |= {"steps": arguments.steps, "threads": arguments.threads, "torch": torch.__version__}
    text = json.dumps(found, indent=2)
    print(text)
    if arguments.out:
        write_atomically(arguments.out / "detailed_step.json", text + "\n")


if __name__ == "__main__":
    main()
