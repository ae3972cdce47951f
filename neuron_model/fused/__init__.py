"""The neuron's equations through time as one compiled function, forward and backward.

``kernel.c`` says what it does and how; :mod:`~neuron_model.fused.coefficients` turns parameters
into what it reads, :mod:`~neuron_model.fused.library` finds and calls it, and
:mod:`~neuron_model.fused.operator` makes it an operator of torch with a gradient.
"""
