"""The compiled kernel: found beside this file, called through ctypes."""

from __future__ import annotations

import ctypes
import importlib.machinery
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_INTEGERS = [
    "batch",
    "time",
    "neurons",
    "parameter_batch",
    "elements",
    "exponential",
    "saturating_leak",
    "saturating:3",
    "instant:3",
    "steps",
    "ota_output",
    "segment",
    "chunks",
    "needs",
    "threads",
    "output_strides:2",
    "voltage_strides:2",
]
_POINTERS = [
    "timescale",
    "current",
    "state",
    "coefficients",
    "weights",
    "output",
    "voltage",
    "end",
    "tape",
    "grad_output",
    "grad_voltage",
    "grad_end",
    "grad_current",
    "grad_state",
    "grad_coefficients",
    "grad_weights",
]


def _field(text: str) -> tuple[str, type]:
    name, _, count = text.partition(":")
    return name, ctypes.c_int64 * int(count) if count else ctypes.c_int64


class Problem(ctypes.Structure):
    """The argument of the kernel; the fields of ``Problem`` in kernel.c, in its order."""

    _fields_ = [*map(_field, _INTEGERS), *((name, ctypes.c_void_p) for name in _POINTERS)]


# By the name of the type: `codesign doctor` looks for the library without torch.
_SUFFIX = {"torch.float32": "f32", "torch.float64": "f64"}


@cache
def load() -> ctypes.CDLL | None:
    """The library; None where it was not built, or not from these sources or for this machine."""
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        path = Path(__file__).with_name(f"_kernel{suffix}")
        if path.is_file():
            try:
                library = ctypes.CDLL(str(path))
            except OSError:
                continue
            if _fits(library):
                return library
    return None


def _fits(library: ctypes.CDLL) -> bool:
    """Whether its ``Problem`` is this one; that of other sources would be read as it is not."""
    size = getattr(library, "mtc_problem_size", None)
    if size is None:
        return False
    size.restype = ctypes.c_int64
    return bool(size() == ctypes.sizeof(Problem))


def call(name: str, problem: Problem, dtype: torch.dtype) -> None:
    """Run ``mtc_<name>`` for numbers of ``dtype``; Python's lock is free meanwhile.

    Raises:
        MemoryError: there is not enough for the kernel's own rows.
    """
    library = load()
    assert library is not None
    function = getattr(library, f"mtc_{name}_{_SUFFIX[str(dtype)]}")
    if function(ctypes.byref(problem)):
        raise MemoryError(f"no memory left for the {name} pass of the fused kernel")


def address(tensor: Tensor | None) -> int | None:
    """Where a contiguous tensor's numbers lie; none for an empty one."""
    if tensor is None or tensor.numel() == 0:
        return None
    assert tensor.is_contiguous()
    return tensor.data_ptr()
