"""Neurons with noise currents: against closed forms, and against the neuron without noise."""

from dataclasses import replace

import numpy as np
import pytest

from neuron_model.analysis.noise import Noise, NoiseSource, Sampling, noisy_runs
from neuron_model.analysis.simulation import simulate
from neuron_model.analysis.spikes import spike_times
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import Element, Leak, NeuronParameters, Timescale
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus

STILL = Stimulus.constant(0.0)


def white(density: float, node: Timescale | None = None) -> NoiseSource:
    return NoiseSource(node, (density,) * 3)


def linear(**changes: object) -> NeuronParameters:
    """A membrane with a leak and nothing else."""
    return NeuronParameters((), u_threshold=50.0, u_saturation=51.0, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("conductance", "tau"), [(1.0, 1.0), (0.5, 2.0)])
def test_a_linear_membrane_has_the_variance_of_the_closed_form(conductance, tau):
    # tau dU = -g U dt + sqrt(S / 2) dW is an Ornstein-Uhlenbeck process of variance S / (4 g tau)
    parameters = linear(tau_m=tau, leak=Leak(conductance=conductance))
    runs = noisy_runs(parameters, Noise((white(0.08),)), [STILL] * 400, 60.0, seed=1)
    late = runs.voltage[:, runs.time > 20.0]
    assert late.var() == pytest.approx(0.08 / (4 * conductance * tau), rel=0.05)


def test_the_variance_does_not_hang_on_the_step():
    noise = Noise((white(0.08),))
    runs = [
        noisy_runs(linear(), noise, [STILL] * 400, 60.0, 2, Sampling(step, 0.5))
        for step in (0.05, 0.25)
    ]
    for one in runs:
        assert one.voltage[:, one.time > 10.0].var() == pytest.approx(0.02, rel=0.05)


def test_noise_at_a_linear_filter_has_its_variance_there():
    # tau_x dU_x = -U_x dt + sqrt(S / 2) dW; an element reads it and moves the membrane along
    element = Element(Timescale.SLOW, -1e-3, 0.0)
    parameters = replace(linear(tau_slow=4.0), elements=(element,))
    noise = Noise((white(0.5, Timescale.SLOW),))
    runs = noisy_runs(parameters, noise, [STILL] * 400, 200.0, seed=3)
    late = runs.voltage[:, runs.time > 50.0]
    # U_m = 1e-3 U_x low-passed with tau_m = 1: variance times tau_x / (tau_x + tau_m)
    assert late.var() == pytest.approx(1e-6 * 0.5 / (4 * 4.0) * 4.0 / 5.0, rel=0.1)


def test_flicker_noise_moves_a_slow_membrane_by_its_density():
    # at frequencies far below 1 / tau_m, U follows the current: the variance is K ln(f2 / f1)
    amplitude, duration = 1e-2, 400.0
    noise = Noise((NoiseSource(None, (0.0,) * 3, (amplitude, 0.0, 0.0, 0.0)),))
    runs = noisy_runs(linear(), noise, [STILL] * 400, duration, seed=4)
    settled = runs.voltage[:, runs.time > 20.0]
    # seen from the mean over the run: from about half of its inverse up to the membrane's corner
    within = settled.var(axis=1).mean()
    expected = amplitude**2 * np.log(1 / (2 * np.pi) / (0.5 / 380.0))
    assert within == pytest.approx(expected, rel=0.2)


def test_the_first_passage_of_a_ramp_has_the_moments_of_the_inverse_gaussian():
    # dU = m dt + sqrt(S / 2) dW from 0 to h: mean h / m, variance h S / 2 / m^3
    m, h, density = 0.05, 2.0, 4e-4
    parameters = replace(linear(leak=Leak(conductance=0.0)), u_threshold=h, u_saturation=h + 1)
    noise = Noise((white(density),))
    runs = noisy_runs(parameters, noise, [Stimulus.constant(m)] * 2000, 80.0, seed=5)
    first = np.array([train[0] for train in runs.spikes])
    assert first.mean() == pytest.approx(h / m, rel=0.005)
    # a step that ends below the threshold may have crossed it: hence not exactly
    assert first.std() == pytest.approx(np.sqrt(h * density / 2 / m**3), rel=0.06)


@pytest.mark.parametrize("name", ["tonic_spiking", "phasic_spiking"])
def test_without_noise_a_neuron_fires_as_it_does_in_continuous_time(name):
    known = preset(name)
    wanted = simulate(known.parameters, known.stimulus, 650.0)
    spikes = spike_times(wanted.time, wanted.voltage, float(known.parameters.u_threshold))
    quiet = Noise((white(0.0),))
    for noise in (Noise(()), quiet):
        (train,) = noisy_runs(known.parameters, noise, [known.stimulus], 650.0).spikes
        assert train.size == spikes.size
        assert train == pytest.approx(spikes, abs=0.1)
    if spikes.size > 3:
        assert np.diff(train)[1:] == pytest.approx(np.diff(spikes)[1:], rel=2e-4)


def test_without_noise_the_error_goes_with_the_square_of_the_step():
    known = preset("tonic_spiking")
    wanted = simulate(known.parameters, known.stimulus, 700.0)
    exact = spike_times(wanted.time, wanted.voltage, float(known.parameters.u_threshold))
    errors = [
        np.abs(
            noisy_runs(
                known.parameters, Noise(()), [known.stimulus], 700.0, 0, Sampling(step)
            ).spikes[0]
            - exact
        ).max()
        for step in (0.2, 0.1)
    ]
    assert errors[1] < 0.4 * errors[0]


def test_the_jitter_of_intervals_does_not_hang_on_the_step():
    known = preset("tonic_spiking")
    stimulus = Stimulus.constant(1.0)
    noise = Noise((white(1e-3),))
    spread = []
    for step in (0.2, 0.1):
        runs = noisy_runs(known.parameters, noise, [stimulus] * 60, 300.0, 7, Sampling(step))
        spread.append(np.concatenate([np.diff(train)[1:] for train in runs.spikes]).std())
    assert spread[1] == pytest.approx(spread[0], rel=0.15)


def test_a_seed_gives_the_same_runs_again_and_another_one_others():
    known = preset("tonic_spiking")
    flicker = (1e-3, 1e-3, 1e-3, 1e-3)
    noise = Noise((NoiseSource(None, (1e-4, 2e-4, 3e-4), flicker, kappa=1.0),))
    stimuli = [Stimulus.constant(1.0)] * 3
    one, same, other = (
        noisy_runs(known.parameters, noise, stimuli, 100.0, seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(one.voltage, same.voltage)
    assert not np.array_equal(one.voltage, other.voltage)
    # and each run has noise of its own
    assert not np.array_equal(one.voltage[0], one.voltage[1])


def test_densities_follow_the_split_of_the_bias_current():
    source = NoiseSource(
        Timescale.SLOW,
        (6.0, 4.0, 5.0),
        (1.0, 2.0, 3.0, 4.0),
        minus=Timescale.SLOW,
        delta=0.5,
        kappa=100.0,
    )
    state = State(*(np.array(x) for x in ([2.0, 0.5, -3.0], [0.0] * 3, [0.0] * 3, [0.0] * 3)))
    noise = Noise((source,))
    splits = noise.splits(state)
    assert splits[0] == pytest.approx([1.0, 0.0, -1.0])
    assert noise.white(splits)[0] == pytest.approx([5.0, 4.0, 6.0])
    pair, tail, up, down = noise.flicker(splits)[:, 0]
    assert pair == pytest.approx([0.0, 1.0, 0.0])
    assert tail == pytest.approx([2.0, 0.0, -2.0])
    assert up == pytest.approx([3.0, 1.5, 0.0])
    assert down == pytest.approx([0.0, 2.0, 4.0])
    (mean,) = noise.averaged(state).sources
    assert mean.node == Timescale.SLOW
    assert mean.white == pytest.approx((5.0,) * 3)
    slow = np.mean([4 + 9, 1 + 2.25 + 4, 4 + 16])
    assert mean.flicker[0] ** 2 == pytest.approx(slow)


def test_factors_scale_densities():
    (source,) = (
        Noise((NoiseSource(None, (1.0, 2.0, 3.0), (1.0, 2.0, 3.0, 4.0)),))
        .scaled(white=2.0, flicker=4.0)
        .sources
    )
    assert source.white == (2.0, 4.0, 6.0)
    assert source.flicker == (2.0, 4.0, 6.0, 8.0)


def test_currents_may_differ_between_runs_but_not_their_times():
    levels = [Stimulus((0.0, 10.0), (0.0, value)) for value in (0.0, 1.0)]
    runs = noisy_runs(linear(), Noise(()), levels, 40.0)
    assert runs.voltage[:, -1] == pytest.approx([0.0, 1.0], abs=1e-5)
    with pytest.raises(InputError, match="same times"):
        noisy_runs(linear(), Noise(()), [levels[0], Stimulus((0.0, 11.0), (0.0, 1.0))], 40.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stimuli": []}, "at least one run"),
        ({"duration": 0.0}, "duration"),
        ({"sampling": Sampling(step=-1.0)}, "step"),
        ({"sampling": Sampling(interval=0.0)}, "sampling"),
        ({"sampling": Sampling(interval=float("nan"))}, "sampling"),
        ({"sampling": Sampling(1e-7, 1e-7), "duration": 100.0}, "memory"),
    ],
)
def test_runs_that_cannot_be_are_refused(changes, words):
    arguments = {"stimuli": [STILL], "duration": 10.0} | changes
    with pytest.raises(InputError, match=words):
        noisy_runs(linear(), Noise(()), **arguments)


def test_a_run_with_its_copies_is_a_trajectory():
    known = preset("tonic_spiking")
    stimulus = Stimulus((0.0, 20.0), (0.5, 1.0))
    arguments = (known.parameters, Noise((white(1e-4),)), [stimulus] * 2, 60.0, 3)
    runs = noisy_runs(*arguments, Sampling(interval=1.0, copies=True))
    plain = noisy_runs(*arguments, Sampling(interval=1.0))
    assert np.array_equal(runs.voltage, plain.voltage)
    assert plain.copies is None
    one = runs.trajectory(1, known.parameters, stimulus)
    assert np.array_equal(one.voltage, runs.voltage[1])
    assert one.current[[0, -1]] == pytest.approx([0.5, 1.0])
    # the fast copy is the membrane, the slow one follows it
    assert np.array_equal(one.state.fast, one.voltage)
    assert 0.0 < np.ptp(one.state.slow) < np.ptp(one.voltage)
    assert one.output.min() >= 0.0


def test_a_noise_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="not negative"):
        NoiseSource(None, (-1.0, 0.0, 0.0))
    with pytest.raises(InputError, match="exponent"):
        Noise((), 2.0)
