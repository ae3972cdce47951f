"""Neurons side by side fire as they do one by one in continuous time."""

from dataclasses import replace

import numpy as np
import pytest

from neuron_model.analysis.regimes import classify
from neuron_model.analysis.simulation import simulate
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus
from neuron_model.network.population import population_reports


def test_each_neuron_fires_as_the_reference_says():
    known = preset("tonic_spiking")
    one = known.parameters
    many = [replace(one, i_bias=float(bias)) for bias in np.linspace(-1.2, 0.4, 5)]
    found = population_reports(
        NeuronParameters.stack(many), known.stimulus, 900.0, known.stimulus.onset
    )
    regimes = set()
    for neuron, report in zip(many, found, strict=True):
        run = simulate(neuron, known.stimulus, 900.0)
        expected = classify(run.time, run.voltage, known.stimulus.onset)
        assert report.regime == expected.regime
        assert abs(report.spike_count - expected.spike_count) <= 1
        if expected.interspike_interval is not None:
            assert report.interspike_interval == pytest.approx(
                expected.interspike_interval, rel=0.01
            )
        regimes.add(report.regime)
    assert len(regimes) > 1


def test_neurons_beyond_one_group_keep_their_order(monkeypatch):
    known = preset("tonic_spiking")
    bias = np.array([-1.2, 0.0, -1.2, 0.0, 0.2])
    many = replace(known.parameters, i_bias=bias)
    arguments = (known.stimulus, 700.0, known.stimulus.onset)
    together = population_reports(many, *arguments)
    monkeypatch.setattr("neuron_model.network.population._TOGETHER", 2)
    assert population_reports(many, *arguments) == together


def test_a_neuron_on_an_unstable_equilibrium_leaves_it():
    """The published excitable neuron at U = 0 and I = 0 spikes, if anything moves it."""
    still = preset("ribar_sepulchre_excitable").parameters
    (report,) = population_reports(still, Stimulus.constant(0.0), 800.0)
    assert report.spike_count > 3


def test_the_run_must_reach_the_onset():
    known = preset("resting")
    with pytest.raises(InputError, match="later than the onset, at 500"):
        population_reports(known.parameters, known.stimulus, 400.0, 500.0)
