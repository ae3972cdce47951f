"""Training of a network, and the run folder that it leaves.

A run may be killed at any moment: what is in the folder then is enough to go on, and the same
command does, to the same weights. In the order in which they appear: ``config.toml``, the logs,
``checkpoint.safetensors`` again and again, then ``currents.npz``, ``forecast.npz``,
``model.safetensors`` and, last of all, ``training.json``, after which the checkpoint is of no more
use and goes. Where training was variation-aware, ``variation.json`` tells how samples of the
network do that it has not seen. Where it went through a circuit, ``circuit.json`` tells what the
network is worth without it, and ``start/model.safetensors`` is the network before.
"""

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from codesign.training.run_state import begin, finish, first_network, followed
from codesign.training.through_circuit import (
    PlainErrors,
    ThroughCircuit,
    read_plain_errors,
    trained_before,
)
from codesign.training.variation import VariationDrawer
from codesign.workbench import WorkbenchSettings
from neuron_model.atomic import write_atomically
from neuron_model.file_format import VARIATION
from neuron_model.network.description import Network
from neuron_model.network.model_file import read_model
from neuron_model.network.network import MTCNetwork
from neuron_model.progress import Progress, silent
from neuron_model.runs.file_names import (
    CIRCUIT_FILE,
    CORRECTION_FILE,
    FORECAST_FILE,
    MODEL_FILE,
    START_FILE,
    VARIATION_FILE,
)
from neuron_model.runs.forecast_file import forecast_content
from neuron_model.runs.result_file import read_result
from neuron_model.runs.run_configuration import (
    RunConfiguration,
    identity,
)
from neuron_model.runs.run_folder import run_files, stream_forecast
from neuron_model.shown import Shown
from neuron_model.tasks.series import Series, make_series, trivial_nrmse, trivial_stream_nrmse
from neuron_model.training import processes
from neuron_model.training.recording import recorded_currents
from neuron_model.training.scoring import evaluate_samples, evaluate_samples_stream
from neuron_model.training.training import (
    Callbacks,
    Snapshot,
    TrainingResult,
    TrainingStep,
    fit,
    history_of,
)

UNSEEN_SAMPLES = 20
"""On which a network is tested that was trained with variation; at each corner and temperature."""

DEMO_STEPS = 500

Watch = Callable[[TrainingStep, bool], None]
"""Sees a step, and whether it is new, or one of those that an earlier call did."""


@dataclass(frozen=True)
class SampleErrors:
    """Test NRMSE of samples, before the training and after it: in windows, and on the stream.

    mismatch_set: the technology's set of coefficients that they were drawn by.
    """

    before: tuple[float, ...]
    after: tuple[float, ...]
    stream_before: tuple[float, ...]
    stream_after: tuple[float, ...]
    mismatch_set: str = ""


@dataclass(frozen=True, repr=False)
class TrainedRun(Shown):
    """A trained network, how it went, and what the trivial predictors cost on the same task.

    trivial, trivial_stream: their NRMSE, by name, at the moments that windows score and at those
    that the stream scores. resumed: after how many steps this run went on from an earlier one; None
    where it began anew.
    samples: where it was trained with variation, the test NRMSE of others, the same before and
    after. plain: where it was trained through a circuit, that of the network without it; all other
    errors are then those through the circuit.
    """

    folder: Path
    network: MTCNetwork
    result: TrainingResult
    trivial: dict[str, float]
    trivial_stream: dict[str, float]
    resumed: int | None = None
    samples: SampleErrors | None = None
    plain: PlainErrors | None = None

    def _brief(self) -> str:
        sizes = self.network.configuration.sizes_text
        return f"{self.folder}: {sizes} neurons, NRMSE {self.nrmse:.4g}"

    def _rows(self) -> list[tuple[str, str]]:
        trivial = [(f"NRMSE of the {name}", f"{e:.4g}") for name, e in self.trivial.items()]
        return [*self.result._rows(), *trivial]

    def _drawing(self) -> str:
        return self.result._drawing()

    @property
    def nrmse(self) -> float:
        """Of the trained network on the part of the task that it was not trained on, in windows."""
        return self.result.nrmse

    @property
    def stream_nrmse(self) -> float:
        """The same in one continuous run."""
        return self.result.stream_nrmse


def demo_configuration(seed: int = 0) -> RunConfiguration:
    """The small network of `codesign demo`: 16 neurons, Mackey-Glass, under a minute.

    It is the same on every processor: it is trained in double precision, and what goes from
    step to step is rounded (:mod:`neuron_model.training.rounding`).
    """
    defaults = RunConfiguration()
    return RunConfiguration(
        seed=seed,
        network=replace(defaults.network, dtype="float64"),
        training=replace(defaults.training, steps=DEMO_STEPS, seed=seed, significant_bits=16),
        log=replace(defaults.log, tensorboard=False),
    )


def make_network(configuration: RunConfiguration, series: Series | None = None) -> MTCNetwork:
    """The network before training, drawn from the seed.

    Args:
        configuration: of the run.
        series: of its task, which says how many inputs and outputs there are; made if not given.
    """
    configuration = configuration.named()
    series = series or make_series(configuration.series_task)
    drawn = Network(configuration.layers, configuration.network, configuration.seed)
    return drawn.module(series.inputs, series.outputs)


def train_run(
    configuration: RunConfiguration,
    folder: Path,
    progress: Progress = silent,
    *,
    restart: bool = False,
    watch: Watch | None = None,
    stop: Callable[[], bool] | None = None,
) -> TrainedRun:
    """Train into a run folder, or go on where an earlier call with the same arguments was left.

    Started by torchrun, inside of ``processes.joined()``, all processes train and the first one
    writes.

    Args:
        configuration: of the run.
        folder: of the run; made where it is not there.
        progress: called with how many steps are done, how many there are, and a word on them.
        restart: begin anew, whatever the folder holds.
        watch: called with each step, also with those of an earlier call.
        stop: asked after each step whether to leave, with a checkpoint.

    Raises:
        InputError: the configuration does not fit together or is not that of the run in the
            folder, the folder cannot be written, or the loss is no longer finite.
        Interrupted: ``stop`` said so.
    """
    configuration = configuration.named()
    task = configuration.series_task
    series = make_series(task)
    trivial = trivial_nrmse(task, series)
    on_stream = trivial_stream_nrmse(task, series)
    network = first_network(configuration, series.inputs, series.outputs)
    whose = identity(configuration)
    first = processes.rank() == 0
    left: TrainingResult | Snapshot | None = None
    if first:
        left = begin(configuration, folder, restart, read_result)
    left = processes.share(left)
    if isinstance(left, TrainingResult):
        if first:
            network = read_model(folder / MODEL_FILE, configuration.network.backend)
        samples = _read_samples(folder) if configuration.variation.wanted else None
        plain = read_plain_errors(folder) if configuration.circuit.wanted else None
        done = len(left.history)
        return TrainedRun(folder, network, left, trivial, on_stream, done, samples, plain)
    history = () if left is None else history_of(left)

    with contextlib.ExitStack() as stack:
        steps = stack.enter_context(
            followed(configuration, folder, history, TrainingStep, watch, progress, first)
        )
        drawer, through = None, None
        if configuration.variation.wanted or configuration.circuit.wanted:
            limit = None if configuration.circuit.wanted else 600.0
            workbench = stack.enter_context(WorkbenchSettings(timeout=limit).open())
        if configuration.variation.wanted:
            drawer = VariationDrawer(configuration.variation, workbench)
        if configuration.circuit.wanted:
            if first and configuration.start:
                before = trained_before(Path(configuration.start))
                write_atomically(folder / START_FILE, before)
            if first and left is None:
                # of a run that was killed before its first checkpoint
                (folder / CORRECTION_FILE).unlink(missing_ok=True)
            through = ThroughCircuit(network, configuration, series, workbench, folder)
        steps.begin()
        result = fit(
            network if through is None else through.network,
            task,
            configuration.training,
            configuration.limits,
            Callbacks(steps.show, steps.save, steps.checkpoint_every, stop),
            resume=left,
            draw_samples=drawer if through is None else through,
        )
        plain = None if through is None else through.finish()
        samples = None
        if first and drawer is not None:
            samples = _judge_samples(configuration, series, network, drawer)
            write_atomically(folder / VARIATION_FILE, VARIATION.json_text(asdict(samples)) + "\n")
    if first:
        currents = recorded_currents(network, series, task.washout)
        files = run_files(network, task, series, result, currents, whose)
        if through is not None and plain is not None:
            forecast = stream_forecast(through.network, series, task.washout)
            files = {
                CIRCUIT_FILE: plain.document(),
                **files,
                FORECAST_FILE: forecast_content(forecast),
            }
        finish(folder, files)
    resumed = len(history) or None
    return TrainedRun(folder, network, result, trivial, on_stream, resumed, samples, plain)


def _judge_samples(
    configuration: RunConfiguration, series: Series, network: MTCNetwork, drawer: VariationDrawer
) -> SampleErrors:
    """Samples that training has not seen, of the network before it and after it."""
    unseen = drawer.with_samples(UNSEEN_SAMPLES)
    before_it = first_network(configuration, series.inputs, series.outputs)
    networks = before_it, network
    samples = [unseen(one, _UNSEEN_SEED) for one in networks]
    task, test = configuration.series_task, series.test
    both = list(zip(networks, samples, strict=True))
    before, after = (evaluate_samples(one, task, test, its) for one, its in both)
    stream_before, stream_after = (
        evaluate_samples_stream(one, task, test, its, series.before_test) for one, its in both
    )
    return SampleErrors(before, after, stream_before, stream_after, drawer.mismatch_set)


# Training draws with seeds from the configuration's upwards, one a step.
_UNSEEN_SEED = 2**62


def _read_samples(folder: Path) -> SampleErrors | None:
    path = folder / VARIATION_FILE
    entries = VARIATION.optional_json(path, str(folder))
    if entries is None:
        return None
    with VARIATION.reading(str(path)):
        drawn_by = str(entries.pop("mismatch_set", ""))
        errors = {name: tuple(map(float, values)) for name, values in entries.items()}
        return SampleErrors(**errors, mismatch_set=drawn_by)
