"""Page of pictures about a technology: its OTA's curves, and how far they may be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.pictures.picture import Picture
from codesign.pictures.plots import COLORS, FAINT, INK, PALE, STYLE
from codesign.technologies.page import TEMPERATURES, TechnologyPage
from codesign.technologies.sizes import BOUNDS
from codesign.terminal.quantities import quantity

_MILLI = 1e3
_CIRCUIT, _FIT, _MARK = COLORS["circuit"], COLORS["model"], COLORS["macromodel"]
_LEAKS = ("o-", "s--", "^:")
_LEGEND = (
    "grey: what is allowed; dashed: the limits in the technology file, and the common modes at "
    "which the OTA works"
)
# Lines within this ratio of the one of the smallest bias would cross its name.
_NEAR = 3.0
# Ampere: what a simulator adds of itself.
_LEAST = 1e-18
_POINTS: Mapping[str, Any] = {"color": _CIRCUIT, "markersize": 3.5, "linewidth": 1.0}


def technology_figure(page: TechnologyPage, verdict: str = "") -> Figure:
    """Transfer curves with their tanh, V0, gain and offset current over bias, swing, leakage."""
    technology = page.technology
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=(10.2, 6.2), layout="constrained")
        axes = figure.subplots(2, 3)
        _draw_transfer(axes[0, 0], page)
        _draw_slope(axes[0, 1], page)
        _draw_gain(axes[0, 2], page)
        _draw_offset(axes[1, 0], page)
        _draw_swing(axes[1, 1], page)
        _draw_leakage(axes[1, 2], page)
        for each in (axes[0, 1], axes[0, 2], axes[1, 0]):
            _over_bias(each, page)
        title = f"{technology.name}, {page.corner}, {technology.supply:g} V, 27 °C: the OTA"
        figure.suptitle(f"{title}; {verdict}" if verdict else title, fontsize=9)
        figure.supxlabel(_LEGEND, fontsize=7, color=INK)
        return figure


def _draw_transfer(axes: Axes, page: TechnologyPage) -> None:
    """Measured curves, one above the other by a bias each, and the tanh fitted to them."""
    axes.set_title("transfer curves and the tanh fitted")
    axes.axhline(0.0, color=FAINT, linewidth=0.7)
    shades = np.linspace(0.35, 1.0, len(page.transfer))
    for shade, curve in zip(shades, page.transfer, strict=True):
        if curve.fit is not None:
            fit = curve.fit
            t = np.tanh((curve.voltage - fit.offset) / fit.slope_voltage)
            drift = 1 + fit.drift * (curve.voltage - fit.offset) * (1 + t) / 2
            axes.plot(
                _MILLI * curve.voltage,
                fit.gain * t * drift + fit.offset_current,
                color=_FIT,
                linewidth=3.0,
                alpha=0.45,
            )
        axes.plot(
            _MILLI * curve.voltage,
            curve.current,
            color=_CIRCUIT,
            alpha=shade,
            linewidth=0.9,
            label=quantity(curve.bias, "A"),
        )
    axes.set_xlabel("difference of the inputs (mV)")
    axes.set_ylabel("output current / bias")
    if page.transfer:
        axes.legend(fontsize=7, loc="upper left", title="bias", title_fontsize=7)


def _draw_slope(axes: Axes, page: TechnologyPage) -> None:
    axes.set_title("$V_0$, the linear range of the pair")
    axes.plot(page.quality.bias, _MILLI * page.quality.slope_voltage, "o-", **_POINTS)
    axes.set_ylabel("$V_0$ (mV)")


def _draw_gain(axes: Axes, page: TechnologyPage) -> None:
    axes.set_title("gain")
    bound = BOUNDS["gain error"]
    axes.axhspan(1 - bound, 1 + bound, color=FAINT, linewidth=0)
    axes.plot(page.quality.bias, page.quality.gain, "o-", **_POINTS)
    axes.set_ylabel("largest current / bias")
    _within(axes, page.quality.gain, 1 - 2 * bound, 1 + 2 * bound)


def _draw_offset(axes: Axes, page: TechnologyPage) -> None:
    axes.set_title("offset current")
    bound = 100 * BOUNDS["offset current"]
    axes.axhspan(-bound, bound, color=FAINT, linewidth=0)
    axes.plot(page.quality.bias, 100 * page.quality.offset_current, "o-", **_POINTS)
    axes.set_ylabel("of the bias (%)")
    _within(axes, 100 * page.quality.offset_current, -3 * bound, 3 * bound)


def _draw_swing(axes: Axes, page: TechnologyPage) -> None:
    axes.set_title("output swing and allowed references")
    low, high = page.technology.limits.voltage
    axes.axvspan(low, high, color=FAINT, linewidth=0)
    axes.axvline(page.technology.reference, color=PALE, linewidth=0.8)
    if page.common_modes is not None:
        for edge in page.common_modes:
            axes.axvline(edge, color=_MARK, linewidth=1.0, dashes=(3, 2))
    smallest = page.technology.limits.bias_current[0]
    seen: set[float] = set()
    for curve in page.swing:
        first = curve.bias not in seen
        seen.add(curve.bias)
        axes.plot(
            curve.voltage,
            curve.current,
            color=_FIT if curve.bias == smallest else _CIRCUIT,
            linewidth=2.4 if curve.bias == smallest else 0.9,
            label=quantity(curve.bias, "A") if first else None,
        )
    axes.set_xlabel("output voltage (V)")
    axes.set_ylabel("output current / bias")
    axes.set_ylim(-1.6, 1.6)
    if page.swing:
        axes.legend(
            fontsize=7, loc="center", bbox_to_anchor=(0.5, 0.33), title="bias", title_fontsize=7
        )


def _draw_leakage(axes: Axes, page: TechnologyPage) -> None:
    axes.set_title("leakage at half the supply")
    for (label, values), line in zip(page.leakage.items(), _LEAKS, strict=False):
        shown = np.where(values > _LEAST, values, np.nan)
        if np.isfinite(shown).any():
            axes.plot(TEMPERATURES, shown, line, label=label, **_POINTS)
    smallest = page.technology.limits.bias_current[0]
    axes.axhline(smallest, color=_MARK, linewidth=1.0, dashes=(3, 2))
    cold = [values[0] for values in page.leakage.values()]
    covered = any(smallest < value < _NEAR * smallest for value in cold)
    axes.text(
        0.02,
        smallest / 1.15 if covered else smallest,
        f"smallest bias, {quantity(smallest, 'A')}",
        transform=axes.get_yaxis_transform(),
        fontsize=7,
        va="top" if covered else "bottom",
    )
    axes.set_yscale("log")
    axes.set_ylim(top=_NEAR * max(axes.get_ylim()[1], smallest))
    axes.set_xlim(TEMPERATURES[0] - 5, TEMPERATURES[-1] + 5)
    axes.set_xlabel("temperature (°C)")
    axes.set_ylabel("leakage current (A)")
    if axes.lines[1:]:
        axes.legend(fontsize=7, loc="lower right")


def _over_bias(axes: Axes, page: TechnologyPage) -> None:
    """The axis of biases, with the limits marked."""
    axes.set_xscale("log")
    axes.set_xlabel("bias (A)")
    for edge in page.technology.limits.bias_current:
        axes.axvline(edge, color=_MARK, linewidth=1.0, dashes=(3, 2))
    axes.tick_params(axis="x", colors=INK)


def _within(axes: Axes, values: np.ndarray, low: float, high: float) -> None:
    """Limits of the axis that hold the values, but none so far out that they dwarf the others."""
    finite, span = values[np.isfinite(values)], high - low
    if finite.size:
        bottom, top = min(low, float(finite.min())), max(high, float(finite.max()))
        axes.set_ylim(max(bottom, low - span), min(top, high + span))
