"""Design centering as a table."""

from __future__ import annotations

from pathlib import Path

from codesign.studies.centering.evaluation import CenteringProblem
from codesign.studies.centering.study import CenteringResults
from codesign.terminal.quantities import drawn_by
from codesign.terminal.tables import print_table, say
from neuron_model.analysis.regime_reports import RHYTHM
from neuron_model.analysis.verdicts import QUANTITIES


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
        if values != (None, None):
            unit = "" if name == "spikes_per_burst" else " (model time)"
            rows.append((f"{QUANTITIES[name]}{unit}", *values))
    title = f"{problem.parameters.name} on {problem.technology.name}, {problem.model.regime.words}"
    print_table(title, ("", "before", "centered"), rows)
    drawn = f"{outcome.samples} samples{drawn_by(problem.technology.mismatch.name)}, macromodel"
    say(f"before ({drawn}): {outcome.before}")
    say(f"centered ({drawn}): {outcome.after}")
    print(written)
