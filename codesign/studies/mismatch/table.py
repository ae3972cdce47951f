"""A mismatch study as a table."""

from __future__ import annotations

from codesign.studies.mismatch.results import MismatchResults, agreement_in_words
from codesign.terminal.tables import print_table, say
from neuron_model.analysis.regime_reports import WHO, regime_table


def print_results(outcome: MismatchResults) -> None:
    """Regimes, yields and agreement, on standard output."""

    reports = {WHO["macromodel"]: [sample.macromodel for sample in outcome.samples]}
    if outcome.circuit_yield is not None:
        reports[WHO["circuit"]] = [c.circuit for c in outcome.samples if c.circuit is not None]
    print_table(outcome.title(len(outcome.samples)), *regime_table(reports))
    say(f"macromodel: {outcome.predicted_yield}")
    if outcome.circuit_yield is None:
        return
    say(f"ngspice: {outcome.circuit_yield}")
    agreement = outcome.agreement
    assert agreement is not None
    say(f"macromodel and ngspice agree on the regime of {agreement.regime:.1%} of the samples")
    for line in agreement_in_words(agreement):
        say(line)
    tight = sum(sample.accuracy == "tight" for sample in outcome.samples)
    say(f"ngspice's tolerances: tight for {tight} of {len(outcome.samples)} samples, else fast")
