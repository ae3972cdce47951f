"""Front, goal and picture of a search for sizes, made by hand."""

import json
import math

import pytest

from codesign.pictures.plots import save_figure
from codesign.studies.sizing.picture import sizing_figure
from codesign.studies.sizing.results import (
    SizingChoice,
    SizingFigures,
    SizingGoal,
    SizingResults,
    SizingTrial,
    front,
    sizing_to_json,
)
from codesign.terminal.console import plain
from neuron_model.errors import InputError

CHOICE = SizingChoice({"pair": 2.0}, 4e-12, 5e-9)


def figures(sample_yield: float, area: float, energy: float = 1e-9, **changes) -> SizingFigures:
    parts = {
        "samples": 100,
        "sample_yield": sample_yield,
        "rhythm_yield": sample_yield / 2,
        "isi_error": 0.05,
        "nominal_fires": True,
        "gate_area": area - 150.0,
        "diffusion_area": 50.0,
        "capacitor_area": 100.0,
        "static_power": 4e-7,
        "energy_per_spike": energy,
        "unit_current": 5e-9,
        "membrane_capacitance": 4e-12,
    }
    return SizingFigures(**parts | changes)


def trials(*every: SizingFigures | None) -> tuple[SizingTrial, ...]:
    return tuple(SizingTrial(i, CHOICE, one) for i, one in enumerate(every))


def test_the_front_is_what_nothing_beats():
    many = trials(
        figures(0.5, 1000.0),
        figures(0.9, 3000.0),
        figures(0.8, 3500.0),  # worse than the one before in both
        figures(0.8, 3500.0, energy=0.5e-9),  # but cheaper in energy
        None,
        figures(0.99, 900.0, nominal_fires=False),
        figures(0.9, 3000.0),  # the same again
    )
    assert front(many, SizingGoal()) == (0, 1, 3)


def test_a_goal_may_ask_for_the_rhythm_as_well():
    one = figures(0.96, 1000.0)
    assert SizingGoal(0.95).is_met(one)
    assert not SizingGoal(0.95, keep="rhythm").is_met(one)
    assert SizingGoal(0.48, keep="rhythm").is_met(one)
    assert SizingGoal(keep="rhythm").costs(one)[0] == pytest.approx(0.52)
    assert (one.share().count, one.share("rhythm").count) == (96, 48)
    # worse in the regime, better in the rhythm
    other = figures(0.9, 1000.0, rhythm_yield=0.8)
    assert front(trials(one, other), SizingGoal()) == (0,)
    assert front(trials(one, other), SizingGoal(keep="rhythm")) == (1,)
    with pytest.raises(InputError, match="choose from regime, rhythm"):
        SizingGoal(keep="voltage")


def test_what_is_beyond_the_budget_is_not_on_the_front():
    many = trials(figures(0.5, 1000.0), figures(0.9, 3000.0))
    assert front(many, SizingGoal(area=2000.0)) == (0,)
    assert front(many, SizingGoal(power=1e-7)) == ()
    assert front(many, SizingGoal(isi_error=0.01)) == ()


def test_a_goal_is_met_by_all_it_asks_for():
    one = figures(0.95, 1000.0)
    assert SizingGoal(0.95, 0.05, 1000.0, 4e-7).is_met(one)
    assert not SizingGoal(0.96).is_met(one)
    assert not SizingGoal(0.9, area=999.0).is_met(one)
    assert not SizingGoal(0.9).is_met(figures(0.95, 1000.0, nominal_fires=False))
    assert SizingGoal(0.9, area=500.0).excess(one) == {"area": pytest.approx(1.0)}


@pytest.mark.parametrize("goal", [{"sample_yield": 1.5}, {"sample_yield": 0.0}, {"area": -1.0}])
def test_impossible_goals_are_refused(goal):
    with pytest.raises(InputError, match="must be"):
        SizingGoal(**goal)


def study(checked: SizingFigures | None) -> SizingResults:
    many = trials(figures(0.5, 1000.0), figures(0.9, 3000.0), None, figures(0.4, 1500.0, math.inf))
    return SizingResults(
        name="burster",
        technology="sky130",
        regime="tonic_bursting",
        current="0:-1",
        duration=100.0,
        seed=0,
        goal=SizingGoal(0.9),
        trials=many,
        start=0,
        front=front(many, SizingGoal(0.9)),
        chosen=None if checked is None else 1,
        checked=checked,
    )


@pytest.mark.parametrize("checked", [figures(0.91, 3000.0), None])
def test_an_outcome_can_be_drawn_and_written(tmp_path, checked):
    outcome = study(checked)
    save_figure(sizing_figure(outcome), tmp_path / "sizing.png")
    assert (tmp_path / "sizing.png").stat().st_size > 5000
    document = json.loads(json.dumps(plain(sizing_to_json(outcome)), allow_nan=False))
    assert document["met"] is (checked is not None)
    assert document["trials"][3]["figures"]["energy_per_spike"] is None
    assert document["goal"]["area"] is None


def test_results_are_a_short_line():
    assert repr(study(None)).startswith("SizingResults(")
    assert len(repr(study(None))) < 150
