"""A run that is killed, at whatever moment, and started again ends as if it had not been."""

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """
seed = 3
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
[training]
steps = 9
batch = 4
validate_every = 2
warmup = 3
[log]
checkpoint_every = 2
"""
SAME = (
    "config.toml",
    "currents.npz",
    "forecast.npz",
    "history.csv",
    "model.safetensors",
    "training.json",
)
ROOT = Path(__file__).parents[3]


def run(config: Path, folder: Path, *moments: int) -> tuple[list[int], str]:
    words = [sys.executable, "-m", "tests.codesign.killed_run", config, folder, *map(str, moments)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.splitlines()[-1].split()], done.stderr


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a run."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(folder / "tensorboard"))
    board.Reload()
    return {
        tag: [(event.step, event.value) for event in board.Scalars(tag)]
        for tag in board.Tags()["scalars"]
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """The configuration, a run that nothing has disturbed, and how many events it took."""
    folder = tmp_path_factory.mktemp("whole")
    config = folder / "config.toml"
    config.write_text(CONFIG)
    ends, errors = run(config, folder / "run")
    assert ends == [0]
    found = re.search(r"events (\d+)", errors)
    assert found is not None
    return config, folder / "run", int(found[1])


def test_killed_runs_end_with_the_same_files(whole: tuple[Path, Path, int], tmp_path: Path):
    config, undisturbed, events = whole
    assert events > 60
    draw = random.Random(0)
    # Each moment is counted from the start of its process: the later ones go on from a checkpoint.
    plans = [
        [draw.randrange(1, events + 1), draw.randrange(1, events // 2), draw.randrange(1, 20)]
        for _ in range(3)
    ]
    plans.append([events, 9, 7, 5, 3])
    killed = 0
    for index, moments in enumerate(plans):
        folder = tmp_path / str(index)
        ends, _ = run(config, folder, *moments)
        killed += ends.count(-9)
        assert ends[0] == -9
        assert ends[-1] == 0
        for name in SAME:
            same = (folder / name).read_bytes() == (undisturbed / name).read_bytes()
            assert same, (name, moments)
        left = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
        assert left == {*SAME, "tensorboard"}
        assert scalars(folder) == scalars(undisturbed)
    assert killed >= 8


def test_tensorboard_shows_each_step_once(whole: tuple[Path, Path, int]):
    _, folder, _ = whole
    shown = scalars(folder)
    assert [step for step, _ in shown["training/loss"]] == list(range(9))
    for tag in ("validation/nrmse", "validation/stream_nrmse"):
        assert [step for step, _ in shown[tag]] == [1, 3, 5, 7, 8]
    rows = (folder / "history.csv").read_text().splitlines()[2:]
    losses = [float(row.split(",")[1]) for row in rows]
    assert [value for _, value in shown["training/loss"]] == pytest.approx(losses, rel=1e-6)
