"""Yields: how many Monte Carlo samples keep what, with the interval that so few samples leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.verdicts import keeps_rhythm

CONFIDENCE = 0.95
"""Of the intervals."""


@dataclass(frozen=True)
class Share:
    """``count`` of ``total`` samples."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """The share itself."""
        return self.count / self.total

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval at CONFIDENCE (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927).

        The shares p with |p' - p| <= z sqrt(p (1 - p) / n), p' being the one observed: within 0 to
        1, and of some width where all or none of the samples count.
        """
        from scipy.stats import binomtest

        found = binomtest(self.count, self.total).proportion_ci(CONFIDENCE, method="wilson")
        return float(found.low), float(found.high)

    @property
    def percent(self) -> str:
        """The share and its interval in per cent: "43.5 % (36.8 to 50.4 %)"."""
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f} to {100 * high:.1f} %)"


@dataclass(frozen=True)
class Yields:
    """Samples that keep the regime of the model, and those that keep regime and rhythm.

    By the definitions of :mod:`neuron_model.analysis.verdicts`.
    """

    regime: Share
    rhythm: Share

    def __str__(self) -> str:
        return (
            f"{self.regime.percent} keep the regime of the model, "
            f"{self.rhythm.percent} regime and rhythm"
        )


def yields(model: RegimeReport, samples: Sequence[RegimeReport], scale: float = 1.0) -> Yields:
    """Both yields of ``samples``.

    Args:
        model: how the model that was trained fires.
        samples: how each sample fires under the same current; at least one.
        scale: what their intervals are multiplied by to be in the model's unit of time.
    """
    total = len(samples)
    return Yields(
        Share(sum(each.regime == model.regime for each in samples), total),
        Share(sum(keeps_rhythm(model, each, scale) for each in samples), total),
    )


def yields_to_json(found: Yields | None) -> dict[str, Any] | None:
    """Both shares with their intervals."""
    if found is None:
        return None
    return {
        name: {"count": share.count, "share": share.value, "interval": list(share.interval)}
        for name, share in (("regime", found.regime), ("rhythm", found.rhythm))
    }
