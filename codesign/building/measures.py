"""What ngspice is to measure at the end of an exported transient: the rhythm that the model has."""

from __future__ import annotations

import math

from circuits.neuron import MEMBRANE
from mapping.design import NeuronDesign
from netlists.neuron_benches import design_tau
from netlists.rhythm_lines import RhythmMeasurement
from neuron_model.analysis.regimes import classify
from neuron_model.analysis.simulation import simulate
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters

MOST_STEPS = 10
"""A current of more steps was recorded, and there is no rhythm to be measured."""

_DEAD_TIME = 1.0  # of tau_m


def rhythm_measurement(
    parameters: NeuronParameters, design: NeuronDesign, drive: Drive
) -> RhythmMeasurement | None:
    """How ngspice tells the circuit's ISI and IBI apart, from how the model fires; None where the
    model fires no two spikes in a row."""
    if len(drive.stimulus.times) > MOST_STEPS:
        return None
    run = simulate(parameters, drive.stimulus, drive.duration)
    threshold = float(parameters.u_threshold)
    report = classify(run.time, run.voltage, drive.stimulus.onset, threshold)
    isi, ibi = report.interspike_interval, report.interburst_interval
    if isi is None:
        return None
    unit = design.time_unit
    return RhythmMeasurement(
        node=MEMBRANE,
        threshold=float(design.volts(threshold)),
        onset=drive.stimulus.onset * unit,
        longest_isi=None if ibi is None else math.sqrt(isi * ibi) * unit,
        dead_time=_DEAD_TIME * design_tau(design) * unit,
    )
