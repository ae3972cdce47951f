"""A calibration of samples as a table."""

from __future__ import annotations

from collections.abc import Sequence

from codesign.studies.calibration.results import CalibrationResults
from codesign.terminal.tables import print_table, say
from neuron_model.analysis.regime_reports import WHO, regime_table
from neuron_model.analysis.regimes import RegimeReport

COMPACT = (
    "note: macromodels here are compact, without the amplifiers' lags; those of codesign mismatch "
    "are detailed, so that of the same samples as drawn they may keep others"
)


def print_results(study: CalibrationResults) -> None:
    """Regimes, yields before and after, and what it took, on standard output."""
    reports: dict[str, Sequence[RegimeReport]] = {}
    for who, outcome in study.outcomes.items():
        reports[f"{WHO[who]}, before"] = outcome.before
        reports[f"{WHO[who]}, after"] = outcome.calibrated.reports
    print_table(study.title(len(study.macromodel.before)), *regime_table(reports))
    say(f"calibrated: {', '.join(study.knobs)}")
    for who, outcome in study.outcomes.items():
        taken = outcome.calibrated
        for when, found in zip(("before", "after"), outcome.yields(study.model), strict=True):
            say(f"{WHO[who]}, {when}: {found}")
        say(
            f"{WHO[who]}: {taken.currents.max()} currents at most and {taken.patterns.mean():.1f} "
            f"firing patterns on average are measured of a sample (at most {taken.patterns.max()})"
        )
    say(COMPACT)
