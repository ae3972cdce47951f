"""Neurons to compare with: layers for :class:`neuron_model.network.network.Network` alone."""
