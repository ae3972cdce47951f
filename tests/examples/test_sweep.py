from dataclasses import replace
from pathlib import Path

import pytest

from codesign.studies.executors.local import LocalExecutor
from codesign.studies.study import run
from codesign.studies.sweep.axes import Axis
from codesign.studies.sweep.configuration import read_sweep_configuration
from codesign.studies.sweep.plan import plan_sweep
from codesign.studies.sweep.study import sweep_results, sweep_study

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.ngspice
@pytest.mark.usefixtures("cache_folder")
def test_the_gain_changes_the_regime_of_circuit_and_model_alike():
    """The smallest and the largest of the example's map, in the middle of its currents."""
    whole = read_sweep_configuration(EXAMPLES / "modulation.toml")
    current, gain = whole.axes
    axes = Axis(current.name, (0.0,)), Axis(gain.name, (gain.values[0], gain.values[-1]))
    plan = plan_sweep(replace(whole, axes=axes, duration=6000.0))
    with LocalExecutor() as executor:
        study = sweep_results(plan, run(sweep_study(plan), executor))
    assert study.is_met
    assert len({outcome.regime for outcome in study.outcomes}) == 2


def test_the_example_of_corners_has_all_of_the_process():
    plan = plan_sweep(read_sweep_configuration(EXAMPLES / "corners.toml"))
    assert plan.shown == ("temperature", "corner", "supply_change")
    assert len(plan.points) == 60
