"""One setting for how exactly a response is followed, and what ngspice makes of it."""

from dataclasses import replace

import numpy as np
import pytest

from netlists.accuracy import Accuracy
from netlists.bench import DEFAULT_OPTIONS
from netlists.engine import Engine
from netlists.neuron_benches import NeuronBenches, response
from neuron_model.analysis.spikes import spike_times
from neuron_model.model.parameters import Timescale
from tests.netlists.test_neuron_benches import benches  # noqa: F401 (a fixture)

DRIVE = (np.array([0.0, 40.0]), np.array([-2.4, -0.6]), 500.0)


def test_auto_begins_fast_and_repeats_what_hangs_on_it():
    assert Accuracy.AUTO.first is Accuracy.FAST
    assert Accuracy.AUTO.options == Accuracy.FAST.options
    assert [one for one in Accuracy if one.repeats] == [Accuracy.AUTO]
    assert Accuracy("fast").first is Accuracy.FAST
    assert Accuracy("tight").first is Accuracy.TIGHT


@pytest.mark.parametrize(("charge", "at_least"), [(4e-12, 1.0), (1e-15, 100.0)])
def test_fast_lets_the_charges_of_transistors_go_and_holds_those_of_capacitors(charge, at_least):
    """charge: coulomb, of a membrane and of a transistor; ngspice allows an error of this much."""

    def allowed(accuracy: Accuracy) -> float:
        options = {**DEFAULT_OPTIONS, **accuracy.options}
        smallest, share = float(options["chgtol"]), float(options["reltol"])
        return float(options["trtol"]) * share * max(charge, smallest)

    assert Accuracy.TIGHT.options["reltol"] == 1e-6
    loosened = allowed(Accuracy.FAST) / allowed(Accuracy.TIGHT)
    assert at_least < loosened < 1e4
    assert charge < 1e-12 or loosened < 10.0


def test_records_of_different_accuracies_do_not_mix():
    assert len({str(one.identity) for one in Accuracy}) == 3


def test_responses_are_followed_as_chosen_and_curves_are_the_same(benches: NeuronBenches):  # noqa: F811
    for accuracy in Accuracy:
        chosen = benches.at(accuracy)
        options = chosen.transient(*DRIVE).options
        assert {name: options[name] for name in accuracy.options} == accuracy.options
        curve = chosen.iv(Timescale.FAST, -1.0, 1.0, 0.5, 0.0)
        assert curve.options == benches.iv(Timescale.FAST, -1.0, 1.0, 0.5, 0.0).options
    coarse = replace(benches, options={"reltol": 1e-3}).at(Accuracy.TIGHT)
    assert coarse.transient(*DRIVE).options["reltol"] == 1e-3


@pytest.mark.ngspice
def test_fast_intervals_are_within_a_thousandth_of_tight_ones(benches: NeuronBenches):  # noqa: F811
    with Engine(workers=2) as engine:
        runs = engine.map(
            [benches.at(one).transient(*DRIVE) for one in (Accuracy.FAST, Accuracy.TIGHT)]
        )
    fast, tight = (response(run, benches.design) for run in runs)
    assert len(fast.time) < 0.6 * len(tight.time)
    ours, reference = (spike_times(run.time, run.membrane, 0.0) for run in (fast, tight))
    assert reference.size >= 3
    np.testing.assert_allclose(np.diff(ours), np.diff(reference), rtol=1e-3)
    largest = 1e-3 * float(np.median(np.diff(reference)))
    np.testing.assert_allclose(ours, reference, rtol=0, atol=largest)
