"""A trained network with its series: what it hears, what it says, what its form costs."""

import numpy as np
import pytest

from codesign.networks.run_task import task_of_run
from neuron_model.errors import InputError
from tests.codesign.networks.networks import TASK, task_of, two_neurons, write_run


def test_a_run_folder_gives_the_network_and_its_series_back(tmp_path):
    written = task_of(two_neurons())
    read = task_of_run(write_run(tmp_path, written.network))
    assert read.folder == tmp_path
    assert read.task == TASK
    heard = read.heard(20)
    assert np.array_equal(heard, written.heard(20))
    assert np.array_equal(read.predictions(heard)[0], written.predictions(heard)[0])


def test_inputs_range_over_the_whole_series():
    task = task_of(two_neurons())
    ((low, high),) = task.input_range
    for part in (task.series.training, task.series.test):
        assert low <= part.signal.min() < part.signal.max() <= high
    assert low == min(task.series.training.signal.min(), task.series.test.signal.min())


@pytest.mark.parametrize("samples", [5, 10_000])
def test_samples_that_are_not_there_are_refused(samples):
    with pytest.raises(InputError, match=f"samples = {samples} .* from 6 .* to 158"):
        task_of(two_neurons()).heard(samples)


def test_predictions_are_the_forward_pass_and_the_activity_of_each_layer():
    y, (s,) = task_of(two_neurons()).predictions(np.zeros((6, 1)))
    assert y.shape == (6, 1)
    assert s.shape == (6 * 40, 2)
    assert 0 <= s.min() <= s.max() < 1


def test_a_network_in_the_form_of_a_circuit_has_no_note():
    assert task_of(two_neurons()).form_note() is None


def test_the_note_on_another_form_says_what_it_costs():
    clipped = task_of(two_neurons("clip"))
    note = clipped.form_note()
    assert note is not None
    assert "output = 'clip'" in note
    assert "readout_filter" not in note
    numbers = note.split(";")[0].split("goes from ")[1].split(" to ")
    before, after = (float(number) for number in numbers)
    assert before == pytest.approx(_nrmse(two_neurons("clip")), rel=1e-3)
    assert after == pytest.approx(_nrmse(two_neurons("ota")), rel=1e-3)
    other = task_of(two_neurons(readout_filter="paper")).form_note()
    assert other is not None
    assert "readout_filter = 'paper'" in other


def _nrmse(network) -> float:
    """On the stream, written out."""
    task = task_of(network)
    test = task.series.test
    y = task.predictions(test.signal)[0][TASK.washout :]
    target = test.target[TASK.washout :]
    return float(np.sqrt(np.mean((y - target) ** 2) / target.var()))
