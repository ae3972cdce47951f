from collections.abc import Callable, Iterator

import pytest

from netlists.bench import Bench, BenchInstance, Capacitor, OperatingPoint, Resistor, VoltageSource
from netlists.engine import Engine

DIVIDER = """* Half of the input, over a capacitor
.subckt divider top middle bottom
r1 top middle 1000
r2 middle bottom 1000
c1 middle bottom 1e-9
.ends divider
"""


@pytest.fixture
def make_bench() -> Callable[..., Bench]:
    """A divider at 1 V with a load, changed by keywords."""

    def make(**changes: object) -> Bench:
        parts: dict[str, object] = {
            "title": "divider",
            "models": "",
            "cells": DIVIDER,
            "instances": (BenchInstance("x1", "divider", ("in", "out", "0")),),
            "sources": (
                VoltageSource("vin", "in", "0", 1.0),
                Resistor("rload", "out", "0", 1e6),
                Capacitor("cload", "out", "0", 1e-12),
            ),
            "analyses": (OperatingPoint(),),
            "save": ("v(out)", "i(vin)"),
        }
        return Bench(**(parts | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """One engine for all tests that run ngspice: what one leaves behind must not hurt the next."""
    with Engine(workers=2, timeout=60.0) as running:
        yield running
