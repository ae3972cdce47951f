from pathlib import Path

import pytest

from examples.iv_curves import DURATION, STEP, STRENGTHS, main, neuron
from neuron_model.analysis.excitability import excitability
from neuron_model.analysis.regimes import classify
from neuron_model.analysis.simulation import simulate


def test_the_picture_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    picture = tmp_path / "curves.svg"
    main(str(picture))
    assert picture.read_bytes().startswith(b"<?xml")
    assert "at the strongest the fast and the slow curve are N-shaped" in capsys.readouterr().out


def test_the_second_n_makes_bursts():
    regimes = []
    for strength in (STRENGTHS[0], STRENGTHS[-1]):
        run = simulate(neuron(strength), STEP, DURATION)
        regimes.append(classify(run.time, run.voltage, STEP.onset).regime)
    assert regimes == ["tonic_spiking", "tonic_bursting"]
    shapes = [excitability(neuron(strength)) for strength in STRENGTHS]
    assert [shape.slow_excitable for shape in shapes] == [False, False, False, True]
    assert all(shape.excitable and not shape.bistable for shape in shapes)
