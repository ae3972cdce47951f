"""How a neuron fires from cold to hot: cells measured at each temperature, biases by their law."""
