"""Other sizes for a technology's cells: gate areas scaled role by role, shapes kept.

    W' = W sqrt(k),  L' = L sqrt(k)          k: factor of the gate area

With W / L a device keeps its inversion coefficient at a given current, and so its gm / I, while
its spread falls as 1 / sqrt(k) (:mod:`mapping.mismatch_set`) and its capacitance grows as k.
Where the technology's limits leave no room for it, the other side makes up the area.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from circuits.structure import Cell, Size
from circuits.technology import Device, Technology
from neuron_model.errors import InputError

SCALED_ROLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "pair": (("ota", "pair"), ("divided_ota", "pair")),
    "tail": (("ota", "tail"), ("divided_ota", "tail")),
    "pmos_mirror": (
        ("ota", "pmos_mirror"),
        ("divided_ota", "pmos_mirror"),
        ("divided_ota", "pmos_output"),
    ),
    "nmos_mirror": (("ota", "nmos_mirror"), ("divided_ota", "nmos_mirror")),
    "compensation": (("mirror", "nmos"), ("mirror", "pmos")),
}
"""What can be scaled by itself: (cell, role) of the sizes that go together."""

# Ten nanometres: on the drawing grid of every process this is meant for.
_GRID = 0.01


def scaled_technology(technology: Technology, factors: Mapping[str, float]) -> Technology:
    """``technology`` with the gate areas of some of SCALED_ROLES multiplied; 1 leaves a size.

    Args:
        technology: with the sizes to begin from.
        factors: of the area, by role.

    Raises:
        InputError: an unknown role, a factor that is not positive, or an area that the device's
            limits do not allow.
    """
    sizes = {cell: dict(roles) for cell, roles in technology.sizes.items()}
    for name, factor in factors.items():
        if name not in SCALED_ROLES:
            raise InputError(f"size of {name!r}: it must be one of {', '.join(SCALED_ROLES)}.")
        for cell, role in SCALED_ROLES[name]:
            if cell not in sizes:
                continue
            device = technology.pmos if role.startswith("pmos") else technology.nmos
            sizes[cell][role] = scaled_size(sizes[cell][role], factor, device, f"{cell}.{role}")
    return replace(technology, sizes=sizes)


def scaled_size(size: Size, factor: float, device: Device, what: str) -> Size:
    """``size`` with ``factor`` times the area, within the limits of ``device``.

    Raises:
        InputError: the factor is not positive, or no width and length allowed have that area.
    """
    if not (math.isfinite(factor) and factor > 0):
        raise InputError(f"{what}: area factor = {factor!r} must be positive.")
    if factor == 1.0:
        return size
    area = size.width * size.length * factor
    length = _clamp(size.length * math.sqrt(factor), device.length)
    width = _clamp(area / length, device.width)
    length = _clamp(area / width, device.length)
    if not math.isclose(width * length, area, rel_tol=1e-9):
        least, most = (
            side * other for side, other in zip(device.width, device.length, strict=True)
        )
        raise InputError(
            f"{what}: area factor = {factor:g} asks for {area:.4g} um^2 a device, but {least:.4g} "
            f"to {most:.4g} is allowed: choose another factor, or a multiplier."
        )
    return replace(
        size, width=_on_grid(width, device.width), length=_on_grid(length, device.length)
    )


def shape_ratios(cell: Cell, drawn_before: Cell) -> dict[str, float]:
    """(W / L) of each transistor of ``cell`` over that of its namesake, by name."""

    def shape(size: Size) -> float:
        return size.width * size.multiplier / size.length

    before = {path[-1]: t.size for path, t in drawn_before.transistors()}
    return {path[-1]: shape(t.size) / shape(before[path[-1]]) for path, t in cell.transistors()}


def _clamp(value: float, allowed: tuple[float, float]) -> float:
    return min(max(value, allowed[0]), allowed[1])


def _on_grid(value: float, allowed: tuple[float, float]) -> float:
    return _clamp(round(round(value / _GRID) * _GRID, 6), allowed)
