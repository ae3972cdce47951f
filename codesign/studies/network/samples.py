"""How many Monte Carlo samples of a network's circuit do the task, before and after calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from circuits.network_calibration import LineCalibration
from circuits.network_mismatch import draw_network
from codesign.networks.sequence_validation import SequenceValidation
from codesign.networks.verdict import AnyValidation
from codesign.studies.executors.executor import Executor
from codesign.studies.identity import JSON, key
from codesign.studies.network.plan import Case, LayeredPlan
from codesign.studies.network.study import judged, network_study, record_path
from codesign.studies.network.task import PartTask
from codesign.studies.study import Results, Study, complete
from codesign.terminal.interruption import Interruption
from codesign.workbench import Workbench
from neuron_model.progress import Progress

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork


@dataclass(frozen=True, eq=False)
class NetworkSamples:
    """nominal: the circuit as drawn. drawn, calibrated: the same samples, as they are and with
    their lines calibrated. seed: of the draw. mismatch_set: whose coefficients they were drawn
    by."""

    nominal: AnyValidation
    drawn: tuple[AnyValidation, ...]
    calibrated: tuple[AnyValidation, ...]
    seed: int
    mismatch_set: str = ""

    @property
    def of_classes(self) -> bool:
        """Whether the samples decide for classes, and do not predict numbers."""
        return isinstance(self.nominal, SequenceValidation) and bool(self.nominal.classes)

    def document(self) -> dict[str, Any]:
        """As JSON has it, without the series."""
        return {
            "seed": self.seed,
            "mismatch_set": self.mismatch_set,
            "nominal": self.nominal.document(arrays=False),
            "drawn": self._entry(self.drawn),
            "calibrated": self._entry(self.calibrated),
        }

    def _entry(self, found: Sequence[AnyValidation]) -> dict[str, Any]:
        return {
            "passed": sum(one.passed for one in found),
            **(_decisions(found) if self.of_classes else self._errors(found)),
            "correlation": [float(np.min(one.correlation)) for one in found],
            "energy_per_sample": [one.energy for one in found],
        }

    def _errors(self, found: Sequence[AnyValidation]) -> dict[str, Any]:
        errors = [one.error for one in found]
        return {
            "median_nrmse": float(np.median(errors)),
            "median_over_nominal": float(np.median(errors)) / self.nominal.error,
            "nrmse": errors,
        }


def _decisions(found: Sequence[AnyValidation]) -> dict[str, Any]:
    """Accuracy of samples that decide for classes, and how often they decide as torch."""
    accuracy = [1.0 - one.error for one in found]
    agreement = [one.agreement for one in found if isinstance(one, SequenceValidation)]
    return {
        "median_accuracy": float(np.median(accuracy)),
        "median_agreement": float(np.median(agreement)),
        "accuracy": accuracy,
        "agreement": agreement,
    }


def samples_study(
    network: BuiltNetwork, workbench: Workbench, cases: Sequence[Case], drawing: tuple[int, int]
) -> tuple[LayeredPlan, Study]:
    """As :func:`codesign.studies.network.study.network_study`, of samples as well.

    Args:
        network: as built.
        workbench: where sensitivities are measured, unless they are cached.
        cases: of the circuit as drawn.
        drawing: (samples, seed).

    Raises:
        InputError: no mismatch coefficients, or a number that is not allowed.
        SimulatorError: ngspice failed.
    """
    technology = network.technology
    drawn = draw_network(
        network.circuit, network.design, network.layers, network.readouts, technology, drawing
    )
    cells = workbench.cells(technology, network.conditions)
    sensitivities = workbench.sensitivities(technology, cells)
    calibration = LineCalibration(
        network.design,
        network.layers,
        network.readouts,
        cells,
        sensitivities,
        drawn,
        network.task.training.activity,
    )
    both = [
        replace(case, sample=sample, calibrated=calibrated)
        for sample in range(drawing[0])
        for calibrated in (False, True)
        for case in cases
    ]
    plan, study = network_study(network, [*cases, *both])
    assert isinstance(study.task, PartTask)
    task = replace(
        study.task,
        seed=drawing[1],
        measured=f"{cells.fingerprint} {sensitivities.fingerprint} {key(technology.mismatch)}",
        drawn=drawn,
        lines={name: calibration.lines(part) for name, part in study.task.parts.items()},
    )
    return plan, replace(study, task=task)


def study_samples(
    network: BuiltNetwork,
    executor: Executor,
    cases: Sequence[Case],
    drawing: tuple[int, int],
    folder: Path | None = None,
    progress: Progress | None = None,
    stop: Interruption | None = None,
) -> tuple[Results, NetworkSamples | None]:
    """The circuit as drawn and its samples; None where a signal stopped it.

    Args:
        network, executor, cases, folder, progress, stop: see
            :func:`codesign.studies.network.study.study_network`.
        drawing: (samples, seed).

    Raises:
        InputError, SimulatorError: as :func:`samples_study` and
            :func:`codesign.studies.network.study.study_network`.
    """
    plan, study = samples_study(network, executor.tools, cases, drawing)
    record = None if folder is None else record_path(folder, study)

    def conclude(outcomes: Mapping[str, JSON]) -> NetworkSamples:
        def of(sample: int | None, calibrated: bool = False) -> AnyValidation:
            own = [replace(case, sample=sample, calibrated=calibrated) for case in cases]
            return judged(network, plan, own, outcomes)

        samples = range(drawing[0])
        return NetworkSamples(
            of(None),
            tuple(of(sample) for sample in samples),
            tuple(of(sample, True) for sample in samples),
            drawing[1],
            network.technology.mismatch.name,
        )

    return complete(study, conclude, executor, record, progress, stop)
