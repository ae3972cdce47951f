"""Benches of a single transistor between four voltage sources, of a library that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from circuits.structure import Cell, Direction, Polarity, Port, Size, Transistor
from circuits.technology import Device, Models, Technology
from mapping.limits import Limits
from netlists.bench import (
    Alteration,
    Bench,
    BenchInstance,
    DCSweep,
    OperatingPoint,
    PiecewiseLinear,
    Step,
    Transient,
    VoltageSource,
)
from netlists.engine import Result
from netlists.model_library import trimmed_models
from netlists.writer import cell_text, device_uses

TERMINALS = ("drain", "gate", "source", "bulk")
"""In the order in which currents into them are given."""

GATE_RAMP = 5e-8
"""Seconds that the gate takes, and that it rests before and after."""

_NODES = ("d", "g", "s", "b")
_TWIN = "xtwin"
_SWEEP_STEP = 0.01
# Microamperes are to be seen to a per cent; tighter tolerances find no way from one charge to the
# next in some models.
_RAMP_OPTIONS: Mapping[str, float | str] = {
    "reltol": 1e-3,
    "abstol": 1e-12,
    "chgtol": 1e-15,
    "vntol": 1e-5,
    "trtol": 7.0,
    "method": "gear",
}
_NO_MODELS = Models(name="probe", folder=Path(), paths=())


@dataclass(frozen=True)
class DeviceBenches:
    """Benches of one transistor of ``polarity`` over the given models.

    size: of the transistor. supply: volt. A PMOS has source and bulk at the supply.
    """

    device: Device
    polarity: Polarity
    size: Size
    models: str
    supply: float
    temperature: float = 27.0

    def currents(self, cases: Sequence[Mapping[str, float]]) -> Bench:
        """Operating points; each case gives volts from the source, positive towards inversion."""
        steps: list[Step] = []
        for case in cases:
            for terminal, node in zip(TERMINALS, _NODES, strict=True):
                steps.append(Alteration(f"v{node}", "dc", self._volts(case.get(terminal, 0.0))))
            steps.append(OperatingPoint())
        return self._bench("operating points", steps)

    def twins(self) -> Bench:
        """The operating point of two equal transistors that conduct, each with its own drain."""
        half = self.supply / 2
        one = self._bench("twins", [OperatingPoint()], {"d": half, "g": half})
        (first,) = one.instances
        return replace(
            one,
            instances=(first, replace(first, name=_TWIN, nodes=(f"d{_TWIN}", *_NODES[1:]))),
            sources=(*one.sources, VoltageSource(f"v{_TWIN}", f"d{_TWIN}", "0", self._volts(half))),
            save=(*one.save, f"i(v{_TWIN})"),
        )

    def transfer(self, drain: float) -> Bench:
        """Drain current over the gate's voltage, from 0 to the supply."""
        sweep = DCSweep("vg", 0.0, self.supply, _SWEEP_STEP)
        return self._bench(
            "transfer", [Alteration("vd", "dc", self._volts(drain)), sweep], {"s": 0.0, "b": 0.0}
        )

    def gate_ramp(self, top: float) -> Bench:
        """The gate from 0.8 to 1 times ``top`` volt in 50 ns, everything else at rest."""
        low, high = self._volts(0.8 * top), self._volts(top)
        times = GATE_RAMP * np.arange(4.0)
        wave = PiecewiseLinear(times, np.array([low, low, high, high]))
        return self._bench("gate ramp", [Transient(3 * GATE_RAMP, GATE_RAMP / 50)], {}, wave)

    def _volts(self, from_source: float) -> float:
        return from_source if self.polarity == Polarity.NMOS else self.supply - from_source

    def _bench(
        self,
        title: str,
        steps: Sequence[Step],
        levels: Mapping[str, float] | None = None,
        gate: PiecewiseLinear | None = None,
    ) -> Bench:
        technology = probe_technology(self.device, self.supply)
        cell = probe_cell(self.polarity, self.size)
        level = {node: self._volts((levels or {}).get(node, 0.0)) for node in _NODES}
        return Bench(
            title=f"{self.device.model}: {title}",
            models=self.models,
            cells=cell_text(cell, technology),
            instances=(BenchInstance("xprobe", cell.name, _NODES),),
            sources=tuple(
                VoltageSource(f"v{node}", node, "0", gate if gate and node == "g" else level[node])
                for node in _NODES
            ),
            analyses=tuple(steps),
            save=tuple(f"i(v{node})" for node in _NODES),
            temperature=self.temperature,
            options=_RAMP_OPTIONS if gate is not None else {},
        )


def probe_cell(polarity: Polarity, size: Size) -> Cell:
    """One transistor with its four terminals outside."""
    ports = tuple(Port(node, Direction.BIDIRECTIONAL) for node in _NODES)
    return Cell("probe", ports, (Transistor("device", polarity, *_NODES, size),))


def probe_technology(device: Device, supply: float) -> Technology:
    """What the writer of netlists needs to write ``device``."""
    return Technology(
        name="probe",
        supply=supply,
        reference=supply / 2,
        nmos=device,
        pmos=device,
        sizes={},
        models=_NO_MODELS,
        limits=Limits((1e-12, 1e-6), (0.0, supply), (1e-13, 1e-11), (1e-10, 1e-7)),
    )


def probe_models(models: Models, corner: str, device: Device, size: Size) -> str:
    """The text of the models that one device of ``size`` needs."""
    cell = probe_cell(Polarity.NMOS, size)
    uses = device_uses(cell, probe_technology(device, 1.0))
    return trimmed_models(models, corner, uses).text


def currents_into(result: Result) -> np.ndarray:
    """Currents into drain, gate, source and bulk, (operating points, 4)."""
    return np.array(
        [[-float(np.asarray(wave[f"i(v{n})"])[0]) for n in _NODES] for wave in result.waveforms]
    )


def twin_currents(result: Result) -> tuple[float, float]:
    """Ampere into the drains of two transistors (:meth:`DeviceBenches.twins`)."""
    first, second = (float(np.asarray(result[0][f"i({v})"])[0]) for v in ("vd", f"v{_TWIN}"))
    return abs(first), abs(second)
