"""Whether a verdict hangs on the accuracy of a simulation."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from codesign.validation.close_calls import ACCURACY, close_calls, is_close, sample_close_calls
from codesign.validation.validation import NeuronValidation
from neuron_model.analysis.regimes import Regime
from neuron_model.analysis.verdicts import COINCIDENCE_LIMIT, ISI_TOLERANCE, IV_LIMIT, Deviation

Make = Callable[..., NeuronValidation]


def test_what_is_clear_stands(make_neuron: Make):
    assert close_calls(make_neuron()) == ()
    assert close_calls(make_neuron("silent", Regime.RESTING, ())) == ()


def changed(neuron: NeuronValidation, **changes: object) -> NeuronValidation:
    return replace(neuron, circuit=replace(neuron.circuit, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"margin": 0.05}, "the margin of the circuit's regime is 0.05"),
        ({"regime": Regime.TONIC_SPIKING}, "the macromodel is tonic bursting, the circuit"),
        ({"interspike_interval": 20.0 * (1 + ISI_TOLERANCE + 0.5 * ACCURACY)}, "ISI 21"),
        ({"interspike_interval": 20.0 * (1 + ISI_TOLERANCE - 0.5 * ACCURACY)}, "ISI 20.98"),
        ({"interspike_interval": 20.5}, "macromodel and circuit disagree: ISI off by +2.5%"),
        ({"spikes_per_burst": 3.5}, "spikes per burst 3.5 instead of 3"),
        (
            {"spikes_per_burst": 4.0},
            "macromodel and circuit disagree: spikes per burst off by +33.3%",
        ),
    ],
)
def test_what_a_small_change_may_turn_is_named(make_neuron: Make, changes, why):
    reasons = close_calls(changed(make_neuron(), **changes))
    assert any(why in reason for reason in reasons), reasons


def test_a_count_that_macromodel_predicts_stands_at_its_tolerance(make_neuron: Make):
    """As a burst of eight spikes where the model's has seven: one spike is what is allowed."""
    one_more = changed(make_neuron(), spikes_per_burst=4.0, interburst_interval=270.0)
    assert one_more.model.spikes_per_burst == 3
    said = close_calls(one_more)
    assert any("spikes per burst 4 instead of 3" in reason for reason in said)
    assert any("macromodel and circuit disagree: spikes per burst" in reason for reason in said)
    expected = replace(one_more, macromodel=one_more.circuit)
    assert not any("spikes per burst" in reason for reason in close_calls(expected))


def test_a_curve_at_its_limit_is_close(make_neuron: Make):
    reasons = close_calls(make_neuron(error=IV_LIMIT + 0.5 * ACCURACY))
    assert len(reasons) == 3
    assert "the fast I-V curve is 2.10%" in reasons[0]
    assert close_calls(make_neuron(error=2 * IV_LIMIT)) == ()


def test_under_a_recorded_current_regimes_do_not_matter_and_coincidence_does(make_neuron: Make):
    driven = make_neuron(driven=True)
    assert close_calls(changed(driven, regime=Regime.TONIC_SPIKING, margin=0.0)) == ()
    spikes = driven.circuit.spike_times
    # of nine spikes two are out of place
    moved = (*spikes[:-2], spikes[-2] + 9.0, spikes[-1] + 9.0)
    displaced = changed(driven, spike_times=moved)
    factor = displaced.verdicts["model"].coincidence
    assert factor is not None
    assert abs(factor - COINCIDENCE_LIMIT) < 1 / len(spikes)
    said = f"the coincidence factor with model is {factor:.2f}"
    assert said in close_calls(displaced)


@pytest.mark.parametrize(
    ("deviation", "close"),
    [
        (Deviation("interspike_interval", 1.0, 1.0799, 0.08), True),
        (Deviation("interspike_interval", 1.0, 1.0801, 0.08), True),
        (Deviation("interspike_interval", 1.0, 1.07, 0.08), False),
        (Deviation("interspike_interval", 1.0, 1.2, 0.08), False),
        (Deviation("spikes_per_burst", 8.0, 8.0, 1.0), False),
        (Deviation("spikes_per_burst", 8.0, 8.5, 1.0), True),
        (Deviation("spikes_per_burst", 8.0, 9.0, 1.0), True),
        (Deviation("spikes_per_burst", 8.0, 11.0, 1.0), False),
        (Deviation("spike_count", 200, 205, 16.0), False),
        (Deviation("spike_count", 200, 216, 16.0), True),
    ],
)
def test_closeness_is_within_the_accuracy_or_a_spike(deviation: Deviation, close: bool):
    assert is_close(deviation) is close


def test_what_is_spike_for_spike_under_a_recorded_current_stands_whatever_its_rhythm(
    make_neuron: Make,
):
    driven = make_neuron(driven=True)
    # one spike of nine more than the others, where one may be: near its tolerance
    more = changed(driven, spike_times=(*driven.circuit.spike_times, 990.0), spike_count=10)
    assert more.verdicts["macromodel"].spike_for_spike
    assert close_calls(more) == ()
    steady = replace(more, driven=False)
    assert close_calls(replace(steady, circuit=replace(steady.circuit, margin=0.05)))


def test_whole_spikes_of_a_burst_are_sure_where_macromodel_has_them_too(make_neuron: Make):
    one = make_neuron()
    gained = replace(one, model=replace(one.model, spikes_per_burst=2.0))
    assert close_calls(gained) == ()
    assert sample_close_calls(gained.model, gained.macromodel, gained.circuit) == ()
    unsure = changed(gained, spikes_per_burst=2.5)
    assert close_calls(unsure)
    assert sample_close_calls(unsure.model, unsure.macromodel, unsure.circuit)


def test_of_samples_regime_margin_and_the_rhythm_of_the_model_count(make_neuron: Make):
    one = make_neuron()
    reports = one.model, one.macromodel
    assert sample_close_calls(*reports, one.circuit) == ()
    at_limit = 20.0 * (1 + ISI_TOLERANCE - 0.5 * ACCURACY)
    for changes in (
        {"margin": 0.05},
        {"regime": Regime.TONIC_SPIKING},
        {"interspike_interval": at_limit},
    ):
        assert len(sample_close_calls(*reports, changed(one, **changes).circuit)) == 1
    # parameters of the macromodel that are a little off decide nothing
    assert sample_close_calls(*reports, changed(one, interspike_interval=20.5).circuit) == ()
