"""Neurons as torch modules, the network that they form, and its file."""
