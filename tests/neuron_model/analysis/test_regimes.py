"""Regimes: waveforms drawn by hand, the published ranges, and another judge on unseen neurons."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neuron_model.analysis.regimes import Regime, RegimeReport, classify
from neuron_model.analysis.simulation import default_duration, simulate
from neuron_model.errors import InputError
from neuron_model.model.parameters import LINEAR_FILTER, OTA_FILTER, Element
from neuron_model.model.parameters import NeuronParameters as Parameters
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus

END = 10_000.0


def drawn(
    spikes: Sequence[float], end: float = END, rest: float = -2.0, peak: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """A waveform with triangular spikes that rise through 0 at ``spikes``, 8 wide at the foot."""
    at = np.asarray(spikes, dtype=float)
    rise = -rest / (peak - rest) * 4.0
    corners = np.concatenate([[t - rise, t - rise + 4.0, t - rise + 8.0] for t in at] or [[0.0]])
    levels = np.tile([rest, peak, rest], len(at)) if len(at) else np.array([rest])
    time = np.unique(np.concatenate((np.arange(0.0, end + 0.5), corners[corners <= end])))
    return time, np.interp(time, corners, levels, left=rest, right=rest)


def train(start: float, interval: float, count: int) -> list[float]:
    return [start + interval * k for k in range(count)]


def judged(spikes: Sequence[float], onset: float = 1000.0, **shape: float) -> RegimeReport:
    return classify(*drawn(spikes, **shape), onset)


def bursts(start: float, period: float, sizes: Sequence[int], interval: float) -> list[float]:
    return [t for k, n in enumerate(sizes) for t in train(start + k * period, interval, n)]


def test_nothing_is_resting():
    report = judged([])
    assert report == RegimeReport(Regime.RESTING, 1.0, 0, ())


def test_spikes_before_the_onset_are_not_counted():
    assert judged(train(100.0, 80.0, 10)).regime == Regime.RESTING


def test_regular_spikes_are_tonic_spiking():
    report = judged(train(1010.0, 60.0, 150))
    assert report.regime == Regime.TONIC_SPIKING
    assert report.margin == 1.0
    assert report.spike_count == len(report.spike_times) == 150
    assert report.interspike_interval == pytest.approx(60.0)
    assert (report.burst_count, report.spikes_per_burst, report.interburst_interval) == (
        0,
        None,
        None,
    )


def test_slow_regular_spikes_are_no_bursts():
    report = judged(train(1500.0, 2500.0, 4))
    assert report.regime == Regime.TONIC_SPIKING
    assert report.interspike_interval == pytest.approx(2500.0)


def test_one_spike_is_phasic():
    report = judged([1010.0])
    assert (report.regime, report.spike_count) == (Regime.PHASIC_SPIKING, 1)
    assert report.interspike_interval is None
    assert report.margin == 1.0


def test_bursts_after_a_longer_first_one_and_before_a_cut_last_one():
    times = bursts(1010.0, 1500.0, (30, 6, 6, 6, 6, 2), 40.0)
    report = judged(times, end=8700.0)
    assert report.regime == Regime.TONIC_BURSTING
    assert (report.burst_count, report.spikes_per_burst) == (6, 6.0)
    assert report.interspike_interval == pytest.approx(40.0)
    assert report.interburst_interval == pytest.approx(1500.0 - 5 * 40.0)
    assert report.margin > 0.9


def test_pairs_are_bursts():
    report = judged(bursts(1010.0, 900.0, (2,) * 10, 50.0))
    assert report.regime == Regime.TONIC_BURSTING
    assert (report.burst_count, report.spikes_per_burst) == (10, 2.0)


def test_bursts_that_slow_down_towards_their_end_are_whole():
    one = np.cumsum([0, 50, 52, 55, 60, 70, 90, 130])
    times = np.concatenate([1010.0 + 1600.0 * k + one for k in range(6)])
    report = judged(times.tolist())
    assert report.regime == Regime.TONIC_BURSTING
    assert report.spikes_per_burst == 8.0
    assert report.interburst_interval == pytest.approx(1600.0 - one[-1])


@pytest.mark.parametrize("end", [8500.0, 8600.0, 8700.0])
def test_the_interval_of_bursts_that_slow_down_does_not_hang_on_where_the_window_is_cut(end):
    within = np.array([60.0, 62.0, 66.0, 74.0, 90.0])
    one = np.concatenate(([0.0], np.cumsum(within)))
    times = [t for k in range(3) for t in (1010.0 + 3500.0 * k + one).tolist() if t < end]
    report = judged(times, end=end)
    assert report.regime == Regime.TONIC_BURSTING
    assert report.interspike_interval == pytest.approx(66.0)


def test_a_tight_pair_at_the_start_of_each_burst_does_not_hide_the_burst():
    one = np.cumsum([0, 10, 80, 85, 90, 95])
    times = np.concatenate([1010.0 + 900.0 * k + one for k in range(10)])
    report = judged(times.tolist())
    assert (report.regime, report.spikes_per_burst) == (Regime.TONIC_BURSTING, 6.0)


def test_uneven_pauses_are_gaps():
    starts = [1010.0, 2500.0, 3300.0, 5600.0, 6300.0, 8700.0]
    times = [t for s in starts for t in train(s, 40.0, 5)]
    report = judged(times)
    assert (report.regime, report.burst_count) == (Regime.TONIC_BURSTING, 6)


def test_a_long_burst_before_even_spikes_is_a_transient():
    times = train(1010.0, 40.0, 30) + train(4000.0, 150.0, 40)
    report = judged(times)
    assert report.regime == Regime.TONIC_SPIKING
    assert report.interspike_interval == pytest.approx(150.0)


def test_late_spikes_that_last_are_tonic_spiking():
    report = judged([1005.0, *train(6500.0, 60.0, 58)])
    assert report.regime == Regime.TONIC_SPIKING
    assert report.interspike_interval == pytest.approx(60.0)


def test_every_other_interval_somewhat_longer_is_spiking():
    steps = np.tile([60.0, 110.0], 52)
    report = judged((1010.0 + np.cumsum(steps)).tolist())
    assert report.regime == Regime.TONIC_SPIKING
    assert 0.0 < report.margin < 0.5


@pytest.mark.parametrize(
    ("long", "regime", "low", "high"),
    [
        (200.0, Regime.TONIC_SPIKING, 0.3, 0.7),
        (280.0, Regime.TONIC_SPIKING, 0.0, 0.1),
        (320.0, Regime.TONIC_BURSTING, 0.0, 0.1),
        (900.0, Regime.TONIC_BURSTING, 0.9, 1.0),
    ],
)
def test_pairs_are_bursts_from_three_times_the_interval_on(
    long: float, regime: Regime, low: float, high: float
):
    steps = np.tile([100.0, long], 60)
    times = 1010.0 + np.cumsum(steps)
    report = judged(times[times < END].tolist())
    assert report.regime == regime
    assert low <= report.margin <= high


def test_a_burst_and_silence_is_phasic_bursting():
    report = judged(train(1010.0, 50.0, 7))
    assert report.regime == Regime.PHASIC_BURSTING
    assert (report.burst_count, report.spikes_per_burst) == (1, 7.0)
    assert report.interspike_interval == pytest.approx(50.0)
    assert report.interburst_interval is None
    assert report.margin == 1.0


def test_two_bursts_and_silence_is_phasic_bursting():
    report = judged(bursts(1010.0, 1200.0, (6, 4), 50.0))
    assert (report.regime, report.burst_count) == (Regime.PHASIC_BURSTING, 2)
    assert report.interburst_interval == pytest.approx(950.0)


def test_a_second_burst_near_the_end_shows_that_it_goes_on():
    report = judged(bursts(1010.0, 8000.0, (8, 8), 50.0))
    assert report.regime == Regime.TONIC_BURSTING
    assert report.margin <= 1 / 3  # seen once


def test_silence_as_long_as_gaps_were_is_one_of_them():
    times = bursts(1010.0, 2500.0, (6, 6, 6), 50.0)
    assert judged(times, end=8500.0).regime == Regime.TONIC_BURSTING
    ended = judged(times, end=16_000.0)
    assert ended.regime == Regime.PHASIC_BURSTING
    doubtful = judged(times, end=6260.0 + 2250.0 * 1.9)
    assert doubtful.regime == Regime.TONIC_BURSTING
    assert doubtful.margin < 0.2


def test_held_above_the_threshold_is_depolarization_block():
    time, voltage = drawn(train(1010.0, 50.0, 5))
    voltage = np.where(time > 1300.0, 0.8, voltage)
    report = classify(time, voltage, 1000.0)
    assert (report.regime, report.spike_count) == (Regime.DEPOLARIZATION_BLOCK, 6)
    assert report.margin > 0.9
    # the same with no spike after the onset at all
    report = classify(time, np.full_like(time, 0.8), 1000.0)
    assert (report.regime, report.spike_count) == (Regime.DEPOLARIZATION_BLOCK, 0)


def test_an_oscillation_below_the_threshold_is_resting():
    time = np.arange(0.0, END, 1.0)
    report = classify(time, -1.0 + 0.6 * np.sin(time / 20.0), 1000.0)
    assert report.regime == Regime.RESTING
    assert 0.7 < report.margin < 0.9  # peaks 0.4 below the threshold; half a unit is clear


def test_the_threshold_is_the_neurons():
    time, voltage = drawn(train(1010.0, 60.0, 150), rest=-2.0, peak=0.5)
    assert classify(time, voltage, 1000.0, threshold=0.0).regime == Regime.TONIC_SPIKING
    assert classify(time, voltage, 1000.0, threshold=0.6).regime == Regime.RESTING


def test_the_margin_says_that_peaks_are_near_the_threshold():
    clear = judged(train(1010.0, 60.0, 150), peak=2.0)
    near = judged(train(1010.0, 60.0, 150), peak=0.05)
    assert clear.margin == 1.0
    assert near.regime == Regime.TONIC_SPIKING
    assert near.margin == pytest.approx(0.1, abs=0.05)


def test_the_margin_says_that_the_voltage_still_drifts():
    time = np.arange(0.0, END, 1.0)
    report = classify(time, -2.0 + 1.5 * (time / END) ** 2, 1000.0)
    assert (report.regime, report.margin) == (Regime.RESTING, 0.0)


def test_the_margin_says_that_the_window_is_short():
    long, short = (judged(train(1010.0, 500.0, 18), end=end) for end in (END, 2100.0))
    assert long.regime == short.regime == Regime.TONIC_SPIKING
    assert long.margin == 1.0
    assert short.margin < 0.7


@pytest.mark.parametrize("shift", [0.0, 500.0])
def test_time_scale_and_origin_do_not_matter(shift: float):
    time, voltage = drawn(bursts(1010.0, 1500.0, (9, 6, 6, 6, 6), 40.0))
    report = classify(time, voltage, 1000.0)
    moved = classify(shift + 1e-6 * time, voltage, shift + 1e-3)
    assert (moved.regime, moved.burst_count) == (report.regime, report.burst_count)
    assert moved.margin == pytest.approx(report.margin, abs=1e-4)
    assert moved.interburst_interval == pytest.approx(1e-6 * report.interburst_interval, rel=1e-3)


def test_waveforms_that_end_before_the_onset_are_refused():
    with pytest.raises(InputError, match="at or before the onset at 10000"):
        judged([], onset=END)


def measured(name: str, stimulus: Stimulus) -> RegimeReport:
    parameters = preset(name).parameters
    run = simulate(parameters, stimulus, default_duration(parameters, stimulus), sampling=0.5)
    return classify(run.time, run.voltage, stimulus.onset)


# The ends of each published range at constant current, in steps of 0.2.
PUBLISHED = [
    ("ribar_sepulchre_excitable", -2.6, Regime.RESTING),
    ("ribar_sepulchre_excitable", -1.0, Regime.RESTING),
    ("ribar_sepulchre_excitable", -0.8, Regime.TONIC_SPIKING),
    ("ribar_sepulchre_excitable", 0.0, Regime.TONIC_SPIKING),
    ("ribar_sepulchre_burster_raised", -1.6, Regime.RESTING),
    ("ribar_sepulchre_burster_raised", -1.4, Regime.TONIC_BURSTING),
    ("ribar_sepulchre_burster_raised", -0.2, Regime.TONIC_BURSTING),
    ("ribar_sepulchre_burster_raised", 0.0, Regime.TONIC_SPIKING),
    ("ribar_sepulchre_burster", -2.2, Regime.RESTING),
    ("ribar_sepulchre_burster", -2.0, Regime.TONIC_BURSTING),
    ("ribar_sepulchre_burster", -0.8, Regime.TONIC_BURSTING),
    ("ribar_sepulchre_burster", -0.6, Regime.TONIC_SPIKING),
]


@pytest.mark.parametrize(("name", "current", "regime"), PUBLISHED)
def test_published_ranges(name: str, current: float, regime: Regime):
    report = measured(name, Stimulus.constant(current))
    assert report.regime == regime
    assert report.margin > 0.5


def test_a_step_brings_out_what_constant_current_does_not():
    # At -1.0 the excitable neuron rests; stepped up from -2.4 it fires once on its way there.
    report = measured("ribar_sepulchre_excitable", Stimulus((0.0, 500.0), (-2.4, -1.0)))
    assert (report.regime, report.spike_count) == (Regime.PHASIC_SPIKING, 1)


def unseen(seed: int) -> tuple[Parameters, Stimulus, float]:
    """A published neuron with every parameter some per cent off, at a current step."""
    rng = np.random.default_rng(seed)
    base = preset(
        ("ribar_sepulchre_excitable", "ribar_sepulchre_burster_raised", "ribar_sepulchre_burster")[
            seed % 3
        ]
    ).parameters
    shape = OTA_FILTER if seed % 2 else LINEAR_FILTER
    elements = tuple(
        Element(e.timescale, e.alpha * rng.uniform(0.9, 1.1), e.delta + rng.uniform(-0.1, 0.1))
        for e in base.elements
    )
    neuron = Parameters(
        elements,
        # shorter than the published ones, for the sake of the test's time
        tau_slow=0.5 * base.tau_slow,
        tau_ultraslow=0.2 * base.tau_ultraslow,
        filter_slow=shape,
        filter_ultraslow=shape,
    )
    return neuron, Stimulus((0.0, 600.0), (-2.6, rng.uniform(-2.0, 0.4))), 5000.0


def another_judge(neuron: Parameters, stimulus: Stimulus, duration: float) -> tuple[str, int]:
    """Regime and number of spikes from solve_ivp's events and plain rules."""
    taus = np.array([1.0, neuron.tau_slow, neuron.tau_ultraslow or 1.0])
    saturating = not neuron.filter_slow.is_linear
    elements = [
        (e.alpha, e.delta, ("fast", "slow", "ultraslow").index(e.timescale))
        for e in neuron.elements
    ]

    def crossing(t: float, y: np.ndarray, current: float) -> float:
        return float(y[0])

    crossing.direction = 1.0  # type: ignore[attr-defined]

    def rates(t: float, y: np.ndarray, current: float) -> np.ndarray:
        drawn = y[0] + sum(a * np.tanh(y[k] - d) for a, d, k in elements)
        gaps = y[0] - y
        moves = np.tanh(gaps) if saturating else gaps
        moves[0] = current - drawn
        return moves / taus

    y = np.zeros(3)
    ends = (*stimulus.times[1:], duration)
    for begin, end, current in zip(stimulus.times, ends, stimulus.values, strict=True):
        run = solve_ivp(
            rates,
            (begin, end),
            y,
            method="LSODA",
            rtol=1e-7,
            atol=1e-7,
            args=(current,),
            events=crossing,
        )
        y = run.y[:, -1]
    spikes = run.t_events[0]
    late = spikes[spikes > 0.5 * duration]
    if len(late) < 3:
        if y[0] > 0:
            return "depolarization_block", len(spikes)
        kind = {0: "resting", 1: "phasic_spiking"}.get(len(spikes), "phasic_bursting")
        return kind, len(spikes)
    intervals = np.diff(late)
    bursting = intervals.max() > 3.0 * np.median(intervals)
    return "tonic_bursting" if bursting else "tonic_spiking", len(spikes)


@pytest.mark.parametrize("seed", range(12))
def test_another_judge_agrees_on_unseen_neurons(seed: int):
    neuron, stimulus, duration = unseen(seed)
    regime, spikes = another_judge(neuron, stimulus, duration)
    run = simulate(neuron, stimulus, duration)
    report = classify(run.time, run.voltage, stimulus.onset)
    assert report.regime == regime
    assert abs(report.spike_count - spikes) <= max(1.0, 0.01 * spikes)
