"""A search for cell sizes as a table."""

from __future__ import annotations

from pathlib import Path

from codesign.studies.sizing.results import KEPT, SizingFigures, SizingResults
from codesign.terminal.quantities import drawn_by
from codesign.terminal.tables import print_table, say


def print_results(outcome: SizingResults, written: Path | None) -> None:
    """The Pareto front, what was selected, and where it stands, on standard output."""

    trials = {trial.number: trial for trial in outcome.trials}
    shown = list(outcome.front)
    if outcome.start not in shown and trials[outcome.start].figures is not None:
        shown.insert(0, outcome.start)
    rows = [_row(_label(outcome, n), trials[n].figures) for n in shown]
    if outcome.chosen is not None:
        rows.append(_row("> verified", outcome.checked))
    columns = (
        "trial",
        "regime kept",
        "and rhythm",
        "ISI error",
        "area µm²",
        "gates µm²",
        "power nW",
        "energy nJ",
        "I0 nA",
        "C_m pF",
    )
    title = (
        f"{outcome.name} on {outcome.technology}{drawn_by(outcome.mismatch_set)}: "
        f"{len(outcome.trials)} sizes tried; Pareto front of yield, area and energy (<: initial "
        "sizes; >: selected, and as verified)"
    )
    print_table(title, columns, rows)
    if written is None:
        say("no size that was tried is within the budget with the neuron's regime kept")
        return
    assert outcome.chosen is not None
    factors = trials[outcome.chosen].choice.area_factors
    say("gate areas: " + ", ".join(f"{role} ×{f:.3g}" for role, f in factors.items()))
    if outcome.checked is not None:
        regime, rhythm = (outcome.checked.share(keep).percent for keep in KEPT)
        say(
            f"of {outcome.checked.samples} samples that were verified {regime} keep the regime of "
            f"the model, {rhythm} regime and rhythm"
        )
    if outcome.is_met:
        say(f"target met by trial {outcome.chosen}: {written}")
    else:
        assert outcome.checked is not None
        say(
            f"target missed by the best sizes found (trial {outcome.chosen}): "
            f"{outcome.goal.reached(outcome.checked):.1%} of the samples keep the "
            f"{outcome.goal.keep}, {outcome.goal.sample_yield:.1%} wanted: {written}"
        )


def _label(outcome: SizingResults, number: int) -> str:
    marks = {outcome.start: "< ", outcome.chosen: "> "}
    return f"{marks.get(number, '')}{number}"


def _row(label: str, figures: SizingFigures | None) -> tuple[str, ...]:
    assert figures is not None
    return (
        label,
        f"{figures.sample_yield:.1%}",
        f"{figures.rhythm_yield:.1%}",
        f"{figures.isi_error:.1%}",
        f"{figures.area:.0f}",
        f"{figures.gate_area:.0f}",
        f"{1e9 * figures.static_power:.0f}",
        f"{1e9 * figures.energy_per_spike:.3g}",
        f"{1e9 * figures.unit_current:.3g}",
        f"{1e12 * figures.membrane_capacitance:.3g}",
    )
