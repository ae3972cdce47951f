"""How much a neuron's intervals vary by the noise of its transistors."""
