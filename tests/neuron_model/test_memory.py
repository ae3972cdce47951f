"""What needs more memory than there is ends in one line that says how much."""

import numpy as np
import pytest
import torch

from neuron_model import memory
from neuron_model.errors import InputError
from neuron_model.model.presets import preset
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.training.memory_needed import check_memory
from neuron_model.training.training_configuration import TrainingConfiguration


def test_what_there_is():
    there = memory.memory()
    assert there is not None
    assert 2**26 < there < 2**50
    memory.refuse_beyond(there, "this", "do less")
    with pytest.raises(InputError, match=r"this would need at least .* there are .*: do less\."):
        memory.refuse_beyond(there + 1, "this", "do less")


def test_words_of_others_are_understood():
    with pytest.raises(MemoryError) as numpys:
        np.empty((2**40, 7), dtype=np.uint8)
    assert "needs 7.7 TB of memory at once" in str(memory.out_of_memory(numpys.value))
    with pytest.raises(RuntimeError) as torchs:
        torch.empty(2**50)
    assert "needs 4.5 PB of memory at once" in str(memory.out_of_memory(torchs.value))
    assert "more memory than there is left" in str(memory.out_of_memory(MemoryError()))
    assert memory.out_of_memory(RuntimeError("something else")) is None


def test_a_batch_that_does_not_fit_is_refused_before_it_is_made():
    parameters = preset("tonic_spiking").parameters
    network = MTCNetwork(NetworkConfiguration(1, 1, (parameters,), dt=0.5, steps_per_sample=1000))
    check_memory(network, 90, TrainingConfiguration(batch=1))
    with pytest.raises(InputError, match="batch = 1000000000, .* would need at least 1.44 PB"):
        check_memory(network, 90, TrainingConfiguration(batch=10**9))
