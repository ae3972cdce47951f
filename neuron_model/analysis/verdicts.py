"""What a verdict means: regime kept, rhythm kept, spike for spike. The one place that defines them.

A circuit (or a Monte Carlo sample) is compared with a reference: the model that was trained, or the
macromodel. All definitions are functions of two firing reports; their texts are what
`codesign validate --help`, the report and the documentation print.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neuron_model.analysis.regimes import Regime, RegimeReport

IV_LIMIT = 0.02
"""Largest nrmse of an I-V curve that passes."""

ISI_TOLERANCE = 0.05
"""Of the median inter-spike interval, relative."""

IBI_TOLERANCE = 0.10
"""Of the median inter-burst interval, relative."""

BURST_TOLERANCE = 0.10
"""Of the median spikes per burst, and of the spikes of a neuron that falls silent, relative."""

COUNT_TOLERANCE = 0.08
"""Of the number of spikes under a recorded current, relative."""

ONE_SPIKE = 1.0
"""A number of spikes may differ by this much even where its relative tolerance is smaller."""

COINCIDENCE_WINDOW = 0.1
"""How far apart two spikes may be that coincide, in median inter-spike intervals.

The field's +-2 ms at the 20 ms between spikes of a neuron that fires at 50 Hz.
"""

COINCIDENCE_LIMIT = 0.7
"""Smallest coincidence factor that is spike for spike."""

LARGEST_RATIO, LEAST_CORRELATION = 1.15, 0.98
"""Of a network's NRMSE over torch's, and of its y with torch's."""

LEAST_AGREEMENT = 0.95
"""Smallest share of decisions that a network's circuit has in common with torch."""

REGIME_KEPT, RHYTHM_KEPT, SPIKE_FOR_SPIKE = "regime kept", "rhythm kept", "spike for spike"

QUANTITIES: Mapping[str, str] = {
    "interspike_interval": "ISI",
    "interburst_interval": "IBI",
    "spikes_per_burst": "spikes per burst",
    "spike_count": "number of spikes",
}
"""What of two rhythms is compared, in the field's words."""

COUNTED = ("spikes_per_burst", "spike_count")
"""Those of QUANTITIES that count spikes."""

DEFINITIONS: Mapping[str, str] = {
    REGIME_KEPT: (
        "the circuit fires in the reference's class after the last step of the current: resting, "
        "tonic spiking, phasic spiking, tonic bursting, phasic bursting or depolarization block."
    ),
    RHYTHM_KEPT: (
        f"regime kept, and the median inter-spike interval (ISI; within bursts) is within "
        f"{ISI_TOLERANCE:.0%} of the reference's, the median inter-burst interval (IBI) within "
        f"{IBI_TOLERANCE:.0%}, and the median spikes per burst within {BURST_TOLERANCE:.0%} or one "
        f"spike. Of a neuron that falls silent, the number of spikes is within "
        f"{BURST_TOLERANCE:.0%} or one spike. Under a recorded current the regime is not judged, "
        f"and the number of spikes is within {COUNT_TOLERANCE:.0%} or one spike and the median ISI "
        f"within {ISI_TOLERANCE:.0%}."
    ),
    SPIKE_FOR_SPIKE: (
        "the coincidence factor of the two spike trains (Kistler, Gerstner and van Hemmen 1997; 1: "
        f"equal, 0: chance) is at least {COINCIDENCE_LIMIT:g}, spikes within "
        f"{COINCIDENCE_WINDOW:g} median ISI of the reference counting as the same."
    ),
}
"""The three verdicts by name."""

REFERENCES = (
    "A circuit is compared with two references, the model that was trained and the macromodel, "
    "and each comparison says what it reaches."
)
"""What is compared."""

PASSED = (
    f"A neuron passes if each I-V curve is within {IV_LIMIT:.0%} of the model's (root mean square "
    "error over the model curve's peak to peak), the regime of the model is kept, the rhythm of "
    "the macromodel is kept and, where the model is circuit-shaped (it has the filters and "
    "the leak of a circuit), the rhythm of the model is kept. Under a recorded current spike for "
    "spike will do in place of rhythm kept."
)
"""What it takes to pass."""

NETWORK_PASSED = (
    "The circuit of a whole network that predicts numbers passes if its NRMSE is at most "
    f"{LARGEST_RATIO:g} times torch's and the correlation of each y with torch's at least "
    f"{LEAST_CORRELATION:g}. One that tells classes apart passes if it decides as "
    f"torch on at least {LEAST_AGREEMENT:.0%} of the sequences, or of the samples where each has a "
    "label; the class is that of the largest readout."
)
"""What it takes a whole network to pass."""


def definitions() -> str:
    """All of it as plain text: a line for each, indented, for whoever wraps it."""
    each = {**DEFINITIONS, "passed": PASSED, "passed, network": NETWORK_PASSED}
    lines = ["verdicts:", f"  {REFERENCES}"]
    lines += [f"  {name}: {text}" for name, text in each.items()]
    return "\n".join(lines)


_FALLING_SILENT = (Regime.PHASIC_SPIKING, Regime.PHASIC_BURSTING)


@dataclass(frozen=True)
class Timing:
    """Spikes of the circuit against a reference (model or macromodel).

    spike_count: of the reference; circuit_spike_count: of the circuit. isi_error: relative
    error of the median inter-spike interval of a burst (or of all); ibi_error: of the median
    inter-burst interval. None where one of the two has no such interval. coincidence:
    coincidence factor of the spike trains: 1 for equal ones, 0 for no more than chance; None where
    neither spikes.
    """

    spike_count: int
    circuit_spike_count: int
    isi_error: float | None
    ibi_error: float | None
    coincidence: float | None = None


@dataclass(frozen=True)
class Deviation:
    """One quantity of two rhythms. tolerance: by how much it may differ, in its own unit."""

    quantity: str
    reference: float
    found: float
    tolerance: float

    @property
    def error(self) -> float | None:
        """Relative; None where the reference is 0."""
        return self.found / self.reference - 1.0 if self.reference else None

    @property
    def used(self) -> float:
        """Share of the tolerance that is used up; above 1 it is exceeded."""
        return abs(self.found - self.reference) / self.tolerance

    @property
    def kept(self) -> bool:
        """Whether it is within its tolerance, but for rounding."""
        return self.used <= 1.0 + 1e-9

    def __str__(self) -> str:
        error = "" if self.error is None else f"{self.error:+.1%}; "
        is_count = self.quantity in COUNTED
        allowed = f"{self.tolerance:.3g}" if is_count else f"{self.tolerance / self.reference:.0%}"
        return (
            f"{QUANTITIES[self.quantity]} {self.found:.4g} instead of {self.reference:.4g} "
            f"({error}{allowed} is allowed)"
        )


@dataclass(frozen=True)
class Verdict:
    """What a comparison with one reference reaches.

    regime_kept: None under a recorded current, where it is not judged. deviations: of the rhythm,
    each with its tolerance; none where the regime is not kept or neither spikes. coincidence: None
    where neither spikes.
    """

    regime_kept: bool | None
    deviations: tuple[Deviation, ...]
    coincidence: float | None

    @property
    def rhythm_kept(self) -> bool:
        """Whether regime and rhythm are kept."""
        return self.regime_kept is not False and all(d.kept for d in self.deviations)

    @property
    def spike_for_spike(self) -> bool:
        """Whether the spikes coincide; neurons that are both silent agree."""
        return self.coincidence is None or self.coincidence >= COINCIDENCE_LIMIT

    @property
    def reached(self) -> dict[str, bool | None]:
        """Every verdict by its name; None: not judged."""
        return {
            REGIME_KEPT: self.regime_kept,
            RHYTHM_KEPT: self.rhythm_kept,
            SPIKE_FOR_SPIKE: self.spike_for_spike,
        }

    @property
    def nearest(self) -> Deviation | None:
        """The deviation that is nearest to its tolerance, on either side; None without any."""
        return min(self.deviations, key=lambda d: abs(d.used - 1.0), default=None)

    @property
    def exceeded(self) -> tuple[Deviation, ...]:
        """The deviations that are beyond their tolerance."""
        return tuple(d for d in self.deviations if not d.kept)


def verdict(
    reference: RegimeReport, circuit: RegimeReport, driven: bool = False, scale: float = 1.0
) -> Verdict:
    """What ``circuit`` keeps of ``reference``.

    Args:
        reference: how model or macromodel fires.
        circuit: how the circuit fires under the same current.
        driven: whether that is a recorded current that changes all the time.
        scale: as for :func:`keeps_rhythm`; not of a recorded current.
    """
    times = (np.array(reference.spike_times), scale * np.array(circuit.spike_times))
    factor = coincidence(*times)
    if driven:
        return Verdict(None, tuple(_driven_deviations(reference, circuit)), factor)
    return Verdict(circuit.regime == reference.regime, rhythm(reference, circuit, scale), factor)


def verdict_to_json(found: Verdict) -> dict[str, Any]:
    """A JSON document: what is reached, and each deviation of the rhythm with its tolerance."""
    names = {name.replace(" ", "_"): kept for name, kept in found.reached.items()}
    deviations = {
        d.quantity: {**asdict(d), "error": d.error, "used": d.used} for d in found.deviations
    }
    for each in deviations.values():
        del each["quantity"]
    return {**names, "coincidence": found.coincidence, "deviations": deviations}


def count_note(found: Verdict, timing: Timing) -> str | None:
    """What to know where a rhythm is kept and the number of spikes is another all the same."""
    wanted, count = timing.spike_count, timing.circuit_spike_count
    if not found.rhythm_kept or abs(count - wanted) <= max(ONE_SPIKE, COUNT_TOLERANCE * wanted):
        return None
    share = f" ({count / wanted - 1:+.1%})" if wanted else ""
    return (
        f"the rhythm is kept within its tolerances, yet the circuit fires {count} spikes where the "
        f"model fires {wanted}{share}"
    )


def keeps_rhythm(reference: RegimeReport, other: RegimeReport, scale: float = 1.0) -> bool:
    """Whether regime and rhythm are kept; reports may lack the spikes' times.

    scale: what intervals of ``other`` are multiplied by to be in the reference's unit of time.
    """
    same = reference.regime == other.regime
    return same and all(d.kept for d in rhythm(reference, other, scale))


def rhythm(
    reference: RegimeReport, other: RegimeReport, scale: float = 1.0
) -> tuple[Deviation, ...]:
    """The quantities of two rhythms of one regime; none where the regimes differ.

    What one of the two does not have is not compared. scale: as for :func:`keeps_rhythm`.
    """
    if reference.regime != other.regime:
        return ()
    return tuple(_deviations(reference, other, scale))


def _deviations(reference: RegimeReport, other: RegimeReport, scale: float) -> Iterator[Deviation]:
    if reference.regime in _FALLING_SILENT:
        yield _count(reference, other, BURST_TOLERANCE)
    elif reference.regime == Regime.DEPOLARIZATION_BLOCK:
        return
    wanted, found = typical_intervals(reference, other)
    if wanted is not None and found is not None:
        yield _relative("interspike_interval", wanted, found * scale, ISI_TOLERANCE)
    ibis = reference.interburst_interval, other.interburst_interval
    if ibis[0] is not None and ibis[1] is not None:
        yield _relative("interburst_interval", ibis[0], ibis[1] * scale, IBI_TOLERANCE)
    bursts = reference.spikes_per_burst, other.spikes_per_burst
    if bursts[0] is not None and bursts[1] is not None:
        allowed = max(BURST_TOLERANCE * bursts[0], ONE_SPIKE)
        yield Deviation("spikes_per_burst", bursts[0], bursts[1], allowed)


def _driven_deviations(reference: RegimeReport, circuit: RegimeReport) -> Iterator[Deviation]:
    yield _count(reference, circuit, COUNT_TOLERANCE)
    wanted, found = typical_intervals(reference, circuit, driven=True)
    if wanted is not None and found is not None:
        yield _relative("interspike_interval", wanted, found, ISI_TOLERANCE)


def _count(reference: RegimeReport, other: RegimeReport, tolerance: float) -> Deviation:
    allowed = max(tolerance * reference.spike_count, ONE_SPIKE)
    return Deviation("spike_count", reference.spike_count, other.spike_count, allowed)


def _relative(quantity: str, reference: float, found: float, tolerance: float) -> Deviation:
    return Deviation(quantity, reference, found, tolerance * reference)


def typical_intervals(
    reference: RegimeReport, other: RegimeReport, driven: bool = False
) -> tuple[float | None, float | None]:
    """The median inter-spike intervals that can be compared.

    Intervals of a neuron that falls silent grow, so that one spike more moves their median: of
    these, the intervals that both have are compared, where the spikes' times are known. Under a
    recorded current (``driven``) the medians are over all intervals, whatever the classes.
    """
    if driven:
        both = [np.diff(report.spike_times) for report in (reference, other)]
        if not min(intervals.size for intervals in both):
            return None, None
        wanted, found = (float(np.median(intervals)) for intervals in both)
        return wanted, found
    if reference.regime == other.regime and reference.regime in _FALLING_SILENT:
        both = [np.diff(report.spike_times) for report in (reference, other)]
        shared = min(intervals.size for intervals in both)
        if shared:
            wanted, found = (float(np.median(intervals[:shared])) for intervals in both)
            return wanted, found
    return reference.interspike_interval, other.interspike_interval


def timing(reference: RegimeReport, circuit: RegimeReport, driven: bool = False) -> Timing:
    """Spike counts and the relative errors of the median intervals, those that a verdict judges."""
    other, ours = typical_intervals(reference, circuit, driven)
    ibis = circuit.interburst_interval, reference.interburst_interval
    return Timing(
        spike_count=reference.spike_count,
        circuit_spike_count=circuit.spike_count,
        isi_error=_error(ours, other),
        ibi_error=None if driven else _error(*ibis),
        coincidence=coincidence(np.array(reference.spike_times), np.array(circuit.spike_times)),
    )


def coincidence(reference: np.ndarray, other: np.ndarray) -> float | None:
    """Coincidence factor of two spike trains: 1 for equal ones, 0 for no more than chance.

        (N_coincident - <N>) / ((N_reference + N_other) / 2) / (1 - 2 rate D)

    with D of COINCIDENCE_WINDOW times the reference's median interval, and <N> = 2 rate D
    N_reference what a Poisson train of the other's rate would give (Kistler, Gerstner and van
    Hemmen, Neural Computation 9, 1997). None where neither spikes.
    """
    if reference.size + other.size == 0:
        return None
    if min(reference.size, other.size) < 2:
        return 1.0 if reference.size == other.size else 0.0
    window = COINCIDENCE_WINDOW * float(np.median(np.diff(reference)))
    far = np.abs(reference[:, None] - other[None, :])
    matched = min(int(np.sum(far.min(axis=1) <= window)), int(np.sum(far.min(axis=0) <= window)))
    span = max(reference[-1], other[-1]) - min(reference[0], other[0])
    chance = min(2 * window * other.size / span, 0.9)
    excess = matched - chance * reference.size
    return float(excess / ((reference.size + other.size) / 2) / (1 - chance))


def _error(value: float | None, reference: float | None) -> float | None:
    if value is None or reference is None or reference == 0:
        return None
    return value / reference - 1.0
