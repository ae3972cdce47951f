"""Train on a table of your own: a tank's level, ten rows ahead, from the pump and the level.

    codesign train examples/own_series.toml --out runs/own_series

is all that it takes. This script does the same from Python and draws what the network predicts
beside what was measured: `python examples/own_series.py [--out runs/own_series] [--steps 200]`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure

from codesign.pictures.plots import save_figure
from codesign.training.train import TrainedRun, train_run
from neuron_model.runs.run_configuration import read_run_configuration
from neuron_model.tasks.series import Series, make_series

CONFIGURATION = Path(__file__).with_suffix(".toml")
TABLE = Path(__file__).with_suffix(".csv")


def make_table(rows: int = 1500) -> str:
    """The table that lies beside this script: a tank that drains, fed by a pump of two rhythms."""
    random = np.random.default_rng(0)
    level = 1.0
    lines = ["time,pump,level"]
    for time in range(rows):
        rhythms = np.sin(2 * np.pi * time / 61.0) + 0.6 * np.sin(2 * np.pi * time / 23.0)
        pump = max(0.0, 0.5 + 0.3 * rhythms + 0.05 * random.normal())
        lines.append(f"{time},{pump:.4f},{level:.4f}")
        level += 0.2 * pump - 0.1 * np.sqrt(level) + 0.005 * random.normal()
    return "\n".join(lines) + "\n"


@torch.no_grad()
def predicted_and_measured(trained: TrainedRun, series: Series) -> tuple[np.ndarray, np.ndarray]:
    """What the network predicts on the test part, and what was measured, in the table's units."""
    signal = torch.tensor(series.test.signal[None]).to(trained.network.readout.weight)
    said, _ = trained.network(signal)
    scale = series.target_scale
    return (
        scale.mean + scale.deviation * said[0].double().numpy(),
        scale.mean + scale.deviation * series.test.target,
    )


def main(arguments: argparse.Namespace) -> TrainedRun:
    """Train and draw."""
    configuration = read_run_configuration(CONFIGURATION)
    configuration = replace(
        configuration, training=replace(configuration.training, steps=arguments.steps)
    )
    trained = train_run(configuration, arguments.out, restart=True)
    predicted, measured = predicted_and_measured(trained, make_series(configuration.series_task))
    with mpl.rc_context({"axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7.0, 2.6), layout="constrained")
        axes = figure.subplots()
        axes.plot(measured[:, 0], color="0.6", label="measured")
        axes.plot(predicted[:, 0], color="C0", label="predicted")
        axes.set_xlabel("row of the test part")
        axes.set_ylabel("level")
        axes.legend(frameon=False)
        picture = save_figure(figure, arguments.out / "predicted.png")
    print(f"NRMSE {trained.nrmse:.3f}, last value {trained.trivial['last value']:.3f}; {picture}")
    return trained


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/own_series"))
    parser.add_argument("--steps", type=int, default=200, help="of the training")
    main(parser.parse_args())
