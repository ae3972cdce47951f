"""Test benches that measure single transistors: what a technology file claims of them.

The transistor stands at each size and number that its claims speak of, each with a drain of its
own; gates, sources and bulks are shared::

    once, again   the size of the technology's cells, drawn twice
    twice         two of them in parallel
    wide, long    of twice the width, of twice the length (or of half, where that is too much)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from circuits.structure import Cell, Direction, Polarity, Port, Size, Transistor
from circuits.technology import Technology
from netlists.bench import (
    Bench,
    BenchInstance,
    DCSweep,
    PiecewiseLinear,
    Step,
    Transient,
    VoltageSource,
)
from netlists.engine import Result
from netlists.writer import cell_text

_OPTIONS = {"reltol": 1e-6, "abstol": 1e-17, "vntol": 1e-9}
_POINTS = 60
_TERMINALS = ("d", "g", "s", "b")
# The gate's ramp, volt and seconds, and the times in it between which its current is looked at.
_RAMP, _RISE = 0.05, 1e-6
# Sizes of which devices the claims are measured on, by what they are in the OTA.
_ROLES = {Polarity.NMOS: "pair", Polarity.PMOS: "pmos_mirror"}


@dataclass(frozen=True)
class DeviceBenches:
    """Makes the benches of one kind of transistor over the given models.

    models: text of the models in use. temperature: degree Celsius. halved: the other sizes are half
    of the cells' own, rather than twice.
    """

    technology: Technology
    polarity: Polarity
    models: str
    temperature: float = 27.0
    halved: bool = False

    @cached_property
    def sizes(self) -> Mapping[str, Size]:
        """What is drawn, by name."""
        device = self.technology.device(self.polarity)
        once = replace(self.technology.size("ota", _ROLES[self.polarity]), multiplier=1)
        return {
            "once": once,
            "again": once,
            "twice": replace(once, multiplier=2),
            "wide": replace(once, width=self._other(once.width, device.width)),
            "long": replace(once, length=self._other(once.length, device.length)),
        }

    def cells(self) -> tuple[Cell, ...]:
        """One transistor a cell, of each size."""
        ports = tuple(Port(name, Direction.BIDIRECTIONAL) for name in _TERMINALS)
        return tuple(
            Cell(
                f"{self.polarity}_{name}",
                ports,
                (Transistor("one", self.polarity, *_TERMINALS, size, role=name),),
            )
            for name, size in self.sizes.items()
        )

    def _other(self, size: float, allowed: tuple[float, float]) -> float:
        return size / 2 if self.halved or 2 * size > allowed[1] else 2 * size

    def transfer(self) -> Bench:
        """Drain currents over the gate's voltage, from none to the supply, at half of it."""
        supply = self.technology.supply
        ends = (0.0, supply) if self.polarity == Polarity.NMOS else (supply, 0.0)
        sweep = DCSweep("vg", *ends, (ends[1] - ends[0]) / _POINTS)
        return self._bench("transfer", (sweep,), ends[0])

    def gate(self) -> Bench:
        """The gate of ``once`` alone, ramped up and down where the transistor conducts."""
        supply = self.technology.supply
        on = supply - _RAMP if self.polarity == Polarity.NMOS else 0.0
        times = _RISE * np.array([0.0, 1.0, 2.0, 3.0, 4.0])
        wave = PiecewiseLinear(times, on + _RAMP * np.array([0.0, 0.0, 1.0, 0.0, 0.0]))
        return self._bench("gate", (Transient(4 * _RISE, _RISE / 100),), wave, ("once",))

    def _bench(
        self,
        title: str,
        steps: Sequence[Step],
        gate: float | PiecewiseLinear,
        which: Sequence[str] = (),
    ) -> Bench:
        supply = self.technology.supply
        rest = 0.0 if self.polarity == Polarity.NMOS else supply
        chosen = which or tuple(self.sizes)
        cells = {cell.name: cell for cell in self.cells()}
        names = {name: f"{self.polarity}_{name}" for name in chosen}
        return Bench(
            title=f"{self.technology.name}: {self.polarity}, {title}",
            models=self.models,
            cells="".join(cell_text(cells[name], self.technology) for name in names.values()),
            instances=tuple(
                BenchInstance(f"x{name}", cell, (f"d{name}", "g", "s", "b"))
                for name, cell in names.items()
            ),
            sources=(
                *(VoltageSource(f"v{name}", f"d{name}", "0", supply / 2) for name in chosen),
                VoltageSource("vg", "g", "0", gate),
                VoltageSource("vs", "s", "0", rest),
                VoltageSource("vb", "b", "0", rest),
            ),
            analyses=tuple(steps),
            save=(*(f"i(v{name})" for name in chosen), "i(vg)", "i(vs)", "i(vb)", "v(g)"),
            temperature=self.temperature,
            options=_OPTIONS,
        )


@dataclass(frozen=True)
class DeviceCurves:
    """What :meth:`DeviceBenches.transfer` measured; ampere, positive as the polarity conducts.

    drains: current from drain to source of each size, over the sweep. gate, source, bulk: of all
    devices together, into the device as the drain's is.
    """

    drains: Mapping[str, np.ndarray]
    gate: np.ndarray
    source: np.ndarray
    bulk: np.ndarray


def device_curves(result: Result, benches: DeviceBenches) -> DeviceCurves:
    """The currents of a run of :meth:`DeviceBenches.transfer`."""
    sign = -1.0 if benches.polarity == Polarity.NMOS else 1.0
    waves = result[0]
    return DeviceCurves(
        {name: sign * waves[f"i(v{name})"] for name in benches.sizes},
        *(sign * waves[f"i(v{terminal})"] for terminal in ("g", "s", "b")),
    )


def gate_capacitance(result: Result) -> float:
    """Farad of the gate that a run of :meth:`DeviceBenches.gate` ramped.

    The mean of both flanks: a gate's leakage is the same on the way up and on the way down.
    """
    waves = result[0]
    up, down = (np.interp(at * _RISE, waves.axis, waves["i(vg)"]) for at in (1.5, 2.5))
    return float(abs(down - up)) / 2 / (_RAMP / _RISE)
