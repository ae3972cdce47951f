"""The neuron's equations through time as one kernel for GPUs, forward and backward, in Triton.

:mod:`~neuron_model.fused_gpu.kernel` says what it does and how; parameters come to it as
:mod:`neuron_model.fused.coefficients` packs them, and
:mod:`~neuron_model.fused_gpu.operator` makes it an operator of torch with a gradient.
"""
