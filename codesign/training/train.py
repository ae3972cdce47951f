"""Training of a network, and the run folder that it leaves.

A run may be killed at any moment: what is in the folder then is enough to go on, and the same
command does, to the same weights. In the order in which they appear: ``config.toml``, the logs,
``checkpoint.safetensors`` again and again, then ``currents.npz``, ``forecast.npz``,
``model.safetensors`` and, last of all, ``training.json``, after which the checkpoint is of no more
use and goes. Where training was variation-aware, ``variation.json`` tells how samples of the
network do that it has not seen.
"""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from codesign.terminal.console import note
from codesign.training.variation import VariationDrawer
from codesign.workbench import WorkbenchSettings
from neuron_model.atomic import write_atomically, write_together
from neuron_model.errors import InputError
from neuron_model.network.description import Network
from neuron_model.network.model_file import read_model
from neuron_model.network.network import MTCNetwork
from neuron_model.progress import Progress, silent
from neuron_model.runs.file_names import (
    CHECKPOINT_FILE,
    CONFIG_FILE,
    CURRENTS_FILE,
    FORECAST_FILE,
    HISTORY_FILE,
    MODEL_FILE,
    RESULT_FILE,
    TENSORBOARD_FOLDER,
    VARIATION_FILE,
)
from neuron_model.runs.result_file import read_result
from neuron_model.runs.run_configuration import (
    RunConfiguration,
    differences,
    identity,
    read_written_configuration,
    run_configuration_to_toml,
)
from neuron_model.runs.run_folder import run_files
from neuron_model.runs.training_log import (
    TrainingLog,
    has_tensorboard,
)
from neuron_model.shown import Shown
from neuron_model.tasks.series import Series, make_series, trivial_nrmse, trivial_stream_nrmse
from neuron_model.training import processes
from neuron_model.training.checkpoint import read_checkpoint, write_checkpoint
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
    after.
    """

    folder: Path
    network: MTCNetwork
    result: TrainingResult
    trivial: dict[str, float]
    trivial_stream: dict[str, float]
    resumed: int | None = None
    samples: SampleErrors | None = None

    def _brief(self) -> str:
        sizes = " + ".join(str(size) for size in self.network.configuration.sizes)
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
    """The small network of `codesign demo`: 16 neurons, Mackey-Glass, under a minute."""
    defaults = RunConfiguration()
    return RunConfiguration(
        seed=seed,
        training=replace(defaults.training, seed=seed),
        log=replace(defaults.log, tensorboard=False),
    )


def make_network(configuration: RunConfiguration, series: Series | None = None) -> MTCNetwork:
    """The network before training, drawn from the seed.

    Args:
        configuration: of the run.
        series: of its task, which says how many inputs and outputs there are; made if not given.
    """
    series = series or make_series(configuration.task)
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
    series = make_series(configuration.task)
    trivial = trivial_nrmse(configuration.task, series)
    on_stream = trivial_stream_nrmse(configuration.task, series)
    network = _first_network(configuration, series)
    whose = identity(configuration)
    first = processes.rank() == 0
    left: TrainingResult | Snapshot | None = None
    if first:
        left = _begin(configuration, folder, whose, restart)
    left = processes.share(left)
    if isinstance(left, TrainingResult):
        if first:
            network = read_model(folder / MODEL_FILE, configuration.network.backend)
        samples = _read_samples(folder) if configuration.variation.wanted else None
        return TrainedRun(folder, network, left, trivial, on_stream, len(left.history), samples)
    total = configuration.training.steps
    history = () if left is None else history_of(left)

    with contextlib.ExitStack() as stack:
        log = stack.enter_context(_logs(configuration, folder, history)) if first else None
        drawer = None
        if configuration.variation.wanted:
            settings = WorkbenchSettings(timeout=600.0)
            drawer = VariationDrawer(configuration.variation, stack.enter_context(settings.open()))

        def show(done: TrainingStep) -> None:
            if log is not None:
                log.add(done)
            if watch is not None:
                watch(done, True)
            progress(done.step + 1, total, "training")

        def save(snapshot: Snapshot) -> None:
            if log is not None:
                log.flush()
                write_checkpoint(folder / CHECKPOINT_FILE, snapshot, whose)

        for done in history:
            if watch is not None:
                watch(done, False)
        result = fit(
            network,
            configuration.task,
            configuration.training,
            configuration.limits,
            Callbacks(
                show,
                save,
                configuration.log.checkpoint_every or max(1, min(100, total // 20)),
                stop,
            ),
            resume=left,
            draw_samples=drawer,
        )
        samples = None
        if first and drawer is not None:
            samples = _judge_samples(configuration, series, network, drawer)
            write_atomically(folder / VARIATION_FILE, json.dumps(asdict(samples), indent=1) + "\n")
    if first:
        currents = recorded_currents(network, series, configuration.task.washout)
        files = run_files(network, configuration.task, series, result, currents, whose)
        write_together({folder / name: content for name, content in files.items()})
        (folder / CHECKPOINT_FILE).unlink(missing_ok=True)
    return TrainedRun(folder, network, result, trivial, on_stream, len(history) or None, samples)


def _first_network(configuration: RunConfiguration, series: Series) -> MTCNetwork:
    """The network that training begins with."""
    if not configuration.start:
        return make_network(configuration, series)
    return read_model(Path(configuration.start) / MODEL_FILE, configuration.network.backend)


def _judge_samples(
    configuration: RunConfiguration, series: Series, network: MTCNetwork, drawer: VariationDrawer
) -> SampleErrors:
    """Samples that training has not seen, of the network before it and after it."""
    unseen = drawer.with_samples(UNSEEN_SAMPLES)
    networks = _first_network(configuration, series), network
    samples = [unseen(one, _UNSEEN_SEED) for one in networks]
    task, test = configuration.task, series.test
    both = list(zip(networks, samples, strict=True))
    before, after = (evaluate_samples(one, task, test, its) for one, its in both)
    stream_before, stream_after = (
        evaluate_samples_stream(one, task, test, its, series.before_test) for one, its in both
    )
    return SampleErrors(before, after, stream_before, stream_after, drawer.mismatch_set)


# Training draws with seeds from the configuration's upwards, one a step.
_UNSEEN_SEED = 2**62


def _read_samples(folder: Path) -> SampleErrors | None:
    try:
        entries = json.loads((folder / VARIATION_FILE).read_text(encoding="utf-8"))
        drawn_by = str(entries.pop("mismatch_set", ""))
        errors = {name: tuple(map(float, values)) for name, values in entries.items()}
        return SampleErrors(**errors, mismatch_set=drawn_by)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _begin(
    configuration: RunConfiguration, folder: Path, whose: str, restart: bool
) -> TrainingResult | Snapshot | None:
    """Make the folder ready; what is left of an earlier run of the same configuration."""
    _make(folder)
    config = folder / CONFIG_FILE
    if restart:
        _clear(folder)
    elif config.is_file() and _has_learned(folder):
        _refuse_another(configuration, config)
    write_atomically(config, run_configuration_to_toml(configuration))
    result = read_result(folder, whose)
    if result is not None:
        (folder / CHECKPOINT_FILE).unlink(missing_ok=True)
        return result
    return read_checkpoint(folder / CHECKPOINT_FILE, whose)


def _has_learned(folder: Path) -> bool:
    """Whether there is anything that another configuration would make useless."""
    return any((folder / name).is_file() for name in (RESULT_FILE, CHECKPOINT_FILE, MODEL_FILE))


def _make(folder: Path) -> None:
    """Make the folder, so that one that cannot be made is known before the training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made into a run folder ({error.strerror or error})."
        ) from error


def _clear(folder: Path) -> None:
    """Remove what a training writes, the file that says that it is whole before all others."""
    try:
        for name in (
            RESULT_FILE,
            CHECKPOINT_FILE,
            MODEL_FILE,
            CURRENTS_FILE,
            FORECAST_FILE,
            HISTORY_FILE,
            VARIATION_FILE,
        ):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / TENSORBOARD_FOLDER, ignore_errors=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be cleared ({error.strerror or error}).") from error


def _refuse_another(configuration: RunConfiguration, config: Path) -> None:
    hint = "Take another folder, or start anew in this one with --restart."
    try:
        there = read_written_configuration(config)
    except InputError as error:
        raise InputError(f"{error} {hint}") from error
    different = differences(configuration, there)
    if different:
        shown = "; ".join(different[:5]) + (" ..." if len(different) > 5 else "")
        raise InputError(
            f"{config.parent}: holds the run of another configuration: {shown}. {hint}"
        )


@contextlib.contextmanager
def _logs(
    configuration: RunConfiguration, folder: Path, history: tuple[TrainingStep, ...]
) -> Iterator[TrainingLog]:
    board = configuration.log.tensorboard
    if board and not has_tensorboard():
        board = False
        note(
            "TensorBoard is not installed, so only history.csv is written; "
            "`pip install mtc-codesign[tensorboard]` brings it."
        )
    log = TrainingLog(folder, history, board)
    try:
        yield log
    finally:
        log.close()
