"""Random neurons inside a technology's range, each with a current that makes it fire.

A candidate has the elements f- and s+; three in five have s- and us+ as well (bursters), one in
five us+ alone (adapting). Numbers are drawn evenly between the ends below, time constants and C_m
evenly in the logarithm. One in ten has a filter before its fast elements. A candidate counts if
the mapping takes it, with the unit current that the mapping chooses, and if one of a few random
currents makes the model fire clearly while U_m stays where the circuit's leak reaches.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mapping.design import NeuronDesign
from neuron_model.analysis.regimes import Regime, RegimeReport, classify
from neuron_model.analysis.simulation import simulate
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import OTA_FILTER, Element, Leak, NeuronParameters, Timescale
from neuron_model.model.stimulus import Stimulus

STRENGTH = (1.3, 2.4)
"""|alpha| of f- and s+."""
SLOW_STRENGTH = (0.6, 1.6)
"""|alpha| of s- and us+."""
CENTER = (-0.3, 0.3)
"""delta of f- and s+."""
SLOW_CENTER = (-1.6, -0.8)
"""delta of s- and us+."""
TAU_FAST = (0.5, 3.0)
TAU_SLOW = (15.0, 60.0)
ULTRASLOW_RATIO = (10.0, 60.0)
"""tau_ultraslow over tau_slow."""
LARGEST_TAU = 2500.0
REST = (-1.2, 0.0)
BIAS = (-0.2, 0.2)
CAPACITANCE = (1e-12, 6e-12)
"""C_m, farad."""
CURRENT = (-2.5, 1.5)
STEP = (0.6, 1.4)
"""By how much the current rises at the onset."""

_CURRENTS = 12
_CLEAR = 0.25
_LARGEST_VOLTAGE = 4.5
_FEWEST_SPIKES = 4
_MOST_SPIKES = 60
_FIRING = (
    Regime.TONIC_SPIKING,
    Regime.PHASIC_SPIKING,
    Regime.TONIC_BURSTING,
    Regime.PHASIC_BURSTING,
)


@dataclass(frozen=True)
class RandomNeuron:
    """A neuron that fits, its design and its drive. rejected: candidates before it."""

    parameters: NeuronParameters
    design: NeuronDesign
    drive: Drive
    rejected: int


def random_neuron(
    seed: int, index: int, design: Callable[[NeuronParameters, float], NeuronDesign]
) -> RandomNeuron:
    """Neuron ``index`` of ``seed``; ``design`` maps (parameters, C_m in farad) or refuses."""
    generator = np.random.default_rng([seed, index])
    rejected = 0
    while True:
        neuron, capacitance = candidate(generator, f"random_{seed}_{index}")
        drive = firing_drive(neuron, generator)
        if drive is not None:
            try:
                return RandomNeuron(neuron, design(neuron, capacitance), drive, rejected)
            except InputError:
                pass
        rejected += 1


def candidate(generator: np.random.Generator, name: str) -> tuple[NeuronParameters, float]:
    """(parameters, C_m in farad)."""

    def between(ends: tuple[float, float]) -> float:
        return float(generator.uniform(*ends))

    def scale(ends: tuple[float, float]) -> float:
        return math.exp(between((math.log(ends[0]), math.log(ends[1]))))

    kind = generator.uniform()
    elements = [
        Element(Timescale.FAST, -between(STRENGTH), between(CENTER)),
        Element(Timescale.SLOW, between(STRENGTH), between(CENTER)),
    ]
    tau_slow, ratio = scale(TAU_SLOW), scale(ULTRASLOW_RATIO)
    if kind < 0.6:
        elements.append(Element(Timescale.SLOW, -between(SLOW_STRENGTH), between(SLOW_CENTER)))
    if kind < 0.8:
        elements.append(Element(Timescale.ULTRASLOW, between(SLOW_STRENGTH), between(SLOW_CENTER)))
    neuron = NeuronParameters(
        tuple(elements),
        name=name,
        tau_fast=scale(TAU_FAST) if generator.uniform() < 0.1 else 0.0,
        tau_slow=tau_slow,
        tau_ultraslow=min(tau_slow * ratio, LARGEST_TAU) if kind < 0.8 else 0.0,
        u_rest=between(REST),
        i_bias=between(BIAS),
        leak=Leak(range=6.0) if generator.uniform() < 0.5 else Leak(),
        filter_fast=OTA_FILTER,
        filter_slow=OTA_FILTER,
        filter_ultraslow=OTA_FILTER,
    )
    return neuron, scale(CAPACITANCE)


def firing_drive(neuron: NeuronParameters, generator: np.random.Generator) -> Drive | None:
    """A current step that makes the model fire clearly; None where none of a few does.

    The first at which it bursts without end, else the first at which it fires. It is watched for
    1000 tau_m, 40 tau_slow and 6 tau_ultraslow; one that spikes without end for no more than 60
    spikes.
    """
    onset = max(500.0, float(neuron.tau_ultraslow))
    after = max(1000.0, 40.0 * float(neuron.tau_slow), 6.0 * float(neuron.tau_ultraslow))
    firing = None
    for _ in range(_CURRENTS):
        current, step = generator.uniform(*CURRENT), generator.uniform(*STEP)
        stimulus = Stimulus((0.0, onset), (current - step, current))
        run = simulate(neuron, stimulus, onset + after)
        report = classify(run.time, run.voltage, onset, float(neuron.u_threshold))
        if np.abs(run.voltage).max() <= _LARGEST_VOLTAGE and _is_clear(report):
            drive = Drive(stimulus, _end(report, onset + after))
            if report.regime == Regime.TONIC_BURSTING or len(neuron.elements) < 4:
                return drive
            firing = firing or drive
    return firing


def _is_clear(report: RegimeReport) -> bool:
    fires = report.regime in _FIRING and report.margin >= _CLEAR
    return fires and report.spike_count >= _FEWEST_SPIKES


def _end(report: RegimeReport, longest: float) -> float:
    if report.regime != Regime.TONIC_SPIKING or report.spike_count <= _MOST_SPIKES:
        return longest
    # half-way between two spikes, so that the count hangs on neither
    last, following = report.spike_times[_MOST_SPIKES - 1 : _MOST_SPIKES + 1]
    return 0.5 * (last + following)
