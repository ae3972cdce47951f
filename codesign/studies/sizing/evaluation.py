"""What a choice of cell sizes gives: cells measured again, samples by the macromodel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from circuits.area import area
from circuits.bias_mirror import current_sink, current_source
from circuits.mismatch import draw_samples
from circuits.neuron import neuron_circuit
from circuits.ota import divided_ota, ota
from circuits.sizing import scaled_technology, shape_ratios
from circuits.technology import Technology, check_mismatch, conditions_at
from codesign.building.circuit import default_choices
from codesign.studies.sample_reports import sample_reports
from codesign.studies.sizing.results import SizingChoice, SizingFigures
from codesign.workbench import Workbench
from mapping.characteristics import CellCharacteristics
from mapping.estimates import energy_per_spike, static_power
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.samples import sampled
from mapping.sensitivity import CellSensitivities
from mapping.sensitivity_scaling import rescaled
from mapping.yields import yields
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.rhythm import model_regime
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters


@dataclass(frozen=True)
class SizingProblem:
    """A neuron, what drives it, and the technology whose sizes are to be chosen.

    sensitivities: of the technology's own sizes. model: how the neuron fires as a model.
    """

    parameters: NeuronParameters
    drive: Drive
    technology: Technology
    sensitivities: CellSensitivities
    model: RegimeReport


def sizing_problem(
    parameters: NeuronParameters,
    drive: Drive,
    technology: Technology,
    workbench: Workbench,
) -> SizingProblem:
    """Measures the cells as they are, at the nominal corner and 27 °C.

    Raises:
        InputError: the technology gives no mismatch, or its cells do not work.
    """
    check_mismatch(technology, " to size for")
    measured = _measured(technology, workbench)
    sensitivities = workbench.sensitivities(technology, measured)
    model = model_regime(parameters[0], drive)
    return SizingProblem(parameters, drive, technology, sensitivities, model)


def sized_technology(technology: Technology, choice: SizingChoice) -> Technology:
    """``technology`` with the sizes, C_m and I0 of ``choice``, under the same name.

    Raises:
        InputError: a size is beyond the technology's limits.
    """
    return replace(
        scaled_technology(technology, choice.area_factors),
        membrane_capacitance=choice.membrane_capacitance,
        unit_current=choice.unit_current,
    )


def evaluate(
    problem: SizingProblem,
    choice: SizingChoice,
    workbench: Workbench,
    samples: int,
    seed: int,
    own_sensitivities: bool = False,
) -> SizingFigures:
    """What ``choice`` gives.

    The cells are measured at its sizes, with their capacitances, lags and output conductances.
    Sensitivities are those of the sizes before at each device's own inversion coefficient
    (:mod:`mapping.sensitivity_scaling`) or, with ``own_sensitivities``, measured as well, which
    takes three times as long as the rest. Samples have the lags of the neuron as drawn to first
    order; how far those move its intervals beyond that, the neuron as drawn tells, in detail.

    Raises:
        InputError: such cells do not work, or the neuron does not fit them.
        SimulatorError: ngspice failed.
    """
    technology = sized_technology(problem.technology, choice)
    measured = _measured(technology, workbench)
    design = map_neuron(
        problem.parameters, measured, technology.limits, default_choices(technology)
    )
    sensitivities = (
        workbench.sensitivities(technology, measured)
        if own_sensitivities
        else _rescaled(problem, technology)
    )
    drawn = draw_samples(design, technology, samples, seed)
    macromodel = Macromodel(design, measured)
    parameters = sampled(macromodel, sensitivities, drawn)
    threshold = float(problem.parameters[0].u_threshold)
    reports = sample_reports(parameters, problem.drive, threshold)
    wanted = problem.model.regime
    firing = [report for report in reports if report.regime == wanted]
    detail, moved = _as_drawn(macromodel, problem)
    found = yields(problem.model, reports, moved)
    space = area(neuron_circuit(design, technology).cell, technology)
    power = static_power(macromodel)
    seconds = (problem.drive.duration - problem.drive.onset) * design.time_unit
    energy = energy_per_spike(power, seconds, detail.spike_count)
    return SizingFigures(
        samples=samples,
        sample_yield=found.regime.value,
        rhythm_yield=found.rhythm.value,
        isi_error=_interval_error(firing, problem.model, moved),
        nominal_fires=detail.regime == wanted,
        gate_area=space.gates,
        diffusion_area=space.diffusions,
        capacitor_area=space.capacitors,
        static_power=power,
        energy_per_spike=math.inf if energy is None else energy,
        unit_current=design.unit_current,
        membrane_capacitance=design.membrane_capacitance,
    )


def _measured(technology: Technology, workbench: Workbench) -> CellCharacteristics:
    return workbench.cells(technology, conditions_at(technology))


def _rescaled(problem: SizingProblem, technology: Technology) -> CellSensitivities:
    cells = (ota, current_source, current_sink, *((divided_ota,) if technology.divides else ()))
    ratios = (shape_ratios(cell(technology), cell(problem.technology)) for cell in cells)
    return rescaled(problem.sensitivities, *ratios)


def _as_drawn(macromodel: Macromodel, problem: SizingProblem) -> tuple[RegimeReport, float]:
    """The neuron without mismatch, detailed; its ISI over that of what samples are made from."""
    detail = model_regime(macromodel.detailed, problem.drive)
    threshold = float(problem.parameters[0].u_threshold)
    plain = sample_reports(macromodel.compact, problem.drive, threshold)[0]
    both = detail.interspike_interval, plain.interspike_interval
    same = detail.regime == plain.regime and None not in both
    return detail, both[0] / both[1] if same else 1.0  # type: ignore[operator]


def _interval_error(firing: list[RegimeReport], model: RegimeReport, moved: float) -> float:
    """Median of |ISI / the model's - 1| over samples; ``moved``: what all are multiplied by."""
    intervals = [r.interspike_interval for r in firing if r.interspike_interval is not None]
    if model.interspike_interval is None:
        return 0.0
    if not intervals:
        return math.inf
    errors = np.abs(np.array(intervals) * moved / model.interspike_interval - 1.0)
    return float(np.median(errors))
