"""How exactly ngspice follows a neuron's response in time: one setting for every command."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Accuracy(StrEnum):
    """What a response is simulated with.

    FAST: intervals between spikes are within 0.1 % of TIGHT's. TIGHT: for what hangs on the last
    bit: slow passages, bursts about to gain a spike. AUTO: FAST first, and TIGHT again where the
    verdict hangs on it.
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

FAST_ERROR = 0.001
"""Relative error of intervals between spikes that FAST is allowed beside TIGHT."""

# Chosen by random neurons: spike intervals are 1e-3 from those of reltol 1e-7, with which ngspice
# does not find some starting points. With trtol 3 one burster of 240 fell silent that goes on with
# trtol 1 and with reltol 1e-7. To come so near may take more than ngspice's 100 iterations (itl1)
# at time 0, after which it lets go of the initial voltages and says nothing.
_TIGHT = {"reltol": 1e-6, **SOLVING}
# ngspice bounds the truncation error of every charge by reltol times that charge, but at least
# chgtol. With chgtol 1e-18 C that holds for the femtocoulombs of each transistor, which decide most
# steps and no spike; with 1e-12 C, for the picocoulombs of a neuron's capacitors alone. The preset
# tonic_bursting on sky130, 2,600 tau_m, 13 spikes; processor seconds, error of the last spike and
# of the worst: tight 14.4; reltol 1e-5 11.2, 0.027, 0.041 %; 1e-4 8.0, 0.088, 0.088 %; chgtol 1e-12
# with reltol 1e-6 7.0, 0.002, 0.017 %; with 3e-6 4.4, 0.008, 0.040 % (both with bypass 1, which
# saves nothing with junctions in the transistors, and lets a starting point pass that is none:
# 50 mA from the supply of a nanoampere neuron, and a slow voltage that is off from then on).
_FAST = {**_TIGHT, "reltol": 3e-6, "chgtol": 1e-12}

_OPTIONS: Mapping[Accuracy, Mapping[str, float]] = MappingProxyType(
    {
        Accuracy.FAST: MappingProxyType(_FAST),
        Accuracy.TIGHT: MappingProxyType(_TIGHT),
    }
)
