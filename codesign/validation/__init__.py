"""Whether a circuit is the neuron that was trained: I-V curves, regimes, verdicts, yields."""
