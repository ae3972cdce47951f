"""e^x of a tensor, as quick as it can be for a few numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_LOG2_E = 1.0 / math.log(2.0)


def exp(x: Tensor) -> Tensor:
    """2^(x / ln 2), to within a rounding of x the same as torch's ``exp``.

    That one asks MKL, whose threads keep the processors busy for some milliseconds afterwards: as
    long as a training step's forward pass takes, which wants them for itself.
    """
    return (x * _LOG2_E).exp2()
