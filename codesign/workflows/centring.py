"""Design centring: alphas, deltas and bias moved so that as many chips as can be keep the regime.

    maximise   share of chips that fire in the regime + MARGIN_WEIGHT * their mean margin
    over       ln(alpha' / alpha), delta' - delta of each element, I_bias' - I_bias
    within     rhythm of the neuron as drawn: each interval, and spikes per burst, within a
               tolerance of the model's

A neuron in the middle of its regime survives what one at the edge does not (design centring: S. W.
Director and G. D. Hachtel, IEEE Trans. Circuits Syst. 24 (7), 1977). The chips' devices are the
same throughout a search, so that choices are compared on the same silicon.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from circuits.mismatch import draw_chips
from circuits.technology import Technology, conditions_at
from codesign.mismatch_study import RHYTHM
from codesign.studies import identity
from codesign.workbench import Workbench
from codesign.workflows.chip_reports import chip_reports
from codesign.workflows.circuit import default_choices
from codesign.workflows.optimiser import Search, run_search
from codesign.workflows.rhythm import model_regime
from codesign.yields import Share, Yields, yields
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.samples import sampled
from mapping.sensitivity import CellSensitivities
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import Element, NeuronParameters
from neuron_model.progress import Progress, silent

if TYPE_CHECKING:
    import optuna

MARGIN_WEIGHT = 0.05
ALPHA_FACTOR = 1.25
"""Each alpha is multiplied by at most this, or divided by it."""
DELTA_SHIFT = 0.3
"""Each delta and the bias move by at most this, units of U and of I0."""

# Of what is drawn for the check: as many times the chips of a trial.
_CHECK_CHIPS = 5
# How many of the best trials are compared on those: the best on a trial's chips was lucky as well.
_MOST_CHECKS = 5
# Stands for a choice that cannot be built.
_UNBUILDABLE = 2.0


@dataclass(frozen=True)
class CentringProblem:
    """A neuron, its drive, and the measured cells that it is built of. model: how it fires."""

    parameters: NeuronParameters
    drive: Drive
    technology: Technology
    characteristics: CellCharacteristics
    sensitivities: CellSensitivities
    model: RegimeReport


@dataclass(frozen=True)
class Centred:
    """A centred neuron. before, after: yields of ``chips`` fresh chips, as built.

    nominal: how the centred neuron fires as drawn.
    """

    parameters: NeuronParameters
    chips: int
    before: Yields
    after: Yields
    nominal: RegimeReport


@dataclass(frozen=True)
class _Outcome:
    """On drawn chips: share that keeps the regime and share that keeps regime and rhythm, mean
    margin, and the rhythm's error as drawn."""

    chip_yield: float
    rhythm_yield: float
    margin: float
    rhythm_error: float


def centring_problem(
    parameters: NeuronParameters,
    drive: Drive,
    technology: Technology,
    workbench: Workbench,
) -> CentringProblem:
    """Measures cells and sensitivities at the nominal corner and 27 degC, unless cached."""
    measured = workbench.cells(technology, conditions_at(technology))
    sensitivities = workbench.sensitivities(technology, measured)
    model = model_regime(parameters[0], drive)
    return CentringProblem(parameters[0], drive, technology, measured, sensitivities, model)


def centre(
    problem: CentringProblem,
    trials: int,
    chips: int,
    seed: int = 0,
    tolerance: float = 0.25,
    record: Path | None = None,
    progress: Progress = silent,
) -> Centred:
    """The neuron that most chips keep the regime of, among ``trials``.

    Args:
        problem: of :func:`centring_problem`.
        trials: how many, the neuron as it is being the first.
        chips: on which trials are compared; the _MOST_CHECKS best are compared again on
            _CHECK_CHIPS times as many others, and the outcome is told on as many others again.
        seed: of draws and proposals.
        tolerance: how far the rhythm of the neuron as drawn may be from the model's, a share.
        record: SQLite file that keeps the trials; a search that was stopped goes on from it.
        progress: called with the number of trials done.

    Raises:
        InputError: a number that is not allowed, a neuron that does not fit, no mismatch
            coefficients, or a record of another search.
    """
    if chips < 1:
        raise InputError(f"chips = {chips} must be at least 1.")
    if not tolerance > 0:
        raise InputError(f"tolerance = {tolerance:g} must be above 0.")

    def cost(trial: optuna.Trial) -> tuple[float]:
        try:
            outcome = _outcome(problem, moved(problem.parameters, trial.params), chips, seed)
        except InputError as error:
            trial.set_user_attr("reason", str(error))
            trial.set_constraint("unbuildable", 1.0)
            return (_UNBUILDABLE,)
        trial.set_user_attr("outcome", asdict(outcome))
        trial.set_constraint("rhythm", min(outcome.rhythm_error, 1e3) - tolerance)
        return (1.0 - outcome.chip_yield - MARGIN_WEIGHT * outcome.margin,)

    search = _search(problem, chips, seed, tolerance)
    done = run_search(search, cost, trials, seed, record, progress, "centring the neuron")
    allowed = [
        t
        for t in done
        if "outcome" in t.user_attrs and t.user_attrs["outcome"]["rhythm_error"] <= tolerance
    ]
    allowed.sort(key=lambda t: t.values[0])
    best = [moved(problem.parameters, t.params) for t in allowed[:_MOST_CHECKS]]
    many = _CHECK_CHIPS * chips

    def merit(parameters: NeuronParameters) -> float:
        outcome = _outcome(problem, parameters, many, seed + 1)
        return outcome.chip_yield + MARGIN_WEIGHT * outcome.margin

    chosen = max([problem.parameters, *best], key=merit)
    return Centred(
        parameters=chosen,
        chips=many,
        before=_yields(_outcome(problem, problem.parameters, many, seed + 2), many),
        after=_yields(_outcome(problem, chosen, many, seed + 2), many),
        nominal=_as_drawn(problem, _design(problem, chosen)),
    )


def moved(parameters: NeuronParameters, by: dict[str, float]) -> NeuronParameters:
    """``parameters`` with alpha_k multiplied by exp(by["alpha_k"]), delta_k and I_bias shifted."""

    def element(index: int, one: Element) -> Element:
        return replace(
            one,
            alpha=one.alpha * math.exp(by[f"alpha_{index}"]),
            delta=one.delta + by[f"delta_{index}"],
        )

    elements = tuple(element(i, e) for i, e in enumerate(parameters.elements))
    return replace(parameters, elements=elements, i_bias=parameters.i_bias + by["i_bias"])


def _search(problem: CentringProblem, chips: int, seed: int, tolerance: float) -> Search:
    count = len(problem.parameters.elements)
    reach = math.log(ALPHA_FACTOR)
    space = {f"alpha_{k}": (-reach, reach) for k in range(count)}
    space |= {f"delta_{k}": (-DELTA_SHIFT, DELTA_SHIFT) for k in range(count)}
    space["i_bias"] = (-DELTA_SHIFT, DELTA_SHIFT)
    fingerprint = identity.key(
        {
            "parameters": problem.parameters,
            "drive": problem.drive,
            "technology": problem.technology,
            "cells": problem.sensitivities.fingerprint,
            "chips": chips,
            "seed": seed,
            "tolerance": tolerance,
        }
    )
    return Search({}, space, [dict.fromkeys(space, 0.0)], fingerprint=fingerprint)


def _outcome(
    problem: CentringProblem, parameters: NeuronParameters, chips: int, seed: int
) -> _Outcome:
    """Mapped, drawn and run as built.

    Raises:
        InputError: the neuron does not fit the technology.
    """
    design = _design(problem, parameters)
    drawn = draw_chips(design, problem.technology, chips, seed)
    samples = sampled(Macromodel(design, problem.characteristics), problem.sensitivities, drawn)
    threshold = float(problem.parameters.u_threshold)
    reports = chip_reports(samples, problem.drive, threshold)
    firing = [r for r in reports if r.regime == problem.model.regime]
    found = yields(problem.model, reports)
    return _Outcome(
        chip_yield=found.regime.value,
        rhythm_yield=found.rhythm.value,
        margin=sum(r.margin for r in firing) / chips,
        rhythm_error=_rhythm_error(_as_drawn(problem, design), problem.model),
    )


def _yields(outcome: _Outcome, chips: int) -> Yields:
    shares = (outcome.chip_yield, outcome.rhythm_yield)
    return Yields(*(Share(round(share * chips), chips) for share in shares))


def _design(problem: CentringProblem, parameters: NeuronParameters) -> NeuronDesign:
    technology = problem.technology
    choices = default_choices(technology)
    return map_neuron(parameters, problem.characteristics, technology.limits, choices)


def _as_drawn(problem: CentringProblem, design: NeuronDesign) -> RegimeReport:
    threshold = float(problem.parameters.u_threshold)
    compact = Macromodel(design, problem.characteristics).compact
    return chip_reports(compact, problem.drive, threshold)[0]


def _rhythm_error(report: RegimeReport, model: RegimeReport) -> float:
    """The largest share by which a quantity of the rhythm is off; infinite in another regime."""
    if report.regime != model.regime:
        return math.inf
    pairs = [(getattr(report, name), getattr(model, name)) for name in RHYTHM]
    errors = [abs(x / y - 1.0) for x, y in pairs if x is not None and y is not None]
    return float(np.max(errors, initial=0.0))
