"""What a training takes of memory, worked out before it begins."""

from __future__ import annotations

from neuron_model.memory import refuse_beyond
from neuron_model.network.network import SpikingNetwork
from neuron_model.training import processes
from neuron_model.training.training_configuration import TrainingConfiguration

_ARRAYS = 4
"""Of (batch, steps, neurons) that no training step does without: current, s, U_m and the gradient
of one of them at a time."""


def check_memory(
    network: SpikingNetwork, samples: int, configuration: TrainingConfiguration
) -> None:
    """Refuse a batch that this machine has no room for.

    Args:
        network: on whatever device; memory of GPUs is not looked at.
        samples: of a training sequence.
        configuration: its batch, which the processes share.

    Raises:
        InputError: as said; the text names what it would need and what there is.
    """
    weight = network.readout.weight
    if weight.device.type != "cpu":
        return
    neurons = sum(layer.neurons for layer in network.layers)  # type: ignore[misc]
    batch = -(-configuration.batch // processes.count())
    steps = samples * network.steps_per_sample
    refuse_beyond(
        _ARRAYS * batch * steps * neurons * weight.element_size(),
        f"training: a step with batch = {configuration.batch}, sequences of {samples} samples, "
        f"steps_per_sample = {network.steps_per_sample} and {neurons} neurons",
        "give a smaller batch, window or steps_per_sample, or fewer neurons",
    )
