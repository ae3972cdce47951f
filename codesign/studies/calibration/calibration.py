"""Trim samples of a neuron: macromodels thousands at once, and the same samples in ngspice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from codesign.building.mapped_neuron import MappedNeuron, MonteCarlo
from codesign.studies import identity
from codesign.studies.calibration.results import CalibrationOutcome, CalibrationStudy
from codesign.studies.mismatch.drawn_neuron import DrawnNeuron, draw_neuron
from codesign.studies.record import Record, RecordHead
from codesign.studies.sample_results import SAMPLES_PER_BENCH, sample_results
from codesign.training.calibrated_samples import choose_ports
from codesign.validation.close_calls import SURE_MARGIN
from codesign.validation.regime_reports import report_from_json, report_to_json
from codesign.validation.rhythm import model_regime
from codesign.validation.validate import circuit_regime, short_stimulus
from codesign.workbench import Workbench
from mapping.calibration.clamp import Calibration
from mapping.calibration.identification import measure_curves
from mapping.calibration.knobs import Knob, make_knobs, with_offset_range
from mapping.calibration.samples import MacromodelSamples, Samples, Stimulation
from mapping.calibration.search import DEFAULT_BUDGET, Budget, look, trim
from mapping.macromodel import Macromodel
from netlists.accuracy import Accuracy
from netlists.bench import Bench
from netlists.engine import Result
from netlists.mismatch_benches import sampled_bench
from netlists.neuron_benches import clamp_current, response
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters, Timescale
from neuron_model.progress import Progress, silent

KNOBS = 3
"""Lines that are calibrated beside the offset current, unless told."""

# A clamp takes some milliseconds a sample.
_CLAMPED_PER_BENCH = 16


@dataclass(frozen=True, eq=False)
class CalibrationBench:
    """A neuron's samples and all that a trim of them needs.

    drawn: of the design whose compensation can be calibrated both ways. nominal: the sample as
    drawn, by its compact parameters of the macromodel. target: the same under the conditions that
    it was mapped at; its curves are aimed at. model: how the model that was trained fires.
    macromodel: the samples as models.
    """

    drawn: DrawnNeuron
    nominal: NeuronParameters
    target: NeuronParameters
    knobs: tuple[Knob, ...]
    stimulation: Stimulation
    model: RegimeReport
    macromodel: MacromodelSamples

    @property
    def wanted(self) -> Regime:
        """The model's regime, which a trim aims at."""
        return self.model.regime


def calibration_bench(
    neuron: MappedNeuron,
    workbench: Workbench,
    drawing: MonteCarlo,
    ports: Sequence[str] | None = None,
    knobs: int = KNOBS,
) -> CalibrationBench:
    """Draw samples of ``neuron`` and get ready to trim them.

    Args:
        neuron: in a technology whose bias generator makes the codes, with the drive by which
            patterns are told.
        workbench: for what is not in the cache of measurements.
        drawing: which samples.
        ports: the lines to trim beside the offset current (``ib_NAME``, ``vr_NAME``); None takes
            the ``knobs`` that the curves are most sensitive to.
        knobs: how many.

    Raises:
        InputError: no mismatch coefficients, no bias generator, a line that is not there, or a
            number that is not allowed.
        SimulatorError: ngspice failed.
    """
    technology, drive = neuron.technology, neuron.drive
    if technology.bias_generator is None:
        raise InputError(
            f"technology '{technology.name}' has no [bias_generator], whose codes a trim sets: "
            "describe it in the technology file."
        )
    if not 1 <= knobs <= 8:
        raise InputError(f"trim: knobs = {knobs} must be from 1 to 8.")
    # the range of the offset is the mapping's business: at the conditions of the mapping
    mapped_at = workbench.cells(technology, neuron.design.conditions)
    design = with_offset_range(Macromodel(neuron.design, mapped_at), technology.limits)
    neuron = replace(neuron, design=design)
    drawn = draw_neuron(neuron, workbench, drawing)
    measured = workbench.cells(technology, neuron.conditions)
    sensitivities = workbench.sensitivities(technology, measured)
    nominal = Macromodel(design, measured)
    if ports is None:
        chosen = choose_ports(nominal, technology, sensitivities, knobs)
    else:
        chosen = ("ib_comp", *(port for port in ports if port != "ib_comp"))
    made = make_knobs(nominal, chosen, technology.bias_generator, technology.limits)
    stimulation = Stimulation(drive.stimulus, drive.duration, drive.onset, neuron.threshold)
    models = MacromodelSamples(nominal, sensitivities, drawn.draw, made, stimulation)
    model = model_regime(neuron.model, drive)
    target = Macromodel(design, mapped_at).compact
    return CalibrationBench(drawn, nominal.compact, target, made, stimulation, model, models)


class CircuitSamples:
    """The samples of a draw as netlists: every transistor and every line altered in place.

    What was measured is kept in ``known`` (see :func:`measurements`; None: in memory): asked again
    for the same, a sample is not simulated again.
    """

    def __init__(
        self,
        bench: CalibrationBench,
        workbench: Workbench,
        known: Record | None = None,
        accuracy: Accuracy = Accuracy.AUTO,
    ) -> None:
        self._bench = bench
        self._workbench = workbench
        self._accuracy = accuracy
        self._known = known or Record()

    def currents(
        self, rows: np.ndarray, values: np.ndarray, voltage: np.ndarray, without: str | None = None
    ) -> np.ndarray:
        """See :class:`mapping.calibration.samples.Samples`."""
        step = float(voltage[1] - voltage[0])
        low, high = float(voltage[0]), float(voltage[-1])
        drawn = self._bench.drawn.built
        nominal = drawn.benches.iv(
            Timescale.ULTRASLOW, low, high, step, float(drawn.parameters[0].u_rest)
        )
        lines = [self._lines(v, without) for v in values]
        what = json.dumps(["currents", voltage.tolist(), without])

        def read(result: Result) -> list[float]:
            current = clamp_current(result[0], drawn.design)
            return [float(f"{i:.7g}") for i in current]

        found = self._measured(
            nominal, rows, lines, what, read, _CLAMPED_PER_BENCH, "measuring currents in ngspice"
        )
        return np.array(found)

    def patterns(
        self, rows: np.ndarray, values: np.ndarray, duration: float
    ) -> Sequence[RegimeReport]:
        """See :class:`mapping.calibration.samples.Samples`."""
        first = self._looked(rows, values, duration, self._accuracy.first)
        if not self._accuracy.repeats:
            return first
        predicted = self._bench.macromodel.patterns(rows, values, duration)
        hanging = [
            i
            for i, (report, model) in enumerate(zip(first, predicted, strict=True))
            if report.regime != model.regime or report.margin < SURE_MARGIN
        ]
        if not hanging:
            return first
        again = self._looked(rows[hanging], values[hanging], duration, Accuracy.TIGHT)
        repeated = dict(zip(hanging, again, strict=True))
        return [repeated.get(i, report) for i, report in enumerate(first)]

    def _looked(
        self, rows: np.ndarray, values: np.ndarray, duration: float, accuracy: Accuracy
    ) -> list[RegimeReport]:
        drive, built = self._bench.stimulation, self._bench.drawn.built
        stimulus = drive.stimulus
        nominal = built.benches.at(accuracy).transient(
            np.array(stimulus.times), np.array(stimulus.values), duration
        )
        lines = [self._lines(v, None) for v in values]

        def read(result: Result) -> dict[str, Any]:
            run = response(result, built.design)
            return report_to_json(circuit_regime(built, run, drive.onset))

        found = self._measured(
            nominal,
            rows,
            lines,
            json.dumps(["pattern", duration, accuracy.value]),
            read,
            SAMPLES_PER_BENCH,
            "looking how samples fire in ngspice",
        )
        return [report_from_json(report) for report in found]

    def _lines(self, values: np.ndarray, without: str | None) -> dict[str, float]:
        """All lines that are ever moved, so that none stays as another measurement left it."""
        elements = self._bench.drawn.built.design.elements
        lines = {f"ib_{a.name}": a.bias_current for a in elements}
        for knob, value in zip(self._bench.knobs, values, strict=True):
            lines[knob.port] = float(value)
        if without is not None:
            lines[f"ib_{without}"] = 0.0
        return lines

    def _measured(
        self,
        nominal: Bench,
        rows: np.ndarray,
        lines: Sequence[Mapping[str, float]],
        what: str,
        read: Callable[[Result], Any],
        at_once: int,
        say: str,
    ) -> list[Any]:
        """What ``read`` makes of the analysis of each sample, from the record where it is there."""
        keys = [f"{row} {what} {json.dumps(line)}" for row, line in zip(rows, lines, strict=True)]
        missing = [i for i, key in enumerate(keys) if key not in self._known.entries]
        done = len(keys) - len(missing)
        seed = self._bench.drawn.drawing.seed
        results = sample_results(
            self._workbench.engine,
            missing,
            lambda group: self._bench_of(nominal, rows, lines, group),
            lambda index: f"sample {rows[index]} (seed {seed})",
            at_once,
        )
        for index, result in results:
            self._known.add(keys[index], read(result))
            done += 1
            self._workbench.progress(done, len(keys), say)
        return [self._known.entries[key] for key in keys]

    def _bench_of(
        self,
        nominal: Bench,
        rows: np.ndarray,
        lines: Sequence[Mapping[str, float]],
        group: Sequence[int],
    ) -> Bench:
        drawn, samples = self._bench.drawn, rows[list(group)]
        moved = [lines[i] for i in group]
        return sampled_bench(
            nominal, drawn.built.benches, drawn.technology, drawn.draw[samples], moved
        )


def calibration_study(
    bench: CalibrationBench,
    workbench: Workbench,
    in_ngspice: bool = False,
    budget: Budget = DEFAULT_BUDGET,
    record: Path | None = None,
    accuracy: Accuracy = Accuracy.AUTO,
) -> CalibrationStudy:
    """Trim every sample as a model and, ``in_ngspice``, the same samples there.

    With the accuracy AUTO, a pattern that is not clear, or not the one predicted, is looked at
    again with tight tolerances.

    With ``record``, what was measured in ngspice is kept there as soon as it is known; an
    interrupted study goes on from it.

    Raises:
        InputError: the record is of something else, or cannot be read or written.
        SimulatorError: a sample could not be simulated.
    """
    built, drive = bench.drawn.built, bench.drawn.drive
    progress = workbench.progress
    models = calibrate_samples(bench, bench.macromodel, budget, progress=progress)
    circuit = None
    if in_ngspice:
        with measurements(bench, record, accuracy) as known:
            samples = CircuitSamples(bench, workbench, known, accuracy)
            as_drawn = netlist_as_drawn(bench, Workbench(workbench.engine))
            circuit = calibrate_samples(bench, samples, budget, as_drawn, progress)
    return CalibrationStudy(
        name=built.design.name,
        technology=bench.drawn.technology.name,
        conditions=built.conditions,
        seed=bench.drawn.drawing.seed,
        process=bench.drawn.drawing.process,
        mismatch_set=bench.drawn.technology.mismatch.name,
        current=short_stimulus(drive.stimulus),
        duration=drive.duration,
        model=bench.model,
        nominal=model_regime(built.predicted, drive),
        budget=budget.patterns,
        macromodel=models,
        circuit=circuit,
    )


def calibrate_samples(
    bench: CalibrationBench,
    samples: Samples,
    budget: Budget = DEFAULT_BUDGET,
    as_drawn: Samples | None = None,
    progress: Progress = silent,
) -> CalibrationOutcome:
    """How ``samples`` fire before and after their trim.

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


def netlist_as_drawn(bench: CalibrationBench, workbench: Workbench) -> CircuitSamples:
    """The netlist without mismatch, as the one sample there is."""
    drawn = replace(bench.drawn, draw=bench.drawn.draw.as_drawn)
    return CircuitSamples(replace(bench, drawn=drawn), workbench)


def measurements(
    bench: CalibrationBench, record: Path | None, accuracy: Accuracy = Accuracy.AUTO
) -> AbstractContextManager[Record]:
    """What was measured of the samples of ``bench`` in ngspice, kept at ``record``; None: in
    memory.

    Raises:
        InputError: when it is opened: see :meth:`codesign.studies.record.Record.opened`.
    """
    drawn = bench.drawn
    decides = {
        "neuron": drawn.neuron,
        "seed": drawn.drawing.seed,
        "process": drawn.drawing.process,
        "cells": drawn.measured,
        "tolerances": accuracy.identity,
    }
    return Record.opened(record, RecordHead("calibration", 1, identity.content(decides)))
