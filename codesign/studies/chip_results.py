"""What ngspice gives for each of many chips, some of which share a bench."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from netlists.bench import Bench
from netlists.engine import Engine, Result
from neuron_model.errors import SimulatorError

CHIPS_PER_BENCH = 4
"""Chips that one bench simulates one after the other: loading is shared, and what was interrupted
loses no more than these."""


def chip_results(
    engine: Engine,
    chips: Sequence[int],
    bench_of: Callable[[Sequence[int]], Bench],
    name_of: Callable[[int], str],
    at_once: int = CHIPS_PER_BENCH,
) -> Iterator[tuple[int, Result]]:
    """(chip, its one analysis), in their order.

    Args:
        engine: ngspice.
        chips: numbers that ``bench_of`` and ``name_of`` know.
        bench_of: the bench of some of them, with one analysis a chip.
        name_of: what an error calls a chip.
        at_once: chips of a bench.

    Raises:
        SimulatorError: a chip could not be simulated; it is named.
    """
    groups = [chips[i : i + at_once] for i in range(0, len(chips), at_once)]
    outcomes = engine.attempt(bench_of(group) for group in groups)
    for group, outcome in zip(groups, outcomes, strict=True):
        for place, chip in enumerate(group):
            if isinstance(outcome, Result):
                yield chip, Result((outcome[place],))
                continue
            # one chip that fails takes the others of its bench with it: each by itself
            try:
                alone = engine.run(bench_of([chip]))
            except SimulatorError as error:
                raise type(error)(f"{name_of(chip)}: {error}") from error
            yield chip, alone
