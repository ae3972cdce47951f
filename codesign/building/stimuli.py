"""Which current each neuron of a source is driven with, and for how long."""

import math
from collections.abc import Iterable

import numpy as np

from codesign.building.source import Source
from neuron_model.analysis.regimes import Regime, classify
from neuron_model.analysis.rhythm import model_regime, wavering
from neuron_model.analysis.simulation import default_duration, simulate
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.stimulus import Stimulus

# Constant currents among which the default is chosen, in units of I0.
_CANDIDATES = tuple(0.25 * k for k in range(-12, 9))
_CLEAR = 0.95
_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
_LIVELY = (Regime.TONIC_BURSTING, Regime.TONIC_SPIKING)
# A margin is at most 1.
_CLEAREST = (True, 0, 1.0)


def stimuli_for(source: Source, current: str | None, duration: float | None) -> tuple[Drive, ...]:
    """One drive a neuron: the one asked for, the preset's, the run's recorded one, or a chosen one.

    Raises:
        InputError: the current or the duration is not usable.
    """
    if current is not None:
        stimulus = Stimulus.parse(current)
        return tuple(_timed(n, stimulus, duration) for n in source.neurons)
    if source.drives is not None:
        return tuple(d if duration is None else d.lasting(duration) for d in source.drives)
    return tuple(_timed(n, default_stimulus(n), duration) for n in source.neurons)


def drives_for(source: Source, drive: Drive | str | None) -> tuple[Drive, ...]:
    """One drive a neuron: the one that is given, else as :func:`stimuli_for`."""
    if isinstance(drive, Drive):
        return (drive,) * len(source.neurons)
    return stimuli_for(source, drive, None)


def default_stimulus(parameters: NeuronParameters) -> Stimulus:
    """The constant current at which the neuron bursts most clearly, else spikes."""
    return _clearest(parameters, _CANDIDATES)


def _clearest(parameters: NeuronParameters, currents: Iterable[float]) -> Stimulus:
    """The one of ``currents`` at which the model bursts, else spikes, most clearly."""
    best: tuple[bool, int, float, float] | None = None
    # of those that are as clear, the largest: none comes after one that nothing can exceed
    for value in sorted(map(float, currents), reverse=True):
        stimulus = Stimulus.constant(value)
        run = simulate(parameters, stimulus, default_duration(parameters, stimulus))
        report = classify(run.time, run.voltage, 0.0, float(parameters.u_threshold))
        if report.regime in _LIVELY:
            clear = report.margin >= _CLEAR
            key = (clear, -_LIVELY.index(report.regime), report.margin, value)
            best = key if best is None else max(best, key)
            if key[:3] == _CLEAREST:
                break
    if best is None:
        return Stimulus.constant(float(np.median(list(currents))))
    return Stimulus.constant(best[-1])


def steady_drive(parameters: NeuronParameters, driven: Drive) -> Drive:
    """A constant current typical of a recorded one, to tell regime and rhythm by.

    Beside a current at which the rhythm changes a comparison of two neurons says nothing of either.
    So of the recording's quantiles from 10 to 90 % the one is taken at which the model is active,
    clear of other regimes, and wavers least (:func:`wavering`), bursts being preferred to spikes;
    where none has it waver by less than what a verdict allows, of these and of other currents.
    What was built is not looked at.
    """
    quantiles = np.quantile(np.array(driven.stimulus.values), _QUANTILES)
    stimulus, firm = _firmest(parameters, quantiles)
    if not firm:
        stimulus, _ = _firmest(parameters, (*quantiles, *_CANDIDATES))
    return _timed(parameters, stimulus, None)


def _firmest(parameters: NeuronParameters, currents: Iterable[float]) -> tuple[Stimulus, bool]:
    """The current of :func:`steady_drive`, and whether the rhythm is kept beside it."""
    values = tuple(map(float, currents))
    found = []
    for value in values:
        drive = _timed(parameters, Stimulus.constant(value), None)
        report = model_regime(parameters, drive)
        if report.regime in _LIVELY:
            clear = report.margin >= _CLEAR
            waver = wavering(parameters, drive, report) if clear else math.inf
            firm, first = waver < 1.0, -_LIVELY.index(report.regime)
            found.append((firm, first, -waver, report.margin, value))
    if not found:
        return Stimulus.constant(float(np.median(values))), False
    best = max(found)
    return Stimulus.constant(best[-1]), best[0]


def _timed(parameters: NeuronParameters, stimulus: Stimulus, duration: float | None) -> Drive:
    length = default_duration(parameters, stimulus)
    return Drive(stimulus, length).lasting(length if duration is None else duration)
