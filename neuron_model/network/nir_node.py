"""The MTC neuron as a node of NIR, which has none with a tanh.

The class is the one that docs/proposals/nir has for NIR itself. Nothing imports this module before
nir_file.py has seen that NIR is there.
"""

from dataclasses import dataclass

import numpy as np
from nir import NIRNode


@dataclass(eq=False)
class MTC(NIRNode):
    r"""Multi-timescale conductance neuron model.

    The membrane voltage :math:`v` is driven by K conductances, each of which reads one
    of F filtered copies :math:`w_x` of it:

    .. math::
        \tau_m \dot{v} = I + i_{bias} - g_{leak}\, L(v - v_{leak})
            - \sum_{k=1}^{K} \alpha_k \tanh(\kappa_k (w_{x(k)} - \delta_k))

    .. math::
        \tau_x \dot{w}_x = F_x(v - w_x), \qquad w_x = v \text{ where } \tau_x = 0

    .. math::
        L(u) = \rho \tanh(u / \rho), \qquad F_x(u) = \tanh(\lambda_x u) / \lambda_x,
        \qquad L(u) = u \text{ for } \rho = \infty,
        \quad F_x(u) = u \text{ for } \lambda_x = 0

    .. math::
        u = \frac{v - v_{threshold}}{v_{saturation} - v_{threshold}}, \qquad
        s = \begin{cases}
            \min(\max(u, 0), 1) & \text{output is "clip"} \\
            \max(0, \tanh(u)) & \text{output is "ota"}
        \end{cases}

    Where :math:`\tau_m` and :math:`\tau_x` are time constants, :math:`\alpha_k` the
    saturation currents (negative: a negative conductance), :math:`\delta_k` their
    voltages and :math:`\kappa_k` their slopes, :math:`x(k)` the copy that conductance k
    reads, :math:`g_{leak}`, :math:`v_{leak}` and :math:`\rho` the leak's conductance,
    voltage and range, :math:`\lambda_x` the slopes of the filters, :math:`i_{bias}` a
    constant current, and the output s a graded spike from 0 to 1. At rest v and all
    copies are :math:`v_{leak}`.

    Sources: arXiv 2605.11835 (the neuron), arXiv 1805.05696 (the conductances).
    """

    tau_m: np.ndarray  # Membrane time constant, shape (neurons...)
    tau: np.ndarray  # Time constants of the copies, (F, neurons...); 0: the copy is v
    reads: np.ndarray  # Which copy each conductance reads, (K,), from 0 to F - 1
    alpha: np.ndarray  # Saturation currents, (K, neurons...)
    delta: np.ndarray  # Voltages of the steepest point, (K, neurons...)
    kappa: np.ndarray  # Slopes, (K, neurons...)
    v_leak: np.ndarray  # Leak voltage, (neurons...)
    g_leak: np.ndarray  # Leak conductance, (neurons...)
    leak_range: np.ndarray  # Where the leak saturates, (neurons...); inf: nowhere
    filter_slope: np.ndarray  # Slopes of the filters, (F, neurons...); 0: linear
    v_threshold: np.ndarray  # Voltage above which there is an output, (neurons...)
    v_saturation: np.ndarray  # Voltage at which the output saturates, (neurons...)
    i_bias: np.ndarray  # Constant current, (neurons...)
    output: str = "clip"  # Shape of the output: "clip" or "ota"

    def __post_init__(self) -> None:
        neurons = self.tau_m.shape
        copies, conductances = self.tau.shape[:1], self.alpha.shape[:1]
        assert conductances > (0,), "there must be at least one conductance"
        shapes = {
            "tau": copies + neurons,
            "reads": conductances,
            "alpha": conductances + neurons,
            "delta": conductances + neurons,
            "kappa": conductances + neurons,
            "v_leak": neurons,
            "g_leak": neurons,
            "leak_range": neurons,
            "filter_slope": copies + neurons,
            "v_threshold": neurons,
            "v_saturation": neurons,
            "i_bias": neurons,
        }
        for name, shape in shapes.items():
            found = getattr(self, name).shape
            assert found == shape, f"{name} has shape {found}, it must be {shape}"
        assert self.reads.dtype.kind in "iu", "reads must be whole numbers"
        read = (self.reads >= 0) & (self.reads < len(self.tau))
        assert np.all(read), f"reads must be from 0 to {len(self.tau) - 1}"
        for name in ("tau_m", "kappa", "leak_range"):
            assert np.all(getattr(self, name) > 0), f"{name} must be positive"
        for name in ("tau", "filter_slope"):
            assert np.all(getattr(self, name) >= 0), f"{name} must not be negative"
        rises = self.v_saturation > self.v_threshold
        assert np.all(rises), "v_saturation must lie above v_threshold"
        assert self.output in ("clip", "ota"), "output must be clip or ota"
        self.input_type = {"input": np.array(neurons)}
        self.output_type = {"output": np.array(neurons)}
