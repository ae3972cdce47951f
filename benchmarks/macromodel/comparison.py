"""One neuron by the macromodel against ngspice, and what tables say of many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.macromodel.record import Finding
from codesign.studies.mismatch.results import relative_errors
from mapping.estimates import energy_per_spike
from netlists.accuracy import Accuracy
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.rhythm import SAME_COUNT, SAME_INTERVAL, at_boundary
from neuron_model.analysis.verdicts import Verdict, timing, verdict
from neuron_model.model.drive import Drive

BOUNDARY = 0.1
"""A smaller margin of the macromodel regime lies at the boundary to another one."""


@dataclass(frozen=True)
class Comparison:
    """One neuron at one corner.

    time_unit: seconds per unit of model time. nearby: how the neuron of the macromodel fires under
    the drives of :func:`neuron_model.analysis.rhythm.perturbations`. model: how the neuron that was
    mapped fires. accuracy: of the circuit's simulation. tight: what a tight one found, where that
    is known.
    """

    name: str
    macromodel: Finding
    circuit: Finding
    drive: Drive
    time_unit: float
    nearby: tuple[RegimeReport, ...] = ()
    model: RegimeReport | None = None
    accuracy: Accuracy = Accuracy.TIGHT
    tight: Finding | None = None

    @property
    def changed(self) -> bool:
        """Whether a verdict is another one than by the tight simulation."""
        assert self.tight is not None
        references = [self.macromodel.report, *([self.model] if self.model else [])]
        found = [
            [reached(verdict(reference, by.report)) for reference in references]
            for by in (self.circuit, self.tight)
        ]
        return found[0] != found[1]

    @property
    def shift(self) -> float | None:
        """Relative difference of the median ISI from the tight simulation's."""
        assert self.tight is not None
        return timing(self.tight.report, self.circuit.report).isi_error

    @property
    def decided(self) -> bool:
        """Whether the margin of the macromodel regime is not that of a boundary."""
        return self.macromodel.report.margin >= BOUNDARY

    @property
    def at_boundary(self) -> bool:
        """Whether the macromodel is about to fire otherwise: by its margin, or if perturbed."""
        return not self.decided or at_boundary(self.macromodel.report, self.nearby)

    @property
    def same_regime(self) -> bool:
        """Whether both fire in one regime."""
        return self.macromodel.report.regime == self.circuit.report.regime

    @property
    def count_difference(self) -> int:
        """Spikes of the circuit less those of the macromodel."""
        return self.circuit.report.spike_count - self.macromodel.report.spike_count

    @property
    def isi_error(self) -> float | None:
        """Relative error of the median inter-spike interval; see ``timing``."""
        return self._error("isi_error")

    @property
    def ibi_error(self) -> float | None:
        """Relative error of the median inter-burst interval."""
        return self._error("ibi_error")

    def _error(self, name: str) -> float | None:
        if not self.same_regime:
            return None
        compared = timing(self.macromodel.report, self.circuit.report)
        # macromodel is what is judged here
        error: float | None = getattr(compared, name)
        return None if error is None else 1.0 / (1.0 + error) - 1.0

    @property
    def power_error(self) -> float:
        """Relative error of the static power that the design promises."""
        return self.macromodel.static_power / self.circuit.static_power - 1.0

    @property
    def energy_error(self) -> float | None:
        """Relative error of the energy per spike; None where either is silent."""
        seconds = (self.drive.duration - self.drive.onset) * self.time_unit
        found = [
            energy_per_spike(one.mean_power, seconds, one.report.spike_count)
            for one in (self.macromodel, self.circuit)
        ]
        if found[0] is None or found[1] is None:
            return None
        return found[0] / found[1] - 1.0


_HEADER = (
    "| technology, corner | neurons | same regime | counts within 1 | ISI within 1 % | "
    "median, 90th percentile | largest | IBI within 1 % | median, 90th percentile | largest | "
    "static power | energy per spike |\n|" + "---|" * 12
)


def tables(groups: Mapping[str, Sequence[Comparison]]) -> str:
    """One table of the neurons clear of a boundary, one of those at one; groups by their names."""
    parts = []
    for title, wanted in (("Clear of a boundary", False), ("At a boundary", True)):
        chosen = {
            name: [c for c in every if c.at_boundary == wanted] for name, every in groups.items()
        }
        chosen["all"] = [c for every in chosen.values() for c in every]
        rows = [row(name, every) for name, every in chosen.items() if every]
        parts.append("\n".join([f"**{title}**", "", _HEADER, *rows, ""]))
    return "\n".join(parts)


def by_margin(every: Sequence[Comparison]) -> str:
    """The same table of those that are decided by the margin of their regime alone, in one row."""
    title = "**Clear of a boundary by the margin of the regime alone**"
    return "\n".join([title, "", _HEADER, row("all", [c for c in every if c.decided]), ""])


def by_accuracy(groups: Mapping[str, Sequence[Comparison]]) -> str:
    """What fast simulations with tight ones where it matters change, where both are known."""
    lines = [
        "**Verdicts beside those of tight simulations**",
        "",
        "| technology, corner | neurons | simulated again | verdicts changed | largest change of "
        "the ISI, fast alone |",
        "|---|---|---|---|---|",
    ]
    for name, every in _with_all(groups).items():
        found = accuracy_figures(every)
        if found["neurons"]:
            changed = found["changed"]
            names = f" ({', '.join(changed)})" if changed and name != "all" else ""
            cells = (
                name,
                found["neurons"],
                found["simulated_again"],
                f"{len(changed)}{names}",
                f"{found['largest_shift']:.3%}",
            )
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join([*lines, ""])


def accuracy_figures(every: Sequence[Comparison]) -> dict[str, Any]:
    """Neurons whose tight simulation is known, and what fast ones with tight ones change.

    simulated_again: of them with tight tolerances. changed: whose verdicts are others than by the
    tight simulation. largest_shift: relative change of the ISI of those simulated fast alone.
    """
    known = [c for c in every if c.tight]
    shifts = [c.shift for c in known if c.accuracy is Accuracy.FAST]
    return {
        "neurons": len(known),
        "simulated_again": sum(c.accuracy is Accuracy.TIGHT for c in known),
        "changed": [c.name for c in known if c.changed],
        "largest_shift": max((abs(x) for x in shifts if x is not None), default=0.0),
    }


def agreement_figures(every: Sequence[Comparison]) -> dict[str, Any]:
    """How many neurons fire in ngspice as by the macromodel, and errors of ISI and IBI."""
    same = [c for c in every if c.same_regime]
    errors = {
        "isi": [c.isi_error for c in same if c.isi_error is not None],
        "ibi": [c.ibi_error for c in same if c.ibi_error is not None],
    }
    return {
        "neurons": len(every),
        "same_regime": len(same),
        "counts_within_one": sum(abs(c.count_difference) <= SAME_COUNT for c in same),
        **{
            name: {
                "compared": len(found),
                "within_one_percent": sum(abs(e) <= SAME_INTERVAL for e in found),
                "median_and_90th_percentile": relative_errors([(1.0, 1.0 + e) for e in found]),
                "largest": max(found, key=abs, default=None),
            }
            for name, found in errors.items()
        },
    }


def document(groups: Mapping[str, Sequence[Comparison]]) -> dict[str, Any]:
    """What the tables say, as JSON: clear of a boundary, at one, and by accuracy."""
    return {
        name: {
            "clear": agreement_figures([c for c in every if not c.at_boundary]),
            "at_boundary": agreement_figures([c for c in every if c.at_boundary]),
            "by_accuracy": accuracy_figures(every),
        }
        for name, every in _with_all(groups).items()
    }


def _with_all(groups: Mapping[str, Sequence[Comparison]]) -> dict[str, Sequence[Comparison]]:
    return {**groups, "all": [c for every in groups.values() for c in every]}


def row(where: str, every: Sequence[Comparison]) -> str:
    """A row of a table."""
    same = [c for c in every if c.same_regime]
    counts = sum(abs(c.count_difference) <= SAME_COUNT for c in same)
    cells = [
        where,
        str(len(every)),
        f"{len(same)} of {len(every)}",
        f"{counts} of {len(same)}",
        *_within(same, lambda c: c.isi_error),
        *_within(same, lambda c: c.ibi_error),
        _largest([c.power_error for c in every]),
        _largest([c.energy_error for c in same]),
    ]
    return "| " + " | ".join(cells) + " |"


def _within(
    every: Sequence[Comparison], of: Callable[[Comparison], float | None]
) -> tuple[str, str, str]:
    errors = [e for e in map(of, every) if e is not None]
    close = sum(abs(e) <= SAME_INTERVAL for e in errors)
    found = relative_errors([(1.0, 1.0 + e) for e in errors])
    spread = "-" if found is None else f"{100 * found[0]:.2f} %, {100 * found[1]:.2f} %"
    return f"{close} of {len(errors)}", spread, _largest(errors)


def _largest(errors: Sequence[float | None]) -> str:
    known = [e for e in errors if e is not None]
    return f"{100 * max(known, key=abs):+.1f} %" if known else "-"


def reached(found: Verdict) -> tuple[bool, ...]:
    """Regime kept, rhythm kept."""
    return bool(found.regime_kept), found.rhythm_kept


def line(c: Comparison) -> str:
    """One neuron on one line, to follow a run."""
    ours, theirs = c.macromodel.report, c.circuit.report
    parts = [
        f"{c.name:14s} {ours.regime.value:15s}",
        "same" if c.same_regime else f"ngspice {theirs.regime.value}",
        f"margin {ours.margin:.2f} / {theirs.margin:.2f}",
        f"spikes {ours.spike_count} / {theirs.spike_count}",
        *(["at a boundary"] if c.at_boundary else []),
        *([c.accuracy.value] if c.tight is not None else []),
    ]
    for what, error in (("interval", c.isi_error), ("IBI", c.ibi_error)):
        if error is not None:
            parts.append(f"{what} {100 * error:+.2f} %")
    parts.append(f"power {100 * c.power_error:+.1f} %")
    if c.energy_error is not None and np.isfinite(c.energy_error):
        parts.append(f"energy {100 * c.energy_error:+.1f} %")
    return ", ".join(parts)
