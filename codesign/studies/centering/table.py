"""Design centering as a table."""

from __future__ import annotations

from pathlib import Path

from codesign.studies.centering.evaluation import CenteringProblem
from codesign.studies.centering.study import CenteringResults
from codesign.terminal.tables import print_table, say
from neuron_model.analysis.regime_reports import RHYTHM


def print_results(problem: CenteringProblem, outcome: CenteringResults, written: Path) -> None:
    """What moved, how the rhythm changed, and the yields, on standard output."""

    pairs = zip(problem.parameters.elements, outcome.parameters.elements, strict=True)
    rows: list[tuple[object, ...]] = []
    for before, after in pairs:
        for name in ("alpha", "delta"):
            values = getattr(before, name), getattr(after, name)
            rows.append((f"{before.timescale.value} {name}", *values))
    rows.append(("i_bias", problem.parameters.i_bias, outcome.parameters.i_bias))
    for name in RHYTHM:
        values = getattr(problem.model, name), getattr(outcome.nominal, name)
        rows.append((f"{name.replace('_', ' ')} (as drawn, now)", *values))
    title = f"{problem.parameters.name} on {problem.technology.name}, {problem.model.regime.words}"
    print_table(title, ("", "before", "centered"), rows)
    drawn = f"{outcome.samples} samples of the mismatch set {problem.technology.mismatch.name}"
    say(f"{drawn} before, macromodel: {outcome.before}")
    say(f"{drawn} centered, macromodel: {outcome.after}")
    print(written)
