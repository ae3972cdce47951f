"""A neuron with the noise of its transistors as a study: many runs of the macromodel, a few in
ngspice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from codesign.studies.executors.executor import Executor
from codesign.studies.identity import JSON
from codesign.studies.noise.boundary import REACH
from codesign.studies.noise.noisy_neuron import NoisyNeuron, cell_rows, fidelity_notes
from codesign.studies.noise.plan import NoisePlan
from codesign.studies.noise.results import NoiseResults
from codesign.studies.noise.task import NoiseTask, train_from_json
from codesign.studies.study import Results, Study, complete
from codesign.validation.validate import short_stimulus
from mapping.jitter import Train
from mapping.noise import rms_on_capacitor
from neuron_model.errors import InputError
from neuron_model.progress import Progress

_NO_BOUNDARY = f"the regime is the same at all currents within {REACH:g} I0 of the drive's"


def noise_study(neuron: NoisyNeuron, plan: NoisePlan, seed: int = 0) -> Study:
    """The study of ``neuron``; ``seed``: of the macromodel's noise.

    Raises:
        InputError: a negative seed.
    """
    if seed < 0:
        raise InputError(f"--seed {seed} is not allowed; it must be at least 0.")
    task = NoiseTask(neuron.mapped, neuron.cells.fingerprint, seed, neuron)
    # how many circuits are run, and whether a boundary is looked for, changes no run
    return Study("noise", plan, task, {"runs": plan.runs}, "running with noise")


def study_noise(
    neuron: NoisyNeuron,
    plan: NoisePlan,
    executor: Executor,
    seed: int = 0,
    record: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Results, NoiseResults | None]:
    """The runs that ``plan`` asks for; None where a signal stopped them.

    Args:
        neuron: what is run.
        plan: how often.
        executor: that is open.
        seed: of the macromodel's noise.
        record: of all runs; a study that was stopped resumes from it.
        progress: see :func:`codesign.studies.study.run`.

    Raises:
        InputError: a record of something else.
        SimulatorError: ngspice failed.
    """
    conclude = partial(noise_results, neuron, plan, seed)
    return complete(noise_study(neuron, plan, seed), conclude, executor, record, progress)


def noise_results(
    neuron: NoisyNeuron, plan: NoisePlan, seed: int, outcomes: Mapping[str, JSON]
) -> NoiseResults:
    """What the outcomes of all points say together."""
    built, design = neuron.built, neuron.built.design
    membrane = next(n for n in neuron.nodes if n.node is None)
    around = plan.around(outcomes)[0] if plan.boundary else None
    notes = (_NO_BOUNDARY,) if plan.boundary and around is None else ()
    return NoiseResults(
        name=built.parameters[0].name,
        technology=neuron.mapped.technology.name,
        conditions=built.conditions,
        seed=seed,
        current=short_stimulus(neuron.drive.stimulus),
        duration=neuron.drive.duration,
        time_unit=design.time_unit,
        unit_current=design.unit_current,
        unit_voltage=design.unit_voltage,
        wanted=neuron.quiet.regime,
        burst_gap=neuron.burst_gap,
        cells=cell_rows(neuron),
        nodes=neuron.nodes,
        rms=rms_on_capacitor(membrane, design.unit_current / design.unit_voltage),
        trains=_trains([t for p in plan.macromodel_points for t in outcomes[p.key]]),
        circuits=_trains([outcomes[p.key] for p in plan.circuit_points]),
        boundary=around,
        notes=(*fidelity_notes(neuron), *notes),
    )


def _trains(contents: list[JSON]) -> tuple[Train, ...]:
    return tuple(train_from_json(content) for content in contents)
