"""Sensitivities of resized cells from those that were measured, for a search to go by.

    gm / I is a function of the inversion coefficient  I / (I_0 W / L)         (EKV)

so that a device whose W / L is r times as large does to its cell at a bias of I what it did at
I / r (C. Enz, F. Krummenacher and E. Vittoz, Analog Integr. Circuits Signal Process. 8, 1995). At
W / L as before, nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mapping.characteristics import Orientation
from mapping.grid import place
from mapping.sensitivity import CellSensitivities, MirrorSensitivity, OtaSensitivity


def rescaled(
    sensitivities: CellSensitivities,
    ota: Mapping[str, float],
    source: Mapping[str, float],
    sink: Mapping[str, float],
    divided: Mapping[str, float] | None = None,
) -> CellSensitivities:
    """The sensitivities of cells whose devices have other shapes.

    Args:
        sensitivities: as measured.
        ota, source, sink: (W / L) now over (W / L) then, by device of the OTA and of the two
            current mirrors; 1 for those that are not there.
        divided: of the OTA that divides.
    """
    otas = {x.value: _moved(sensitivities.ota(x), 2, ota) for x in Orientation}
    mirrors = {
        "source": _moved(sensitivities.source, 1, source),
        "sink": _moved(sensitivities.sink, 1, sink),
    }
    if sensitivities.divided is not None:
        mirrors["divided"] = _moved(sensitivities.divided, 2, divided or {})
    tables = {
        name: replace(getattr(sensitivities, name), **moved)
        for name, moved in (otas | mirrors).items()
    }
    return replace(sensitivities, fingerprint="", **tables)


def _moved(
    table: OtaSensitivity | MirrorSensitivity, axis: int, ratios: Mapping[str, float]
) -> dict[str, np.ndarray]:
    """Both of its tables, each device's at biases as many times smaller; axis: of the devices."""
    logs = np.log(table.bias_current)

    def moved(values: np.ndarray) -> np.ndarray:
        rows = []
        for device, part in zip(table.devices, np.moveaxis(values, axis, 0), strict=True):
            low, share = place(logs, logs - np.log(ratios.get(device, 1.0)))
            share = share.reshape(-1, *[1] * (part.ndim - 1))
            rows.append((1 - share) * part[low] + share * part[low + 1])
        return np.moveaxis(np.stack(rows), 0, axis)

    return {name: moved(getattr(table, name)) for name in ("threshold", "current_factor")}
