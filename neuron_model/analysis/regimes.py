"""Firing regimes, told from a waveform alone: the same judge for the model and for a circuit.

After a current step a neuron

    rests, fires for ever (tonic) or fires and falls silent (phasic);
    fires single spikes or bursts: two or more spikes with intervals much shorter than the IBIs
    around them;
    or is held above the threshold (depolarization block), with or without spikes before.

How sure the decision is stands beside it, as ``margin``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neuron_model.analysis.peaks import prominent_peaks
from neuron_model.analysis.spikes import HYSTERESIS, checked_waveform, spike_times, split_at_gaps
from neuron_model.errors import InputError
from neuron_model.model.regime import Regime
from neuron_model.shown import Shown, counted, in_short

IBI_RATIO = 3.0
"""An IBI is at least this many times longer than the usual interval within a burst."""

GAP_RATIO = 1.5
"""The shortest IBI is at least this many times longer than the longest interval within one."""

SILENCE_RATIO = 2.0
"""A neuron has fallen silent after this many times its longest usual interval."""

CLEAR_VOLTAGE = 0.5
"""Distance from the threshold, in model units, of a peak that leaves no doubt."""

CLEAR_REPEATS = 3
"""So many repeats of an interval or an IBI within the window leave no doubt."""

RESTLESS = 0.1
"""Drift over an eighth of a silence, in model units, of a voltage that may yet go anywhere."""


@dataclass(frozen=True, repr=False)
class RegimeReport(Shown):
    """What a waveform showed after the onset; times in the waveform's units.

    regime: the decision.
    margin: from 0 (on the boundary to another regime, or the window is too short to tell) to 1
        (clear): the least of the margins of the decisions taken, see :func:`classify`.
    spike_count, spike_times: all spikes after the onset.
    burst_count: groups of two or more spikes after the onset; 0 where the neuron does not burst.
    spikes_per_burst: median over whole bursts after the transient.
    interspike_interval: median between spikes, of one burst where the neuron bursts.
    interburst_interval: median from the last spike of a burst to the first of the next.
    The medians leave the transient out where the window allows it; None where not defined.
    """

    regime: Regime
    margin: float
    spike_count: int
    spike_times: tuple[float, ...]
    burst_count: int = 0
    spikes_per_burst: float | None = None
    interspike_interval: float | None = None
    interburst_interval: float | None = None

    def _brief(self) -> str:
        spikes = counted(self.spike_count, "spike")
        if self.burst_count:
            spikes += f" in {counted(self.burst_count, 'burst')}"
        return f"{self.regime}, {spikes}, margin {self.margin:.2f}"

    def _rows(self) -> list[tuple[str, str]]:
        medians = {
            "spikes per burst": self.spikes_per_burst,
            "inter-spike interval": self.interspike_interval,
            "inter-burst interval": self.interburst_interval,
        }
        return [
            ("regime", str(self.regime)),
            ("margin", f"{self.margin:.2f}"),
            ("spikes", str(self.spike_count)),
            ("bursts", str(self.burst_count)),
            *((name, in_short(value)) for name, value in medians.items() if value is not None),
        ]


def classify(
    time: np.ndarray,
    voltage: np.ndarray,
    onset: float = 0.0,
    threshold: float = 0.0,
    hysteresis: float = HYSTERESIS,
) -> RegimeReport:
    """The firing regime after ``onset``, from the waveform alone.

    1. Spikes are upward crossings of the threshold
    (:func:`neuron_model.analysis.spikes.spike_times`). 2. The neuron has fallen silent if the time
    since the last spike is more than SILENCE_RATIO
       times its longest usual interval: of the second half of the window, the first being left to
       transients. Silent above the threshold is depolarization block; below it, resting if there
       was no spike, else phasic.
    3. It bursts if its usual intervals fall into two kinds, the least of the longer being at least
       IBI_RATIO times the median and GAP_RATIO times the greatest of the shorter, and most
       spikes have a short interval beside them. One that has fallen silent bursts if it fired two
       spikes or more with intervals that much shorter than the silence.

    The margin is the least of: how far those ratios are from their bounds, on a logarithmic scale;
    how far peaks, troughs and the voltage at rest are from the threshold, relative to
    CLEAR_VOLTAGE; how often the rhythm was seen, relative to CLEAR_REPEATS; and, for a neuron that
    is silent, how still its voltage stands at the end, relative to RESTLESS.

    Args:
        time: (samples,), growing.
        voltage: (samples,), U_m in model units.
        onset: time of the current step; what was before only re-arms the threshold.
        threshold: U_threshold, in model units.
        hysteresis: how far below the threshold the voltage re-arms.

    Raises:
        InputError: a waveform that :func:`neuron_model.analysis.spikes.spike_times` refuses, or one
        that
            ends at or before the onset.
    """
    time, voltage = checked_waveform(time, voltage)
    if time[-1] <= onset:
        raise InputError(
            f"waveform: it ends at {time[-1]:g}, at or before the onset at {onset:g}; simulate "
            "for longer."
        )
    every = spike_times(time, voltage, threshold, hysteresis)
    after = time >= onset
    train = _Train(every[every > onset], onset, float(time[-1]))
    clear = _voltage_margin(voltage[after] - threshold, hysteresis)
    if train.goes_on:
        return _tonic(train, clear)
    still = _stillness(time[after], voltage[after], train.silence)
    level = float(voltage[-1]) - threshold
    return _silent(train, min(clear, still, abs(level) / CLEAR_VOLTAGE), held=level > 0)


@dataclass(frozen=True)
class _Train:
    """Spikes after the onset, until the end of the window."""

    times: np.ndarray
    onset: float
    end: float

    @property
    def intervals(self) -> np.ndarray:
        return np.diff(self.times)

    @property
    def silence(self) -> float:
        """From the last spike, or the onset where there is none, to the end of the window."""
        return self.end - (float(self.times[-1]) if self.times.size else self.onset)

    @property
    def usual(self) -> np.ndarray:
        """Intervals that end in the second half of the window; all of them if those are few."""
        late = self.intervals[self.times[1:] > 0.5 * (self.onset + self.end)]
        return late if late.size >= CLEAR_REPEATS else self.intervals

    @property
    def longest(self) -> float:
        """The interval that silences are measured with; 0 where there is none."""
        if self.intervals.size == 0:
            return 0.0
        # A neuron that came back twice from a silence as long as the last one does so again.
        returned = np.sum(self.intervals >= self.silence) >= 2
        return float((self.intervals if returned else self.usual).max())

    @property
    def goes_on(self) -> bool:
        return bool(self.silence <= SILENCE_RATIO * self.longest)

    def report(self, regime: Regime, margins: Iterable[float], **rhythm: float) -> RegimeReport:
        margin = min(1.0, max(0.0, min(margins)))
        spikes = tuple(self.times.tolist())
        return RegimeReport(regime, margin, len(spikes), spikes, **rhythm)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Gaps:
    """Intervals of two kinds: those longer than ``level`` are inter-burst intervals.

    score: how clearly they are two kinds; 1 on the boundary, see :func:`_separation`.
    share: of the spikes that have another one beside them in their burst.
    """

    level: float
    score: float
    share: float


def _gaps(intervals: np.ndarray) -> _Gaps | None:
    """The clearest division of intervals into bursts and IBIs under which most spikes burst.

    Of those that are clear enough, the one across the widest gap.
    """
    ordered = np.sort(intervals)
    best, best_key = None, (-1.0, 0.0)
    for count in np.flatnonzero(ordered[1:] > ordered[:-1]) + 1:
        short, long = ordered[count - 1], ordered[count]
        score = _separation(ordered[:count], long)
        key = (min(score, 1.0), long / short)
        if key <= best_key:
            continue
        within = intervals < long
        beside = np.concatenate(([False], within)) | np.concatenate((within, [False]))
        # The first and the last spike have neighbours that were not looked at.
        share = float(np.mean(beside[1:-1])) if intervals.size > 2 else 1.0
        if share > 0.5:
            best, best_key = _Gaps(math.sqrt(short * long), score, share), key
    return best


def _separation(within: np.ndarray, ibi: float) -> float:
    """How much longer an IBI is than the sorted intervals of bursts; at least 1 is much longer."""
    usual, longest = float(within[within.size // 2]), float(within[-1])
    return min(
        math.log(ibi / usual) / math.log(IBI_RATIO),
        math.log(ibi / longest) / math.log(GAP_RATIO),
    )


def _tonic(train: _Train, clear: float) -> RegimeReport:
    lasting = 1.0 - math.log(max(1.0, train.silence / train.longest)) / math.log(SILENCE_RATIO)
    gaps = _gaps(train.usual)
    if gaps and gaps.score >= 1.0 and not _came_to_spiking(train, gaps):
        return _tonic_bursting(train, gaps, (clear, lasting))
    even = max(0.0, 1.0 - gaps.score) if gaps else 1.0
    return train.report(
        Regime.TONIC_SPIKING,
        (clear, lasting, even, train.usual.size / CLEAR_REPEATS),
        interspike_interval=float(np.median(train.usual)),
    )


def _came_to_spiking(train: _Train, gaps: _Gaps) -> bool:
    """Whether the one IBI that was seen lies before a train that has not ended since."""
    groups = split_at_gaps(train.times, gaps.level)
    return bool(
        np.sum(train.usual > gaps.level) == 1
        and train.silence <= SILENCE_RATIO * gaps.level
        and groups[-1].size > 2 * max(group.size for group in groups[:-1])
    )


def _tonic_bursting(train: _Train, gaps: _Gaps, margins: tuple[float, ...]) -> RegimeReport:
    groups = split_at_gaps(train.times, gaps.level)
    # The last burst is whole only if its IBI has begun.
    whole = groups if train.silence > gaps.level else groups[:-1]
    late = [g for g in whole if g[0] > 0.5 * (train.onset + train.end)] or whole[-1:]
    bursts = [g for g in late if g.size > 1] or [g for g in groups if g.size > 1]
    usual = train.usual
    repeats = int(np.sum(train.intervals > gaps.level))
    return train.report(
        Regime.TONIC_BURSTING,
        (
            *margins,
            gaps.score - 1.0,
            2.0 * gaps.share - 1.0,
            repeats / CLEAR_REPEATS,
        ),
        burst_count=sum(g.size > 1 for g in groups),
        spikes_per_burst=float(np.median([g.size for g in bursts])),
        # of whole bursts: intervals grow within one, and their median would hang on where it is cut
        interspike_interval=float(np.median(np.concatenate([np.diff(g) for g in bursts]))),
        interburst_interval=float(np.median(usual[usual > gaps.level])),
    )


def _silent(train: _Train, clear: float, held: bool) -> RegimeReport:
    intervals = train.intervals
    interval = {"interspike_interval": float(np.median(intervals))} if intervals.size else {}
    margins = [clear]
    if intervals.size:
        margins.append(math.log(train.silence / train.longest) / math.log(SILENCE_RATIO) - 1.0)
    if held:
        return train.report(Regime.DEPOLARIZATION_BLOCK, margins, **interval)
    if train.times.size == 0:
        return train.report(Regime.RESTING, margins)

    gaps = _gaps(intervals)
    apart = gaps is not None and gaps.score >= 1.0
    level = gaps.level if gaps and apart else train.silence / IBI_RATIO
    groups = split_at_gaps(train.times, level)
    bursts = [group for group in groups if group.size > 1]
    if not bursts:
        return train.report(Regime.PHASIC_SPIKING, margins, **interval)
    within = np.concatenate([np.diff(group) for group in bursts])
    between = intervals[intervals > level]
    rhythm = {"interburst_interval": float(np.median(between))} if len(bursts) > 1 else {}
    return train.report(
        Regime.PHASIC_BURSTING,
        (*margins, _separation(np.sort(within), train.silence) - 1.0),
        burst_count=len(bursts),
        spikes_per_burst=float(np.median([group.size for group in bursts])),
        interspike_interval=float(np.median(within)),
        **rhythm,
    )


def _voltage_margin(above: np.ndarray, hysteresis: float) -> float:
    """How far peaks, and troughs between spikes, are from deciding otherwise.

    above: voltage less the threshold, (samples,).
    """
    peaks = prominent_peaks(above, hysteresis)
    distances = [np.abs(above[peaks])]
    spikes = peaks[above[peaks] > 0]
    # Between two spikes the voltage must re-arm; were it less deep, they would be one.
    if spikes.size > 1:
        troughs = np.minimum.reduceat(above[: spikes[-1]], spikes[:-1])
        distances.append(np.abs(troughs + hysteresis))
    return float(np.concatenate(distances).min(initial=CLEAR_VOLTAGE)) / CLEAR_VOLTAGE


def _stillness(time: np.ndarray, voltage: np.ndarray, silence: float) -> float:
    """1 where a silent voltage has settled, 0 where it drifts by RESTLESS or more."""
    eighth = silence / 8.0
    last = voltage[time >= time[-1] - eighth]
    before = voltage[(time >= time[-1] - 2.0 * eighth) & (time < time[-1] - eighth)]
    if before.size == 0:
        return 0.0
    return max(0.0, 1.0 - abs(float(last.mean() - before.mean())) / RESTLESS)
