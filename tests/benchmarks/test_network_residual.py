"""Columns of a network's samples."""

import numpy as np
import torch

from benchmarks.network_residual import drawn_column
from neuron_model.network.circuit_network import ColumnModel, MirrorModel


def _column() -> ColumnModel:
    weights = torch.tensor([[0.5, -0.3], [-0.2, -0.4]], dtype=torch.float64)
    none = torch.zeros(2, dtype=torch.float64)
    keep = torch.tensor([0.5, 0.0], dtype=torch.float64)
    mirror = MirrorModel(keep, 1.0, 1.0, 0.006, 0.1)
    mean = torch.tensor([0.4, 0.7], dtype=torch.float64)
    return ColumnModel(weights, none, (0.1, 0.1), mean, none, none, mirror)


def _current(column: ColumnModel, s: torch.Tensor) -> torch.Tensor:
    steady = s.expand(1, 2, -1)
    gates = column.mirror.at_rest(1)
    return column.current(steady, column.weights, column.bias, 1e6, gates)[0][0, -1]


def test_a_trim_takes_the_mean_current_out_and_leaves_the_gain():
    nominal, factors = _column(), np.array([[1.2, 0.9], [1.1, 1.3]])
    trimmed = drawn_column(nominal, factors, np.array([1.1, 1.0]), True)
    untrimmed = drawn_column(nominal, factors, np.array([1.1, 1.0]), False)
    wanted = _current(nominal, nominal.mean)
    torch.testing.assert_close(_current(trimmed, nominal.mean), wanted)
    assert (_current(untrimmed, nominal.mean) - wanted).abs().min() > 0.01
    moved = torch.tensor([0.9, 0.7], dtype=torch.float64)
    assert (_current(trimmed, moved) - _current(nominal, moved)).abs().max() > 0.01


def test_no_mismatch_changes_nothing():
    nominal = _column()
    same = drawn_column(nominal, np.ones((2, 2)), np.ones(2), True)
    s = torch.tensor([0.8, 0.1], dtype=torch.float64)
    torch.testing.assert_close(_current(same, s), _current(nominal, s))
