"""The network at other time steps: the same weights and neurons."""

from __future__ import annotations

import dataclasses

from neuron_model.network import MTCNetwork


def with_finer_steps(network: MTCNetwork, factor: int) -> MTCNetwork:
    """The same network with ``factor`` times as many time steps in a sample.

    What it says then differs from what it said by the error of the coarser steps.
    """
    was = network.configuration
    finer = MTCNetwork(
        dataclasses.replace(was, dt=was.dt / factor, steps_per_sample=was.steps_per_sample * factor)
    )
    finer.load_state_dict(network.state_dict())
    return finer
