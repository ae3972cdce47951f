import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netlists.bench import (
    Alteration,
    Bench,
    BenchInstance,
    CurrentSource,
    DCSweep,
    OperatingPoint,
    PiecewiseLinear,
    Resistor,
    Transient,
    VoltageSource,
    staircase,
)
from netlists.deck import build_job, deck_text
from netlists.raw_file import read_raw_file
from neuron_model.errors import InputError

MODELS = ".model dd d(is=1e-14 n=1.2)\n"
CELLS = """.subckt clamp a
d1 a 0 dd
.ends clamp
.subckt rc a b
r1 a b 1e6
c1 b 0 1e-12
.ends rc
"""


@pytest.fixture
def bench() -> Bench:
    """An RC at a staircase and a diode at a current: every analysis, all in one deck."""
    return Bench(
        title="RC and diode",
        models=MODELS,
        cells=CELLS,
        instances=(BenchInstance("xrc", "rc", ("in", "m")), BenchInstance("xd", "clamp", ("q",))),
        sources=(
            VoltageSource("vin", "in", "0", staircase([(0.0, 0.2), (1e-6, 1.0)], 1e-8)),
            CurrentSource("iq", "0", "q", 1e-9),
            Resistor("rq", "q", "0", 1e10),
        ),
        analyses=(
            OperatingPoint(),
            DCSweep("iq", 0.0, 1e-8, 1e-10),
            DCSweep("iq", 0.0, 1e-8, 1e-9, DCSweep("vin", 0.0, 1.0, 0.25)),
            Alteration("iq", "dc", 5e-9),
            Alteration("r.xrc.r1", "resistance", 2e6),
            Transient(1e-5, 1e-7, initial_voltages={"m": 0.1}),
        ),
        save=("v(m)", "v(q)", "i(vin)", "@d.xd.d1[id]"),
        temperature=85.0,
        comments=("made by a test",),
    )


def lay_out(folder: Path, bench: Bench) -> Path:
    (folder / "models.spice").write_text(f"* models\n{bench.models}")
    (folder / "neuron.spice").write_text(f"* cells\n{bench.cells}")
    deck = folder / "testbench.spice"
    deck.write_text(deck_text(bench))
    return deck


def run_ngspice(deck: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("ngspice")
    if program is None:
        pytest.skip("the program ngspice is not installed")
    return subprocess.run(
        [program, "-b", deck.name],
        cwd=deck.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_job_holds_models_and_cells_and_the_file_includes_them(bench):
    job, text = build_job(bench), deck_text(bench, "m.spice", ["a.spice", "b.spice"], "out.raw")
    assert MODELS in job.deck
    assert CELLS in job.deck
    assert ".control" not in job.deck
    assert "\n.include m.spice\n.include a.spice\n.include b.spice\n" in text
    assert ".subckt" not in text
    assert text.count("\nwrite out.raw\n") == 4
    assert "\n.control\nset num_threads=1\n" in text
    assert "* made by a test\n" in text
    for command in job.commands:
        assert f"\n{command.text}\n" in text


@pytest.mark.parametrize("option", [".option tnom=25", ".OPTIONS post\n+ TNOM = 25"])
def test_the_nominal_temperature_is_the_librarys_where_it_says_one(bench, option):
    assert ".options TNOM = 27" in build_job(bench).deck
    # a card's own is no option
    card = replace(bench, models=f"{MODELS}.option post\n.model n nmos tnom=25\n")
    assert ".options TNOM = 27" in build_job(card).deck
    library = replace(bench, models=f"{MODELS}{option}\n")
    for text in (build_job(library).deck, deck_text(library)):
        assert ".options TNOM" not in text


def test_decks_are_the_same_every_time(bench):
    assert deck_text(bench) == deck_text(bench)
    assert ".save v(m)\n.save v(q)\n.save i(vin)\n" in deck_text(bench)


@pytest.mark.parametrize("name", ["../x.spice", "a b", "/x", "x\n.control"])
def test_included_files_lie_beside_the_deck(bench, name):
    for arguments in ((name,), ("m.spice", [name]), ("m.spice", ["n.spice"], name)):
        with pytest.raises(InputError, match="no folder"):
            deck_text(bench, *arguments)


def test_long_waveforms_are_on_short_lines(make_bench):
    times = np.arange(1000) * 1e-6
    source = VoltageSource("vin", "in", "0", PiecewiseLinear(times, np.sin(times)))
    text = build_job(make_bench(sources=(source,))).deck
    assert max(map(len, text.splitlines())) < 200
    assert repr(float(source.waveform.values[-1])) in text


@pytest.mark.ngspice
def test_plain_ngspice_gives_the_numbers_of_the_engine(tmp_path, bench, engine):
    deck = lay_out(tmp_path, bench)
    done = run_ngspice(deck)
    assert done.returncode == 0, done.stderr
    plain = read_raw_file(tmp_path / "testbench.raw")
    ours = engine.run(bench).waveforms
    assert len(ours) == len(plain) == 4
    for one, other in zip(ours, plain, strict=True):
        assert one.axis_name == other.axis_name
        np.testing.assert_allclose(one.axis, other.axis, rtol=1e-9)
        assert set(one) == set(other)
        for name in one:
            scale = np.abs(other[name]).max()
            np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.ngspice
def test_plain_ngspice_gives_the_textbook_answers(tmp_path, bench):
    run_ngspice(lay_out(tmp_path, bench))
    point, sweep, nested, transient = read_raw_file(tmp_path / "testbench.raw")
    assert point["m"][0] == pytest.approx(0.2, abs=1e-6)
    assert len(sweep) == 101
    assert sweep.axis_name == "i-sweep"
    thermal = 1.38064852e-23 * (85.0 + 273.15) / 1.6021766e-19
    slope = np.diff(sweep["q"][-20:]) / np.diff(np.log(sweep["@d.xd.d1[id]"][-20:]))
    np.testing.assert_allclose(slope, 1.2 * thermal, rtol=1e-3)
    assert len(nested) == 55
    np.testing.assert_allclose(nested["m"][::11], [0.0, 0.25, 0.5, 0.75, 1.0], atol=1e-6)
    # The node begins at its initial voltage and charges over the altered 2 megaohm.
    assert transient["m"][0] == pytest.approx(0.1, abs=1e-3)
    later = transient.axis > 1.1e-6
    start = np.interp(1.01e-6, transient.axis, transient["m"])
    exact = 1.0 - (1.0 - start) * np.exp(-(transient.axis[later] - 1.01e-6) / 2e-6)
    np.testing.assert_allclose(transient["m"][later], exact, atol=1e-3)


@pytest.mark.ngspice
@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(CELLS.replace("c1 b 0 1e-12", "x1 b nosuch"), id="unknown subcircuit"),
        pytest.param(CELLS.replace("dd", "nosuch"), id="unknown model"),
        pytest.param(CELLS.replace("c1 b 0 1e-12", "b1 b 0 v=2\nb2 b 0 v=1"), id="no solution"),
    ],
)
def test_plain_ngspice_fails_with_a_status(tmp_path, bench, cells):
    parts = {name: getattr(bench, name) for name in bench.__dataclass_fields__}
    deck = lay_out(tmp_path, Bench(**(parts | {"cells": cells})))
    assert run_ngspice(deck).returncode != 0


@pytest.mark.ngspice
def test_nothing_hostile_runs(tmp_path, make_bench, engine, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = "x\n.control\nshell touch pwned\n.endc\n*#shell touch pwned\n`touch pwned`"
    bench = make_bench(
        title=hostile, comments=(hostile, "#shell touch pwned", "ng_script\nshell touch pwned")
    )
    engine.run(bench)
    assert run_ngspice(lay_out(tmp_path, bench)).returncode == 0
    assert not (tmp_path / "pwned").exists()
    assert read_raw_file(tmp_path / "testbench.raw")[0]["out"][0] == pytest.approx(0.5, rel=1e-2)
