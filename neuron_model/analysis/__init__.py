"""How a neuron is looked at: simulated, its I-V curves, equilibria, regimes and noise."""
