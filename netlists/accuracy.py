"""How exactly ngspice follows a neuron's response in time: one setting for every command."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Accuracy(StrEnum):
    """What a response is simulated with.

    FAST: median inter-spike intervals are within FAST_ERROR of TIGHT's, mostly within a tenth of
    it. TIGHT: for what hangs on the last bit: slow passages, bursts about to gain a spike. AUTO:
    FAST first, and TIGHT again where the verdict hangs on it.
    """

    FAST = "fast"
    TIGHT = "tight"
    AUTO = "auto"

    @property
    def first(self) -> Accuracy:
        """What the first run of a response takes."""
        return Accuracy.FAST if self is Accuracy.AUTO else self

    @property
    def repeats(self) -> bool:
        """Whether what hangs on it is run again, with TIGHT."""
        return self is Accuracy.AUTO

    @property
    def identity(self) -> list[object]:
        """What decides results that were found with it, for records that must not mix."""
        return [self.value, *sorted(self.options.items())]

    @property
    def options(self) -> Mapping[str, float]:
        """ngspice's options for the first run, beside a bench's own."""
        return _OPTIONS[self.first]


SOLVING = MappingProxyType({"itl1": 1000.0, "noopiter": 1.0})
"""How a neuron's operating point is sought: gmin is stepped at once.

Newton's method alone takes all of its thousand iterations and finds none (sky130: 1,583 iterations
for a sweep of 121 points, 582 without that attempt, with the same curve).
"""

FAST_ERROR = 0.003
"""Relative error of a median inter-spike interval that FAST is allowed beside TIGHT.

The largest of `benchmarks.macromodel`, of neurons that `auto` simulates fast alone, is 0.28 %. It
goes with trtol: 0.11 % take 36 % more points (`benchmarks.tolerances`).
"""

# Chosen by random neurons: spike intervals are 1e-3 from those of reltol 1e-7, with which ngspice
# does not find some starting points. With trtol 3 one burster of 240 fell silent that fires on
# with trtol 1 and with reltol 1e-7. To come so near may take more than ngspice's 100 iterations
# (itl1) at time 0, after which it lets go of the initial voltages and says nothing.
_TIGHT = {"reltol": 1e-6, **SOLVING}
# ngspice bounds the error of a step in every charge by trtol times reltol times that charge, or
# times chgtol where that is more. With chgtol 1e-18 C this holds for the femtocoulombs of each
# transistor, which decide most steps and no spike; with 1e-11 C all charges may err alike. And it
# repeats the solution of a step until voltages change by less than reltol and vntol, currents by
# less than reltol and abstol. Newton's method doubles the right digits with each repetition: with
# reltol 1e-3 the second one proves what with 3e-6 takes a third, and starting points are found at
# -40 °C for which TIGHT takes thousands of iterations. A smaller trtol makes up for it in steps.
# bypass stays away: it lets a starting point pass that is none (50 mA from the supply of a
# nanoampere neuron, and a slow voltage that is off from then on).
_FAST = {
    **_TIGHT,
    "reltol": 1e-3,
    "vntol": 1e-6,
    "abstol": 1e-14,
    "trtol": 1e-3,
    "chgtol": 1e-11,
}

_OPTIONS: Mapping[Accuracy, Mapping[str, float]] = MappingProxyType(
    {
        Accuracy.FAST: MappingProxyType(_FAST),
        Accuracy.TIGHT: MappingProxyType(_TIGHT),
    }
)
