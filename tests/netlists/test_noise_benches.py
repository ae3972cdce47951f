"""Noise in ngspice: resistors and single transistors with known noise, cells, injected noise."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import welch

from circuits.bias_mirror import current_sink, current_source
from circuits.ota import ota
from circuits.technology import load_technology
from mapping.cell_noise import CHARGE, fit_spectrum, shot_noise
from netlists.bench import (
    Bench,
    CurrentSource,
    NoiseSpectrum,
    OperatingPoint,
    PiecewiseLinear,
    Resistor,
    Transient,
    TransientNoise,
    Transresistance,
    VoltageSource,
)
from netlists.deck import build_job, deck_text
from netlists.model_library import trimmed_models
from netlists.noise_benches import Band, CellNoiseBenches, InjectedNoise, spectra, with_noise
from netlists.raw_file import read_raw_file
from netlists.writer import device_uses
from neuron_model.errors import InputError

GENERIC = load_technology("generic")
FOUR_KT = 4 * 1.380649e-23 * 300.15


def noise_bench(**changes: object) -> Bench:
    """A resistor of 1 kOhm into a held output."""
    parts: dict[str, object] = {
        "title": "noise of a resistor",
        "models": "",
        "cells": "",
        "instances": (),
        "sources": (
            VoltageSource("vout", "out", "0", 0.5, alternating=1.0),
            Resistor("r1", "out", "0", 1e3),
            Transresistance("hsense", "sense", "0", "vout", 1e6),
        ),
        "analyses": (OperatingPoint(), NoiseSpectrum("sense", "vout", 1.0, 1e4, 2)),
    }
    return Bench(**(parts | changes))  # type: ignore[arg-type]


@pytest.mark.ngspice
def test_a_resistor_has_the_noise_of_johnson(engine):
    result = engine.run(noise_bench())
    spectrum = result[1]
    assert spectrum.axis_name == "frequency"
    assert spectrum.axis[[0, -1]] == pytest.approx([1.0, 1e4])
    density = (np.real(spectrum["onoise_spectrum"]) / 1e6) ** 2
    assert density == pytest.approx(FOUR_KT / 1e3, rel=1e-3)
    # and a second analysis in the same worker is not taken for the first one's
    again = engine.run(noise_bench(analyses=noise_bench().analyses * 2))
    assert [len(wave) for wave in again.waveforms] == [1, 9, 1, 9]


@pytest.mark.ngspice
def test_the_deck_for_plain_ngspice_writes_the_same_spectrum(engine, tmp_path: Path):
    bench = noise_bench()
    (tmp_path / "models.spice").write_text("* none\n")
    (tmp_path / "deck.spice").write_text(deck_text(bench, include_cells=()))
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    subprocess.run(
        ["ngspice", "-b", "deck.spice"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        env=environment,
    )
    ours = read_raw_file(tmp_path / "testbench.raw")[1]["onoise_spectrum"]
    assert np.real(ours) == pytest.approx(np.real(engine.run(bench)[1]["onoise_spectrum"]))


def cell_benches() -> CellNoiseBenches:
    benches = CellNoiseBenches(GENERIC, "", 27.0)
    cells = (ota(GENERIC), current_source(GENERIC), current_sink(GENERIC))
    uses = {use for cell in cells for use in device_uses(cell, GENERIC)}
    return replace(benches, models=trimmed_models(GENERIC.models, "tt", uses).text)


@pytest.mark.ngspice
def test_an_ota_has_the_shot_noise_of_its_transistors_but_for_the_models_factor(
    engine, cache_folder
):
    # BSIM4's thermal noise in weak inversion is that of its channel charge, which is not quite
    # the one that its current is made of: 2 q I times a factor between 1 and 2.
    bias = 1e-9
    bench = cell_benches().ota(bias, [-0.3, 0.0, 0.3], Band(2.0, 2e3, 4))
    found = [fit_spectrum(s) for s in spectra(engine.run(bench))]
    shares = np.array([f.white for f in found]) / (2 * CHARGE * bias)
    factor = shares / shot_noise(np.array([-1.0, 0.0, 1.0]))
    assert np.all((factor > 1.0) & (factor < 2.0))
    # the same factor for all splits: what the pair, the tail and each mirror carry is right
    assert np.ptp(factor) < 0.15 * factor.mean()
    assert [f.exponent for f in found] == pytest.approx([1.0] * 3, abs=0.02)


@pytest.mark.ngspice
@pytest.mark.parametrize(("kind", "transistors", "sign"), [("source", 4, 1), ("sink", 2, -1)])
def test_a_mirror_has_the_noise_of_its_transistors(engine, cache_folder, kind, transistors, sign):
    bias = 1e-9
    (found,) = spectra(engine.run(cell_benches().mirror(kind, bias, Band(2.0, 1e3, 4))))
    assert found.current == pytest.approx(sign * bias, rel=0.2)
    factor = fit_spectrum(found).white / (transistors * 2 * CHARGE * bias)
    assert 1.0 < factor < 2.0


@pytest.mark.ngspice
def test_injected_noise_has_the_density_that_was_asked_for(engine):
    # over a resistor, which turns the current into a voltage at once
    interval, white, flicker = 1e-6, 2e-24, 4e-21
    quiet = Bench(
        title="a node",
        models="",
        cells="",
        instances=(),
        sources=(Resistor("r1", "a", "0", 1e3), CurrentSource("iin", "0", "a", 1e-6)),
        analyses=(Transient(3e-2, 1e-6),),
        save=("v(a)",),
    )
    noisy = with_noise(quiet, [InjectedNoise("a", white, flicker, 1.0)], interval)
    wave = engine.run(noisy)[0]
    grid = np.arange(0.0, 3e-2, interval / 2)
    current = np.interp(grid, wave.axis, wave["v(a)"]) / 1e3
    assert current.mean() == pytest.approx(1e-6, rel=1e-2)
    frequency, density = welch(current, fs=2 / interval, nperseg=4096)
    for low, high in ((2e3, 8e3), (1e4, 8e4)):
        inside = (frequency > low) & (frequency < high)
        expected = np.mean(white + flicker / frequency[inside])
        assert np.mean(density[inside]) == pytest.approx(expected, rel=0.25)


def test_injected_noise_stands_in_the_bench_and_not_in_the_cells():
    bench = with_noise(noise_bench(), [InjectedNoise("out", 1e-26, 1e-27, 0.9)], 1e-4)
    assert bench.cells == noise_bench().cells
    assert bench.sources[:-1] == noise_bench().sources
    source = bench.sources[-1]
    assert (source.positive, source.negative) == ("0", "out")
    noise = source.waveform
    assert 2 * noise.rms**2 * noise.interval == pytest.approx(1e-26)
    at_1_hz = noise.flicker**2 * 2 * 1e-4 / (2 * np.pi * 1e-4) ** 0.9
    assert at_1_hz == pytest.approx(1e-27)


def test_how_noise_is_written():
    deck = build_job(
        noise_bench(
            sources=(
                *noise_bench().sources,
                CurrentSource("iwhite", "0", "out", TransientNoise(1e-6, 2e-9)),
                CurrentSource("islow", "0", "out", TransientNoise(1e-6, 0.0, 1e-9, 0.9)),
            )
        )
    )
    lines = [line.lower() for line in deck.deck.splitlines()]
    assert "vout out 0 dc 0.5 ac 1.0" in lines
    assert "hsense sense 0 vout 1000000.0" in lines
    assert "iwhite 0 out dc 0 trnoise(2e-09 1e-06 0 0)" in lines
    assert "islow 0 out dc 0 trnoise(0.0 1e-06 0.9 1e-09)" in lines
    assert deck.commands[1].text == "noise v(sense) vout dec 2 1.0 10000.0"


def test_a_small_signal_may_stand_beside_a_waveform():
    wave = PiecewiseLinear(np.array([0.0, 1.0]), np.array([0.25, 1.0]))
    source = VoltageSource("vout", "out", "0", wave, alternating=2.0)
    sources = (source, *noise_bench().sources[1:])
    deck = build_job(noise_bench(sources=sources)).deck.lower()
    assert "vout out 0 dc 0.25 ac 2.0 pwl(" in deck


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: NoiseSpectrum("sense", "vout", 0.0, 1.0), "lowest frequency"),
        (lambda: NoiseSpectrum("sense", "vout", 1.0, 1.0), "highest frequency"),
        (lambda: NoiseSpectrum("a b", "vout", 1.0, 2.0), "output"),
        (lambda: TransientNoise(0.0), "interval"),
        (lambda: TransientNoise(1.0, -1.0), "rms"),
        (lambda: TransientNoise(1.0, exponent=2.0), "less than 2"),
        (lambda: TransientNoise.of_density(1.0, -1.0), "white density"),
        (lambda: Transresistance("h1", "a", "0", "iin", 1.0), "must begin with 'v'"),
        (
            lambda: noise_bench(analyses=(NoiseSpectrum("sense", "vother", 1.0, 2.0),)),
            "no source vother with a small signal",
        ),
        (
            lambda: noise_bench(
                sources=(Transresistance("h1", "a", "0", "vx", 1.0),), analyses=(OperatingPoint(),)
            ),
            "no source vx",
        ),
    ],
)
def test_what_ngspice_could_not_run_is_refused(made, words):
    with pytest.raises(InputError, match=words):
        made()
