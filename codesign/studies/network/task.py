"""One part of a network for one series, in ngspice."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from circuits.network_mismatch import NetworkDraw
from circuits.network_parts import INPUTS, NetworkPart
from codesign.studies.identity import JSON
from codesign.studies.study import Point, Task
from codesign.workbench import Workbench
from netlists.gate_waves import TOLERANCE, GateWave
from netlists.network_part_benches import NetworkPartBenches

FINENESS = 20
"""Moments at which an output is read in each sample."""

_DIGITS = 7


@dataclass(frozen=True)
class PartTask(Task):
    """What a part does while a stretch of the test series is played.

    netlist, models: SHA-256 of the circuit's and of the models' text. series: of the whole test
    part, (samples, inputs). interval: of a sample, in units of time. temperature, options: of
    ngspice. benches, parts: from the netlist. tolerance: of recorded lines. seed: of the Monte
    Carlo samples, where there are any; measured: fingerprints of what they and their calibration
    go by.
    drawn: the samples. lines: what calibrated samples' lines are set to, by part and port,
    (samples,) each.
    """

    version: ClassVar[int] = 1

    netlist: str
    models: str
    series: np.ndarray
    interval: float
    temperature: float
    options: Mapping[str, float | str]
    benches: NetworkPartBenches = field(metadata={"identity": False})
    parts: Mapping[str, NetworkPart] = field(metadata={"identity": False})
    tolerance: float = TOLERANCE
    seed: int | None = None
    measured: str = ""
    drawn: NetworkDraw | None = field(default=None, metadata={"identity": False})
    lines: Mapping[str, Mapping[str, np.ndarray]] = field(
        default_factory=dict, metadata={"identity": False}
    )

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """Lines, output and charge of a part.

        A point's values: ``part``; ``start`` and ``count`` of the series' stretch; ``lines``, which
        it reads; ``sample``, whose mismatch it has, and whether its lines are ``calibrated``.

        Raises:
            SimulatorError: ngspice failed, or broke the transient off.
        """
        values = point.values
        part, start, count = self.parts[values["part"]], values["start"], values["count"]
        heard: np.ndarray | dict[str, GateWave]
        if part.name == INPUTS:
            heard = self.series[start : start + count]
        else:
            heard = {name: GateWave.of_document(d) for name, d in values["lines"].items()}
        end = count * self.interval
        drawn = lines = None
        if (sample := values["sample"]) is not None:
            assert self.drawn is not None
            drawn = self.drawn.devices(sample)
            if values["calibrated"]:
                lines = {port: float(v[sample]) for port, v in self.lines[part.name].items()}
        bench = self.benches.stream(part, heard, end, drawn, lines)
        begin = time.monotonic()
        result = tools.engine.run(bench)
        seconds = time.monotonic() - begin
        found = self.benches.response(part, result, moments_of(count, self.interval))
        return {
            "lines": {name: wave.document() for name, wave in found.lines.items()},
            "y": np.round(found.output, _DIGITS).tolist(),
            "charge": found.charge,
            "seconds": round(seconds, 2),
        }


def moments_of(count: int, interval: float) -> np.ndarray:
    """Moments at which outputs are read while ``count`` samples are played, units of time."""
    return interval / FINENESS * np.arange(count * FINENESS + 1)
