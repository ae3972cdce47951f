"""How a neuron's steps are run: plain torch, compiled, and the kernels for CPU and GPU."""
