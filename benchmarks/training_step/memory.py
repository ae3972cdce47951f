"""The most memory that a long training step needs, in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

from benchmarks.training_step.contenders import Shape, mtc

LONG = Shape(batch=8, time=100_000, neurons=100)


def peak_of_child(shape: Shape = LONG) -> dict[str, float]:
    """Peak resident memory in bytes, before and after one step, and the step's seconds.

    Raises:
        subprocess.CalledProcessError: the child died, of too little memory perhaps.
    """
    words = [str(n) for n in (shape.batch, shape.time, shape.neurons)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.training_step.memory", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _peak() -> int:
    # Linux counts in KiB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    batch, time_steps, neurons = (int(word) for word in sys.argv[1:])
    before = _peak()
    step = mtc("fused")(Shape(batch, time_steps, neurons))
    begin = time.perf_counter()
    step()
    seconds = time.perf_counter() - begin
    print(json.dumps({"before": before, "peak": _peak(), "seconds": seconds}))
