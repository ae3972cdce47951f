"""A figure that a text quotes, and what gives it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Values = Callable[[Any], Sequence[float]]

_FIGURE = re.compile(r"\{([^{}]+)\}")
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Claim:
    """Words of a document with the figures in braces: ``"{41.6} % of {1000} samples burst"``.

    file: the document. says: its words, however they are wrapped there. source: the command (as it
    stands in the document) that gives the figures, or the path of a recorded JSON file of
    docs/results. values: the figures from its JSON document, in the order of the braces. tolerance:
    relative, for what differs from one processor to another; by default a figure has to agree to
    within one unit of its last digit. reads: the JSON file that the command writes, where the
    figures stand there and not in what it prints.
    """

    file: str
    says: str
    source: str
    values: Values
    tolerance: float = 0.0
    reads: str = ""

    @property
    def is_recorded(self) -> bool:
        """Whether the source is a recorded file rather than a command."""
        return self.source.endswith(".json") and " " not in self.source

    @property
    def words(self) -> str:
        """What the document has to hold, wrapped in one line."""
        return one_line(_FIGURE.sub(r"\1", self.says))

    @property
    def figures(self) -> tuple[str, ...]:
        """What stands in the braces."""
        return tuple(_FIGURE.findall(self.says))


@dataclass(frozen=True)
class Comparison:
    """A quoted figure and what its source gives; ``agrees`` within the claim's tolerance."""

    claim: Claim
    quoted: str
    found: float
    agrees: bool


def compare(claim: Claim, document: Any) -> tuple[Comparison, ...]:
    """Every figure of ``claim`` against the JSON ``document`` of its source.

    Raises:
        ValueError: there are more or fewer values than figures.
    """
    found = tuple(float(value) for value in claim.values(document))
    if len(found) != len(claim.figures):
        raise ValueError(f"{len(found)} values for {len(claim.figures)} figures: {claim.says!r}")
    return tuple(
        Comparison(claim, quoted, value, _agrees(quoted, value, claim.tolerance))
        for quoted, value in zip(claim.figures, found, strict=True)
    )


def is_quoted(claim: Claim, text: str) -> bool:
    """Whether ``text`` holds the words of the claim."""
    return claim.words in one_line(text)


def one_line(text: str) -> str:
    """``text`` with every run of white space as one blank."""
    return " ".join(text.split())


def number(quoted: str) -> tuple[float, float]:
    """A quoted figure and one unit of its last digit: ``"1,590"`` is 1590 and 1.

    Raises:
        ValueError: it is no number.
    """
    # A minus sign may be typeset, a percentage may follow.
    plain = quoted.replace("\N{MINUS SIGN}", "-").replace(",", "").removesuffix("%").strip()
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"{quoted!r} is no number")
    mantissa, _, exponent = plain.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(plain), 10.0 ** (int(exponent or 0) - decimals)


def _agrees(quoted: str, value: float, tolerance: float) -> bool:
    said, unit = number(quoted)
    # Half a unit is what rounding takes away, the other half the simulator's last digits.
    return abs(value - said) <= max(unit, tolerance * abs(said)) * (1.0 + 1e-9)
