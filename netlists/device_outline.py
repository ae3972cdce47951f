"""What the text of a model library says of a device, before anything is simulated.

Whether it is a subcircuit or a model, its terminals and parameters, the sizes that its bins cover.
What the text cannot say (which terminal is the gate, whether a width is in metres) is measured by
:mod:`netlists.device_probe`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from netlists.length_scale import length_shrink
from netlists.model_source import SourceText, expand, section_names
from netlists.model_statements import (
    Scope,
    Statement,
    Subcircuit,
    called_subcircuit,
    model_words,
    parse_library,
)
from netlists.spice_numbers import number
from neuron_model.errors import InputError

_PARAMETER = re.compile(r"([A-Za-z_]\w*)\s*=\s*('[^']*'|\{[^}]*\}|[^\s=]+)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_LIMIT = re.compile(r"\b([lw]m(?:in|ax))\s*=\s*([^\s,)+]+)", re.IGNORECASE)
_KIND = re.compile(r"\.model\s+\S+\s+([A-Za-z]\w*)", re.IGNORECASE)
_DEEPEST = 8
_TERMINALS = ("drain", "gate", "source", "bulk")


@dataclass(frozen=True)
class DeviceOutline:
    """A device as the library writes it down.

    prefix: "X" for a subcircuit, "M" for a model. terminals: the names of a subcircuit's ports, in
    order; of a model drain, gate, source, bulk. parameters: of a subcircuit, with their defaults,
    as text; lower case. kinds: of the models that it leads to ("nmos", "pmos"). width, length:
    micrometres, as drawn, that the models' bins cover; None where they have no limits. shrink: on
    silicon, of a micrometre that is drawn. width_parameter, length_parameter: those that reach the
    sizes of the transistor inside, lower case; "" where none does, or more than one may.
    """

    name: str
    prefix: str
    terminals: tuple[str, ...]
    parameters: Mapping[str, str]
    kinds: frozenset[str]
    width: tuple[float, float] | None = None
    length: tuple[float, float] | None = None
    shrink: float = 1.0
    width_parameter: str = "w"
    length_parameter: str = "l"


def outline(sources: Iterable[SourceText], name: str, library: str) -> DeviceOutline:
    """The outline of the device called ``name``; the subcircuit where a model is called so too.

    Raises:
        InputError: there is neither, or the library writes sizes in a unit of its own.
    """
    top = parse_library(list(sources))
    shrink = length_shrink(top)
    wanted = name.lower()
    if wanted in top.subcircuits:
        called = top.subcircuits[wanted][-1]
        cards = tuple(_cards_below(called, _DEEPEST))
        parameters = {key.lower(): value for key, value in _parameters(called)}
        known = _kinds(cards), *_covered(cards, shrink), shrink, *_size_parameters(called)
        return DeviceOutline(name, "X", called.ports, parameters, *known)
    if wanted in top.models:
        cards = tuple(top.models[wanted])
        sides = _covered(cards, shrink)
        return DeviceOutline(name, "M", ("d", "g", "s", "b"), {}, _kinds(cards), *sides, shrink)
    there = ", ".join(sorted(transistors(top))[:12]) or "no transistor"
    raise InputError(f"{library} defines no .subckt or .model called {name!r}; it has {there}.")


def transistors(top: Scope) -> set[str]:
    """Names of the MOS models of a library, and of the subcircuits of four ports around them."""
    found = {
        name
        for name, cards in top.models.items()
        if _kinds(cards) & {"nmos", "pmos"} and "." not in name
    }
    for name, called in top.subcircuits.items():
        if len(called[-1].ports) == 4 and _kinds(_cards_below(called[-1], 2)):
            found.add(name)
    return found


def terminal_orders(found: DeviceOutline) -> Iterator[tuple[str, ...]]:
    """Orders of terminals to try: those that the names say, then all; drain before source."""
    if found.prefix == "M":
        yield _TERMINALS
        return
    named = _named(found.terminals)
    if named is not None:
        yield named
    source_first = named is not None and named.index("source") < named.index("drain")
    for order in permutations(_TERMINALS):
        if order != named and (order.index("source") < order.index("drain")) == source_first:
            yield order


def _named(ports: Sequence[str]) -> tuple[str, ...] | None:
    """The terminals that ports called d, g, s, b (or drain, ..., nd, sub, well) are."""
    letters = {"d": "drain", "g": "gate", "s": "source", "b": "bulk", "w": "bulk"}
    found = []
    for port in ports:
        word = port.lower().lstrip("n_")
        found.append("bulk" if word.startswith("sub") else letters.get(word[:1], ""))
    return tuple(found) if sorted(found) == sorted(_TERMINALS) else None


def sections_with(
    path: Path, names: Iterable[str], before: Iterable[SourceText] = ()
) -> tuple[str, ...]:
    """The sections of a library in which all of ``names`` are defined, in the file's order."""
    wanted = [name.lower() for name in names]
    before = tuple(before)
    found = []
    for section in section_names(path):
        try:
            top = parse_library([*before, *expand(path, section)])
        except InputError:
            continue
        if all(name in top.subcircuits or name in top.models for name in wanted):
            found.append(section)
    return tuple(found)


def _parameters(called: Subcircuit) -> list[tuple[str, str]]:
    """Those of its first line, and those that it gives a value inside, which a call may replace."""
    inside = [each.text for each in called.statements if each.keyword == ".param"]
    return [pair for text in (*inside, called.opening.text) for pair in _PARAMETER.findall(text)]


def _size_parameters(called: Subcircuit) -> tuple[str, str]:
    """What a call of a subcircuit names the width and the length of the transistor in it."""
    if not _kinds(_cards_below(called, _DEEPEST)):
        return "w", "l"
    width, length = (_reaching(called, side, _DEEPEST) for side in "wl")
    return _most_likely("w", width, length), _most_likely("l", length, width)


def _most_likely(side: str, reaching: Mapping[str, bool], other: Mapping[str, bool]) -> str:
    """The one of the parameters that reach a side of the gate, and whether a call is meant to
    give them, that is that side; "" where it is not clear."""
    if side in reaching:
        return side
    given = [name for name, is_given in reaching.items() if is_given]
    own = [name for name in given if name not in other] or given
    alike = [name for name in own if name.startswith(side)] if len(own) > 1 else own
    return alike[0] if len(alike) == 1 else ""


def _reaching(called: Subcircuit, side: str, depth: int) -> dict[str, bool]:
    """The parameters of a subcircuit from which ``side`` ("w" or "l") of the transistors in it is
    worked out: true for those that have a number, false for what is worked out itself."""
    values = {name.lower(): value.lower() for name, value in _parameters(called)}
    found: dict[str, bool] = {}

    def follow(expression: str) -> None:
        for name in _WORD.findall(expression.lower()):
            if name in values and name not in found:
                found[name] = not _names_in(values[name]) & set(values)
                follow(values[name])

    for element in called.statements:
        given = {name.lower(): value for name, value in _PARAMETER.findall(element.text)}
        if element.keyword[0] == "m":
            follow(given.get(side, ""))
        elif element.keyword[0] == "x" and depth:
            for inner in called.find_subcircuits(called_subcircuit(element))[:1]:
                for name in _reaching(inner, side, depth - 1):
                    follow(given.get(name, ""))
    return found


def _names_in(expression: str) -> set[str]:
    return set(_WORD.findall(expression))


def _cards_below(called: Subcircuit, depth: int) -> Iterator[Statement]:
    """The MOS model cards that a subcircuit leads to, each bin for itself."""
    for element in called.statements:
        if not element.is_element or depth == 0:
            continue
        if element.keyword[0] == "x":
            for inner in called.find_subcircuits(called_subcircuit(element)):
                yield from _cards_below(inner, depth - 1)
        elif element.keyword[0] == "m":
            for word in model_words(element):
                scope = called.scope_of_model(word)
                if scope is not None:
                    yield from scope.models[word]


def _kinds(cards: Iterable[Statement]) -> frozenset[str]:
    matches = (_KIND.match(card.text) for card in cards)
    return frozenset(match.group(1).lower() for match in matches if match)


def _covered(
    cards: Iterable[Statement], shrink: float
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Widths and lengths that bins cover, micrometres as drawn; None where one has no limits."""
    limits = [
        {key.lower(): number(value) for key, value in _LIMIT.findall(card.text)} for card in cards
    ]

    def span(side: str) -> tuple[float, float] | None:
        lows = [limit.get(f"{side}min") for limit in limits]
        highs = [limit.get(f"{side}max") for limit in limits]
        if not limits or None in lows or None in highs:
            return None
        low = min(value for value in lows if value is not None) / shrink
        high = max(value for value in highs if value is not None) / shrink
        # bins of foundries end some nanometres beyond what may be drawn, on a grid of ten
        low, high = math.ceil(low * 1e8 - 1e-3) / 100, math.floor(high * 1e8 + 1e-3) / 100
        return (low, high) if 0 <= low < high else None

    return span("w"), span("l")
