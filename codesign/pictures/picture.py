"""A figure that a notebook shows as the value of a cell, though nobody has imported pyplot."""

from __future__ import annotations

import io
import re

from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.text import Text

_DPI = 110
_NEGATIVE = re.compile(r"(?<![\w)])-(?=[\d∞])")


class Picture(Figure):
    """A matplotlib figure; notebooks ask it for PNG.

    Figures alone are shown only where pyplot has been imported, with all that it sets up for a
    session; a picture drawn by a library should need none of it.
    """

    def draw(self, renderer: RendererBase) -> None:
        """Draw it, with the minus sign of the axes' numbers in all texts."""
        for text in self.findobj(Text):
            assert isinstance(text, Text)
            text.set_text(with_minus(text.get_text()))
        super().draw(renderer)

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=_DPI)
        return stream.getvalue()


def with_minus(text: str) -> str:
    """The text with the minus sign of the axes' numbers; labels of ticks are given it."""
    return _NEGATIVE.sub("\N{MINUS SIGN}", text)
