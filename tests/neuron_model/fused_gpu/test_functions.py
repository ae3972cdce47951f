"""The functions that Triton lacks, in its interpreter, against numpy's in double precision."""

import numpy as np
import pytest
import torch

triton = pytest.importorskip(
    "triton", reason="no Triton: pip install -c constraints.txt -e '.[gpu]'"
)

from neuron_model.fused_gpu import functions  # noqa: E402

tl = triton.language


@triton.jit
def _all_of(x, y, COUNT: tl.constexpr):
    at = tl.arange(0, COUNT)
    here = tl.load(x + at)
    size = tl.abs(here)
    tl.store(y + at, functions.tanh(here))
    tl.store(y + COUNT + at, functions.expm1(size))
    tl.store(y + 2 * COUNT + at, functions.log1p(size))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_they_are_right_to_rounding_at_any_size(dtype):
    sizes = np.geomspace(1e-12, 75.0, 512)
    x = torch.from_numpy(np.concatenate([sizes, -sizes])).to(dtype)
    found = torch.empty(3, len(x), dtype=dtype)
    _all_of[(1,)](x, found, len(x))
    exact = x.double().numpy()
    expected = [np.tanh(exact), np.expm1(np.abs(exact)), np.log1p(np.abs(exact))]
    error = np.abs(found.double().numpy() / np.stack(expected) - 1).max(axis=1)
    assert np.all(error < 4 * torch.finfo(dtype).eps), error / torch.finfo(dtype).eps


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_what_is_no_number_stays_so():
    x = torch.tensor([0.0, torch.nan])
    found = torch.empty(3, 2)
    _all_of[(1,)](x, found, 2)
    assert torch.equal(found.isnan(), x.isnan().expand(3, 2))
    assert torch.all(found[:, 0] == 0.0)
