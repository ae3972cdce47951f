"""Design centering: alphas, deltas and bias moved so that as many samples as can be keep the
regime.

    maximize   share of samples that fire in the regime + MARGIN_WEIGHT * their mean margin
    over       ln(alpha' / alpha), delta' - delta of each element, I_bias' - I_bias
    within     rhythm of the neuron as drawn: each interval, and spikes per burst, within a
               tolerance of the model's

A neuron in the middle of its regime survives what one at the edge does not (design centering: S. W.
Director and G. D. Hachtel, IEEE Trans. Circuits Syst. 24 (7), 1977). The samples' devices are the
same throughout a search, so that choices are compared on the same silicon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from circuits.mismatch import draw_samples
from circuits.technology import Technology, conditions_at
from codesign.building.circuit import default_choices
from codesign.studies.sample_reports import sample_reports
from codesign.workbench import Workbench
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.samples import sampled
from mapping.sensitivity import CellSensitivities
from mapping.yields import yields
from neuron_model.analysis.regime_reports import RHYTHM
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.rhythm import model_regime
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import Element, NeuronParameters

MARGIN_WEIGHT = 0.05


@dataclass(frozen=True)
class CenteringProblem:
    """A neuron, its drive, and the measured cells that it is built of. model: how it fires."""

    parameters: NeuronParameters
    drive: Drive
    technology: Technology
    characteristics: CellCharacteristics
    sensitivities: CellSensitivities
    model: RegimeReport


@dataclass(frozen=True)
class CenteringFigures:
    """A choice on drawn samples: share that keeps the regime and share that keeps regime and
    rhythm, mean margin, the rhythm's error as drawn, and how it fires as drawn."""

    regime_yield: float
    rhythm_yield: float
    margin: float
    rhythm_error: float
    nominal: RegimeReport

    @property
    def merit(self) -> float:
        """What is to be made large."""
        return self.regime_yield + MARGIN_WEIGHT * self.margin


def centering_problem(
    parameters: NeuronParameters,
    drive: Drive,
    technology: Technology,
    workbench: Workbench,
) -> CenteringProblem:
    """Measures cells and sensitivities at the nominal corner and 27 °C, unless cached."""
    measured = workbench.cells(technology, conditions_at(technology))
    sensitivities = workbench.sensitivities(technology, measured)
    model = model_regime(parameters[0], drive)
    return CenteringProblem(parameters[0], drive, technology, measured, sensitivities, model)


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


def evaluate(
    problem: CenteringProblem, parameters: NeuronParameters, samples: int, seed: int
) -> CenteringFigures:
    """What ``parameters`` give: mapped, drawn and run as macromodels.

    Raises:
        InputError: the neuron does not fit the technology.
    """
    design = _design(problem, parameters)
    drawn = draw_samples(design, problem.technology, samples, seed)
    each = sampled(Macromodel(design, problem.characteristics), problem.sensitivities, drawn)
    threshold = float(problem.parameters.u_threshold)
    reports = sample_reports(each, problem.drive, threshold)
    firing = [r for r in reports if r.regime == problem.model.regime]
    found, nominal = yields(problem.model, reports), _as_drawn(problem, design)
    return CenteringFigures(
        regime_yield=found.regime.value,
        rhythm_yield=found.rhythm.value,
        margin=sum(r.margin for r in firing) / samples,
        rhythm_error=_rhythm_error(nominal, problem.model),
        nominal=nominal,
    )


def _design(problem: CenteringProblem, parameters: NeuronParameters) -> NeuronDesign:
    technology = problem.technology
    choices = default_choices(technology)
    return map_neuron(parameters, problem.characteristics, technology.limits, choices)


def _as_drawn(problem: CenteringProblem, design: NeuronDesign) -> RegimeReport:
    threshold = float(problem.parameters.u_threshold)
    compact = Macromodel(design, problem.characteristics).compact
    return sample_reports(compact, problem.drive, threshold)[0]


def _rhythm_error(report: RegimeReport, model: RegimeReport) -> float:
    """The largest share by which a quantity of the rhythm is off; infinite in another regime."""
    if report.regime != model.regime:
        return math.inf
    pairs = [(getattr(report, name), getattr(model, name)) for name in RHYTHM]
    errors = [abs(x / y - 1.0) for x, y in pairs if x is not None and y is not None]
    return float(np.max(errors, initial=0.0))
