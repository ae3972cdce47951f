"""``codesign train``: a network of neurons that a circuit can be made of."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesign.terminal.arguments import Subparsers, add_command
from codesign.terminal.parser import section

if TYPE_CHECKING:
    from codesign.training.train import TrainedRun
    from neuron_model.progress import Progress
    from neuron_model.runs.run_configuration import RunConfiguration
    from neuron_model.training.sequence_training import SequenceStep
    from neuron_model.training.training import TrainingStep


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "train",
        example="codesign train config.toml --out runs/first\n"
        "codesign train my.csv --target level --horizon 10 --out runs/mine\n"
        "codesign train runs/first --circuit sky130 --out runs/first_sky130\n"
        "codesign train GunPoint_TRAIN.ts --out runs/gestures\n"
        "torchrun --nproc-per-node 2 -m mtc_codesign train config.toml --out runs/first",
        description="Train a network and write a run folder: config.toml, model.safetensors, "
        "history.csv, currents.npz, forecast.npz, training.json and a log for TensorBoard. What it "
        "learned is scored in windows from rest, and in one continuous run, since a circuit has "
        'no reset; by default ([training] state = "carried") it is trained so that both '
        'agree, with "from_rest" every window begins from rest. The configuration is '
        "TOML with a seed and the tables [task], [network], [training], [limits], [variation], "
        "[circuit] and [log]; every value has a default. With [variation], each sequence is the "
        "input of a sample that is drawn transistor by transistor. With [circuit] or --circuit, "
        "the loss is that of the macromodel of the whole network's circuit, so that its weights "
        "make up for what the circuit does otherwise; in the configuration's place a run folder, "
        "whose network is trained on. A table of numbers in the "
        "configuration's place is learned with the defaults: its last column, one row ahead. A "
        "file of sequences (TS, NPZ of x and y, or a CSV table whose last column is a label) is "
        'classified: [task] with name = "sequences". A run that was stopped, by Ctrl-C or in any '
        "other way, resumes when the same command is given again.",
    )
    parser.add_argument(
        "config",
        type=Path,
        metavar="CONFIG|TABLE|RUN",
        help="the configuration file, or a CSV, NPZ or TS file to learn; with --circuit a run "
        "folder as well",
    )
    parser.add_argument(
        "--circuit",
        metavar="T",
        help="train through the macromodel of the network's circuit on this technology: generic, "
        "sky130, gf180mcu, or the path of a technology file",
    )
    table = section(parser, "table")
    table.add_argument(
        "--target",
        action="append",
        metavar="COLUMN",
        help="the column to forecast; may be given several times (default: the last one)",
    )
    table.add_argument(
        "--input",
        action="append",
        metavar="COLUMN",
        help="a column that is heard; may be given several times (default: all)",
    )
    table.add_argument(
        "--horizon", type=int, metavar="ROWS", help="how far ahead to forecast (default: 1)"
    )
    table.add_argument(
        "--missing",
        choices=("interpolate", "drop", "refuse"),
        help="what to do with rows of which a value is missing (default: interpolate)",
    )
    table.add_argument(
        "--interpolate-rows",
        type=int,
        metavar="N",
        help="the longest hole that is filled; longer ones are dropped (default: 5)",
    )
    table.add_argument(
        "--time",
        metavar="COLUMN",
        help="the column that says when each row was; none: there is none (default: looked for)",
    )
    table.add_argument(
        "--resample",
        type=float,
        metavar="STEP",
        help="average rows to one every STEP, in seconds for dates, else in the unit of the time",
    )
    section(parser, "output").add_argument(
        "-o", "--out", type=Path, required=True, metavar="RUN", help="the run folder to write"
    )
    parser.add_argument(
        "--restart", action="store_true", help="begin anew, whatever the run folder holds"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.studies.arguments import command_again
    from codesign.terminal.console import note
    from codesign.terminal.interruption import interruption
    from codesign.training.sequence_run import train_sequence_run
    from codesign.training.sequence_text import print_sequences
    from codesign.training.train import train_run
    from neuron_model.tasks.sequence_file import SequenceFile
    from neuron_model.tasks.series import make_series
    from neuron_model.tasks.series_file import SeriesFile
    from neuron_model.training import processes
    from neuron_model.training.training import Interrupted

    configuration = _with_circuit(arguments).named()
    # What is wrong with the data is known before all else.
    of_sequences = isinstance(configuration.task, SequenceFile)
    if isinstance(configuration.task, SequenceFile):
        configuration.task.sequences()
    else:
        make_series(configuration.task)
        if isinstance(configuration.task, SeriesFile):
            note(f"{configuration.task.file}: {configuration.task.said()}")
    with processes.joined(configuration.training.device), interruption() as stop:
        first = processes.rank() == 0
        try:
            with _progress(configuration, first) as (begun, watch):
                told: dict[str, Any] = {"restart": arguments.restart, "watch": watch, "stop": stop}
                if of_sequences:
                    sequence_run = train_sequence_run(configuration, arguments.out, begun, **told)
                else:
                    trained = train_run(configuration, arguments.out, begun, **told)
        except Interrupted as stopped:
            if first:
                note(
                    f"stopped by {signal.Signals(stop.signal or signal.SIGINT).name} after "
                    f"{stopped.step} of {configuration.training.steps} steps; {arguments.out} has "
                    f"them, and the same command resumes{command_again(arguments.words)}"
                )
            return stop.exit_status
        if of_sequences:
            print_sequences(sequence_run, arguments.json)
        elif first:
            _report(configuration, trained, arguments.json)
    return 0


def _with_circuit(arguments: argparse.Namespace) -> "RunConfiguration":
    """Of a configuration file, a table or a run folder, with the circuit that is asked for."""
    from codesign.training.through_circuit import tuning_of
    from neuron_model.errors import InputError
    from neuron_model.runs.circuit_settings import CircuitSettings

    path, options = arguments.config, _table_options(arguments)
    if path.is_dir():
        if arguments.circuit is None or options:
            raise InputError(
                f"{path}: is a folder; the network of a run folder is trained on with --circuit T, "
                "and without options of a table."
            )
        return tuning_of(path, arguments.circuit)
    configuration = _configuration(path, options)
    if arguments.circuit is None:
        return configuration
    return replace(configuration, circuit=CircuitSettings(arguments.circuit))


def _table_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Values of [task] that the command line gives, by name."""
    names = ("target", "input", "horizon", "missing", "interpolate_rows", "time", "resample")
    given = {name: getattr(arguments, name) for name in names}
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if value is not None
    }


def _configuration(path: Path, values: dict[str, Any]) -> "RunConfiguration":
    """Of a configuration file, or the defaults for a table of numbers, with ``values`` of it."""
    from codesign.terminal.console import note
    from neuron_model.errors import InputError
    from neuron_model.runs.run_configuration import RunConfiguration, read_run_configuration
    from neuron_model.tasks.columns import SUFFIXES
    from neuron_model.tasks.sequence_file import sequence_task_for
    from neuron_model.tasks.series_file import SeriesFile, task_for

    if path.suffix.lower() not in (*SUFFIXES, ".ts"):
        configuration = read_run_configuration(path)
        if not values:
            return configuration
        if not isinstance(configuration.task, SeriesFile):
            raise InputError(
                f"{path}: --{next(iter(values)).replace('_', '-')} is of a table; [task] has no "
                'name = "series".'
            )
        return replace(configuration, task=replace(configuration.task, **values))
    of_series = any(name in values for name in ("target", "horizon"))
    sequences = None if of_series else sequence_task_for(path.resolve())
    if sequences is not None:
        if values:
            raise InputError(
                f"{path}: --{next(iter(values)).replace('_', '-')} is of a series; the file holds "
                "sequences with labels. With --target COLUMN a column of numbers is forecast."
            )
        data = sequences.sequences()
        kind = f"{len(data.classes)} classes" if data.classes else f"{data.outputs} numbers"
        note(
            f"{path}: {len(data.training)} sequences of up to {data.training.signal.shape[1]} "
            f"samples and {data.inputs} inputs to train on, {kind}"
            f"{' at every sample' if data.every_sample else ''}."
        )
        return RunConfiguration(task=sequences)
    task = task_for(path.resolve(), **values)
    return RunConfiguration(task=task)


@contextmanager
def _progress(
    configuration: "RunConfiguration", shown: bool
) -> Iterator[tuple["Progress", Callable[[Any, bool], None] | None]]:
    """Shows loss, activity and, where it is looked at, the validation part's error.

    Yields:
        What is called when training begins, after all that may be refused, and with each step.
    """
    from codesign.terminal.console import progress
    from neuron_model.progress import silent
    from neuron_model.training.sequence_training import SequenceStep

    if not shown:
        yield silent, None
        return
    total = configuration.training.steps
    neurons = sum(layer.neurons for layer in configuration.layers)
    # Elsewhere than on a terminal each text is a line of its own: ten in a run are enough.
    terminal = sys.stderr.isatty()
    every = 1 if terminal else max(1, total // 10)
    looked = ""
    what = "training" if configuration.start else f"training {neurons} neurons"
    with ExitStack() as stack:
        advance: Callable[..., None] = silent

        def begun(done: int, total: int, _: str) -> None:
            nonlocal advance
            if advance is silent:
                advance = stack.enter_context(progress(what, total))

        def watch(done: "TrainingStep | SequenceStep", new: bool) -> None:
            nonlocal looked
            if isinstance(done, SequenceStep):
                if done.validation_error is not None:
                    looked = f"  validation error {done.validation_error:.4f}"
            elif done.validation_nrmse is not None:
                on_stream = f"{done.validation_stream_nrmse:.4f}"
                looked = f"  validation {done.validation_nrmse:.4f}, stream {on_stream}"
            text = f"loss {done.loss:.4f}  activity {100 * done.activity:.1f} %{looked}"
            due = new and (done.step + 1) % every == 0
            if not terminal:
                text = f"step {done.step + 1} of {total}  {text}"
            advance(1, text if due else None)

        yield begun, watch


def _report(configuration: "RunConfiguration", trained: "TrainedRun", json: bool) -> None:
    from statistics import median

    from codesign.terminal.console import note, print_json
    from codesign.terminal.tables import print_table
    from neuron_model.tasks.ridge import ridge_name, ridge_nrmse
    from neuron_model.tasks.series import make_series

    result = trained.result
    task = configuration.series_task
    ridge = ridge_nrmse(task, make_series(task))
    steps = len(result.history)
    if trained.resumed == steps and steps:
        note(f"{trained.folder}: was trained already; --restart begins anew.")
    elif trained.resumed:
        note(f"{trained.folder}: went on after step {trained.resumed}.")
    activity = result.history[-1].activity if result.history else None
    samples = trained.samples
    if json:
        print_json(
            {
                "run": trained.folder,
                "steps": steps,
                "resumed": trained.resumed,
                "nrmse": result.nrmse,
                "nrmse_stream": result.stream_nrmse,
                "nrmse_before": result.nrmse_before,
                "nrmse_stream_before": result.stream_nrmse_before,
                "nrmse_validation": result.validation_nrmse,
                "nrmse_stream_validation": result.validation_stream_nrmse,
                "best_step": result.best_step,
                "nrmse_trivial": trained.trivial,
                "nrmse_stream_trivial": trained.trivial_stream,
                "nrmse_ridge": ridge[0],
                "nrmse_stream_ridge": ridge[1],
                "activity": activity,
                "nrmse_samples": None
                if samples is None
                else {"before": samples.before, "after": samples.after},
                "mismatch_set": None if samples is None else samples.mismatch_set,
                "nrmse_plain": None if trained.plain is None else asdict(trained.plain),
                "nrmse_stream_samples": None
                if samples is None
                else {"before": samples.stream_before, "after": samples.stream_after},
            }
        )
        return
    windows_of_ridge, stream_of_ridge = ridge
    rows: list[tuple[str, float, float]] = [
        ("trained", result.stream_nrmse, result.nrmse),
        ("before training", result.stream_nrmse_before, result.nrmse_before),
        *(
            (f"predicting the {name}", error, trained.trivial[name])
            for name, error in trained.trivial_stream.items()
        ),
        (ridge_name(task), stream_of_ridge, windows_of_ridge),
    ]
    if trained.plain is not None:
        plain = trained.plain
        rows[:2] = [
            ("through the circuit, trained", *rows[0][1:]),
            ("through the circuit, before", *rows[1][1:]),
            ("without the circuit, trained", plain.stream_after, plain.after),
            ("without the circuit, before", plain.stream_before, plain.before),
        ]
    if samples is not None:
        for word, stream, windows in (
            ("before training", samples.stream_before, samples.before),
            ("trained", samples.stream_after, samples.after),
        ):
            count = len(stream)
            rows.append((f"{word}: median of {count} samples", median(stream), median(windows)))
            rows.append((f"{word}: worst of {count} samples", max(stream), max(windows)))
    print_table(
        f"test error of {trained.folder}, NRMSE",
        ("predictor", "one continuous run", "windows from rest"),
        rows,
    )
    if samples is not None and samples.mismatch_set:
        note(f"Samples were drawn by the mismatch set {samples.mismatch_set}.")
    validated = task.validation_fraction > 0
    note(
        f"The continuous run is over {'validation and test part' if validated else 'the test part'}"
        f", the state carried from its start; the first {task.washout} moments of "
        "the test part and of each window are not scored."
    )
