"""Pictures of noise studies: what they show, and that they can be saved."""

from pathlib import Path

import numpy as np
import pytest

from codesign.pictures.plots import save_figure
from codesign.studies.noise.picture import noise_figure
from mapping.jitter import Train
from neuron_model.analysis.regimes import Regime
from tests.codesign.studies.noise.noise_studies import study


def titles(figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_a_picture_shows_densities_jitter_spikes_and_the_boundary(tmp_path: Path):
    figure = noise_figure(study())
    assert titles(figure) == [
        "noise at the nodes",
        "jitter",
        "spikes, run by run",
        "regime near a boundary",
    ]
    labels = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert [label.split(":")[0] for label in labels] == ["macromodel", "ngspice"]
    assert all("CV" in label for label in labels)
    path = tmp_path / "noise.png"
    save_figure(figure, path)
    assert path.stat().st_size > 10_000


@pytest.mark.parametrize(
    "changes",
    [
        {"circuits": (), "boundary": None},
        {"trains": (Train((), Regime.RESTING),) * 3, "circuits": (), "boundary": None},
        {"trains": (Train((12.0,), Regime.PHASIC_SPIKING),) * 3, "circuits": ()},
    ],
)
def test_a_picture_of_little_is_a_picture_too(changes, tmp_path: Path):
    save_figure(noise_figure(study(**changes)), tmp_path / "noise.svg")


def test_ibis_are_shown_where_the_neuron_bursts():
    gaps = np.tile([10.0, 12.0, 200.0], 12)
    train = Train(tuple(np.cumsum(gaps).tolist()), Regime.TONIC_BURSTING)
    figure = noise_figure(study(trains=(train,) * 3, circuits=(), burst_gap=50.0))
    assert figure.axes[1].get_xlabel().startswith("IBI")
