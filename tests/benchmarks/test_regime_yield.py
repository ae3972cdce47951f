"""The yield chain: its inputs are what they say, and its table and picture what was found."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.regime_yield.__main__ import row, table
from benchmarks.regime_yield.calibrated import _Some
from benchmarks.regime_yield.plots import chain_figure
from benchmarks.regime_yield.steps import STEPS, burster, neuron_of, technology_of
from circuits.technology import load_technology
from codesign.pictures.plots import save_figure
from neuron_model.analysis.regimes import Regime, RegimeReport
from tests.mapping import neurons

COSTS = {
    "gate_area": 10_000.0,
    "diffusion_area": 3_000.0,
    "capacitor_area": 22_000.0,
    "static_power": 3.5e-7,
}


MODEL = RegimeReport(Regime.TONIC_BURSTING, 1.0, 20, (), 4, 5.0, 20.0, 300.0)


def reports(bursting: int, resting: int) -> list[RegimeReport]:
    return [MODEL] * bursting + [RegimeReport(Regime.RESTING, 1.0, 0, ())] * resting


def test_the_neuron_is_the_published_one_until_it_is_trained():
    assert burster() == neurons.burster()
    assert neuron_of("sized") == burster()
    trained = neuron_of("calibrated")
    assert [e.timescale for e in trained.elements] == [e.timescale for e in burster().elements]
    for after, before in zip(trained.elements, burster().elements, strict=True):
        assert 0.8 <= after.alpha / before.alpha <= 1.25
        assert abs(after.delta - before.delta) <= 0.3


def test_the_sizes_are_larger_ones_on_sky130():
    first, sized = technology_of("untrained"), technology_of("sized")
    assert first == load_technology("sky130")
    assert sized.mismatch == first.mismatch
    assert all(
        sized.size("ota", role).area > 1.9 * first.size("ota", role).area
        for role in ("pair", "tail", "pmos_mirror", "nmos_mirror")
    )


def test_a_row_counts_samples():
    one = row("sized", COSTS, MODEL, None, reports(3, 1), reports(9, 1), "usual")
    assert one["samples"] == 10
    assert (one["macromodel"]["regime"]["share"], one["circuit"]["regime"]["share"]) == (0.75, 0.9)
    assert one["circuit"]["rhythm"]["count"] == 9
    slower = replace(MODEL, interspike_interval=30.0)
    other = row("sized", COSTS, slower, None, None, reports(9, 1), "usual")
    assert (other["circuit"]["rhythm"]["count"], other["macromodel"]) == (0, None)
    assert one["regimes"] == {"tonic_bursting": 9, "resting": 1}


def test_the_table_and_the_picture_show_every_step(tmp_path):
    rows = [
        row(step, COSTS, MODEL, None, reports(1, 1), reports(i, 1), "usual")
        for i, step in enumerate(STEPS, 1)
    ]
    rows[-1]["macromodel"] = None
    text = table(rows)
    assert [line.split(" | ")[0] for line in text.splitlines()[2:]] == [f"| {s}" for s in STEPS]
    cells = [cell.strip() for cell in text.splitlines()[3].strip("|").split("|")]
    assert cells[:4] == ["sized", "usual", "3", "66.7 % (20.8 to 93.9 %)"]
    assert cells[5] == cells[3]  # all that burst have the rhythm
    assert cells[7:] == ["10000", "3000", "22000", "350"]
    save_figure(chain_figure(rows), tmp_path / "chain.png")
    assert (tmp_path / "chain.png").stat().st_size > 5000


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_shares_at_the_ends_can_be_drawn(tmp_path, share):
    samples = reports(4, 0) if share else reports(0, 4)
    rows = [row(step, COSTS, MODEL, None, samples, samples, "usual") for step in STEPS]
    save_figure(chain_figure(rows), tmp_path / "chain.png")


def test_both_mismatch_sets_are_shown_and_what_was_not_simulated_is_left_out(tmp_path):
    rows = [
        row(step, COSTS, MODEL, None, reports(3, 1), None, name)
        for step in STEPS
        for name in ("usual", "pessimistic")
    ]
    assert {one["samples"] for one in rows} == {4}
    lines = table(rows).splitlines()[2:]
    assert [line.split(" | ")[1] for line in lines] == ["usual", "pessimistic"] * len(STEPS)
    cells = [cell.strip() for cell in lines[0].strip("|").split("|")]
    assert cells[3:5] == ["", "75.0 % (30.1 to 95.4 %)"]
    save_figure(chain_figure(rows), tmp_path / "chain.png")
    assert (tmp_path / "chain.png").stat().st_size > 5000


def test_a_step_is_drawn_by_the_set_that_is_asked_for():
    for step in STEPS:
        names = [technology_of(step, name).mismatch.name for name in ("ordinary", "subthreshold")]
        assert names == ["ordinary", "subthreshold"]


def test_samples_that_are_calibrated_are_measured_under_their_own_numbers():
    class Every:
        def currents(self, rows, values, voltage, without=None):
            return rows, values, voltage, without

        def patterns(self, rows, values, duration):
            return rows, values, duration

    some = _Some(Every(), np.array([3, 8, 21]))
    rows, values, _, without = some.currents(np.array([2, 0]), np.eye(2), np.zeros(2), "fm0")
    assert rows.tolist() == [21, 3]
    assert values.tolist() == np.eye(2).tolist()
    assert without == "fm0"
    assert some.patterns(np.array([1]), np.ones((1, 2)), 9.0)[0].tolist() == [8]
