"""A refinement as a table."""

from __future__ import annotations

from collections.abc import Sequence

from codesign.studies.refinement.results import Refinement
from codesign.terminal.tables import print_table, say


def print_results(done: Sequence[Refinement]) -> None:
    """Each refinement's iterations, and why it ended, on standard output."""
    for refinement in done:
        rows = []
        for number, iteration in enumerate(refinement.iterations):
            found, timing = iteration.validation, iteration.validation.against_model
            rows.append(
                (
                    number,
                    iteration.what,
                    ", ".join(f"{100 * c.nrmse:.2f}" for c in found.iv),
                    found.circuit.regime.words,
                    _percent(timing.isi_error),
                    _percent(timing.ibi_error),
                    _percent(found.against_macromodel.isi_error),
                    f"{iteration.error:.3f}",
                    "yes" if iteration.accepted else "no",
                    "yes" if found.passed else "no",
                )
            )
        where = f"{refinement.technology}, {refinement.conditions}"
        columns = (
            "#",
            "design",
            "I-V error (%)",
            "circuit",
            "ISI to model (%)",
            "IBI to model (%)",
            "ISI to macromodel (%)",
            "error (1: allowed)",
            "design kept",
            "passed",
        )
        print_table(f"{refinement.name} on {where}", columns, rows)
        say(f"{refinement.name}: {refinement.reason}")
        for reason in refinement.best.validation.reasons:
            say(f"{refinement.name}: {reason}")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:+.2f}"
