"""Numbers as people read them: three digits, an SI prefix, and a minus sign that a
command line takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mapping.conditions import Conditions

from mapping.conditions import Conditions

_PREFIXES = {
    -18: "a",
    -15: "f",
    -12: "p",
    -9: "n",
    -6: "µ",
    -3: "m",
    0: "",
    3: "k",
    6: "M",
    9: "G",
}
MISSING = "–"
"""Stands where there is no number."""


def number(value: float | None, digits: int = 3) -> str:
    """``value`` with so many significant digits, never in exponents between 1e-3 and 1e6."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if not -3 <= size < 6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}×10^{int(exponent)}"
    return f"{value:.{max(0, digits - 1 - size)}f}"


def quantity(value: float | None, unit: str, digits: int = 3) -> str:
    """``value`` in ``unit`` with the SI prefix that fits: 1.42e-9 A is 1.42 nA."""
    if value is None or math.isnan(value):
        return MISSING
    scale, prefixed = si_unit(value, unit)
    return f"{number(value / scale, digits)} {prefixed}"


def si_unit(value: float, unit: str) -> tuple[float, str]:
    """Size and name of the unit in which ``value`` lies between 1 and 1000: (1e-9, "nA")."""
    if value == 0 or not math.isfinite(value):
        return 1.0, unit
    # 999.6 is shown with three digits as 1000, so it belongs to the next prefix.
    exponent = 3 * math.floor(math.log10(abs(float(f"{value:.2e}"))) / 3)
    exponent = min(max(exponent, min(_PREFIXES)), max(_PREFIXES))
    return 10.0**exponent, f"{_PREFIXES[exponent]}{unit}"


def percent(share: float | None, digits: int = 2, signed: bool = False) -> str:
    """``share`` in per cent, with at most two decimals: 0.0084 is 0.84 %."""
    if share is None or math.isnan(share):
        return MISSING
    value = 100.0 * share
    decimals = min(digits, 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0)
    return f"{value:+.{decimals}f} %" if signed else f"{value:.{decimals}f} %"


def fixed(value: float, decimals: int = 3) -> str:
    """``value`` with so many decimals, for columns of numbers of one size."""
    return f"{value + 0.0:.{decimals}f}"


def celsius(temperature: float) -> str:
    """A temperature in degrees Celsius."""
    return f"{temperature:g} °C"


def conditions_text(conditions: Conditions) -> str:
    """Corner and temperature, for a picture."""
    return f"{conditions.corner}, {celsius(conditions.temperature)}"


def drawn_by(mismatch_set: str) -> str:
    """``", mismatch set NAME"`` for titles; nothing where a study names none."""
    return f", mismatch set {mismatch_set}" if mismatch_set else ""
