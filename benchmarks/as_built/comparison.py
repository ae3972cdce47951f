"""One neuron as built against ngspice, and what a table says of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.as_built.record import Finding
from codesign.workflows.source import Drive
from codesign.workflows.validate import timing
from mapping.estimates import energy_per_spike

BOUNDARY = 0.1
"""A smaller margin of the as-built regime lies at the boundary to another one."""

CLOSE = 0.01
"""Relative error of an interval that agrees."""


@dataclass(frozen=True)
class Comparison:
    """One neuron at one corner. time_unit: seconds per unit of model time."""

    name: str
    as_built: Finding
    circuit: Finding
    drive: Drive
    time_unit: float

    @property
    def decided(self) -> bool:
        """Whether the as-built regime is not at a boundary."""
        return self.as_built.report.margin >= BOUNDARY

    @property
    def same_regime(self) -> bool:
        """Whether both fire in one regime."""
        return self.as_built.report.regime == self.circuit.report.regime

    @property
    def count_difference(self) -> int:
        """Spikes of the circuit less those of the as-built model."""
        return self.circuit.report.spike_count - self.as_built.report.spike_count

    @property
    def interval_error(self) -> float | None:
        """Relative error of the median interval between spikes; see ``timing``."""
        return self._error("interval_error")

    @property
    def pause_error(self) -> float | None:
        """Relative error of the median pause between bursts."""
        return self._error("pause_error")

    def _error(self, name: str) -> float | None:
        if not self.same_regime:
            return None
        compared = timing(self.as_built.report, self.circuit.report)
        # as-built is what is judged here
        error: float | None = getattr(compared, name)
        return None if error is None else 1.0 / (1.0 + error) - 1.0

    @property
    def power_error(self) -> float:
        """Relative error of the static power that the design promises."""
        return self.as_built.static_power / self.circuit.static_power - 1.0

    @property
    def energy_error(self) -> float | None:
        """Relative error of the energy per spike; None where either is silent."""
        seconds = (self.drive.duration - self.drive.onset) * self.time_unit
        found = [
            energy_per_spike(one.mean_power, seconds, one.report.spike_count)
            for one in (self.as_built, self.circuit)
        ]
        if found[0] is None or found[1] is None:
            return None
        return found[0] / found[1] - 1.0


HEADER = (
    "| technology, corner | neurons | at a boundary | same regime | counts within 1 | "
    "intervals within 1 % | largest | pauses within 1 % | largest | static power | "
    "energy per spike |\n|" + "---|" * 11
)


def row(where: str, every: Sequence[Comparison]) -> str:
    """A row of the table. Neurons at a boundary are counted, and left out of the rest."""
    decided = [c for c in every if c.decided]
    same = [c for c in decided if c.same_regime]
    counts = sum(abs(c.count_difference) <= 1 for c in same)
    cells = [
        where,
        str(len(every)),
        str(len(every) - len(decided)),
        f"{len(same)} of {len(decided)}",
        f"{counts} of {len(same)}",
        *_within(same, lambda c: c.interval_error),
        *_within(same, lambda c: c.pause_error),
        _largest([c.power_error for c in every]),
        _largest([c.energy_error for c in same]),
    ]
    return "| " + " | ".join(cells) + " |"


def _within(
    every: Sequence[Comparison], of: Callable[[Comparison], float | None]
) -> tuple[str, str]:
    errors = [e for e in map(of, every) if e is not None]
    close = sum(abs(e) <= CLOSE for e in errors)
    return f"{close} of {len(errors)}", _largest(errors)


def _largest(errors: Sequence[float | None]) -> str:
    known = [e for e in errors if e is not None]
    return f"{100 * max(known, key=abs):+.1f} %" if known else "-"


def line(c: Comparison) -> str:
    """One neuron on one line, to follow a run."""
    ours, theirs = c.as_built.report, c.circuit.report
    parts = [
        f"{c.name:14s} {ours.regime.value:15s}",
        "same" if c.same_regime else f"ngspice {theirs.regime.value}",
        f"margin {ours.margin:.2f} / {theirs.margin:.2f}",
        f"spikes {ours.spike_count} / {theirs.spike_count}",
    ]
    for what, error in (("interval", c.interval_error), ("pause", c.pause_error)):
        if error is not None:
            parts.append(f"{what} {100 * error:+.2f} %")
    parts.append(f"power {100 * c.power_error:+.1f} %")
    if c.energy_error is not None and np.isfinite(c.energy_error):
        parts.append(f"energy {100 * c.energy_error:+.1f} %")
    return ", ".join(parts)
