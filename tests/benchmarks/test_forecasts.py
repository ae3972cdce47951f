"""The benchmark of forecasts: its tasks, its rows, and the recorded tables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.forecasts import __main__ as benchmark
from benchmarks.forecasts import lengths, rows, why
from benchmarks.forecasts.echo_state import echo_state_nrmse
from benchmarks.forecasts.rows import Row, mtc_nrmse, table, verdict
from benchmarks.forecasts.series import HORIZONS, SERIES, Forecast, forecast_task, henon, narma
from neuron_model.tasks.series import trivial_stream_nrmse

RESULTS = Path(__file__).parents[2] / "docs" / "results"
ONE = Row("Henon", 1, 2997, 90, 16, 5, 1.5, 0.8, (0.02, 0.03, 0.04), (0.05,), 1.0)


def test_the_maps_obey_their_equations():
    x = henon(50)[:, 0]
    assert x[2:] == pytest.approx(1.0 - 1.4 * x[1:-1] ** 2 + 0.3 * x[:-2])
    u, y = narma(60).T
    t = 40
    assert y[t + 1] == pytest.approx(
        0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 1.5 * u[t - 9] * u[t] + 0.1
    )


@pytest.mark.parametrize("name", list(HORIZONS))
def test_flows_are_forecast_where_the_last_value_says_no_more_than_the_mean(name: str):
    x = SERIES[name]()[:, 0]
    x = x[: int(0.7 * len(x))]

    def error(ahead: int) -> float:
        return float(np.sqrt(np.mean((x[ahead:] - x[:-ahead]) ** 2) / x.var()))

    assert error(HORIZONS[name] - 1) < 1.0 <= error(HORIZONS[name])


def test_short_series_have_short_windows():
    pytest.importorskip("statsmodels")
    task = forecast_task("sunspots, yearly")
    assert (task.horizon, task.window, task.washout) == (1, 30, 13)
    assert len(task.series().validation) >= task.window


def test_an_echo_state_network_learns_what_persistence_does_not():
    pytest.importorskip("reservoirpy")
    task = Forecast("Henon")
    series = task.series()
    found = echo_state_nrmse(task, series, 16, seed=0)
    assert found == echo_state_nrmse(task, series, 16, seed=0)
    assert found < 0.1 * trivial_stream_nrmse(task, series)["last value"]


def test_more_units_of_an_echo_state_network_say_more():
    pytest.importorskip("reservoirpy")
    task = Forecast("Henon")
    few, many = (echo_state_nrmse(task, task.series(), units, seed=0) for units in (3, 24))
    assert many < few


def test_a_row_is_counted_by_its_medians():
    assert ONE.beats_persistence
    assert not ONE.beats_echo_state
    assert ONE.over_ridge == pytest.approx(0.0625)
    assert "| Henon | 1 | 1.500 | 0.800 | 0.030 (0.020 to 0.040) | 0.050 | 0.06 |" in table([ONE])
    two = [ONE, replace(ONE, series="Lorenz", mtc=(0.01,), ridge=0.005)]
    assert verdict(two) == (
        "MTC beats persistence on 2 of 2, the echo state network on 1 of 2 (not Henon), and is "
        "within 1.2 times ridge on 1 of 2 (not Lorenz).\n"
    )


def test_rows_that_are_there_are_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asked = []

    def row(name: str, neurons: int, seeds: int, echo_seeds: int, steps: int) -> Row:
        asked.append(name)
        return replace(ONE, series=name, neurons=neurons, steps=steps)

    monkeypatch.setattr(benchmark, "row", row)
    words = ["--steps", "5", "--seeds", "1", "--echo-seeds", "3", "--out", str(tmp_path)]
    assert benchmark.main([*words, "--series", "Henon"]) == 0
    assert benchmark.main([*words, "--series", "Henon", "NARMA-10"]) == 0
    assert asked == ["Henon", "NARMA-10"]
    assert (tmp_path / "table.md").read_text() in capsys.readouterr().out


def test_ways_differ_from_the_usual_one_in_one_thing():
    usual, *others = why.WAYS.values()
    for way in others:
        assert sum(getattr(way, f) != getattr(usual, f) for f in vars(usual)) == 1


def test_an_mtc_network_is_that_of_the_way(monkeypatch: pytest.MonkeyPatch):
    asked = []

    class Done:
        class result:
            stream_nrmse = 0.5

    def train(network: object, task: object, configuration: object, progress: object) -> object:
        asked.append((network, configuration))
        return Done

    monkeypatch.setattr(rows, "train", train)
    way = why.WAYS["fit of the readout: none"]
    assert mtc_nrmse(Forecast("Henon"), 3, 7, way) == 0.5
    [(network, configuration)] = asked
    assert (network.layers[0].neurons, network.seed) == (3, 7)
    assert (configuration.ridge, configuration.steps) == (0.0, way.steps)


def test_the_recorded_table_is_that_of_the_recorded_rows():
    recorded = benchmark.read_rows(RESULTS / "forecasts")
    printed = (RESULTS / "forecasts" / "table.md").read_text()
    assert table(recorded) + "\n" + verdict(recorded) == printed
    assert [r.series for r in recorded] == list(SERIES)
    assert table(recorded) in (RESULTS / "README.md").read_text()


def test_what_the_error_hangs_on_is_recorded_for_every_way():
    text = (RESULTS / "forecasts" / "why.json").read_text()
    found = [why.Found(**one) for one in json.loads(text)]
    assert [one.way for one in found] == list(why.WAYS)
    assert why.table(found) in (RESULTS / "README.md").read_text()


def test_lengths_that_are_there_are_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asked = []

    def trained(task: Forecast, neurons: int, seed: int, way: rows.Way) -> float:
        asked.append((task.name, seed, way.steps))
        return 0.1 * (seed + 1)

    monkeypatch.setattr(lengths, "mtc_nrmse", trained)
    monkeypatch.setattr(lengths, "LENGTHS", {"Henon": (3, (5, 10))})
    for _ in range(2):
        assert benchmark.main(["--lengths", "--out", str(tmp_path)]) == 0
    assert asked == [("Henon", seed, steps) for steps in (5, 10) for seed in range(3)]
    printed = capsys.readouterr().out
    assert "| Henon | 5 | 0.200 (0.100 to 0.300) |" in printed
    assert (tmp_path / "lengths.md").read_text() in printed


def test_the_recorded_lengths_are_those_of_the_page():
    text = (RESULTS / "forecasts" / "lengths.json").read_text()
    found = [lengths.Length(**one) for one in json.loads(text)]
    assert lengths.table(found) in (RESULTS / "README.md").read_text()
    assert [(one.series, one.steps) for one in found] == [
        (name, steps) for name, (_, every) in lengths.LENGTHS.items() for steps in every
    ]
