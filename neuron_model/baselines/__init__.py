"""Neurons to compare with: layers for :class:`neuron_model.network.Network`, not for a circuit."""
