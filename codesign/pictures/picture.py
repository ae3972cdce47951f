"""A figure that a notebook shows as the value of a cell, though nobody has imported pyplot."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

_DPI = 110


class Picture(Figure):
    """A matplotlib figure; notebooks ask it for PNG.

    Figures alone are shown only where pyplot has been imported, with all that it sets up for a
    session; a picture drawn by a library should need none of it.
    """

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=_DPI)
        return stream.getvalue()
