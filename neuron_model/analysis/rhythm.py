"""How a neuron fires, whether two fire alike, and whether a small current makes it another."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from neuron_model.analysis.regimes import RegimeReport, classify
from neuron_model.analysis.simulation import Trajectory, simulate
from neuron_model.analysis.verdicts import rhythm, timing
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters

FAST_TOLERANCE = 1e-8
"""Of the solver of an neuron of the macromodel that a fast simulation is compared with: its spikes
are off
by 1e-7, unless it passes an unstable point of rest slowly, which the least noise ends early."""

PERTURBATION = 0.01
"""Current, in units of I0, that must not change how a neuron fires for it to be comparable.

Several times what the static currents of an neuron of the macromodel and of its circuit differ by
(``nrmse_macromodel`` of a validation: 2 to 3e-4 of the height of a burster's ultraslow curve).
"""

PERTURBATION_STEP = 1e-4
"""The same of a current that goes to and fro, in units of I0.

It moves the voltage by some 1e-4 units; thermal noise, sqrt(k T / C), is 45 uV on 2 pF, 6e-4 units.
"""

NEARBY = 0.05
"""Current, in units of I0, by which a current at which two neurons are compared is to be clear of
those at which the rhythm is another one.

That of a circuit whose I-V curves pass is off by no more: IV_LIMIT of a height of 2.5 to 5 I0.
"""

SAME_COUNT = 1
"""Neurons that fire alike differ by at most so many spikes."""

SAME_INTERVAL = 0.01
"""Neurons that fire alike differ by at most this share in the median inter-spike interval."""

# The least perturbation is a hundred times what the solver may then be off by.
_PERTURBED_TOLERANCE = 1e-6
# In units of tau_slow: a shaking with the period of a spike would pull the spikes along.
_TURN = 5.0


def watched(
    parameters: NeuronParameters, drive: Drive, tolerance: float | None = None
) -> tuple[RegimeReport, Trajectory]:
    """How one neuron fires in continuous time, and the run; ``tolerance`` of the solver."""
    run = simulate(parameters, drive.stimulus, drive.duration, tolerance=tolerance)
    threshold = float(parameters[0].u_threshold)
    return classify(run.time, run.voltage, drive.onset, threshold), run


def model_regime(parameters: NeuronParameters, drive: Drive) -> RegimeReport:
    """How one neuron fires in continuous time."""
    return watched(parameters, drive)[0]


def same_rhythm(one: RegimeReport, other: RegimeReport) -> bool:
    """Whether regimes are equal, counts within SAME_COUNT and intervals within SAME_INTERVAL."""
    if one.regime != other.regime or abs(one.spike_count - other.spike_count) > SAME_COUNT:
        return False
    error = timing(one, other).isi_error
    return error is None or abs(error) <= SAME_INTERVAL


def perturbed(drive: Drive, by: float) -> Drive:
    """The drive with ``by`` more current, in units of I0, all the time."""
    values = tuple(value + by for value in drive.stimulus.values)
    return replace(drive, stimulus=replace(drive.stimulus, values=values))


def shaken(drive: Drive, by: float, every: float) -> Drive:
    """The drive with ``by`` more and less current in turn, ``every`` so long, in units of time."""
    given = drive.stimulus
    turns = np.arange(0.0, drive.duration, every)
    times = np.union1d(turns, given.times)
    signs = np.where((np.searchsorted(turns, times, side="right") % 2) == 1, by, -by)
    values = [given(float(t)) + sign for t, sign in zip(times, signs, strict=True)]
    stimulus = replace(given, times=tuple(times.tolist()), values=tuple(map(float, values)))
    return replace(drive, stimulus=stimulus, judged_from=drive.onset)


def perturbations(parameters: NeuronParameters, drive: Drive) -> dict[str, Drive]:
    """The drive with PERTURBATION less, with PERTURBATION more, and with PERTURBATION_STEP less and
    more in turn.

    The last is for neurons that pass an unstable point of rest slowly: how long they stay hangs on
    the least noise, of a solver or of a transistor, and hardly on a constant current.
    """
    every = _TURN * max(float(parameters[0].tau_slow), float(parameters[0].tau_m))
    return {
        f"{PERTURBATION:g} I0 less": perturbed(drive, -PERTURBATION),
        f"{PERTURBATION:g} I0 more": perturbed(drive, PERTURBATION),
        f"{PERTURBATION_STEP:g} I0 to and fro": shaken(drive, PERTURBATION_STEP, every),
    }


def wavering(parameters: NeuronParameters, drive: Drive, report: RegimeReport) -> float:
    """How much NEARBY more or less current changes how a neuron fires, of what a verdict allows.

    The largest deviation of the rhythm over its tolerance (:func:`.verdicts.rhythm`); infinite
    where the regime is another one. Below 1 the neuron keeps its own rhythm.

    Args:
        parameters: one neuron.
        drive: its current.
        report: how it fires under the drive.
    """
    most = 0.0
    for by in (-NEARBY, NEARBY):
        near, _ = watched(parameters, perturbed(drive, by), _PERTURBED_TOLERANCE)
        if near.regime != report.regime:
            return math.inf
        most = max(most, *(d.used for d in rhythm(report, near)), 0.0)
    return most


def at_boundary(report: RegimeReport, nearby: Iterable[RegimeReport]) -> bool:
    """Whether a neuron that fires like ``report`` fires otherwise when perturbed.

    It then stands where one rhythm becomes another, and so small a difference as there is between
    any two samples, or between a sample and its model, may decide.
    """
    return not all(same_rhythm(report, one) for one in nearby)


def boundary_note(
    macromodel: NeuronParameters, drive: Drive, report: RegimeReport, circuit: RegimeReport
) -> str | None:
    """What to know where macromodel and circuit fire otherwise because of a boundary; else None.

    report: how the neuron of the macromodel fires under the drive.
    """
    return None if same_rhythm(report, circuit) else about_to_change(macromodel, drive, report)


def about_to_change(macromodel: NeuronParameters, drive: Drive, report: RegimeReport) -> str | None:
    """What a perturbation makes of a neuron whose rhythm is about to change; None of any other.

    report: how it fires under the drive.
    """
    for perturbation, other in perturbations(macromodel, drive).items():
        one, _ = watched(macromodel, other, _PERTURBED_TOLERANCE)
        if at_boundary(report, [one]):
            return (
                "at this current the rhythm is about to change, so that small differences show: "
                f"{perturbation} turns the macromodel from {_firing(report)} to {_firing(one)}"
            )
    return None


def _firing(report: RegimeReport) -> str:
    interval = report.interspike_interval
    every = "" if interval is None else f", {interval:.4g} apart"
    return f"{report.regime.words} ({report.spike_count} spikes{every})"
