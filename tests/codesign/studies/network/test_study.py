"""Layer by layer is the same as one deck; what was stopped resumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from circuits.technology import load_technology
from codesign.networks.built_network import BuiltNetwork, build_network
from codesign.studies.executors.within import WithinExecutor
from codesign.studies.network.study import cases_of, network_study, study_network
from codesign.studies.network.task import moments_of
from codesign.studies.study import run
from codesign.terminal.interruption import Interruption
from codesign.workbench import Workbench
from netlists.network_benches import network_response
from neuron_model.errors import InputError
from tests.codesign.networks.networks import small_network, task_of, two_neurons
from tests.codesign.no_engine import NoEngine

SAMPLES = 16


@pytest.fixture(scope="module")
def network(cache: Path, workbench: Workbench) -> BuiltNetwork:
    return build_network(task_of(two_neurons()), load_technology("generic"), workbench)


@pytest.mark.ngspice
@pytest.mark.parametrize(("sizes", "recurrent"), [((2, 2), False), ((3,), True)])
def test_layer_by_layer_says_what_one_deck_says(cache, workbench, sizes, recurrent):
    trained = task_of(small_network(sizes, recurrent))
    built = build_network(trained, load_technology("generic"), workbench)
    cases = cases_of(built, SAMPLES)
    plan, study = network_study(built, cases)
    found = run(study, WithinExecutor(workbench), stop=Interruption())
    found.check()
    y = np.array(plan.found(cases[0], found.outcomes)["output0"]["y"])
    bench = built.benches.stream(built.task.heard(SAMPLES), built.sample_interval)
    joint = network_response(workbench.engine.run(bench), built.benches)
    moments = moments_of(SAMPLES, built.sample_interval)
    said = np.interp(moments, joint.time, joint.outputs[:, 0])
    assert np.sqrt(np.mean((y - said) ** 2)) < 0.01 * said.std()
    sweeps = {key.split("sweep ")[1] for key in found.outcomes if "sweep" in key}
    assert (len(sweeps) > 1) is recurrent


@pytest.mark.ngspice
def test_what_is_recorded_is_not_simulated_again(network, workbench, tmp_path):
    cases = cases_of(network, 8)
    args = (cases, tmp_path, None, Interruption())
    _, first = study_network(network, WithinExecutor(workbench), *args)
    results, again = study_network(network, WithinExecutor(Workbench(NoEngine())), *args)
    assert first is not None
    assert again is not None
    assert results.resumed == 4  # inputs, two neurons, one output
    assert again.document() == first.document()
    # other conditions are another circuit, with a record of its own
    _, study = network_study(network.at("ss"), cases)
    assert study.head != network_study(network, cases)[1].head


@pytest.mark.ngspice
def test_windows_are_those_that_are_scored_in_training(network):
    cases = cases_of(network, windows=3)
    assert [(case.start, case.count) for case in cases] == [(0, 24), (20, 24), (40, 24)]
    with pytest.raises(InputError, match="windows = 99 is not allowed; it must be from 1 to 7"):
        cases_of(network, windows=99)
