"""A network's circuit in ngspice neuron by neuron, layer by layer, in parallel processes."""
