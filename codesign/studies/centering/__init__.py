"""Design centering: a neuron moved to the middle of its regime, so that more samples keep it."""
