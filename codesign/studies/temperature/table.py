"""A temperature study as a table."""

from __future__ import annotations

from codesign.studies.temperature.results import INTERVALS, TemperatureResults
from codesign.terminal.tables import print_table, say
from neuron_model.analysis.regime_reports import WHO
from neuron_model.analysis.verdicts import REGIME_KEPT, RHYTHM_KEPT


def print_results(outcome: TemperatureResults) -> None:
    """The table, and between which temperatures what is kept, on standard output."""

    def percent(value: float | None) -> str:
        return "" if value is None else f"{100 * value:+.1f}"

    simulated = all(c.circuit is not None for c in outcome.conditions)
    asked = ("macromodel", "circuit") if simulated else ("macromodel",)
    drifts = {(who, name): outcome.drift(who, name) for who in asked for name in INTERVALS}
    found = [{who: outcome.verdict(who, c) for who in asked} for c in outcome.conditions]
    rows = [
        (
            c.temperature,
            *(getattr(c, who).regime.words for who in asked),
            " / ".join("yes" if v and v.rhythm_kept else "no" for v in found[i].values()),
            *(" / ".join(percent(drifts[who, name][i]) for who in asked) for name in INTERVALS),
        )
        for i, c in enumerate(outcome.conditions)
    ]
    laws = f"currents {outcome.laws.currents}, references {outcome.laws.references}"
    columns = ("rhythm kept", "ISI drift (%)", "IBI drift (%)")
    print_table(
        f"{outcome.name} on {outcome.technology}, {outcome.corner}: {laws}",
        ("°C", *(f"regime ({WHO[who]})" for who in asked), *columns),
        rows,
    )
    for condition, verdicts in zip(outcome.conditions, found, strict=True):
        for who, one in verdicts.items():
            for deviation in one.exceeded if one else ():
                say(f"{condition.temperature:g} °C, {WHO[who]}: {deviation}")
    for name, held in ((REGIME_KEPT, outcome.held), (RHYTHM_KEPT, outcome.rhythm_held)):
        where = f"{name} ({WHO[asked[-1]]})"
        if held is None:
            say(f"{where}: not even at {outcome.nominal:g} °C")
        else:
            lost = " nor ".join(f"{t:g}" for t in (held.below, held.above) if t is not None)
            beyond = f", not at {lost} °C" if lost else ""
            say(f"{where}: holds from {held.low:g} to {held.high:g} °C{beyond}")
