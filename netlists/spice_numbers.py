"""Numbers as SPICE writes them."""

import re

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([a-z]*)", re.IGNORECASE)
_SUFFIX = (
    ("meg", 1e6),
    ("mil", 25.4e-6),
    ("t", 1e12),
    ("g", 1e9),
    ("k", 1e3),
    ("m", 1e-3),
    ("u", 1e-6),
    ("n", 1e-9),
    ("p", 1e-12),
    ("f", 1e-15),
    ("a", 1e-18),
)


def number(text: str) -> float | None:
    """The value of a SPICE number ("1.5e-7", "0.15u", "3meg"); None for an expression."""
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    suffix = match.group(2).lower()
    scale = next((factor for start, factor in _SUFFIX if suffix.startswith(start)), 1.0)
    return float(match.group(1)) * scale
