"""Trim of samples, one by one, as they would be calibrated: measure, solve, set, look, search.

    1. to 3.   codes from currents (:mod:`mapping.calibration.clamp`)
    4. look    the firing pattern under the known current; a sample that fires as wanted is done
    5. search  else codes are looked for around, on the model that was identified in 1: among
               random moves those whose neighbours fire as wanted too, far from codes that failed;
               they are set and looked at (4), until it fires or the budget is spent. A sample that
               goes on failing is not what was identified: of guesses at what no clamp shows (time
               constants, what is left of the bias), those that fail like the sample take over

Nothing of a sample is used but what was measured of it (:mod:`mapping.calibration.samples`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mapping.calibration.clamp import Calibration, clamp_voltages
from mapping.calibration.identification import ClampCurves, Identified
from mapping.calibration.knobs import Knob
from mapping.calibration.samples import Samples, Stimulation
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.population import population_reports
from neuron_model.progress import Progress

DOUBTFUL = 0.1
"""A margin below this leaves a pattern undecided: it is looked at again, for longer."""
LONGER = 2.0
"""By how much."""

_SPREAD = 0.17  # of random moves, in units of a knob
_WIDER = 1.5  # where a sample goes on failing
_NEIGHBOURS = 8
# Looks after which guesses take over, and are chosen anew: how many there are, how many are
# kept, and how far they go.
_PATIENCE = 3
_GUESSES, _KEPT = 10, 3
_GUESSED_TIME, _GUESSED_BIAS = 0.15, 0.1


@dataclass(frozen=True)
class Budget:
    """How much of a sample may be measured.

    voltages: of a clamp, at each of which elements + 2 currents are measured. patterns: firing
    patterns. candidates: moves that are tried on the model, which costs no measurement.

    Raises:
        InputError: a number is not in its range.
    """

    voltages: int = 9
    patterns: int = 16
    candidates: int = 64

    def __post_init__(self) -> None:
        for name, low, high in (
            ("voltages", 4, 200),
            ("patterns", 1, 1000),
            ("candidates", 1, 10_000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"trim: {name} = {value} must be from {low} to {high}.")

    @property
    def clamp(self) -> np.ndarray:
        """U of the voltages, (voltages,)."""
        return clamp_voltages(self.voltages)


DEFAULT_BUDGET = Budget()


@dataclass(frozen=True, eq=False)
class Calibrated:
    """What became of samples.

    values: of the knobs, (samples, knobs). reports: the last pattern of each. currents, patterns:
    how many were measured of each, (samples,).
    """

    knobs: tuple[Knob, ...]
    values: np.ndarray
    reports: tuple[RegimeReport, ...]
    currents: np.ndarray
    patterns: np.ndarray


def trim(
    calibration: Calibration,
    count: int,
    stimulation: Stimulation,
    wanted: Regime,
    budget: Budget = DEFAULT_BUDGET,
    drawn: ClampCurves | None = None,
    progress: Progress | None = None,
) -> Calibrated:
    """Trim ``count`` samples.

    Args:
        calibration: the samples, and what their curves are to be.
        count: how many there are.
        stimulation: what a pattern is told by.
        wanted: how they are to fire.
        budget: of measurements; its voltages are the calibration's business.
        drawn: clamp curves of the drawn sample, where it is to be measured and not taken from the
            calibration's ``nominal``.
    """
    return _Run(calibration, stimulation, wanted, budget, progress).all(count, drawn)


def look(
    samples: Samples,
    rows: np.ndarray,
    values: np.ndarray,
    stimulation: Stimulation,
    left: np.ndarray | None = None,
) -> tuple[list[RegimeReport], np.ndarray]:
    """(patterns of samples, how many each took): again for LONGER where a margin is DOUBTFUL, and
    where more than one is left of the budget, (some,)."""
    reports = list(samples.patterns(rows, values, stimulation.duration))
    taken = np.ones(rows.size, dtype=int)
    allowed = np.ones(rows.size, dtype=bool) if left is None else left > 1
    doubtful = [i for i, r in enumerate(reports) if r.margin < DOUBTFUL and allowed[i]]
    if doubtful:
        duration = LONGER * stimulation.duration
        again = samples.patterns(rows[doubtful], values[doubtful], duration)
        for i, report in zip(doubtful, again, strict=True):
            reports[i] = report
            taken[i] += 1
    return reports, taken


@dataclass(frozen=True, eq=False)
class _Run:
    calibration: Calibration
    stimulation: Stimulation
    wanted: Regime
    budget: Budget
    progress: Progress | None

    def all(self, count: int, drawn: ClampCurves | None) -> Calibrated:
        self._tell(0, count, "measuring currents of samples")
        return self._fired(*self.calibration.codes(count, drawn))

    def _tell(self, done: int, total: int, what: str) -> None:
        if self.progress:
            self.progress(done, total, what)

    def _fired(self, known: Identified, values: np.ndarray) -> Calibrated:
        """Steps 4 and 5."""
        count, solved = len(values), values.copy()
        reports: list[RegimeReport | None] = [None] * count
        patterns = np.zeros(count, dtype=int)
        failed: list[list[_Failure]] = [[] for _ in range(count)]
        searches: dict[int, _Search] = {}
        open_ = np.arange(count)
        while open_.size:
            self._tell(count - open_.size, count, "looking how samples fire")
            left = self.budget.patterns - patterns[open_]
            looked, taken = look(
                self.calibration.samples, open_, values[open_], self.stimulation, left
            )
            patterns[open_] += taken
            for row, report in zip(open_, looked, strict=True):
                reports[row] = report
                if report.regime != self.wanted:
                    failed[row].append(_Failure(values[row].copy(), report.regime))
            missed = np.array([r.regime != self.wanted for r in looked], dtype=bool)
            open_ = open_[missed]
            open_ = open_[patterns[open_] < self.budget.patterns]
            fresh = np.array([r for r in open_ if len(failed[r]) == 1], dtype=int)
            if fresh.size:
                found = self._searches(known, fresh, solved[fresh])
                searches |= dict(zip(fresh.tolist(), found, strict=True))
            for row in open_:
                if len(failed[row]) % _PATIENCE == 0:
                    searches[row] = self._guessed(known, row, solved[row], failed[row])
                values[row] = self._best(searches[row], failed[row])
        self._tell(count, count, "looking how samples fire")
        solid = tuple(r for r in reports if r is not None)
        calibration = self.calibration
        clamps = calibration.voltage.size * (len(calibration.design.elements) + 2)
        return Calibrated(self.calibration.knobs, values, solid, np.full(count, clamps), patterns)

    def _tried(self, values: np.ndarray, spread: float, seed: int) -> np.ndarray:
        """Codes around ``values`` (samples, knobs): (samples, candidates, knobs)."""
        shape = self.budget.candidates, len(self.calibration.knobs)
        moves = np.random.default_rng(seed).standard_normal(shape) * spread
        tried = self.calibration.clipped(values[:, None] + moves * self.calibration.units)
        for index, knob in enumerate(self.calibration.knobs):
            tried[..., index] = knob.nearest(tried[..., index])
        return tried

    def _regimes(self, models: NeuronParameters) -> list[Regime]:
        drive = self.stimulation
        reports = population_reports(
            models, drive.stimulus, drive.duration, drive.onset, drive.threshold
        )
        return [report.regime for report in reports]

    def _searches(self, known: Identified, rows: np.ndarray, values: np.ndarray) -> list[_Search]:
        """What the identified models of samples say of codes around ``values``."""
        count = self.budget.candidates
        tried = self._tried(values, _SPREAD, 0)
        self._tell(0, rows.size, "searching codes on models of samples")
        models = known.parameters(
            np.repeat(rows, count),
            self.calibration.knobs,
            tried.reshape(-1, len(self.calibration.knobs)),
        )
        good = np.array([regime == self.wanted for regime in self._regimes(models)], dtype=float)
        return [_Search(t, g) for t, g in zip(tried, good.reshape(-1, count), strict=True)]

    def _guessed(
        self, known: Identified, row: int, values: np.ndarray, failed: Sequence[_Failure]
    ) -> _Search:
        """What guesses that fail as the sample at ``row`` did say of codes around ``values``."""
        random = np.random.default_rng(len(failed))
        logs = random.standard_normal((_GUESSES, 2)) * _GUESSED_TIME
        bias = random.standard_normal(_GUESSES) * _GUESSED_BIAS
        logs[0], bias[0] = 0.0, 0.0

        def guesses(which: np.ndarray, codes: np.ndarray) -> list[Regime]:
            """Regimes of each guess of ``which`` at each of ``codes``, codes first."""
            owner = np.repeat(which, len(codes))
            models = known.parameters(
                np.full(owner.size, row), self.calibration.knobs, np.tile(codes, (which.size, 1))
            )
            slow, ultraslow = np.exp(logs[owner]).T
            return self._regimes(
                replace(
                    models,
                    tau_slow=models.tau_slow * slow,
                    tau_ultraslow=models.tau_ultraslow * ultraslow,
                    i_bias=models.i_bias + bias[owner],
                )
            )

        every = np.arange(_GUESSES)
        at = np.array([f.values for f in failed])
        said = np.array(guesses(every, at), dtype=object).reshape(_GUESSES, -1)
        alike = (said == np.array([f.regime for f in failed], dtype=object)).mean(axis=1)
        kept = np.argsort(-alike, kind="stable")[:_KEPT]
        (tried,) = self._tried(values[None], _SPREAD * _WIDER, len(failed))
        verdicts = np.array([r == self.wanted for r in guesses(kept, tried)], dtype=float)
        weights = alike[kept] + 0.1
        return _Search(tried, np.average(verdicts.reshape(_KEPT, -1), axis=0, weights=weights))

    def _best(self, search: _Search, failed: Sequence[_Failure]) -> np.ndarray:
        """The codes in the middle of the good ones, away from those that failed."""
        scale = self.calibration.units * _SPREAD
        places = search.tried / scale
        apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
        near = np.argsort(apart, axis=1)[:, : _NEIGHBOURS + 1]
        score = search.good[near].mean(axis=1) + 0.5 * search.good
        for failure in failed:
            distance = np.linalg.norm(places - failure.values / scale, axis=1)
            score = score * (1 - 0.9 * np.exp(-(distance**2) / 2))
            score[distance == 0] = -1.0
        return np.asarray(search.tried[int(np.argmax(score))])


@dataclass(frozen=True, eq=False)
class _Failure:
    """Codes (knobs,) with which a sample fired in another regime."""

    values: np.ndarray
    regime: Regime


@dataclass(frozen=True, eq=False)
class _Search:
    """Codes (candidates, knobs), and how likely each makes the sample fire as wanted."""

    tried: np.ndarray
    good: np.ndarray
