"""The task of a network's circuit, simulated neuron by neuron and layer by layer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from circuits.network_parts import network_parts
from codesign.networks.forecast_task import ForecastTask
from codesign.networks.played import LAYER_BY_LAYER, Played
from codesign.networks.sequences_task import SequencesTask
from codesign.networks.verdict import AnyValidation, judge
from codesign.studies.executors.executor import Executor
from codesign.studies.identity import JSON, key
from codesign.studies.network.plan import Case, LayeredPlan, stages_of
from codesign.studies.network.task import PartTask, moments_of
from codesign.studies.study import Results, Study, complete
from codesign.terminal.interruption import Interruption
from netlists.network_part_benches import NetworkPartBenches
from neuron_model.errors import InputError
from neuron_model.progress import Progress

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork

RECORDS = "network_records"
"""Folder of a run that keeps what was simulated."""


def cases_of(
    network: BuiltNetwork,
    samples: int | None = None,
    windows: int | None = None,
    sequences: int | None = None,
) -> tuple[Case, ...]:
    """What of the test part is played.

    Args:
        network: of a forecast or of sequences.
        samples: of a series, from its start, as one stream; the task's usual_samples if not given.
        windows: of a series instead: the first ones that training's windows score, each from rest.
        sequences: how many; see :meth:`.sequences_task.SequencesTask.spread`.

    Raises:
        InputError: there are not so many, or something of the other kind of task is given.
    """
    task = network.task
    if isinstance(task, SequencesTask):
        if samples is not None or windows is not None:
            raise InputError(
                "samples and windows are of a series; the network was trained on sequences: say "
                "how many of these are played (--sequences N)."
            )
        starts = task.starts()
        lengths = task.data.test.lengths
        return tuple(Case(int(starts[i]), int(lengths[i])) for i in task.spread(sequences))
    assert isinstance(task, ForecastTask)
    if sequences is not None:
        raise InputError(
            "sequences is of networks trained on sequences; this one forecasts a series: say how "
            "many of its samples are played (--samples N)."
        )
    if windows is not None:
        return _windows(task, windows)
    return (Case(0, len(task.heard(task.usual_samples if samples is None else samples))),)


def _windows(whose: ForecastTask, windows: int) -> tuple[Case, ...]:
    task = whose.task
    last = len(whose.series.test) - task.window
    starts = range(0, last + 1, task.window - task.washout)
    if not 1 <= windows <= len(starts):
        raise InputError(
            f"windows = {windows} is not allowed; it must be from 1 to {len(starts)}, the windows "
            f"of {task.window} samples in the test part."
        )
    return tuple(Case(start, task.window) for start in starts[:windows])


def network_study(network: BuiltNetwork, cases: Sequence[Case]) -> tuple[LayeredPlan, Study]:
    """All parts of ``network`` for each of ``cases``; more cases add to those of a record."""
    parts = tuple(
        network_parts(network.design, network.layers, network.readouts, network.technology)
    )
    whole = network.benches
    plan = LayeredPlan(tuple(cases), stages_of(parts), network.sample_interval, whole.temperature)
    task = PartTask(
        netlist=_digest(whole.cells),
        models=_digest(whole.models),
        series=network.task.test_signal,
        interval=network.sample_interval,
        temperature=whole.temperature,
        options=dict(whole.options),
        benches=NetworkPartBenches(whole, network.technology),
        parts={part.name: part for part in parts},
    )
    count = len(parts) * len(plan.cases)
    return plan, Study("network", plan, task, {}, "simulating the network", count)


def record_path(folder: Path, study: Study) -> Path:
    """Where a run folder keeps the record of a study: one file for each circuit and conditions."""
    return folder / RECORDS / f"{key(study.head)[:16]}.jsonl"


def study_network(
    network: BuiltNetwork,
    executor: Executor,
    cases: Sequence[Case],
    folder: Path | None = None,
    progress: Progress | None = None,
    stop: Interruption | None = None,
) -> tuple[Results, AnyValidation | None]:
    """What the circuit makes of it beside torch; None where a signal stopped it.

    Args:
        network: as built, under its conditions.
        executor: that is open.
        cases: of :func:`cases_of`.
        folder: that keeps the record, from which a study that was stopped resumes; None keeps
            nothing.
        progress, stop: see :func:`codesign.studies.study.run`.

    Raises:
        InputError: the record is of something else, or cannot be read or written.
        SimulatorError: a part could not be simulated, or a layer did not converge.
    """
    plan, study = network_study(network, cases)
    record = None if folder is None else record_path(folder, study)
    conclude = partial(judged, network, plan, cases)
    return complete(study, conclude, executor, record, progress, stop)


def judged(
    network: BuiltNetwork, plan: LayeredPlan, cases: Sequence[Case], outcomes: Mapping[str, JSON]
) -> AnyValidation:
    """What the circuit said in ``cases`` together, beside torch; ``outcomes``: of all points."""
    played = [_played(network, plan, case, outcomes) for case in cases]
    names = tuple(f"{case.name}:" for case in cases)
    seconds = sum(each["seconds"] for key, each in outcomes.items() if key.startswith(names))
    return judge(network, played, seconds, LAYER_BY_LAYER)


def _played(
    network: BuiltNetwork, plan: LayeredPlan, case: Case, outcomes: Mapping[str, JSON]
) -> Played:
    """All parts of a case together."""
    parts = plan.found(case, outcomes)
    outputs = [parts[part.name]["y"] for part in plan.stages[-1].parts]
    # each part has a keep-alive line of its own, which the network has once
    charge = sum(part["charge"] for part in parts.values())
    if any(bool(target.keeps.any()) for target in network.design.targets):
        seconds = case.count * network.sample_interval * network.design.time_unit
        charge += network.design.keep_current * seconds
    time = moments_of(case.count, network.sample_interval)
    return Played(case.start, case.count, time, np.array(outputs).T, charge)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
