"""The last step: samples that do not burst are calibrated in ngspice, as on a bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.regime_yield.steps import mapped_of
from codesign.building.mapped_neuron import MonteCarlo
from codesign.studies.calibration.bench import CalibrationBench, calibration_bench
from codesign.studies.calibration.plan import CircuitSamples
from codesign.studies.calibration.results import CalibrationOutcome
from codesign.studies.calibration.study import calibrate_samples, calibration_study
from codesign.studies.executors.within import WithinExecutor
from codesign.studies.study import Asked, converse
from codesign.terminal.interruption import Interruption
from codesign.workbench import Workbench
from mapping.calibration.samples import Samples
from neuron_model.analysis.regime_reports import report_to_json
from neuron_model.analysis.regimes import Regime, RegimeReport


def calibrated_reports(
    before: Mapping[int, RegimeReport],
    wanted: Regime,
    folder: Path,
    drawing: MonteCarlo,
    mismatch_set: str,
    workbench: Workbench,
    simulated: bool = True,
) -> tuple[list[RegimeReport], list[dict[str, Any]]]:
    """(reports of all samples after the trim, what each trim took).

    Samples that fire as wanted before are left as they are: a calibration looks first.

    Args:
        before: how the same samples fire before, by their numbers.
        wanted: the model's regime.
        folder: of the chain.
        drawing: which samples were drawn.
        mismatch_set: that they were drawn by.
        workbench: ngspice, and who is told of measurements.
        simulated: whether samples are netlists in ngspice; else they are calibrated by the
        macromodel.
    """
    reports = dict(before)
    failing = [sample for sample, r in reports.items() if r.regime != wanted]
    if not failing:
        return list(reports.values()), []
    neuron = mapped_of("trained", folder / "trained", mismatch_set, workbench)
    bench = calibration_bench(neuron, Workbench(workbench.engine), drawing)
    rows = _with_rows(bench, failing)

    def loop(asked: Asked) -> CalibrationOutcome:
        return calibrate_samples(
            rows,
            _Some(CircuitSamples(bench, asked), np.array(failing)),
            as_drawn=CircuitSamples(bench, asked, as_drawn=True),
            progress=workbench.progress,
        )

    if simulated:
        _, found = converse(
            calibration_study(bench),
            loop,
            WithinExecutor(workbench),
            folder / "calibrated" / "measured.jsonl",
            workbench.progress,
            Interruption(),
        )
        assert found is not None, "nobody stops it"
        outcome = found
    else:
        models = _Some(bench.macromodel, np.array(failing))
        outcome = calibrate_samples(rows, models, progress=workbench.progress)
    trims = []
    for index, sample in enumerate(failing):
        calibrated = outcome.calibrated
        reports[sample] = calibrated.reports[index]
        ports = [knob.port for knob in calibrated.knobs]
        trims.append(
            {
                "sample": sample,
                "before": report_to_json(outcome.before[index]),
                "after": report_to_json(calibrated.reports[index]),
                "patterns": int(calibrated.patterns[index]),
                "currents": int(calibrated.currents[index]),
                "drawn": {knob.port: knob.drawn for knob in calibrated.knobs},
                "lines": dict(zip(ports, map(float, calibrated.values[index]), strict=True)),
            }
        )
    return list(reports.values()), trims


@dataclass(frozen=True)
class _Some:
    """Some of the samples, numbered from 0: what is measured is kept under their own numbers."""

    every: Samples
    samples: np.ndarray

    def currents(
        self, rows: np.ndarray, values: np.ndarray, voltage: np.ndarray, without: str | None = None
    ) -> np.ndarray:
        return self.every.currents(self.samples[rows], values, voltage, without)

    def patterns(
        self, rows: np.ndarray, values: np.ndarray, duration: float
    ) -> Sequence[RegimeReport]:
        return self.every.patterns(self.samples[rows], values, duration)


def _with_rows(bench: CalibrationBench, rows: list[int]) -> CalibrationBench:
    return replace(bench, drawn=replace(bench.drawn, draw=bench.drawn.draw[rows]))
