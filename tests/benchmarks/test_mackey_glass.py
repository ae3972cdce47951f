import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.mackey_glass import __main__ as benchmark
from benchmarks.mackey_glass import run
from benchmarks.mackey_glass.networks import make_network, parameter_count
from benchmarks.mackey_glass.run import Result, Score, read_result, result_file, run_once
from benchmarks.mackey_glass.settings import MODELS, TASK, read_settings, with_state
from benchmarks.mackey_glass.table import comma_separated, make_row, markdown, picture
from neuron_model.errors import InputError
from neuron_model.tasks.mackey_glass import MackeyGlass


def result(
    model: str, seed: int, nrmse: float, weight: float = 0.0, state: str = "carried"
) -> Result:
    score = Score(nrmse, 1.05 * nrmse, 0.02, 0.1, 300.0)
    return Result(model, seed, weight, state, 5600, score, score, 10, 20, 1.5, "2")


def test_horizon_and_parameter_counts():
    assert TASK.horizon * TASK.interval == 135.0
    assert (TASK.beta, TASK.gamma, TASK.n, TASK.tau) == (0.2, 0.1, 10.0, 17.0)
    counts = [parameter_count(make_network(s, 0)) for s in benchmark.all_settings().values()]
    assert max(counts) <= 1.02 * min(counts)


def test_one_of_them_is_what_a_circuit_can_have():
    network = make_network(benchmark.all_settings()["mtc_ota"], 0)
    for layer in network.layers:
        neurons = layer.parameters_now()
        assert neurons.output == "ota"
        assert (neurons.u_saturation - neurons.u_threshold == 1.0).all()
    assert network.low_pass.kind == "exact"
    published = make_network(benchmark.all_settings()["mtc"], 0)
    assert {layer.parameters_now().output for layer in published.layers} == {"clip"}
    assert published.low_pass.kind == "paper"


def test_networks_come_from_the_seed():
    settings = benchmark.all_settings()["mtc"]
    one, same, other = (make_network(settings, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[k], same[k]) for k in one)
    assert not torch.equal(one["projections.0.weight"], other["projections.0.weight"])


def test_a_network_is_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    task = MackeyGlass(
        samples=400, interval=3.0, horizon=5, window=20, washout=8, validation_fraction=0.2
    )
    monkeypatch.setattr(run, "TASK", task)
    settings = benchmark.all_settings()["adlif"]
    training = dataclasses.replace(settings.training, steps=2, batch=2)
    settings = dataclasses.replace(settings, sizes=(3, 3), training=training)
    first = run_once(tmp_path, settings, 3, lambda text: None)
    assert result_file(tmp_path, settings, 3).exists()
    assert 0 < first.test.nrmse < 10
    assert 0 < first.test.stream_nrmse < 10
    assert first.test.stream_nrmse != first.test.nrmse
    weights = load_file(result_file(tmp_path, settings, 3).with_suffix(".safetensors"))
    assert weights.keys() == make_network(settings, 3).state_dict().keys()
    monkeypatch.setattr(run, "fit", None)
    assert run_once(tmp_path, settings, 3, lambda text: None) == first


def test_table_has_means_deviations_and_ratios():
    rows = [
        make_row([result("mtc", 0, 0.1), result("mtc", 1, 0.3)]),
        make_row([result("lif", 0, 0.4), result("lif", 1, 0.4)]),
    ]
    assert rows[0].mean.nrmse == pytest.approx(0.2)
    assert rows[0].deviation.nrmse == pytest.approx(0.1 * 2**0.5)
    lines = markdown(rows).splitlines()
    assert "0.2000 ± 0.1414" in lines[2]
    assert lines[-1].split("|")[1].strip() == "MTC / LIF"
    names = [cell.strip() for cell in lines[0].split("|")]
    assert lines[-1].split("|")[names.index("NRMSE, windows")].strip() == "0.50"
    assert "0.2100 ± 0.1485" in lines[2].split("|")[names.index("NRMSE, one run")]
    columns = comma_separated([result("mtc", 0, 0.1)]).splitlines()
    assert columns[0].count(",") == columns[1].count(",")


def test_files_tell_networks_of_the_table_from_the_sweep(tmp_path: Path):
    settings = benchmark.all_settings()
    for model in MODELS:
        for seed in (0, 1):
            weight = settings[model].training.activity_weight
            one = result(model, seed, 0.1 + seed, weight)
            path = result_file(tmp_path / "networks", settings[model], seed)
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(dataclasses.asdict(one)))
            assert read_result(path) == one
    other = benchmark.with_activity_weight(settings["mtc"], 99.0)
    path = result_file(tmp_path / "networks", other, 0)
    path.write_text(json.dumps(dataclasses.asdict(result("mtc", 0, 5.0, 99.0))))
    benchmark.main(["--tables", "--networks", str(tmp_path / "networks"), "--out", str(tmp_path)])
    table = json.loads((tmp_path / "table.json").read_text())
    assert [row["mean"]["nrmse"] for row in table] == pytest.approx([0.6] * len(MODELS))
    assert (tmp_path / "activity.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "networks.csv").read_text().splitlines()) == 1 + 2 * len(MODELS) + 1


def test_networks_trained_from_rest_have_rows_and_files_of_their_own(tmp_path: Path):
    settings = benchmark.all_settings()
    for state, nrmse in (("carried", 0.1), ("from_rest", 0.5)):
        for seed in (0, 1):
            weight = settings["mtc"].training.activity_weight
            path = result_file(tmp_path / "networks", with_state(settings["mtc"], state), seed)
            path.parent.mkdir(exist_ok=True)
            one = result("mtc", seed, nrmse, weight, state)
            path.write_text(json.dumps(dataclasses.asdict(one)))
    benchmark.main(["--tables", "--networks", str(tmp_path / "networks"), "--out", str(tmp_path)])
    table = json.loads((tmp_path / "table.json").read_text())
    assert [(row["state"], row["mean"]["nrmse"]) for row in table] == [
        ("carried", 0.1),
        ("from_rest", 0.5),
    ]
    lines = (tmp_path / "table.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["MTC", "MTC, trained from rest"]


def test_picture_of_nothing_is_a_picture():
    assert picture([], []).startswith(b"\x89PNG")


def test_settings_that_are_not_complete_are_refused(tmp_path: Path):
    path = tmp_path / "mtc.toml"
    path.write_text('model = "mtc"\n')
    with pytest.raises(InputError, match="mtc.toml: must have the keys"):
        read_settings(path)
