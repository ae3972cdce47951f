"""Which choices are tried, which are compared again, and on what the outcome is told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from codesign.studies.centering.evaluation import CenteringFigures
from codesign.studies.centering.task import figures_from_json
from codesign.studies.identity import JSON
from codesign.studies.optimizer import CHOICE, Judged, Proposals, Space
from codesign.studies.study import Known, Point, has_failed
from neuron_model.errors import InputError

ALPHA_FACTOR = 1.25
"""Each alpha is multiplied by at most this, or divided by it."""
DELTA_SHIFT = 0.3
"""Each delta and the bias move by at most this, units of U and of I0."""
BEFORE, AFTER = "before", "after"
"""Points: the neuron as it was and as it is centered, on fresh samples."""

# Of what is drawn for the check: as many times the samples of a trial.
_CHECK_SAMPLES = 5
# How many of the best trials are compared on those: the best on a trial's samples was lucky as
# well.
_MOST_CHECKS = 5
# Stands for a choice that cannot be built.
_UNBUILDABLE = 2.0


@dataclass(frozen=True)
class CenteringPlan:
    """Trials one after the other, the neuron as it is being the first; then the _MOST_CHECKS best
    and the first again on _CHECK_SAMPLES times as many others; then the first and the best of
    these on as many others again.

    elements: of the neuron. samples: on which trials are compared. seed: of draws and proposals.
    tolerance: how far the rhythm of the neuron as drawn may be from the model's, a share.

    Raises:
        InputError: a number that is not allowed.
    """

    elements: int
    trials: int
    samples: int
    seed: int = 0
    tolerance: float = 0.25

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise InputError(f"samples = {self.samples} must be at least 1.")
        if not self.tolerance > 0:
            raise InputError(f"tolerance = {self.tolerance:g} must be above 0.")
        _ = self.proposals  # which refuses numbers of its own

    @property
    def checked_samples(self) -> int:
        """On which the outcome is told."""
        return _CHECK_SAMPLES * self.samples

    @cached_property
    def proposals(self) -> Proposals:
        """Alphas, deltas and the bias, from where they are."""
        reach = math.log(ALPHA_FACTOR)
        space = {f"alpha_{k}": (-reach, reach) for k in range(self.elements)}
        space |= {f"delta_{k}": (-DELTA_SHIFT, DELTA_SHIFT) for k in range(self.elements)}
        space["i_bias"] = (-DELTA_SHIFT, DELTA_SHIFT)
        values = {"samples": self.samples, "seed": self.seed}
        searched = Space({}, space, [dict.fromkeys(space, 0.0)])
        return Proposals(searched, self.trials, self.seed, self._judged, values)

    def next(self, known: Known) -> Sequence[Point]:
        """The next trial, or the checks, or what the outcome is told on."""
        trial = self.proposals.next(known)
        if trial or has_failed(known):
            return trial
        best = self._best(known)
        checks = [self._again(_check(k), each, 1) for k, each in enumerate(best)]
        missing = [point for point in checks if point.key not in known]
        if missing:
            return missing
        told = [self._again(BEFORE, best[0], 2), self._again(AFTER, self.chosen(known), 2)]
        return [point for point in told if point.key not in known]

    def chosen(self, known: Known) -> JSON:
        """The CHOICE of the best on the samples of the checks."""
        best = self._best(known)
        merits = [_merit(known[_check(k)]) for k in range(len(best))]
        return best[max(range(len(best)), key=merits.__getitem__)]

    def _best(self, known: Known) -> list[JSON]:
        """Choices to compare: the neuron as it is, and the best trials within the tolerance."""
        outcomes = self.proposals.outcomes(known)
        pairs = [(figures_from_json(each), each[CHOICE]) for each in outcomes]
        allowed = [(f, c) for f, c in pairs if f is not None and f.rhythm_error <= self.tolerance]
        allowed.sort(key=lambda pair: _cost(pair[0]))
        return [outcomes[0][CHOICE], *(choice for _, choice in allowed[:_MOST_CHECKS])]

    def _again(self, key: str, choice: JSON, draw: int) -> Point:
        values = {CHOICE: choice, "samples": self.checked_samples, "seed": self.seed + draw}
        return Point(key, values)

    def _judged(self, outcome: JSON) -> Judged:
        figures = figures_from_json(outcome)
        if figures is None:
            return Judged((_UNBUILDABLE,), {"unbuildable": 1.0})
        excess = min(figures.rhythm_error, 1e3) - self.tolerance
        return Judged((_cost(figures),), {"rhythm": excess})


def _cost(figures: CenteringFigures) -> float:
    return 1.0 - figures.merit


def _merit(outcome: JSON) -> float:
    figures = figures_from_json(outcome)
    return -math.inf if figures is None else figures.merit


def _check(place: int) -> str:
    return f"check {place}"
