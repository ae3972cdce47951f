"""Lines as small pictures in SVG, for what a notebook shows of an object; axes have no numbers.

Pictures to publish are those of :mod:`codesign.pictures`.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

TIMESCALE_COLORS = {"fast": "#d55e00", "slow": "#0072b2", "ultraslow": "#009e73"}
"""From Okabe and Ito's palette."""

MEMBRANE_COLOR = "#14406b"

WIDTH, HEIGHT = 460, 90
_COLUMNS = 400
_EDGE = 3.0


def small_picture(
    x: np.ndarray, lines: Sequence[np.ndarray], colors: Sequence[str], title: str
) -> str:
    """Lines over the same ``x``, each (points,), on one scale; a thin line where they are zero.

    title: what is said to those who cannot see it.
    """
    low = min((float(np.min(y)) for y in lines if y.size), default=0.0)
    high = max((float(np.max(y)) for y in lines if y.size), default=0.0)
    drawn = []
    if low < 0.0 < high:
        level = _place(np.array([0.0]), low, high, HEIGHT)[0]
        drawn.append(
            f'<path d="M0 {level:.1f}H{WIDTH}" stroke="#999" stroke-width="0.6" fill="none"/>'
        )
    for y, color in zip(lines, colors, strict=True):
        if y.size > 1:
            points = _points(x, y, low, high)
            drawn.append(
                f'<polyline points="{points}" stroke="{color}" stroke-width="1.1" fill="none"/>'
            )
    return (
        f'<svg role="img" aria-label="{html.escape(title, quote=True)}" width="{WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(drawn)}</svg>'
    )


def _points(x: np.ndarray, y: np.ndarray, low: float, high: float) -> str:
    """Of many points the lowest and the highest of each column, so that every spike is seen."""
    if y.size > 2 * _COLUMNS:
        starts = np.linspace(0, y.size, _COLUMNS + 1)[:-1].astype(int)
        ends = np.stack([np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)], axis=1)
        x, y = np.repeat(x[starts], 2), ends.reshape(-1)
    across = (x - x[0]) / (x[-1] - x[0]) * WIDTH
    down = _place(y, low, high, HEIGHT)
    return " ".join(f"{a:.1f},{d:.1f}" for a, d in zip(across, down, strict=True))


def _place(y: np.ndarray, low: float, high: float, height: float) -> np.ndarray:
    """From the top; in the middle where all is one value."""
    share = (y - low) / (high - low) if high > low else np.full(np.shape(y), 0.5)
    return np.asarray(height - _EDGE - share * (height - 2 * _EDGE))
