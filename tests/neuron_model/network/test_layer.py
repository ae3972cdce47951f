"""MTC neurons inside torch.nn.Sequential: outputs and gradients are those of the neurons."""

import torch
from torch import nn

from neuron_model.model.presets import preset
from neuron_model.network.layer import MTCLayer
from neuron_model.network.neuron import MTCNeuron


def test_it_runs_and_learns_inside_a_sequential():
    torch.manual_seed(0)
    neuron = MTCNeuron(preset("tonic_spiking").parameters, dt=0.5, neurons=4)
    model = nn.Sequential(nn.Linear(2, 4), MTCLayer(neuron), nn.Linear(4, 1))
    inputs = torch.randn(3, 20, 2)
    outputs = model(inputs)
    assert outputs.shape == (3, 20, 1)
    expected = model[2](neuron(model[0](inputs))[0])
    assert torch.equal(outputs, expected)
    outputs.square().mean().backward()
    assert model[0].weight.grad is not None
    assert model[0].weight.grad.abs().sum() > 0
