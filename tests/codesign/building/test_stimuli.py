"""Which current drives a neuron when nobody says."""

import numpy as np
import pytest

from codesign.building import stimuli
from codesign.building.source import Source
from codesign.building.stimuli import default_stimulus, steady_drive, stimuli_for
from neuron_model.analysis.regimes import Regime, classify
from neuron_model.analysis.rhythm import model_regime, wavering
from neuron_model.analysis.simulation import default_duration, simulate
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import Element, NeuronParameters
from neuron_model.model.stimulus import Stimulus
from tests.mapping.neurons import burster

EXCITABLE = NeuronParameters((Element("fast", -2.0, 0.0), Element("slow", 2.0, 0.0)), tau_slow=20.0)
QUIET = NeuronParameters((Element("fast", -0.5, 0.0),))
STEP = Stimulus((0.0, 100.0), (-2.0, 1.0))
ONSET = -0.8  # where EXCITABLE begins to fire, to a tenth


def regime_of(neuron: NeuronParameters, stimulus: Stimulus) -> Regime:
    run = simulate(neuron, stimulus, default_duration(neuron, stimulus))
    return classify(run.time, run.voltage, 0.0, float(neuron.u_threshold)).regime


def test_the_current_asked_for_drives_every_neuron():
    source = Source((EXCITABLE, QUIET), drives=(Drive(STEP, 500.0),) * 2)
    drives = stimuli_for(source, "0:-2,50:1", 300.0)
    assert drives == (Drive(Stimulus((0.0, 50.0), (-2.0, 1.0)), 300.0),) * 2


def test_without_a_duration_the_time_constants_say():
    (drive,) = stimuli_for(Source((EXCITABLE,)), "0:1", None)
    assert drive.duration == default_duration(EXCITABLE, Stimulus.constant(1.0))


def test_what_a_source_brings_drives_it():
    source = Source((EXCITABLE,), drives=(Drive(STEP, 500.0),))
    assert stimuli_for(source, None, None) == (Drive(STEP, 500.0),)
    assert stimuli_for(source, None, 300.0) == (Drive(STEP, 300.0),)


def test_by_default_the_neuron_fires():
    stimulus = default_stimulus(EXCITABLE)
    assert stimulus.onset == 0.0
    assert regime_of(EXCITABLE, stimulus) is Regime.TONIC_SPIKING


def test_a_neuron_that_never_fires_gets_some_current_all_the_same():
    assert regime_of(QUIET, default_stimulus(QUIET)) is Regime.RESTING


def test_a_recording_is_stood_for_by_one_of_its_own_values():
    levels = np.linspace(-3.0, 1.0, 41)
    recorded = Drive(Stimulus.sampled(levels, 5.0), 205.0, driven=True)
    steady = steady_drive(EXCITABLE, recorded)
    assert not steady.driven
    assert levels.min() < steady.stimulus.values[0] < levels.max()
    assert regime_of(EXCITABLE, steady.stimulus) is Regime.TONIC_SPIKING


def wavers(neuron: NeuronParameters, current: float) -> float:
    stimulus = Stimulus.constant(current)
    drive = Drive(stimulus, default_duration(neuron, stimulus))
    return wavering(neuron, drive, model_regime(neuron, drive))


def test_of_currents_that_are_as_clear_the_one_at_which_the_rhythm_is_firm_is_taken():
    """Just above its onset the spiker fires seldom, and how seldom hangs on the least current."""
    onset, firm = ONSET, 0.0
    assert regime_of(EXCITABLE, Stimulus.constant(onset)) is Regime.TONIC_SPIKING
    assert wavers(EXCITABLE, onset) > 1.0 > wavers(EXCITABLE, firm)
    for levels in ((onset, firm), (firm, onset)):
        values = np.resize(levels, 101)
        steady = steady_drive(EXCITABLE, Drive(Stimulus.sampled(values, 5.0), 505.0, driven=True))
        assert steady.stimulus.values == (firm,)


def test_where_no_current_of_the_recording_is_firm_another_one_is_taken():
    values = np.full(50, ONSET)
    steady = steady_drive(EXCITABLE, Drive(Stimulus.sampled(values, 5.0), 250.0, driven=True))
    assert wavers(EXCITABLE, steady.stimulus.values[0]) < 1.0


@pytest.mark.parametrize(
    ("current", "duration"),
    [
        ("", None),
        ("0,1", None),
        ("0:x", None),
        ("0:nan", None),
        ("1:0", None),
        ("0:1,0:2", None),
        ("0:1\n.control", None),
        ("0:1", 0.0),
        ("0:1", -5.0),
        ("0:1", float("nan")),
        ("0:1,100:2", 100.0),
    ],
)
def test_currents_and_durations_that_are_none_are_refused(current, duration):
    with pytest.raises(InputError):
        stimuli_for(Source((EXCITABLE,)), current, duration)


@pytest.mark.parametrize("duration", [0.0, -5.0, float("nan")])
def test_durations_of_what_a_source_brings_are_checked_too(duration):
    for driven in (False, True):
        source = Source((EXCITABLE,), drives=(Drive(STEP, 500.0, driven),))
        with pytest.raises(InputError, match="duration"):
            stimuli_for(source, None, duration)


def test_a_step_that_comes_after_the_end_is_refused():
    source = Source((EXCITABLE,), drives=(Drive(STEP, 500.0),))
    with pytest.raises(InputError, match="last step of the current, at 100"):
        stimuli_for(source, None, 50.0)


def test_no_current_is_tried_after_the_largest_at_which_it_bursts_as_clearly_as_can_be(monkeypatch):
    tried = []

    def watched(parameters, stimulus, duration):
        tried.append(stimulus.values[0])
        return simulate(parameters, stimulus, duration)

    monkeypatch.setattr(stimuli, "simulate", watched)
    (chosen,) = default_stimulus(burster()).values
    assert chosen == min(tried) > -3.0
    assert max(tried) == 2.0
