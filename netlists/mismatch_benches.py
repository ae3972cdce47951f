"""A neuron's response for many samples: each transistor altered in place, nothing loaded anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from circuits.technology import Technology
from mapping.mismatch import Draw
from netlists.bench import Alteration, Bench, Step
from netlists.device_names import alterations, capacitor_alterations
from netlists.neuron_benches import NeuronBenches


def sampled_bench(
    bench: Bench,
    benches: NeuronBenches,
    technology: Technology,
    draw: Draw,
    lines: Sequence[Mapping[str, float]] = (),
) -> Bench:
    """The analyses of ``bench`` for each sample of ``draw``, one after the other.

    Args:
        bench: one of ``benches``.
        benches: of the neuron that was drawn.
        technology: whose devices it is made of.
        draw: of :func:`circuits.mismatch.draw_samples` of the same design.
        lines: what bias and reference lines are set to for each sample, ampere or volt by port;
            the same ports for all. None are set where it is empty.
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
        if draw.capacitance is not None:
            change = float(draw.capacitance[index])
            steps += capacitor_alterations(benches.circuit.cell, instance.name, change)
        steps += line_settings(lines[index]) if lines else ()
        steps += bench.analyses
    return replace(bench, analyses=tuple(steps))


def line_settings(lines: Mapping[str, float]) -> tuple[Alteration, ...]:
    """Bias (``ib_``) and reference lines (``vr_``) of a neuron's bench set to other values."""
    return tuple(
        Alteration(f"{'i' if port.startswith('ib_') else 'v'}{port}", "dc", value)
        for port, value in lines.items()
    )


def has_factors(draw: Draw) -> bool:
    """Whether current factors differ at all: where they do not, they need no altering."""
    return bool(np.any(draw.current_factor))
