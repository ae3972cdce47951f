"""Two processes of torchrun train the network that one process trains."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from codesign.training.train import train_run
from neuron_model.runs.run_configuration import read_run_configuration

CONFIG = """
[task]
samples = 300
window = 20
washout = 8
horizon = 4
transient = 50.0
validation_fraction = 0.2
[network]
neurons = 4
steps_per_sample = 2
dtype = "float64"
[training]
steps = 5
batch = 8                # of both together: four for each
silence_weight = 0.5
activity_weight = 0.5
activity_target = 0.1
headroom = 1.5
validate_every = 2
"""


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def torchrun(config: Path, run: Path) -> subprocess.CompletedProcess:
    # As --standalone, whose "localhost" not every machine resolves, nor its own name.
    meet = ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"]
    meet += ["--local-addr", "127.0.0.1"]
    words = [*meet, "--nproc-per-node", "2", "-m", "codesign", "train", config]
    return subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *words, "--out", run, "--json"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_two_processes_equal_one_with_the_double_batch(tmp_path: Path):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    done = torchrun(config, tmp_path / "two")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"nrmse"') == 1
    assert done.stderr.count("step 5 of 5") == 1
    one = train_run(read_run_configuration(config), tmp_path / "one")
    assert one.result.history[0].loss > 1.1 * one.result.history[0].error  # all terms count
    found = load_file(tmp_path / "two" / "model.safetensors")
    for name, value in load_file(tmp_path / "one" / "model.safetensors").items():
        torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-11)
    histories = [
        [row.split(",") for row in (tmp_path / who / "history.csv").read_text().splitlines()]
        for who in ("one", "two")
    ]
    for row, other in zip(*histories, strict=True):
        for a, b in zip(row, other, strict=True):
            assert a == b or float(a) == pytest.approx(float(b), rel=1e-9)
    assert sorted(f.name for f in (tmp_path / "two").iterdir()) == sorted(
        f.name for f in (tmp_path / "one").iterdir()
    )
