"""A neuron's response for many chips: each transistor altered in place, nothing loaded anew."""

from __future__ import annotations

from dataclasses import replace

from circuits.technology import Technology
from mapping.mismatch import Draw
from netlists.bench import Bench, Step
from netlists.device_names import alterations
from netlists.neuron_benches import NeuronBenches


def sampled_bench(
    bench: Bench, benches: NeuronBenches, technology: Technology, draw: Draw
) -> Bench:
    """The analyses of ``bench`` for each sample of ``draw``, one after the other.

    Args:
        bench: one of ``benches``.
        benches: of the neuron that was drawn.
        technology: whose devices it is made of.
        draw: of :func:`circuits.mismatch.device_spreads` of the same design.
    """
    (instance,) = bench.instances
    factors = has_factors(draw)
    steps: list[Step] = []
    for index in range(draw.samples):
        steps += alterations(
            benches.circuit.cell,
            technology,
            bench.models,
            instance.name,
            draw.threshold[index],
            draw.current_factor[index] if factors else None,
        )
        steps += bench.analyses
    return replace(bench, analyses=tuple(steps))


def has_factors(draw: Draw) -> bool:
    """Whether current factors differ at all: where they do not, they need no altering."""
    return any(spread.current_factor for spread in draw.spreads)
