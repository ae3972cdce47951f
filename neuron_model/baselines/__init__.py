"""Neurons to compare with: layers of a :class:`~neuron_model.network.network.SpikingNetwork`."""
