"""What a neuron is: its parameters, its equations, its file, what drives it."""
