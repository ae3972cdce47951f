import math
from dataclasses import replace

import numpy as np
import pytest

from neuron_model.analysis.regimes import Regime, RegimeReport, classify
from neuron_model.analysis.simulation import simulate
from neuron_model.errors import InputError
from neuron_model.model.neuron_file import neuron_from_toml, neuron_to_toml
from neuron_model.model.parameters import LINEAR_FILTER, OTA_FILTER, TIMESCALES, Element, Leak
from neuron_model.model.parameters import NeuronParameters as Parameters
from neuron_model.model.presets import Preset, preset, presets
from neuron_model.model.stimulus import Stimulus

OURS = [p for p in presets().values() if not p.name.startswith("ribar")]


def ideal(p: Parameters) -> Parameters:
    return replace(
        p,
        leak=Leak(),
        filter_fast=LINEAR_FILTER,
        filter_slow=LINEAR_FILTER,
        filter_ultraslow=LINEAR_FILTER,
    )


def measured(p: Parameters, stimulus: Stimulus, duration: float) -> tuple[RegimeReport, float]:
    """The regime and how far the voltage went."""
    run = simulate(p, stimulus, duration, sampling=0.5)
    return classify(run.time, run.voltage, stimulus.onset), float(np.abs(run.voltage).max())


def off(chosen: Preset, rng: np.random.Generator) -> tuple[Parameters, Stimulus]:
    """Every parameter as far off as a preset has to bear, up or down."""

    def sign() -> float:
        return float(rng.choice([-1.0, 1.0]))

    def scaled(value: float) -> float:
        return value * (1.0 + 0.03 * sign())

    p = chosen.parameters
    elements = tuple(
        Element(e.timescale, scaled(e.alpha), e.delta + 0.03 * sign(), scaled(e.kappa))
        for e in p.elements
    )
    shift = 0.05 * sign()
    values = tuple(v + shift for v in chosen.stimulus.values)
    return (
        replace(
            p,
            elements=elements,
            tau_slow=scaled(p.tau_slow),
            tau_ultraslow=scaled(p.tau_ultraslow),
        ),
        Stimulus(chosen.stimulus.times, values),
    )


def test_each_regime_has_one_and_the_published_ones_are_there():
    assert [p.regime for p in OURS] == [Regime(p.name) for p in OURS]
    assert {p.regime for p in OURS} == set(Regime)
    assert [name for name in presets() if name.startswith("ribar")] == [
        "ribar_sepulchre_excitable",
        "ribar_sepulchre_burster_raised",
        "ribar_sepulchre_burster",
    ]
    assert all("1805.05696" in p.source for p in presets().values() if p not in OURS)


@pytest.mark.parametrize("name", presets())
def test_a_preset_shows_its_regime_clearly(name: str):
    chosen = preset(name)
    report, reach = measured(chosen.parameters, chosen.stimulus, chosen.duration)
    assert report.regime == chosen.regime
    assert report.margin > 0.6
    if chosen in OURS:
        assert reach < 4.0


@pytest.mark.parametrize("chosen", OURS, ids=lambda p: p.name)
def test_ideal_leak_and_filters_change_no_regime(chosen: Preset):
    report, reach = measured(ideal(chosen.parameters), chosen.stimulus, chosen.duration)
    assert report.regime == chosen.regime
    assert reach < 4.0


@pytest.mark.parametrize("chosen", OURS, ids=lambda p: p.name)
def test_parameters_a_little_off_change_no_regime(chosen: Preset):
    rng = np.random.default_rng(11)
    for shape in (lambda p: p, ideal, lambda p: p):
        p, stimulus = off(chosen, rng)
        report, _ = measured(shape(p), stimulus, chosen.duration)
        assert report.regime == chosen.regime


@pytest.mark.parametrize("chosen", OURS, ids=lambda p: p.name)
def test_a_preset_is_one_that_a_circuit_can_be(chosen: Preset):
    p = chosen.parameters
    assert all(abs(e.alpha) <= 4.0 and abs(e.delta) <= 2.5 and e.kappa == 1.0 for e in p.elements)
    assert p.tau_slow <= 100.0
    assert p.tau_ultraslow <= 5000.0
    assert chosen.duration <= 12_000.0
    assert p.leak == Leak(range=6.0)
    assert all(p.filter(x) == OTA_FILTER for x in TIMESCALES)


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_a_neuron_file(name: str):
    parameters = preset(name).parameters
    assert parameters.name == name
    assert neuron_from_toml(neuron_to_toml(parameters)) == parameters


def test_published_ones_are_ideal():
    for chosen in presets().values():
        if chosen not in OURS:
            assert math.isinf(chosen.parameters.leak.range)
            assert ideal(chosen.parameters) == chosen.parameters


def test_a_name_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=r"no preset 'burster'; there are resting, tonic_spiking"):
        preset("burster")
