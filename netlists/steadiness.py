"""Whether equal transistors of an unknown library are equal, or another one each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from circuits.technology import Device, SizeStyle
from netlists.device_outline import DeviceOutline, terminal_orders
from netlists.engine import Engine
from netlists.model_statistics import find_statistics, with_parameter
from netlists.probe_benches import DeviceBenches, twin_currents
from neuron_model.errors import InputError, SimulatorError

STYLES = (SizeStyle.MICRO, SizeStyle.PLAIN)
"""How sizes may be written."""

# Relative: beyond it equal transistors are no longer equal but for the solver; and where this found
# a solution with looser tolerances alone.
_DRAWN, _DRAWN_LOOSELY = 1e-6, 1e-2


def steady_device(found: DeviceOutline, benches: DeviceBenches, engine: Engine) -> Device:
    """The device, with its own switch of statistics off where it has one.

    Raises:
        InputError: equal transistors carry other currents, in whatever way they are written; what
            is drawn is named.
    """
    statistics = find_statistics(benches.models)
    if not statistics.draws:
        return benches.device
    for style, order in product(STYLES, terminal_orders(found)):
        written = replace(
            benches, device=replace(benches.device, terminals=order, size_style=style)
        )
        drawn = _twins(written, statistics.runs, engine)
        if drawn is None or not drawn.differ:
            continue
        for name in statistics.own:
            if name in found.parameters and name not in benches.device.size_parameters:
                device = replace(written.device, parameters={name: 0.0})
                if _stills(replace(written, device=device), drawn, statistics.runs, engine):
                    return replace(benches.device, parameters=device.parameters)
        off = (
            name
            for name in statistics.switches
            if _stills(_switched_off(written, name), drawn, statistics.runs, engine)
        )
        switch = next(off, "")
        given = (
            f"--parameter {switch}=0, which switches them off (tried)"
            if switch
            else "what switches them off (--parameter NAME=VALUE)"
        )
        raise InputError(
            f"{statistics.refusal(found.name)} Equal transistors carry {min(drawn.drains):.4g} to "
            f"{max(drawn.drains):.4g} A: nothing measured of one is true of the next. Give "
            f"{given}, or use the section of the library that has no statistics."
        )
    return benches.device


def _switched_off(benches: DeviceBenches, switch: str) -> DeviceBenches:
    return replace(benches, models=with_parameter(benches.models, switch, 0.0))


def _stills(changed: DeviceBenches, drawn: _Twins, runs: int, engine: Engine) -> bool:
    """Whether transistors that differed as ``drawn`` are equal so, and conduct."""
    twins = _twins(changed, runs, engine)
    return twins is not None and not twins.differ and twins.is_near(drawn)


@dataclass(frozen=True)
class _Twins:
    """Equal transistors, two a run: ampere into their drains, and whether they differ."""

    drains: tuple[float, ...]
    differ: bool

    def is_near(self, other: _Twins) -> bool:
        """Whether they conduct much as others do, rather than not at all."""
        mean = sum(other.drains) / len(other.drains)
        return all(0.2 * mean <= drain <= 5.0 * mean for drain in self.drains)


def _twins(benches: DeviceBenches, runs: int, engine: Engine) -> _Twins | None:
    """None where ngspice does not take them as they are written."""
    drains: list[float] = []
    allowed = _DRAWN
    for _ in range(runs):
        try:
            result = engine.run(benches.twins())
        except SimulatorError:
            return None
        allowed = _DRAWN_LOOSELY if result.loosened else allowed
        drains += twin_currents(result)
        if max(drains) - min(drains) > allowed * max(drains):
            return _Twins(tuple(drains), True)
    return _Twins(tuple(drains), False)
