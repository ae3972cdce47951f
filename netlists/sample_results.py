"""What ngspice gives for each of many samples, some of which share a bench."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from netlists.bench import Bench
from netlists.engine import Engine, Result
from neuron_model.errors import SimulatorError

SAMPLES_PER_BENCH = 4
"""Samples that one bench simulates one after the other: loading is shared, and what was interrupted
loses no more than these."""


def sample_results(
    engine: Engine,
    samples: Sequence[int],
    bench_of: Callable[[Sequence[int]], Bench],
    name_of: Callable[[int], str],
    at_once: int = SAMPLES_PER_BENCH,
) -> Iterator[tuple[int, Result]]:
    """(sample, its one analysis), in their order.

    Args:
        engine: ngspice.
        samples: numbers that ``bench_of`` and ``name_of`` know.
        bench_of: the bench of some of them, with one analysis a sample.
        name_of: what an error calls a sample.
        at_once: samples of a bench.

    Raises:
        SimulatorError: a sample could not be simulated; it is named.
    """
    groups = [samples[i : i + at_once] for i in range(0, len(samples), at_once)]
    outcomes = engine.attempt(bench_of(group) for group in groups)
    for group, outcome in zip(groups, outcomes, strict=True):
        for place, sample in enumerate(group):
            if isinstance(outcome, Result):
                yield sample, Result((outcome[place],))
                continue
            # one sample that fails takes the others of its bench with it: each by itself
            try:
                alone = engine.run(bench_of([sample]))
            except SimulatorError as error:
                raise type(error)(f"{name_of(sample)}: {error}") from error
            yield sample, alone
