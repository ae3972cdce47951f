"""What can be measured of samples that are to be calibrated, and samples that are macromodels.

A measurement is what an instrument could do to a sample through its pads:

    current    the membrane clamped at a voltage through its own pad, everything settled: the
               current that the clamp delivers; with a block's bias code at 0, what is left
               without that block (the difference is the block's own transfer curve)
    pattern    the membrane driven by a known current, the spikes counted and timed

Whoever has such samples (samples of the macromodel here, netlists in ngspice elsewhere) offers the
same two functions; a trim knows no more of a sample than what they return.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from mapping.calibration.curves import some, steady_current
from mapping.calibration.knobs import Knob, with_value
from mapping.grid import place
from mapping.macromodel import Macromodel
from mapping.mismatch import Draw
from mapping.samples import sampled
from mapping.sensitivity import CellSensitivities
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.stimulus import Stimulus


@dataclass(frozen=True)
class Stimulation:
    """What drives a pattern: I_in, how long (model time), from when on it is judged, and the
    threshold of a spike (model units)."""

    stimulus: Stimulus
    duration: float
    onset: float
    threshold: float


class Samples(Protocol):
    """Samples on the bench. rows: which of them, (some,); values: of the knobs, (some, knobs)."""

    def currents(
        self, rows: np.ndarray, values: np.ndarray, voltage: np.ndarray, without: str | None = None
    ) -> np.ndarray:
        """Drawn from a clamp at ``voltage`` (U, (points,)) in a steady state, in I0,
        (some, points); ``without`` names an element whose bias is off."""

    def patterns(
        self, rows: np.ndarray, values: np.ndarray, duration: float
    ) -> Sequence[RegimeReport]:
        """How each fires under the known current, told over ``duration`` (model time)."""


# Where parameters are worked out along a knob; between them they are interpolated.
_STATIONS = 5
# A bias that is off carries this share of its current.
_OFF = 1e-3


@dataclass(frozen=True, eq=False)
class MacromodelSamples:
    """Samples of a draw as the macromodel has them, thousands at once.

    Parameters along each line are those of :func:`mapping.samples.sampled` at some of its values,
    interpolated, and the lines' changes added up: a line changes its own block.
    """

    macromodel: Macromodel
    sensitivities: CellSensitivities
    draw: Draw
    knobs: tuple[Knob, ...]
    stimulation: Stimulation | None = None

    def parameters(
        self, rows: np.ndarray, values: np.ndarray, without: str | None = None
    ) -> NeuronParameters:
        """Parameters of samples whose knobs are at ``values``, arrays (some,)."""
        samples = some(self._drawn, rows)
        numbers = {key: np.array(v, dtype=float) for key, v in samples.named_values()}
        for index, knob in enumerate(self.knobs):
            if without is not None and knob.port == f"ib_{without}":
                continue
            stations, changes = self._along[knob.port]
            low, share = place(stations, values[:, index])
            for key, change in changes.items():
                moved = change[low, rows] * (1 - share) + change[low + 1, rows] * share
                numbers[key] = numbers[key] + moved
        if without is not None:
            for key, change in self._off[without].items():
                numbers[key] = numbers[key] + change[rows]
        return samples.with_values(numbers)

    def currents(
        self, rows: np.ndarray, values: np.ndarray, voltage: np.ndarray, without: str | None = None
    ) -> np.ndarray:
        """See :class:`Samples`."""
        return steady_current(self.parameters(rows, values, without), voltage)

    def patterns(
        self, rows: np.ndarray, values: np.ndarray, duration: float
    ) -> Sequence[RegimeReport]:
        """See :class:`Samples`; needs a ``stimulation``."""
        drive = self.stimulation
        if drive is None:
            raise InputError("trim: patterns of samples need a stimulation.")
        # which brings torch along: whoever only reads of samples goes without
        from neuron_model.network.population import population_reports

        return population_reports(
            self.parameters(rows, values), drive.stimulus, duration, drive.onset, drive.threshold
        )

    @cached_property
    def _drawn(self) -> NeuronParameters:
        return sampled(self.macromodel, self.sensitivities, self.draw)

    def _change(self, port: str, value: float) -> dict[str, np.ndarray]:
        """Parameter by parameter, what a line at ``value`` changes, (samples,)."""
        there = replace(self.macromodel, design=with_value(self.macromodel, port, value))
        moved = sampled(there, self.sensitivities, self.draw)
        before = dict(self._drawn.named_values())
        samples = self.draw.samples
        return {
            key: np.broadcast_to(np.asarray(v) - np.asarray(before[key]), samples)
            for key, v in moved.named_values()
            if not np.array_equal(v, before[key])
        }

    @cached_property
    def _along(self) -> dict[str, tuple[np.ndarray, dict[str, np.ndarray]]]:
        """By port: the values looked at, and the changes there by parameter, (values, samples)."""
        found = {}
        for knob in self.knobs:
            stations = np.unique(
                np.append(np.linspace(knob.codes[0], knob.codes[-1], _STATIONS), knob.drawn)
            )
            changes = [self._change(knob.port, float(v)) for v in stations]
            keys = dict.fromkeys(key for change in changes for key in change)
            none = np.zeros(self.draw.samples)
            table = {key: np.stack([c.get(key, none) for c in changes]) for key in keys}
            found[knob.port] = stations, table
        return found

    @cached_property
    def _off(self) -> dict[str, dict[str, np.ndarray]]:
        """By element: what changes, parameter by parameter, where its bias is off."""
        return {
            a.name: self._change(f"ib_{a.name}", _OFF * a.bias_current)
            for a in self.macromodel.design.elements
        }
