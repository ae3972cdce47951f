import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netlists import engine as engine_module
from netlists.bench import (
    Alteration,
    Bench,
    BenchInstance,
    Capacitor,
    CurrentSource,
    DCSweep,
    OperatingPoint,
    PiecewiseLinear,
    Resistor,
    Subject,
    Transient,
    VoltageSource,
)
from netlists.engine import Engine, Result
from netlists.errors import (
    ConvergenceError,
    EngineDiedError,
    NetlistError,
    ReadingTimeout,
    SimulationTimeout,
)
from netlists.job import Outcome, Reply
from netlists.underway import Underway, default_limit
from neuron_model.errors import InputError, MissingDependencyError, SimulatorError

pytestmark = pytest.mark.ngspice

# Takes ngspice minutes: a million steps.
ENDLESS = Transient(1.0, 1e-6)


def half(result: Result) -> float:
    return float(result[0]["out"][0])


def broken(make_bench, old: str, new: str) -> Bench:
    return make_bench(cells=make_bench().cells.replace(old, new))


def unsolvable(make_bench) -> Bench:
    pair = (VoltageSource("va", "in", "0", 1.0), VoltageSource("vin", "in", "0", 2.0))
    return make_bench(sources=pair)


def test_an_operating_point(engine, make_bench):
    result = engine.run(make_bench(title="error in the title"))
    waveforms = result[0]
    assert len(result) == 1
    assert (waveforms.axis_name, len(waveforms)) == ("point", 1)
    assert set(waveforms) == {"v(out)", "i(vin)"}
    assert waveforms["out"][0] == pytest.approx(1000.0 / (1000.0 + 1000.0 * (1 + 1e-3)), rel=1e-9)
    assert waveforms["i(vin)"][0] == pytest.approx(-(1.0 - waveforms["out"][0]) / 1000.0, rel=1e-9)


def test_without_a_list_all_nodes_and_sources_are_saved(engine, make_bench):
    assert set(engine.run(make_bench(save=()))[0]) == {"v(in)", "v(out)", "i(vin)"}


def test_what_one_bench_saves_is_not_saved_for_the_next(engine, make_bench):
    assert set(engine.run(make_bench(save=("v(out)",)))[0]) == {"v(out)"}
    assert set(engine.run(make_bench(save=("i(vin)",)))[0]) == {"i(vin)"}


def test_sweeps_have_all_of_their_points(engine, make_bench):
    # Adding up these steps in floating point, ngspice alone would miss the last point.
    sweeps = (DCSweep("vin", 1e-12, 1.8, 1e-3), DCSweep("vin", -1.0, 35.1, 0.1))
    result = engine.run(make_bench(analyses=sweeps))
    assert [len(waveforms) for waveforms in result.waveforms] == [1801, 362]
    for sweep, waveforms in zip(sweeps, result.waveforms, strict=True):
        exact = sweep.start + np.arange(sweep.points) * sweep.step
        np.testing.assert_allclose(waveforms.axis, exact, atol=1e-11)
        np.testing.assert_allclose(waveforms["out"], exact / 2.001, rtol=1e-6, atol=1e-11)


def test_alterations_hold_for_what_follows_them_and_no_longer(engine, make_bench):
    steps = (
        OperatingPoint(),
        Alteration("r.x1.r2", "resistance", 3000.0),
        OperatingPoint(),
        Alteration("vin", "dc", 2.0),
        OperatingPoint(),
    )
    sources = (VoltageSource("vin", "in", "0", 1.0), Capacitor("cx", "out", "0", 1e-12))
    bench = make_bench(analyses=steps, sources=sources)
    for _ in range(2):
        levels = [float(waveforms["out"][0]) for waveforms in engine.run(bench).waveforms]
        assert levels == pytest.approx([0.5, 0.75, 1.5], rel=1e-9)


def test_thousands_of_corners_of_a_waveform_are_followed(engine, make_bench):
    times = np.linspace(0.0, 1e-2, 20_001)
    wave = PiecewiseLinear(times, np.random.default_rng(1).normal(size=20_001))
    bench = make_bench(
        sources=(VoltageSource("vin", "in", "0", wave),),
        analyses=(Transient(2e-4, 1e-5),),
        save=("v(in)",),
    )
    waveforms = engine.run(bench)[0]
    assert waveforms.axis[-1] == pytest.approx(2e-4, rel=1e-12)
    np.testing.assert_allclose(waveforms["in"], wave(waveforms.axis), atol=1e-9)


def test_a_transient_may_begin_anywhere(engine, make_bench):
    charged = Transient(1e-6, 1e-8, 0.0, {"out": 0.3}, use_initial_conditions=True)
    assert engine.run(make_bench(analyses=(charged,)))[0]["out"][0] == pytest.approx(0.3, abs=0.02)
    late = engine.run(make_bench(analyses=(Transient(2e-6, 1e-8, start=1e-6),)))[0]
    assert late.axis[0] >= 1e-6 * (1 - 1e-9)


def test_currents_of_femtoamperes_are_not_drowned(engine, make_bench):
    bench = make_bench(
        cells=".subckt clamp a\nd1 a 0 dd\n.ends\n.model dd d(is=1e-18)\n",
        instances=(BenchInstance("x1", "clamp", ("a",)),),
        sources=(VoltageSource("va", "a", "0", -1.0),),
        save=("i(va)",),
    )
    assert 0.0 < engine.run(bench)[0]["i(va)"][0] < 2e-15


def test_the_temperature_reaches_the_devices(engine, make_bench):
    def voltage(temperature: float) -> float:
        bench = make_bench(
            cells=".subckt clamp a\nd1 a 0 dd\n.ends\n.model dd d(is=1e-14)\n",
            instances=(BenchInstance("x1", "clamp", ("a",)),),
            sources=(CurrentSource("iin", "0", "a", 1e-6), Resistor("r1", "a", "0", 1e12)),
            save=("v(a)",),
            temperature=temperature,
        )
        return float(engine.run(bench)[0]["a"][0])

    assert voltage(27.0) == pytest.approx(0.0258649 * np.log(1e-6 / 1e-14), rel=1e-3)
    assert voltage(85.0) < voltage(27.0) - 0.05


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("c1 middle bottom 1e-9", "x1 middle nosuch", "unknown subckt"),
        ("c1 middle bottom 1e-9", "d1 middle bottom nosuch", "valid modelname"),
        ("1e-9", "{nosuch}", r"Undefined parameter \[nosuch\]"),
        ("c1 middle", "m1 middle", "modelname"),
    ],
)
def test_a_circuit_that_is_none_is_an_error_and_never_the_answer_before(
    engine, make_bench, old, new, told
):
    good = make_bench()
    first = half(engine.run(good))
    with pytest.raises(NetlistError, match=told) as caught:
        engine.run(broken(make_bench, old, new))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 4
    assert half(engine.run(good)) == first


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"analyses": (Alteration("rnone", "resistance", 1.0), OperatingPoint())},
            "no such device",
        ),
        ({"save": ("v(nosuch)",)}, "no data saved"),
        ({"save": ("v(out)", "v(nosuch)")}, r"has no v\(nosuch\) in 'divider'.* v\(out\)"),
    ],
)
def test_what_is_not_in_the_circuit_is_named(engine, make_bench, changes, told):
    with pytest.raises(NetlistError, match=told):
        engine.run(make_bench(**changes))


def test_no_solution_is_an_error_and_never_the_answer_before(engine, make_bench):
    good = make_bench()
    first = half(engine.run(good))
    with pytest.raises(ConvergenceError, match="found no solution for 'divider'") as caught:
        engine.run(unsolvable(make_bench))
    assert "imestep too small" in str(caught.value)
    assert half(engine.run(good)) == first


def test_a_step_that_grows_too_small_is_an_error(engine, make_bench):
    # A current that pulls the harder the lower its node is, without end.
    cells = ".subckt sink a\nc1 a 0 1e-12\nb1 a 0 i=1e-6*(1+v(a)*v(a)*1e12)\n.ends\n"
    bench = make_bench(
        cells=cells,
        instances=(BenchInstance("x1", "sink", ("a",)),),
        sources=(Resistor("r1", "a", "0", 1e9),),
        analyses=(Transient(1.0, 1e-3, 0.0, {"a": 0.0}, use_initial_conditions=True),),
        save=("v(a)",),
        options={"itl4": 5.0},
    )
    with pytest.raises(ConvergenceError):
        engine.run(bench)


def test_results_come_in_the_order_of_the_benches(engine, make_bench):
    levels = np.linspace(-1.0, 1.0, 12)
    benches = [make_bench(sources=(VoltageSource("vin", "in", "0", v),)) for v in levels]
    told: list[tuple[int, int]] = []
    results = engine.map(benches, progress=lambda done, total: told.append((done, total)))
    assert [half(result) for result in results] == pytest.approx(list(levels / 2.0))
    assert told == [(done, 12) for done in range(1, 13)]


def test_no_benches_have_no_results(engine):
    assert engine.map([]) == []


def test_failures_stand_in_their_places(engine, make_bench):
    good, bad = make_bench(), unsolvable(make_bench)
    outcomes = list(engine.attempt([good, bad, broken(make_bench, "1e-9", "{nosuch}"), good]))
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Result, ConvergenceError, NetlistError, Result]
    with pytest.raises(ConvergenceError):
        engine.map([good, bad, good])


def test_whoever_stops_early_leaves_nothing_running(make_bench):
    before = children()
    with Engine(workers=2) as engine:
        outcomes = engine.attempt([make_bench(), make_bench(analyses=(ENDLESS,))])
        assert isinstance(next(outcomes), Result)
        assert len(children() - before) == 2
        outcomes.close()
        assert children() - before == {worker.process_id for worker in engine._idle}
        assert half(engine.run(make_bench())) == pytest.approx(0.49975, rel=1e-3)
    assert children() <= before


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupted_map_leaves_nothing_running(make_bench, failure):
    def interrupt(done: int, total: int) -> None:
        raise failure

    before = children()
    with pytest.raises(failure), Engine(workers=2) as engine:
        engine.map([make_bench(), make_bench(analyses=(ENDLESS,))], progress=interrupt)
    assert children() <= before


def children() -> set[int]:
    """This process's children, as Linux lists them."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        pytest.skip("needs Linux's /proc")
    return {int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()}


def test_the_late_are_stopped_and_the_next_goes_on(make_bench):
    with Engine(workers=1, timeout=1.0) as engine:
        with pytest.raises(SimulationTimeout, match=r"stopped after 1 s"):
            engine.run(make_bench(analyses=(ENDLESS,)))
        assert engine._idle == []
        assert half(engine.run(make_bench())) == pytest.approx(0.49975, rel=1e-3)


def test_the_late_say_how_far_they_came_and_what_to_do(make_bench):
    late = make_bench(analyses=(ENDLESS,), subject=Subject("n3", 1e-4))
    said = r"at [\d,]+ of 10,000 tau_m; allow it more time \(--time-limit\)"
    with (
        Engine(workers=1, timeout=2.0) as engine,
        pytest.raises(SimulationTimeout, match=said) as found,
    ):
        engine.run(late)
    assert found.value.exit_status == 4


def test_who_watches_is_told_how_far_it_is(make_bench):
    seen: list[Underway] = []
    bench = make_bench(analyses=(OperatingPoint(), ENDLESS))

    def watch(found: Underway) -> None:
        seen.append(found)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        Engine(workers=1, timeout=300.0, watch=watch) as engine,
    ):
        engine.run(bench)
    assert [(one.bench, one.analyses, one.limit) for one in seen] == [(bench, 1, 300.0)] * 3
    shares = [one.share for one in seen]
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] <= shares[-1] < 1.0
    assert 0.0 <= seen[0].seconds <= seen[-1].seconds < 300.0


def test_without_a_limit_it_is_that_of_the_bench(make_bench):
    assert Engine()._limit(make_bench()) == default_limit(make_bench())


def test_a_worker_that_died_between_benches_is_replaced(make_bench):
    with Engine(workers=1) as engine:
        first = half(engine.run(make_bench()))
        dead = engine._idle[0].process_id
        os.kill(dead, signal.SIGKILL)
        assert half(engine.run(make_bench())) == first
        assert engine._idle[0].process_id != dead


def test_a_bench_that_kills_its_workers_is_named(make_bench, monkeypatch):
    class Fragile(engine_module.WorkerProcess):
        def send(self, job):
            super().send(job)
            os.kill(self.process_id, signal.SIGSEGV)

    monkeypatch.setattr(engine_module, "WorkerProcess", Fragile)
    with Engine(workers=1) as engine:
        with pytest.raises(EngineDiedError, match=r"died of the bench 'divider' \(SIGSEGV"):
            engine.run(make_bench(analyses=(ENDLESS,)))
        assert engine._idle == []


def test_a_missing_library_is_a_missing_dependency(make_bench, monkeypatch, tmp_path):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", str(tmp_path / "none.so"))
    with Engine(workers=1) as engine, pytest.raises(MissingDependencyError) as caught:
        engine.run(make_bench())
    assert caught.value.exit_status == 3


def test_a_library_that_the_worker_cannot_load(make_bench, monkeypatch):
    monkeypatch.setattr(engine_module, "find_ngspice_library", lambda: "libnone.so.7")
    with Engine(workers=1) as engine:
        with pytest.raises(MissingDependencyError, match=r"libnone\.so\.7 cannot be loaded"):
            engine.run(make_bench())
        assert engine._idle == []


def test_start_up_files_of_the_user_change_nothing(make_bench, monkeypatch, tmp_path):
    # ngspice crashes of this one where it reads it.
    (tmp_path / ".spiceinit").write_text("* a remark\nquit 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPICE_USERINIT_DIR", str(tmp_path))
    with Engine(workers=1) as engine:
        assert half(engine.run(make_bench())) == pytest.approx(0.49975, rel=1e-3)


def test_an_analysis_that_ends_early_is_an_error(make_bench):
    bench = make_bench(analyses=(Transient(1.0, 0.1),), save=())
    plot = {"time": np.array([0.0, 0.5]), "out": np.zeros(2)}
    outcome = engine_module._judge(bench, Reply(Outcome.DONE, (plot,)))
    assert isinstance(outcome, ConvergenceError)
    assert "stopped at 0.5" in str(outcome)


def test_all_failures_are_simulator_errors():
    for kind in (NetlistError, ConvergenceError, SimulationTimeout, EngineDiedError):
        assert issubclass(kind, SimulatorError)
        assert kind.exit_status == 4


@pytest.mark.parametrize("options", [{"workers": 0}, {"timeout": 0.0}, {"timeout": float("nan")}])
def test_an_engine_without_workers_or_time_is_refused(options):
    with pytest.raises(InputError, match="engine"):
        Engine(**options)


# Gate leakage and a substrate network leave more rounding errors than the tolerances allow.
LEAKY = """.model n nmos level=54 version=4.5 toxe=2.2e-9 toxp=1.6e-9 vth0=0.35 u0=0.05 ndep=1.5e18
+ igcmod=1 igbmod=1 rbodymod=1 rgatemod=1 rshg=0.4 gbmin=1e-10 rbpb=5 rbpd=15 rbps=15 rbdb=15
+ rbsb=15 aigc=0.012 bigc=0.0028 cigc=0.002 aigsd=0.012 bigsd=0.0028 cigsd=0.002
.model p pmos level=54 version=4.5 toxe=2.3e-9 toxp=1.6e-9 vth0=-0.32 u0=0.008 ndep=1.1e18
+ igcmod=1 igbmod=1 rbodymod=1 rgatemod=1 rshg=0.4 gbmin=1e-10 rbpb=5 rbpd=15 rbps=15 rbdb=15
+ rbsb=15
"""
AMPLIFIER = """.subckt ota plus minus out ib vdd
mt tail ib 0 0 n w=2u l=8u
mb ib ib 0 0 n w=2u l=8u
m1 a plus tail 0 n w=4u l=1u
m2 out minus tail 0 n w=4u l=1u
m3 a a vdd vdd p w=1u l=8u
m4 out a vdd vdd p w=1u l=8u
.ends
"""


@pytest.mark.parametrize(
    "step", [OperatingPoint(), DCSweep("vp", 0.55, 0.75, 0.01), Transient(1e-4, 1e-5)]
)
def test_what_has_no_solution_within_its_tolerances_is_solved_with_looser_ones(
    engine, make_bench, step
):
    levels = {"vdd": 1.3, "vp": 0.65, "vm": 0.65, "vout": 0.65}
    bench = make_bench(
        models=LEAKY,
        cells=AMPLIFIER,
        instances=(BenchInstance("x1", "ota", ("vp", "vm", "vout", "ib", "vdd")),),
        sources=(
            CurrentSource("ib", "vdd", "ib", 1e-11),
            *(VoltageSource(name, name, "0", level) for name, level in levels.items()),
        ),
        analyses=(Alteration("ib", "dc", 2e-11), step),
        save=("i(vout)",),
        options={"reltol": 1e-5, "abstol": 1e-17, "vntol": 1e-8},
    )
    tried = engine.run(bench)
    loose = engine.run(replace(bench, options={"reltol": 1e-3, "abstol": 1e-13}))
    assert loose.loosened == 0
    # A sweep stays as it was found; the others begin from there and may tighten again.
    assert tried.loosened > 0 or not isinstance(step, DCSweep)
    ends = [result[0]["i(vout)"][[0, -1]] for result in (tried, loose)]
    assert ends[0] == pytest.approx(ends[1], abs=1e-14)


def test_an_operating_point_without_a_solution_names_its_bias(engine, make_bench):
    steps = (Alteration("va", "dc", 0.5), Alteration("vin", "dc", 2e-3), OperatingPoint())
    bench = replace(unsolvable(make_bench), analyses=steps)
    with pytest.raises(ConvergenceError, match=r"at va = 0.5 V, vin = 0.002 V, also with gmin"):
        engine.run(bench)


def test_what_ngspice_ignores_of_a_model_is_a_remark(engine, make_bench):
    card = ".model d1 d is=1e-14 foo=1\n+ bar=2 n=1\n.model d2 d foo=3\n"
    cells = ".subckt two a b\nd1 a b d1\nd2 a b d2\n.ends\n"
    bench = make_bench(
        models=card, cells=cells, instances=(BenchInstance("x1", "two", ("in", "out")),), save=()
    )
    assert engine.run(bench).ignored == ("foo", "bar")


def test_a_circuit_that_is_never_read_to_its_end_is_stopped(make_bench):
    bench = make_bench(models=".param a=1, b=2\n")
    with Engine(workers=1, reading=0.5) as impatient:
        with pytest.raises(ReadingTimeout, match="began to read the circuit of 'divider'"):
            impatient.run(bench)
        assert half(impatient.run(make_bench())) == pytest.approx(0.5, rel=1e-3)
