"""What drives a neuron: from when on it is judged, and for how long it lasts."""

import pytest

from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.stimulus import Stimulus


def test_a_recording_is_judged_from_its_beginning_and_a_step_from_its_own():
    stimulus = Stimulus((0.0, 10.0), (0.0, 1.0))
    assert Drive(stimulus, 50.0, driven=True).onset == 0.0
    assert Drive(stimulus, 50.0).onset == 10.0


def test_a_recording_can_be_cut_and_not_be_made_longer():
    recorded = Drive(Stimulus((0.0, 10.0, 20.0), (0.0, 1.0, 2.0)), 30.0, driven=True)
    assert recorded.lasting(100.0) == recorded
    assert recorded.lasting(20.0) == Drive(Stimulus((0.0, 10.0), (0.0, 1.0)), 20.0, True)
    steady = Drive(Stimulus.constant(1.0), 30.0)
    assert steady.lasting(100.0).duration == 100.0


@pytest.mark.parametrize("duration", [0.0, -1.0, float("nan")])
def test_a_recording_lasts_some_time(duration):
    recorded = Drive(Stimulus((0.0, 10.0), (0.0, 1.0)), 30.0, driven=True)
    with pytest.raises(InputError, match="duration"):
        recorded.lasting(duration)


def test_a_step_lasts_beyond_its_last_value():
    with pytest.raises(InputError, match="later than the last step of the current, at 10"):
        Drive(Stimulus((0.0, 10.0), (0.0, 1.0)), 50.0).lasting(10.0)
