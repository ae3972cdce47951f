"""Code of :mod:`neuron_model.analysis.traced` in C, compiled once for a kind of neuron and kept.

What the numbers of a neuron are is given when the code is called: neurons of one kind share it. It
does what Python would do, operation by operation, with the same results to the last bit.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from neuron_model.analysis.traced import Jacobian, Program, Rates, Traced, entries_of
from neuron_model.atomic import write_atomically
from neuron_model.cache_folder import cache_folder
from neuron_model.errors import InputError

# No contraction to fused operations: these round once where Python rounds twice. -O1: a second
# less to compile than -O2, and as fast, since there are no loops.
_FLAGS = ("-O1", "-ffp-contract=off", "-fPIC", "-shared", "-w")
_TIMEOUT = 60.0


def c_compiler() -> str | None:
    """The C compiler that is called; None where there is none."""
    names = [os.environ.get("CC"), "cc", "gcc", "clang"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


def native(
    program: Program, given: str, variables: Sequence[str], rates: Sequence[Traced]
) -> Callable[[float], tuple[Rates, Jacobian]] | None:
    """As :func:`neuron_model.analysis.traced.compiled`; None where it cannot be compiled."""
    code = c_code(program, given, variables, rates)
    library = _library(code.source)
    if library is None:
        return None
    numbers = np.array(code.numbers)
    count = len(variables)
    rate, slope = library.rates, library.jacobian
    matrix = np.zeros((count, count))
    values = np.empty(len(rates))
    fixed = numbers.ctypes.data
    into_values, into_matrix = values.ctypes.data, matrix.ctypes.data

    def at(current: float) -> tuple[Rates, Jacobian]:
        def rates_at(y: np.ndarray, time: float) -> np.ndarray:
            rate(_address(y), current, fixed, into_values)
            return values.copy()

        def jacobian_at(y: np.ndarray, time: float) -> np.ndarray:
            slope(_address(y), current, fixed, into_matrix)
            return matrix

        # what the addresses point into lives as long as what uses them
        rates_at.numbers = numbers  # type: ignore[attr-defined]
        jacobian_at.numbers = numbers  # type: ignore[attr-defined]
        return rates_at, jacobian_at

    return at


@dataclass(frozen=True)
class CCode:
    """A translation unit with two functions, and the numbers that they are called with."""

    source: str
    numbers: tuple[float, ...]


def c_code(
    program: Program, given: str, variables: Sequence[str], rates: Sequence[Traced]
) -> CCode:
    """``rates(state, given, numbers, values)`` and ``jacobian`` with the matrix as values."""
    numbers: dict[str, int] = {}

    def number(text: str) -> str:
        return f"number_[{numbers.setdefault(text, len(numbers))}]"

    arguments = f"const double *state_, double {given}, const double *number_, double *out_"
    read = "".join(f"    double {name} = state_[{k}];\n" for k, name in enumerate(variables))
    parts = ["#include <math.h>\n"]
    for name, wanted in (
        ("rates", list(enumerate(rate.name for rate in rates))),
        ("jacobian", entries_of(variables, rates)),
    ):
        body = program.c_lines([value for _, value in wanted], "    ", number)
        write = "".join(
            f"    out_[{place}] = {program.in_c(value, number)};\n" for place, value in wanted
        )
        parts.append(f"void {name}({arguments}) {{\n{read}{body}{write}}}\n")
    return CCode("".join(parts), tuple(float(text) for text in numbers))


def _address(y: np.ndarray) -> int:
    # six times as fast as y.ctypes.data, which is most of a call
    return ctypes.addressof(ctypes.c_char.from_buffer(y.data))


@lru_cache(maxsize=256)
def _library(source: str) -> ctypes.CDLL | None:
    compiler = c_compiler()
    if compiler is None:
        return None
    kept = cache_folder() / "rates" / f"{_fingerprint(source, compiler)}.so"
    library = _loaded(kept) or _compiled(source, compiler, kept)
    if library is None:
        return None
    for name in ("rates", "jacobian"):
        function = getattr(library, name)
        function.argtypes = [ctypes.c_void_p, ctypes.c_double, ctypes.c_void_p, ctypes.c_void_p]
        function.restype = None
    return library


def _fingerprint(source: str, compiler: str) -> str:
    """Of all that decides the machine code; a compiler that was brought up to date is another."""
    changed = str(os.stat(compiler).st_mtime_ns)
    parts = (source, *_FLAGS, compiler, changed, platform.machine(), platform.system())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _loaded(path: Path) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(str(path)) if path.is_file() else None
    except OSError:
        return None


def _compiled(source: str, compiler: str, kept: Path) -> ctypes.CDLL | None:
    with tempfile.TemporaryDirectory(prefix="rates-") as folder:
        file, made = Path(folder, "rates.c"), Path(folder, "rates.so")
        file.write_text(source)
        command = [compiler, *_FLAGS, "-o", str(made), str(file), "-lm"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode:
            return None
        # where nothing can be kept, it is compiled again the next time
        with contextlib.suppress(InputError):
            write_atomically(kept, made.read_bytes())
        return _loaded(made)  # it stays loaded when its file is gone
