"""What ngspice calls a device deep inside a circuit, so that it can be altered in place.

M device    m.x<instance>...m<name>
X device    m.x<instance>...x<name>.m<each transistor inside of the device's subcircuit>
C           c.x<instance>...c<name>
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from circuits.structure import Cell, Transistor
from circuits.technology import Technology
from netlists.bench import Alteration
from netlists.model_source import SourceText
from netlists.model_statements import Subcircuit, called_subcircuit, parse_library
from neuron_model.errors import InputError

THRESHOLD, CURRENT_FACTOR = "delvto", "mulu0"
"""Parameters of a BSIM transistor: volt added to its threshold, factor of its mobility."""

CAPACITANCE = "capacitance"
"""Of a capacitor, in farad."""


def device_names(
    instance: str,
    path: Sequence[str],
    transistor: Transistor,
    technology: Technology,
    models: str,
) -> tuple[str, ...]:
    """ngspice's names of the transistor at ``path`` inside of the bench's ``instance``.

    Raises:
        InputError: the models hold no transistor of the device's name.
    """
    device = technology.device(transistor.polarity)
    where = _inside(instance, path)
    if device.prefix == "M":
        return (f"m.{where}.m{path[-1].lower()}",)
    inner = _inner_transistors(models, device.model.lower())
    if not inner:
        raise InputError(
            f"technology '{technology.name}': there is no transistor in the subcircuit "
            f"{device.model}, whose threshold could be altered."
        )
    return tuple(f"m.{where}.x{path[-1].lower()}.{name}" for name in inner)


@lru_cache(maxsize=16)
def _inner_transistors(models: str, subcircuit: str) -> tuple[str, ...]:
    """Names, relative to its own, of the M devices of a subcircuit and of those inside of it."""

    def found(of: Subcircuit) -> Iterator[str]:
        for statement in of.statements:
            if statement.keyword[0] == "m":
                yield statement.keyword
            elif statement.keyword[0] == "x":
                for called in of.find_subcircuits(called_subcircuit(statement))[:1]:
                    yield from (f"{statement.keyword}.{inner}" for inner in found(called))

    top = parse_library([SourceText(Path("models"), 1, models)])
    return tuple(name for of in top.find_subcircuits(subcircuit)[:1] for name in found(of))


def alterations(
    cell: Cell,
    technology: Technology,
    models: str,
    instance: str,
    threshold: np.ndarray,
    current_factor: np.ndarray | None = None,
) -> tuple[Alteration, ...]:
    """Every transistor of ``cell`` moved from where it was drawn, in the cell's order.

    Args:
        cell: what ``instance`` of the bench is.
        technology: whose devices it is made of.
        models: text of the bench's models.
        instance: its name in the bench, such as "xneuron".
        threshold: volt, (devices,).
        current_factor: relative change, (devices,); left alone where it is None.
    """
    steps: list[Alteration] = []
    for index, (path, transistor) in enumerate(cell.transistors()):
        for name in device_names(instance, path, transistor, technology, models):
            steps.append(Alteration(name, THRESHOLD, float(threshold[index])))
            if current_factor is not None:
                steps.append(Alteration(name, CURRENT_FACTOR, 1.0 + float(current_factor[index])))
    return tuple(steps)


def capacitor_alterations(cell: Cell, instance: str, change: float) -> tuple[Alteration, ...]:
    """Every capacitor of ``cell``, which ``instance`` of the bench is, off by the share ``change``
    from what was drawn."""
    return tuple(
        Alteration(
            ".".join(["c", _inside(instance, path), f"c{path[-1].lower()}"]),
            CAPACITANCE,
            capacitor.capacitance * (1.0 + change),
        )
        for path, capacitor in cell.capacitors()
    )


def _inside(instance: str, path: Sequence[str]) -> str:
    """Where the part at ``path`` inside of the bench's ``instance`` sits."""
    return ".".join([instance, *(f"x{name}" for name in path[:-1])]).lower()


def restored(steps: Iterable[Alteration]) -> tuple[Alteration, ...]:
    """What takes the alterations of a threshold or a current factor back."""
    drawn = {THRESHOLD: 0.0, CURRENT_FACTOR: 1.0}
    return tuple(Alteration(s.device, s.parameter, drawn[s.parameter]) for s in steps)
