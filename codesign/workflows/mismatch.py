"""Draw chips of a neuron, predict how each fires, and simulate the same chips in ngspice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from circuits.mismatch import draw_chips
from circuits.technology import Technology
from codesign.close_calls import sample_close_calls
from codesign.json_lines import JsonLines
from codesign.mapped_neuron import MappedNeuron, MonteCarlo
from codesign.mismatch_study import Chip, MismatchStudy, report_from_json, report_to_json
from codesign.workbench import Workbench
from codesign.workflows.chip_results import chip_results
from codesign.workflows.circuit import Circuit, assemble
from codesign.workflows.rhythm import model_regime
from codesign.workflows.validate import circuit_regime, short_stimulus
from mapping.design import designs_to_json
from mapping.mismatch import Draw
from mapping.samples import sampled
from netlists.accuracy import FAST_ERROR, Accuracy
from netlists.bench import Bench
from netlists.engine import Engine
from netlists.mismatch_benches import sampled_bench
from netlists.neuron_benches import response
from neuron_model.analysis.regimes import RegimeReport, classify
from neuron_model.analysis.simulation import simulate
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters

DOUBTFUL = 0.1
"""A margin below this leaves a regime undecided: the chip is run for longer."""
LONGER = 2.0
"""By how much."""

_SET = "mismatch_set"


@dataclass(frozen=True)
class DrawnNeuron:
    """A neuron, the Monte Carlo samples of it, and what the macromodel makes of each.

    samples: arrays (samples,).
    """

    neuron: MappedNeuron
    built: Circuit
    draw: Draw
    samples: NeuronParameters
    drawing: MonteCarlo

    @property
    def drive(self) -> Drive:
        """What drives every sample."""
        return self.neuron.drive

    @property
    def technology(self) -> Technology:
        """What the samples are drawn in."""
        return self.neuron.technology

    def lasting(self, duration: float) -> DrawnNeuron:
        """The same, driven for ``duration``."""
        return replace(self, neuron=replace(self.neuron, drive=self.drive.lasting(duration)))


def draw_neuron(neuron: MappedNeuron, workbench: Workbench, drawing: MonteCarlo) -> DrawnNeuron:
    """Samples of ``neuron`` under its conditions.

    Cells and what each transistor does to them are measured in ngspice unless they are cached.

    Raises:
        InputError: no mismatch coefficients, no spread of the process, a condition or a number
            that is not allowed.
        SimulatorError: ngspice failed.
    """
    design, technology, seed = neuron.design, neuron.technology, drawing.seed
    process_seed = seed if drawing.process else None
    chips = draw_chips(design, technology, drawing.samples, seed, process_seed)
    cells = workbench.cells(technology, neuron.conditions)
    sensitivities = workbench.sensitivities(technology, cells)
    built = assemble(neuron.parameters, design, technology, cells)
    values = sampled(built.macromodel, sensitivities, chips)
    return DrawnNeuron(neuron, built, chips, values, drawing)


def predict(drawn: DrawnNeuron, sample: int) -> RegimeReport:
    """How a chip fires by its as-built parameters."""
    run = simulate(drawn.samples[sample], drawn.drive.stimulus, drawn.drive.duration)
    # judged as the circuit is: by the threshold that was trained, wherever the output stage's is
    threshold = drawn.neuron.threshold
    return classify(run.time, run.voltage, drawn.drive.onset, threshold)


def circuits(
    drawn: DrawnNeuron,
    samples: Sequence[int],
    engine: Engine,
    accuracy: Accuracy = Accuracy.TIGHT,
) -> Iterator[tuple[int, RegimeReport]]:
    """(sample, how it fires in ngspice), every transistor being off by what was drawn for it.

    Raises:
        SimulatorError: a chip could not be simulated; it is named.
    """
    benches, drive = drawn.built.benches.at(accuracy), drawn.drive
    nominal = benches.transient(
        np.array(drive.stimulus.times), np.array(drive.stimulus.values), drive.duration
    )

    def bench_of(group: Sequence[int]) -> Bench:
        return sampled_bench(nominal, benches, drawn.technology, drawn.draw[list(group)])

    def name_of(sample: int) -> str:
        return f"chip {sample} (seed {drawn.drawing.seed})"

    for sample, result in chip_results(engine, samples, bench_of, name_of):
        yield sample, circuit_regime(drawn.built, response(result, benches.design), drive.onset)


def study(
    drawn: DrawnNeuron,
    workbench: Workbench,
    in_ngspice: bool = False,
    record: Path | None = None,
    accuracy: Accuracy = Accuracy.AUTO,
) -> MismatchStudy:
    """Predict every chip and, ``in_ngspice``, simulate it.

    A chip whose regime is not decided by the end of the drive (a margin below DOUBTFUL in either:
    one that pauses may be silent for good) is run again for LONGER times as long, in both. With
    the accuracy AUTO, a chip is simulated again with tight tolerances where what is counted of it
    hangs on them (:func:`codesign.close_calls.sample_close_calls`).

    With ``record``, what is known of each chip is kept there as soon as it is known, and chips
    that the file already holds for the same neuron, drive and draw are not done again.

    Raises:
        InputError: the record is of something else, or cannot be read or written.
        SimulatorError: a chip could not be simulated.
    """
    chips = _Record(record, _fingerprints(drawn, accuracy), drawn.drive.duration)
    every = range(drawn.draw.samples)
    model = model_regime(drawn.neuron.model, drawn.drive)
    completion = _Completion(chips, workbench, in_ngspice, accuracy, model)
    completion.complete(drawn, every)
    longer = drawn.lasting(LONGER * drawn.drive.duration)
    completion.complete(longer, [s for s in every if chips.is_doubtful(s, in_ngspice)])
    built, drive = drawn.built, drawn.drive
    return MismatchStudy(
        name=built.design.name,
        technology=drawn.technology.name,
        conditions=built.conditions,
        seed=drawn.drawing.seed,
        process=drawn.drawing.process,
        mismatch_set=drawn.technology.mismatch.name,
        current=short_stimulus(drive.stimulus),
        duration=drive.duration,
        model=model,
        nominal=model_regime(built.as_built, drive),
        chips=tuple(
            Chip(
                sample,
                chips.as_built[sample][0],
                chips.circuit[sample][0] if in_ngspice else None,
                chips.as_built[sample][1],
                chips.accuracy.get(sample, Accuracy.TIGHT) if in_ngspice else None,
            )
            for sample in every
        ),
        interval_unit=built.design.time_unit,
    )


@dataclass(frozen=True)
class _Completion:
    """Finds out what a record does not know of samples; model: how the trained neuron fires."""

    chips: _Record
    workbench: Workbench
    in_ngspice: bool
    accuracy: Accuracy
    model: RegimeReport

    def complete(self, drawn: DrawnNeuron, samples: Sequence[int]) -> None:
        """All that is not known of ``samples`` under the drive of ``drawn``."""
        chips, duration, count = self.chips, drawn.drive.duration, len(samples)
        again = "" if count == drawn.draw.samples else " again, for longer"
        for done, sample in enumerate(samples, start=1):
            if not chips.knows("as_built", sample, duration):
                chips.add("as_built", sample, predict(drawn, sample), duration)
            self.workbench.progress(
                done, count, f"predicting chips from as-built parameters{again}"
            )
        if not self.in_ngspice:
            return

        def simulate_missing(missing: Sequence[int], taken: Accuracy, what: str) -> None:
            done = count - len(missing)
            for sample, report in circuits(drawn, missing, self.workbench.engine, taken):
                chips.add("circuit", sample, report, duration, taken)
                done += 1
                self.workbench.progress(done, count, f"{what}{again}")

        missing = [s for s in samples if not chips.knows("circuit", s, duration)]
        simulate_missing(missing, self.accuracy.first, "simulating chips in ngspice")
        if not self.accuracy.repeats:
            return
        # a chip that is about to be run for longer is judged by that run
        later = duration == chips.duration
        hanging = [
            s
            for s in samples
            if chips.hangs(s, duration, self.model) and not (later and chips.is_doubtful(s, True))
        ]
        what = "simulating again with tight tolerances the chips that hang on it"
        simulate_missing(hanging, Accuracy.TIGHT, what)


def _fingerprints(drawn: DrawnNeuron, accuracy: Accuracy) -> dict[str, str]:
    """Of what decides how sample i fires in ngspice, of what decides the prediction, and which
    mismatch set was drawn from, by name."""
    built, drive = drawn.built, drawn.drive
    circuit = [
        designs_to_json([replace(built.design, conditions=built.conditions)]),
        [list(x) for x in (drive.stimulus.times, drive.stimulus.values)],
        drive.duration,
        drawn.drawing.seed,
        [[s.block, s.device, s.threshold, s.current_factor] for s in drawn.draw.spreads],
        hashlib.sha256(built.benches.models.encode()).hexdigest(),
        *([dict(built.benches.options)] if built.benches.options else []),
        accuracy.identity,
        *([str(drawn.technology.process)] if drawn.drawing.process else []),
    ]
    first = drawn.samples[0]
    as_built = [*circuit, [float(value) for _, value in first.named_values()]]
    hashes = {
        kind: hashlib.sha256(json.dumps(content).encode()).hexdigest()
        for kind, content in (("circuit", circuit), ("as_built", as_built))
    }
    return {_SET: drawn.technology.mismatch.name, **hashes}


class _Record:
    """Reports by sample, and the file of JSON lines that keeps them (none: memory only).

    What ngspice found stays valid when as-built models change; predictions of before do not.
    """

    def __init__(self, path: Path | None, fingerprints: dict[str, str], duration: float) -> None:
        self.duration = duration
        # (report, for how long the chip was run)
        self.as_built: dict[int, tuple[RegimeReport, float]] = {}
        self.circuit: dict[int, tuple[RegimeReport, float]] = {}
        self.accuracy: dict[int, Accuracy] = {}
        self._lines = JsonLines(path) if path is not None else None
        if self._lines is None:
            return
        known = self._read(self._lines, fingerprints) if self._lines.path.exists() else {}
        for kind, value in fingerprints.items():
            if known.get(kind) != value:
                self._lines.append({"fingerprint": kind, "value": value})

    def knows(self, kind: str, sample: int, duration: float) -> bool:
        """Whether a sample was run for ``duration`` or longer."""
        _, known = getattr(self, kind).get(sample, (None, 0.0))
        return bool(known >= duration)

    def is_doubtful(self, sample: int, simulated: bool) -> bool:
        """Whether the first run of a sample did not decide its regime, or it was run for longer."""
        found = [self.as_built[sample], *([self.circuit[sample]] if simulated else [])]
        return any(run > self.duration or report.margin < DOUBTFUL for report, run in found)

    def hangs(self, sample: int, duration: float, model: RegimeReport) -> bool:
        """Whether the last run of a sample, for ``duration``, was a fast one that does not do."""
        report, run = self.circuit[sample]
        if self.accuracy[sample] is not Accuracy.FAST or run != duration:
            return False
        return bool(sample_close_calls(model, self.as_built[sample][0], report, FAST_ERROR))

    def add(
        self,
        kind: str,
        sample: int,
        report: RegimeReport,
        duration: float,
        accuracy: Accuracy | None = None,
    ) -> None:
        """Keep what became known of a sample; ``accuracy``: of its simulation."""
        getattr(self, kind)[sample] = report, duration
        entry = {"sample": sample, "duration": duration, kind: report_to_json(report)}
        if accuracy is not None:
            self.accuracy[sample] = accuracy
            entry["accuracy"] = accuracy.value
        if self._lines is not None:
            self._lines.append(entry)

    def _read(self, lines: JsonLines, fingerprints: dict[str, str]) -> dict[str, str]:
        """What the record holds; returns its fingerprints.

        Raises:
            InputError: it is none, or of another circuit.
        """
        try:
            entries = lines.read()
            known = {e["fingerprint"]: e["value"] for e in entries if "fingerprint" in e}
            for entry in entries:
                if entry.get("fingerprint") == "as_built":
                    self.as_built.clear()
                for kind in ("as_built", "circuit"):
                    if kind in entry:
                        report = report_from_json(entry[kind])
                        known_for = float(entry["duration"])
                        getattr(self, kind)[int(entry["sample"])] = report, known_for
                if "circuit" in entry:
                    self.accuracy[int(entry["sample"])] = Accuracy(entry["accuracy"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{lines.path}: is no record of a mismatch study ({error})."
            ) from error
        if _SET in known and known[_SET] != fingerprints[_SET]:
            raise InputError(
                f"{lines.path}: is the record of chips of the mismatch set {known[_SET]!r}, not of "
                f"{fingerprints[_SET]!r}; choose another file, or remove it."
            )
        if known.get("circuit") != fingerprints["circuit"]:
            raise InputError(
                f"{lines.path}: is the record of another neuron, drive, technology, mismatch set, "
                "seed or accuracy; choose another file, or remove it."
            )
        if known.get("as_built") != fingerprints["as_built"]:
            self.as_built.clear()
        return known
