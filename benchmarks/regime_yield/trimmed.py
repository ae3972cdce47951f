"""The last step: chips that do not burst are trimmed in ngspice, as they would be on a bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.regime_yield.steps import DRIVE, design_of, neuron_of, technology_of
from codesign.mismatch_study import report_to_json
from codesign.workflows.trim import (
    CircuitChips,
    TrimBench,
    netlist_as_drawn,
    trim_bench,
    trim_chips,
)
from mapping.trim.chips import Chips
from netlists.engine import Engine
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.progress import Progress


def trimmed_reports(
    before: Mapping[int, RegimeReport],
    wanted: Regime,
    folder: Path,
    samples: int,
    seed: int,
    mismatch_set: str,
    engine: Engine,
    progress: Progress | None = None,
    simulated: bool = True,
) -> tuple[list[RegimeReport], list[dict[str, Any]]]:
    """(reports of all chips after the trim, what each trim took).

    Chips that fire as wanted before are left as they are: a calibration looks first.

    Args:
        before: how the same chips fire before, by their numbers.
        wanted: the model's regime.
        folder: of the chain.
        samples: how many chips were drawn.
        seed: of their draw.
        mismatch_set: that they were drawn by.
        engine: ngspice.
        progress: of measurements.
        simulated: whether chips are netlists in ngspice; else they are trimmed as built.
    """
    reports = dict(before)
    failing = [sample for sample, r in reports.items() if r.regime != wanted]
    if not failing:
        return list(reports.values()), []
    bench = _bench(folder, samples, seed, mismatch_set, engine)
    every: Chips = bench.as_built
    if simulated:
        every = CircuitChips(bench, engine, folder / "trimmed" / "measured.jsonl", progress)
    outcome = trim_chips(
        _with_rows(bench, failing),
        _Some(every, np.array(failing)),
        as_drawn=netlist_as_drawn(bench, engine) if simulated else None,
        progress=progress,
    )
    trims = []
    for index, sample in enumerate(failing):
        trimmed = outcome.trimmed
        reports[sample] = trimmed.reports[index]
        ports = [knob.port for knob in trimmed.knobs]
        trims.append(
            {
                "sample": sample,
                "before": report_to_json(outcome.before[index]),
                "after": report_to_json(trimmed.reports[index]),
                "patterns": int(trimmed.patterns[index]),
                "currents": int(trimmed.currents[index]),
                "drawn": {knob.port: knob.drawn for knob in trimmed.knobs},
                "lines": dict(zip(ports, map(float, trimmed.values[index]), strict=True)),
            }
        )
    return list(reports.values()), trims


@dataclass(frozen=True)
class _Some:
    """Some of the chips, numbered from 0: what is measured is kept under their own numbers."""

    every: Chips
    samples: np.ndarray

    def currents(
        self, rows: np.ndarray, values: np.ndarray, voltage: np.ndarray, without: str | None = None
    ) -> np.ndarray:
        return self.every.currents(self.samples[rows], values, voltage, without)

    def patterns(
        self, rows: np.ndarray, values: np.ndarray, duration: float
    ) -> Sequence[RegimeReport]:
        return self.every.patterns(self.samples[rows], values, duration)


def _bench(folder: Path, samples: int, seed: int, mismatch_set: str, engine: Engine) -> TrimBench:
    design = design_of("trained", folder / "trained", engine)
    neuron, technology = neuron_of("trained"), technology_of("trained", mismatch_set)
    return trim_bench(neuron, design, technology, engine, DRIVE, samples, seed)


def _with_rows(bench: TrimBench, rows: list[int]) -> TrimBench:
    return replace(bench, drawn=replace(bench.drawn, draw=bench.drawn.draw[rows]))
