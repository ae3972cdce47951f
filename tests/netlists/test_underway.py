"""How far a simulation is, how long it will take, and when it is stopped."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from netlists.bench import Bench, OperatingPoint, Subject, Transient
from netlists.underway import Underway, default_limit
from neuron_model.errors import InputError

Make = Callable[..., Bench]
TAU = 1e-5


def transient(duration: float) -> Transient:
    return Transient(duration * TAU, 4.0 * TAU)


def test_the_limit_grows_with_what_is_simulated(make_bench: Make):
    assert default_limit(make_bench()) == 600.0
    assert default_limit(make_bench(analyses=(transient(2000.0),))) == 600.0
    dense = make_bench(analyses=(transient(12_000.0),))
    assert default_limit(dense) == pytest.approx(1200.0)
    many = make_bench(analyses=(transient(12_000.0),) * 4)
    assert default_limit(many) == pytest.approx(4800.0)


def underway(bench: Bench, analyses: int = 0, share: float = 0.0, seconds: float = 0.0) -> Underway:
    return Underway(bench, analyses, share, seconds, 600.0)


def test_simulated_time_is_that_of_the_neuron(make_bench: Make):
    bench = make_bench(analyses=(transient(12_000.0),), subject=Subject("n3", TAU))
    assert underway(bench, share=0.35).simulated == "4,200 of 12,000 tau_m"
    assert underway(replace(bench, subject=None), share=0.5).simulated == "0.06 of 0.12 s"


def test_the_time_left_is_that_of_the_pace_so_far(make_bench: Make):
    bench = make_bench(analyses=(transient(12_000.0),))
    assert underway(bench, share=0.25, seconds=30.0).seconds_left == pytest.approx(90.0)
    assert underway(bench, share=0.0, seconds=30.0).seconds_left is None
    assert underway(bench, analyses=1, seconds=30.0).seconds_left == 0.0


def test_of_several_runs_the_longer_ones_count_more(make_bench: Make):
    bench = make_bench(
        analyses=(transient(1000.0), transient(3000.0)), subject=Subject("samples", TAU)
    )
    second = underway(bench, analyses=1, share=0.5, seconds=10.0)
    assert second.done == pytest.approx(2500.0 / 4000.0)
    assert second.seconds_left == pytest.approx(6.0)
    assert second.simulated == "1,500 of 3,000 tau_m of run 2 of 2"


def test_analyses_without_time_count_by_their_number(make_bench: Make):
    bench = make_bench(analyses=(OperatingPoint(), OperatingPoint()))
    assert underway(bench, analyses=1).done == 0.5
    assert underway(bench, analyses=1).simulated == ""


def test_a_subject_needs_a_unit_of_time():
    with pytest.raises(InputError, match="time unit of n"):
        Subject("n", 0.0)
