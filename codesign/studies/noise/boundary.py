"""Where a neuron without noise changes its regime: the current nearest to that of its drive."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from codesign.studies.noise.noisy_neuron import NoisyNeuron
from neuron_model.analysis.regimes import Regime
from neuron_model.analysis.rhythm import watched
from neuron_model.model.drive import Drive
from neuron_model.progress import Progress

# In I0: how far from the drive a boundary is looked for, in which steps, and how exactly.
REACH = 1.5
_STRIDE, _EXACTLY = 0.05, 1e-4


def nearest_change(neuron: NoisyNeuron, progress: Progress) -> tuple | None:
    """(current, regime below, regime above) without noise, nearest to the drive's last current."""
    start = neuron.drive.stimulus.values[-1]
    seen = 0

    def regime(current: float) -> Regime:
        nonlocal seen
        seen += 1
        progress(seen, seen, "looking for a boundary between regimes")
        return watched(neuron.macromodel, driven_by(neuron.drive, current))[0].regime

    here = neuron.quiet.regime
    edges = {1: (start, here), -1: (start, here)}
    for k in range(1, round(REACH / _STRIDE) + 1):
        for side in edges:
            current = start + side * k * _STRIDE
            there = regime(current)
            last, before = edges[side]
            if there != before:
                return _bisected(regime, last, current, before, there)
            edges[side] = current, there
    return None


def _bisected(regime: Any, near: float, far: float, here: Regime, there: Regime) -> tuple:
    while abs(far - near) > _EXACTLY:
        middle = 0.5 * (near + far)
        found = regime(middle)
        if found == here:
            near = middle
        else:
            far, there = middle, found
    below, above = (here, there) if near < far else (there, here)
    return 0.5 * (near + far), below.value, above.value


def driven_by(drive: Drive, current: float) -> Drive:
    """The drive with another last current."""
    values = (*drive.stimulus.values[:-1], current)
    return replace(drive, stimulus=replace(drive.stimulus, values=values))
