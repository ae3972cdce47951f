"""What a simulation showed of one neuron, in a line or a small table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from codesign.terminal.quantities import number

if TYPE_CHECKING:
    from neuron_model.analysis.excitability import Excitability
    from neuron_model.analysis.iv_curves import IVCurves
    from neuron_model.analysis.regimes import RegimeReport

CURVE_COLUMNS = ("timescale", "zeros at U", "slope at U_op", "falls for U", "folds at U, I")
"""Of :func:`curve_rows`. A curve folds where it begins to fall: more current than that, and there
is no state at rest on this branch, which is the threshold of the fast and of the slow curve."""


def regime_answer(report: RegimeReport, tau_m: float = 1.0) -> str:
    """``tonic bursting: 5 bursts of 32 spikes, ISI 105 tau_m, IBI 1600 tau_m; distance to the
    nearest boundary 0.3 of 1``.

    tau_m: in the units of the report's times.
    """
    words = report.regime.words
    return (
        f"{words}: {_rhythm(report, tau_m)}; distance to the nearest boundary "
        f"{number(report.margin, 2)} of 1"
    )


def _rhythm(report: RegimeReport, tau_m: float) -> str:
    if report.spike_count == 0:
        return "no spikes"
    if report.burst_count:
        parts = [_counted(report.burst_count, "burst")]
        if report.spikes_per_burst is not None:
            parts[0] += f" of {_counted(report.spikes_per_burst, 'spike')}"
        else:
            parts[0] += f", {_counted(report.spike_count, 'spike')}"
    else:
        parts = [_counted(report.spike_count, "spike")]
    for name, value in (("ISI", report.interspike_interval), ("IBI", report.interburst_interval)):
        if value is not None:
            parts.append(f"{name} {number(value / tau_m)} tau_m")
    return ", ".join(parts)


def _counted(count: float, what: str) -> str:
    return f"{count:g} {what}{'' if count == 1 else 's'}"


def curve_rows(curves: IVCurves, held: float) -> list[tuple[str, ...]]:
    """One row a timescale, from the curves' points; ``held`` is the operating point."""
    from neuron_model.model.parameters import TIMESCALES

    rows: list[tuple[str, ...]] = []
    for timescale in TIMESCALES:
        voltage, current = curves.voltage, curves.at(timescale)
        inside = voltage[0] <= held <= voltage[-1]
        slope = np.interp(held, voltage, np.gradient(current, voltage)) if inside else np.nan
        falls = _falling(voltage, current)
        rows.append(
            (
                str(timescale),
                ", ".join(number(zero) for zero in _zeros(voltage, current)) or "none",
                number(float(slope)),
                ", ".join(f"{_end(a, '-∞')} to {_end(b, '∞')}" for a, b, _ in falls) or "nowhere",
                "; ".join(f"{_end(a, '')}, {number(i)}" for a, _, i in falls if a is not None),
            )
        )
    return rows


def excitability_answer(found: Excitability) -> str:
    """What the shapes of the curves mean, as a sentence."""
    spikes = "the fast curve is N-shaped" if found.excitable else "the fast curve is not N-shaped"
    can = "it can fire spikes" if found.excitable else "no spikes"
    if found.slow_excitable:
        spikes, can = "the fast and the slow curve are N-shaped", "it can fire bursts"
    rest = "; the ultraslow one is: two states at rest" if found.bistable else ""
    return f"{spikes}, so {can}{rest}"


def _end(value: float | None, beyond: str) -> str:
    """``value``; ``beyond`` where the curve falls past the first or the last of its points."""
    return beyond if value is None else number(value)


def _zeros(voltage: np.ndarray, current: np.ndarray) -> list[float]:
    """Where the current is zero, between points linearly."""
    zeros = [float(u) for u in voltage[current == 0.0]]
    (at,) = np.nonzero(current[:-1] * current[1:] < 0.0)
    share = current[at] / (current[at] - current[at + 1])
    zeros += [float(u) for u in voltage[at] + share * (voltage[at + 1] - voltage[at])]
    return sorted(zeros)


def _falling(
    voltage: np.ndarray, current: np.ndarray
) -> list[tuple[float | None, float | None, float]]:
    """(from, to, the current where it begins to fall); None where that is beyond the points."""
    falls = np.concatenate(([False], np.diff(current) < 0.0, [False]))
    edges = np.flatnonzero(falls[1:] != falls[:-1])
    last = voltage.size - 1
    return [
        (
            None if a == 0 else float(voltage[a]),
            None if b == last else float(voltage[b]),
            float(current[a]),
        )
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]
