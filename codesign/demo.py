"""The whole loop on a small case: train, export every neuron, simulate some, judge, report."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from circuits.technology import Technology
from codesign.building.built_circuit import build
from codesign.building.source import load_source
from codesign.networks.built_network import build_network
from codesign.networks.files import export_network, write_network_validation
from codesign.networks.run_task import task_of_run
from codesign.networks.validation import NetworkValidation
from codesign.pictures.network_plots import network_figure
from codesign.pictures.plots import save_figure
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.network.study import cases_of, study_network
from codesign.terminal.console import StepProgress
from codesign.training.train import TrainedRun, demo_configuration, train_run
from codesign.validation.validation import Validation, write_validation
from codesign.workbench import Workbench, WorkbenchSettings
from netlists.accuracy import Accuracy
from netlists.engine import Engine
from neuron_model.model.drive import Drive
from neuron_model.network.network import MTCNetwork, neurons_of
from neuron_model.network.neuron import MTCNeuron

Stage = Callable[[str], AbstractContextManager[StepProgress]]
"""Shows the progress of one stage, whose title it is given, while its block runs."""

# Of model time: what of the recorded input each validated neuron is driven with.
_DURATION = 3000.0

PICTURE = "network.png"


@dataclass(frozen=True)
class Extent:
    """How much of it ngspice simulates.

    neurons: of the network, one by one. samples: of the test series that the whole network's
    circuit gets, its washout included. accuracy: of the neurons' simulations. time_limit: seconds
    for one simulation.
    """

    neurons: int = 6
    samples: int = 90
    accuracy: Accuracy = Accuracy.AUTO
    time_limit: float | None = None


@dataclass(frozen=True)
class DemoResult:
    """What the demonstration came to."""

    folder: Path
    trained: TrainedRun
    neurons: int
    validation: Validation
    network: NetworkValidation
    files: tuple[Path, ...]


def demo(
    folder: Path,
    technology: Technology,
    seed: int,
    stage: Stage,
    extent: Extent,
) -> DemoResult:
    """Run it into ``folder``.

    Raises:
        CodesignError: a step failed.
    """
    with stage("1/5 training on Mackey-Glass") as progress:
        trained = train_run(demo_configuration(seed), folder, progress, restart=True)
    source = load_source(str(folder))
    with Engine(timeout=None, time_limit=extent.time_limit) as engine:
        with stage("2/5 mapping and export") as progress:
            drives = tuple(drive.lasting(_DURATION) for drive in source.drives or ())
            driven = replace(source, drives=drives)
            built = build(driven, technology, workbench=Workbench(engine, progress))
            files = built.export(folder, neurons_only=True).files
        with stage("3/5 simulating in ngspice") as progress:
            engine.watch = progress.watch
            chosen = liveliest(trained.network, drives, extent.neurons)
            built = replace(built, workbench=Workbench(engine, progress))
            validation = built.validate(chosen, extent.accuracy)
    write_validation(folder / "validation.json", validation)
    network, more = _network(folder, technology, stage, extent)
    return DemoResult(folder, trained, len(source.neurons), validation, network, (*files, *more))


def _network(
    folder: Path, technology: Technology, stage: Stage, extent: Extent
) -> tuple[NetworkValidation, tuple[Path, ...]]:
    """The whole network as one circuit: its files, and its task in ngspice, on all cores."""
    settings = WorkbenchSettings(time_limit=extent.time_limit)
    with (
        stage("4/5 the task of the whole network in ngspice") as progress,
        LocalExecutor(None, settings, progress, progress.watch) as executor,
    ):
        network = build_network(task_of_run(folder), technology, executor.tools)
        files = export_network(network, folder, extent.samples).files
        study, found = study_network(network, executor, cases_of(network, extent.samples))
        if found is None:
            raise SystemExit(study.exit_status)
        assert isinstance(found, NetworkValidation)
        write_network_validation(folder, found)
        save_figure(network_figure(found), folder / PICTURE)
    return found, (*files, folder / PICTURE)


def liveliest(network: MTCNetwork, drives: Sequence[Drive], count: int) -> tuple[int, ...]:
    """``count`` neurons from the most active one down to the median, by spikes of the model.

    Neurons at rest would agree too easily, so the quieter half is left out.
    """
    dt = network.configuration.dt
    times = np.arange(0.0, max(drive.duration for drive in drives), dt)
    current = torch.tensor(np.stack([drive.stimulus(times) for drive in drives], axis=1))
    with torch.no_grad():
        layer = MTCNeuron(neurons_of(network), dt=dt, learn=(), dtype=torch.float64)
        s, _ = layer(current[None])
    active = s[0] > 0
    spikes = (active[1:] & ~active[:-1]).sum(dim=0).numpy()
    order = np.argsort(spikes, kind="stable")[::-1]
    last = max(count, len(order) // 2) - 1
    picks = np.linspace(0, last, count).round().astype(int)
    return tuple(sorted(int(order[i]) for i in picks))
