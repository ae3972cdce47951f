"""The models that cells need."""

from collections.abc import Sequence

from circuits.structure import Cell
from circuits.technology import Technology, check_corner
from netlists.model_library import TrimmedModels, trimmed_models
from netlists.writer import device_uses


def models_for(technology: Technology, corner: str, cells: Sequence[Cell]) -> TrimmedModels:
    """The models that ``cells`` need at ``corner``."""
    check_corner(technology, corner)
    uses = {use for cell in cells for use in device_uses(cell, technology)}
    ordered = sorted(uses, key=lambda use: (use.name, use.width_um, use.length_um))
    return trimmed_models(technology.models, corner, ordered)
