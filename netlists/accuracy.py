"""How exactly ngspice follows a neuron's response in time: one setting for every command."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Accuracy(StrEnum):
    """What a response is simulated with.

    FAST: spike times are within 0.1 % of TIGHT's. TIGHT: for what hangs on the last bit: slow
    passages, bursts about to gain a spike. AUTO: FAST first, and TIGHT again where the verdict
    hangs on it.
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
"""Relative error of spike times and intervals that FAST is allowed beside TIGHT."""

# Chosen by random neurons: spike intervals are 1e-3 from those of reltol 1e-7, with which ngspice
# does not find some starting points. With trtol 3 one burster of 240 fell silent that goes on with
# trtol 1 and with reltol 1e-7. To come so near may take more than ngspice's 100 iterations (itl1)
# at time 0, after which it lets go of the initial voltages and says nothing.
_TIGHT = {"reltol": 1e-6, **SOLVING}

_OPTIONS: Mapping[Accuracy, Mapping[str, float]] = MappingProxyType(
    {
        Accuracy.FAST: MappingProxyType({**_TIGHT, "reltol": 1e-5, "chgtol": 1e-13, "bypass": 1.0}),
        Accuracy.TIGHT: MappingProxyType(_TIGHT),
    }
)
