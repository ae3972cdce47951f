"""Calibration of Monte Carlo samples as a study: of macromodels, and of the same as netlists."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from codesign.studies.calibration.bench import CalibrationBench
from codesign.studies.calibration.plan import CircuitSamples, samples_of
from codesign.studies.calibration.results import CalibrationOutcome, CalibrationResults
from codesign.studies.calibration.task import CalibrationTask
from codesign.studies.executors.executor import Executor
from codesign.studies.study import Asked, Results, Study, converse
from mapping.calibration.clamp import Calibration
from mapping.calibration.identification import measure_curves
from mapping.calibration.samples import Samples
from mapping.calibration.search import DEFAULT_BUDGET, Budget, look, trim
from netlists.accuracy import Accuracy
from neuron_model.progress import Progress, silent


def calibration_study(bench: CalibrationBench, accuracy: Accuracy = Accuracy.AUTO) -> Study:
    """The study of what is measured in ngspice, told as a loop. More samples, and another budget,
    add to what a record holds."""
    task = CalibrationTask.of(bench.drawn, accuracy)
    return Study("calibration", None, task, label="measuring in ngspice", share=samples_of)


def study_calibration(
    bench: CalibrationBench,
    executor: Executor,
    accuracy: Accuracy | None = None,
    budget: Budget = DEFAULT_BUDGET,
    record: Path | None = None,
    progress: Progress = silent,
) -> tuple[Results, CalibrationResults | None]:
    """Calibrate every sample as a macromodel and, where it is asked, as a netlist; None where a
    signal stopped it.

    Args:
        bench: the samples.
        executor: that is open.
        accuracy: of ngspice; None calibrates macromodels only.
        budget: of measurements.
        record: keeps what was measured in ngspice; a study that was stopped resumes from it.
        progress: told how far it is.

    Raises:
        InputError: the record is of something else, or cannot be read or written.
        SimulatorError: a sample could not be simulated.
    """

    def loop(asked: Asked) -> CalibrationResults:
        models = calibrate_samples(bench, bench.macromodel, budget, progress=progress)
        circuit = None
        if accuracy is not None:
            circuit = calibrate_samples(
                bench,
                CircuitSamples(bench, asked, accuracy),
                budget,
                CircuitSamples(bench, asked, as_drawn=True),
                progress,
            )
        return calibration_results(bench, budget, models, circuit)

    study = calibration_study(bench, accuracy or Accuracy.AUTO)
    return converse(study, loop, executor, record, progress)


def calibrate_samples(
    bench: CalibrationBench,
    samples: Samples,
    budget: Budget = DEFAULT_BUDGET,
    as_drawn: Samples | None = None,
    progress: Progress = silent,
) -> CalibrationOutcome:
    """How ``samples`` fire before and after they are calibrated.

    Args:
        bench: theirs.
        samples: what can be measured.
        budget: of measurements; the patterns of before are beside it.
        as_drawn: the one sample without mismatch, to be measured as well; None takes it from its
            model.
        progress: of all.
    """
    count, design = bench.drawn.draw.samples, bench.drawn.built.design
    rows, one = np.arange(count), np.zeros(1, dtype=int)
    codes = np.array([[knob.drawn for knob in bench.knobs]])
    progress(0, count, "looking how samples fire before")
    before, _ = look(samples, rows, np.repeat(codes, count, axis=0), bench.stimulation)
    drawn = None
    if as_drawn is not None:
        drawn = measure_curves(as_drawn, one, codes, design, budget.clamp)
    calibration = Calibration(
        samples, design, bench.nominal, bench.target, bench.knobs, budget.clamp
    )
    calibrated = trim(calibration, count, bench.stimulation, bench.wanted, budget, drawn, progress)
    return CalibrationOutcome(tuple(before), calibrated)


def calibration_results(
    bench: CalibrationBench,
    budget: Budget,
    models: CalibrationOutcome,
    circuit: CalibrationOutcome | None,
) -> CalibrationResults:
    """All that is told of a calibration."""
    return CalibrationResults(
        **bench.drawn.told(bench.model),
        budget=budget.patterns,
        macromodel=models,
        circuit=circuit,
    )
