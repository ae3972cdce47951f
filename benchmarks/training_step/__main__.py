"""One training step, forward and backward, of MTC neurons and of the SNN libraries' LIF layers.

    python -m benchmarks.training_step [--repeats 5] [--only fused] [--json] [--out docs/results]

B 32, T 1000, N 100, float32, one thread. All contenders take turns; the times are medians, in
seconds of processor time, so that what else a machine does counts as little as it can. Only the
scaling over threads is in seconds on the wall, beside what two processes at once get done. The MTC
neurons have four elements, and every alpha, delta, tau and kappa of every neuron is learned. In the
same run: what the machine can do (tanh and memory), how the fused kernel scales, what a step costs
before its first neuron, the memory of a long sequence, and how many processes wanted a processor
(the load average of a minute). Libraries that are not installed are left out;
`pip install 'mtc-codesign[benchmarks]'` brings them.

    MTC_KERNEL_LEVEL=3 ATEN_CPU_CAPABILITY=avx2 python -m benchmarks.training_step

has the kernel and torch without AVX-512, as on a processor that has only AVX2.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.training_step.contenders import (
    CONTENDERS,
    FUSED,
    MissingLibrary,
    Shape,
    Step,
    mtc,
)
from benchmarks.training_step.machine import (
    least_bytes,
    least_tanh,
    memory_rate,
    tanh_rate,
    torch_tanh_rate,
)
from benchmarks.training_step.memory import LONG, peak_of_child
from benchmarks.training_step.threads import threads, two_processes
from neuron_model.atomic import write_atomically

SCALING = {
    "batch": (8, 16, 32, 64),
    "time": (250, 500, 1000, 2000),
    "neurons": (25, 50, 100, 200),
}
OTHER_SHAPES = {
    "B 1, T 1, N 100 (fixed cost)": Shape(1, 1, 100),
    "B 1, T 1000, N 100": Shape(1, 1000, 100),
    "B 4, T 8000, N 100": Shape(4, 8000, 100),
    "B 32, T 1000, N 16": Shape(32, 1000, 16),
}


def medians(steps: Mapping[str, Step], repeats: int) -> dict[str, float]:
    """Median seconds of each; they take turns, after one round that does not count.

    Each time is that of a step after a step of the same contender, as in training: whoever comes
    first after another one also clears away what that one left.
    """
    samples: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(repeats + 1):
        for name, step in steps.items():
            step()
            begin = time.process_time()
            step()
            if number:
                samples[name].append(time.process_time() - begin)
    return {name: statistics.median(times) for name, times in samples.items()}


def make(shape: Shape, only: str, notice: Callable[[str], None]) -> dict[str, Step]:
    """The contenders whose name has ``only`` in it and whose library is there."""
    steps = {}
    for name, contender in CONTENDERS.items():
        if only in name:
            try:
                steps[name] = contender(shape)
            except MissingLibrary as missing:
                notice(f"left out: {name}: {missing}; pip install 'mtc-codesign[benchmarks]'")
    return steps


def ratios(seconds: Mapping[str, float]) -> dict[str, float]:
    """How many times as long as the fused kernel each one takes."""
    return {name: value / seconds[FUSED] for name, value in seconds.items() if name != FUSED}


def bounds(shape: Shape, fused_seconds: float) -> dict[str, float]:
    """What the machine can do, and what part of that the fused kernel reaches."""
    tanh, memory = tanh_rate(), memory_rate()
    by_tanh, by_memory = least_tanh(shape) / tanh, least_bytes(shape) / memory
    return {
        "tanh_per_second": tanh,
        "torch_tanh_per_second": torch_tanh_rate(),
        "bytes_per_second": memory,
        "seconds_by_tanh": by_tanh,
        "seconds_by_memory": by_memory,
        "fused_over_bound": fused_seconds / max(by_tanh, by_memory),
    }


def scaling(shape: Shape, repeats: int) -> dict[str, dict[str, float]]:
    """Medians of the fused kernel over batch, time, neurons and (on the wall) threads."""
    found = {}
    for field, values in SCALING.items():
        steps = {str(value): mtc("fused")(replace(shape, **{field: value})) for value in values}
        found[field] = medians(steps, repeats)
    # many turns: on the wall, what else the machine does counts
    found["threads"] = threads(shape, 3 * repeats)
    return found


def other_shapes(repeats: int) -> dict[str, float]:
    """Medians of the fused kernel for small batches and long sequences; of the short steps, which
    are soon done, more of them."""
    steps = {name: mtc("fused")(shape) for name, shape in OTHER_SHAPES.items()}
    return medians(steps, 10 * repeats)


def measure(
    shape: Shape, repeats: int, only: str = "", notice: Callable[[str], None] = print
) -> dict[str, Any]:
    """All of it, ready for JSON."""
    torch.set_num_threads(1)
    before = os.getloadavg()[0]
    seconds = medians(make(shape, only, notice), repeats)
    result: dict[str, Any] = {"shape": asdict(shape), "repeats": repeats, "seconds": seconds}
    if FUSED in seconds:
        result["times_the_fused"] = ratios(seconds)
        result["machine"] = bounds(shape, seconds[FUSED])
        result["scaling"] = scaling(shape, repeats)
        result["two_processes"] = two_processes(shape, 3 * repeats)
        result["other_shapes"] = other_shapes(repeats)
        result["long"] = asdict(LONG) | peak_of_child()
    result["load"] = {"before": before, "after": os.getloadavg()[0]}
    result["processor"] = f"{_processor()}, {os.cpu_count()} cores"
    result["vectors"] = torch.backends.cpu.get_cpu_capability()
    result["torch"] = torch.__version__
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="contenders with this in their name")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, help="folder for training_step.json and .txt")
    arguments = parser.parse_args()
    result = measure(
        Shape(),
        arguments.repeats,
        arguments.only,
        lambda text: print(text, file=sys.stderr),
    )
    document = json.dumps(result, indent=2)
    if arguments.out is not None:
        write_atomically(arguments.out / "training_step.json", document + "\n")
        write_atomically(arguments.out / "training_step.txt", table(result) + "\n")
    print(document if arguments.json else table(result))


def table(result: Mapping[str, Any]) -> str:
    """For people."""
    shape = result["shape"]
    lines = [
        f"{result['processor']}; {result['vectors']}; torch {result['torch']}; one thread",
        f"B {shape['batch']}, T {shape['time']}, N {shape['neurons']}, float32",
        "",
        f"{'one step':36} {'cpu s':>8} {'x fused':>8}",
    ]
    factors = result.get("times_the_fused", {})
    for name, value in result["seconds"].items():
        factor = f"{factors[name]:8.1f}" if name in factors else ""
        lines.append(f"{name:36} {value:8.4f} {factor}")
    if "machine" not in result:
        return "\n".join(lines)
    m = result["machine"]
    lines += [
        "",
        f"tanh {m['tanh_per_second'] / 1e9:.2f} G/s in the kernel (torch's own: "
        f"{m['torch_tanh_per_second'] / 1e9:.2f}): a step takes {m['seconds_by_tanh']:.4f} s",
        f"memory {m['bytes_per_second'] / 1e9:.1f} GB/s: a step takes "
        f"{m['seconds_by_memory']:.4f} s",
        f"the fused kernel takes {m['fused_over_bound']:.2f} times the longer of the two",
    ]
    for field, values in result["scaling"].items():
        words = ", ".join(f"{key}: {value:.4f} s" for key, value in values.items())
        lines.append(f"{field:8} {words}")
    wall = result["scaling"]["threads"]
    if "2" in wall:
        lines.append(
            f"two threads end {wall['1'] / wall['2']:.2f} times as soon as one; two processes do "
            f"{result['two_processes']:.2f} times the steps of one"
        )
    lines += [f"{name:30} {value:.5f} s" for name, value in result["other_shapes"].items()]
    long = result["long"]
    lines.append(
        f"T {long['time']}, N {long['neurons']}, B {long['batch']}: peak {long['peak'] / 1e9:.2f} "
        f"GB ({long['before'] / 1e9:.2f} before the step), {long['seconds']:.1f} s"
    )
    return "\n".join(lines)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            names = [line.split(":")[1].strip() for line in stream if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
