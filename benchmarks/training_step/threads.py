"""How much sooner a step ends on several threads, beside what the machine has to give."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

import torch

from benchmarks.training_step.contenders import Shape, Step, mtc

_FIRST, _IN_A_ROW = 3, 5


def threads(shape: Shape, turns: int) -> dict[str, float]:
    """Median seconds on the wall of a step of the fused kernel, by the number of threads.

    They take turns of some steps in a row, as in training, of which the first do not count: a
    processor that had nothing to do takes a while to be there.
    """
    step = mtc("fused")(shape)
    counts = [n for n in (1, 2, 4, 8) if n <= (os.cpu_count() or 1)]
    samples: dict[int, list[float]] = {n: [] for n in counts}
    before = torch.get_num_threads()
    for _ in range(turns):
        for count in counts:
            torch.set_num_threads(count)
            samples[count] += _seconds(step, _IN_A_ROW)
    torch.set_num_threads(before)
    return {str(n): statistics.median(times) for n, times in samples.items()}


def two_processes(shape: Shape, turns: int) -> float:
    """How many times the steps that one process does two do at once: what two threads can give.

    Twice the time of a step alone over its time beside another process that does the same: less
    than 2 where processors share a core, or where others use the machine.

    Raises:
        subprocess.CalledProcessError: the other process ended.
    """
    step = mtc("fused")(shape)
    alone = _median(step, turns)
    words = [str(n) for n in (shape.batch, shape.time, shape.neurons)]
    command = [sys.executable, "-m", "benchmarks.training_step.threads", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            if not other.stdout.readline():
                raise subprocess.CalledProcessError(other.wait(), command)
            beside = _median(step, turns)
        finally:
            other.terminate()
    return 2 * alone / beside


def _median(step: Step, turns: int) -> float:
    return statistics.median(t for _ in range(turns) for t in _seconds(step, _IN_A_ROW))


def _seconds(step: Step, count: int) -> list[float]:
    for _ in range(_FIRST):
        step()
    samples = []
    for _ in range(count):
        begin = time.perf_counter()
        step()
        samples.append(time.perf_counter() - begin)
    return samples


if __name__ == "__main__":
    batch, time_steps, neurons = (int(word) for word in sys.argv[1:])
    torch.set_num_threads(1)
    other_step = mtc("fused")(Shape(batch, time_steps, neurons))
    other_step()
    print("began", flush=True)
    while True:
        other_step()
