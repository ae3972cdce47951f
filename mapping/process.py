"""Process variation: by how much a whole chip is off, drawn sample by sample.

    V_T,i = as drawn + sigma_VT(kind) z(sample, kind) + mismatch_i        kind: NMOS or PMOS
    beta_i likewise, relative                  C_i = as drawn (1 + sigma_C z(sample))

All devices of one kind on one chip move together: variation within a chip is mismatch
(:mod:`mapping.mismatch`), which is added device by device. NMOS, PMOS and capacitors are taken
to be independent of each other; corners, which go together, are conditions of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from mapping.mismatch import Draw
from neuron_model.errors import InputError

# A stream of its own, so that devices are drawn alike with and without it.
_STREAM = 1
# Far out in the tail a factor or a capacitor must stay one that there can be.
_LEAST = -0.9


@dataclass(frozen=True)
class ProcessSpread:
    """How far samples of a process are from its nominal: standard deviations.

    threshold: volt, by kind of device ("nmos", "pmos"). current_factor: relative, by kind.
    capacitance: relative, of all capacitors.
    """

    threshold: Mapping[str, float] = field(default_factory=dict)
    current_factor: Mapping[str, float] = field(default_factory=dict)
    capacitance: float = 0.0


@dataclass(frozen=True, eq=False)
class ProcessDraw:
    """What each sample has: threshold (volt) and current_factor (relative) by kind, and the
    relative
    change of its capacitors; arrays (samples,)."""

    threshold: Mapping[str, np.ndarray]
    current_factor: Mapping[str, np.ndarray]
    capacitance: np.ndarray


def draw_process(spread: ProcessSpread, samples: int, seed: int = 0) -> ProcessDraw:
    """Draw ``samples`` samples; each is the same whatever number of others is drawn after it."""
    kinds = ("nmos", "pmos")
    stream = np.random.SeedSequence(seed, spawn_key=(_STREAM,))
    normal = np.random.default_rng(stream).standard_normal((samples, 2 * len(kinds) + 1))
    thresholds, factors, capacitance = np.split(normal, [len(kinds), 2 * len(kinds)], axis=1)

    def scaled(by_kind: Mapping[str, float], columns: np.ndarray) -> dict[str, np.ndarray]:
        return {k: by_kind.get(k, 0.0) * z for k, z in zip(kinds, columns.T, strict=True)}

    return ProcessDraw(
        scaled(spread.threshold, thresholds),
        scaled(spread.current_factor, factors),
        np.maximum(spread.capacitance * capacitance[:, 0], _LEAST),
    )


def on_process(mismatch: Draw, process: ProcessDraw) -> Draw:
    """The samples of ``mismatch``, each made by what was drawn for it in ``process``.

    Raises:
        InputError: they are not the same number of samples.
    """
    if process.capacitance.size != mismatch.samples:
        raise InputError(
            f"process: {process.capacitance.size} samples were drawn, and {mismatch.samples} for "
            "mismatch; they must be the same number."
        )

    def columns(by_kind: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.stack([by_kind[spread.kind] for spread in mismatch.spreads], axis=1)

    return replace(
        mismatch,
        threshold=mismatch.threshold + columns(process.threshold),
        current_factor=np.maximum(
            mismatch.current_factor + columns(process.current_factor), _LEAST
        ),
        capacitance=process.capacitance,
    )
