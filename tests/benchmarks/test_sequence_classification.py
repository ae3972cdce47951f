"""The benchmark of classification on a set of a few lines."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import sequence_classification as benchmark
from neuron_model.errors import MissingDependencyError
from neuron_model.tasks.sequence_file import SequenceFile


def written(folder: Path) -> Path:
    (folder / "Slopes").mkdir()
    for part, seed in (("TRAIN", 0), ("TEST", 1)):
        noise = 0.1 * np.random.default_rng(seed).normal(size=(12, 8))
        rows = noise + np.linspace(-1, 1, 8) * np.where(np.arange(12) % 2, 1, -1)[:, None]
        lines = [",".join(f"{v:.3f}" for v in row) + f":{i % 2}" for i, row in enumerate(rows)]
        text = "@classLabel true 0 1\n@data\n" + "\n".join(lines) + "\n"
        (folder / "Slopes" / f"Slopes_{part}.ts").write_text(text)
    return folder


def test_networks_have_about_the_same_number_of_parameters(tmp_path: Path):
    pytest.importorskip("snntorch")
    data = SequenceFile(str(written(tmp_path) / "Slopes/Slopes_TRAIN.ts")).sequences()
    counts = {
        kind: benchmark.parameter_count(
            benchmark.make_network(
                kind, 8 if kind == "MTC" else benchmark.equal_size(kind, 8, data), data, 0
            )
        )
        for kind in benchmark.KINDS
    }
    assert all(abs(n / counts["MTC"] - 1) < 0.1 for n in counts.values())


def test_it_prints_a_row_for_each_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("snntorch")
    folder = written(tmp_path)
    words = ["--sets", "Slopes", "--data", str(folder), "--steps", "2", "--neurons", "4"]
    out = tmp_path / "table.md"
    assert benchmark.main([*words, "--json", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["kind"] for row in found["rows"]] == ["MTC", "AdLIF", "LIF"]
    assert found["neighbors"] == {"Slopes": 1.0}
    assert out.read_text().count("| Slopes |") == 4
    assert json.loads((tmp_path / "table.json").read_text()) == found


def test_without_data_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(benchmark, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install aeon"):
        benchmark.data_folder(None)
