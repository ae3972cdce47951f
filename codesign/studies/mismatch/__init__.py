"""How Monte Carlo samples of a neuron fire, predicted and in ngspice."""
