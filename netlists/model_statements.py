"""The statements of a model library, and which subcircuit each stands in.

Lines become statements as ngspice joins them: a line that begins with ``+`` continues the one
before, also over comments and blank lines, and so does the line after one that ends in ``\\\\``.
Comments are lines that begin with ``*``, ``$`` or ``#``, and what follows ``;``, ``//``, or a ``$``
behind a blank or a comma. Subcircuits (``.subckt`` or ``.macro``) nest; a name is looked up where
it is used, then in the subcircuits around that place, from the inside out.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from netlists.model_source import SourceText
from neuron_model.errors import InputError

_COMMENT = re.compile(r";.*$|//.*$|(?<=[\s,])\$.*$")
_COMMENT_LINE = "*$#"
_BIN = re.compile(r"(.+)\.\d+")
_ASSIGNMENT = re.compile(
    r"[A-Za-z_][\w.]*\s*=\s*(?:\{[^}]*\}|'[^']*'|\"[^\"]*\"|[^\s()]*(?:\([^()]*\)[^\s()]*)*)"
)
_BRACKET = re.compile(r"[(),]")
# What ngspice reads as one word or another.
_KEYWORDS = {
    ".macro": ".subckt",
    ".eom": ".ends",
    ".params": ".param",
    ".parameter": ".param",
    ".parameters": ".param",
    ".opt": ".option",
    ".options": ".option",
}
# Where the words begin among which an element names its model: behind its name and its nodes.
_FIRST_MODEL_WORD = {"m": 4, "q": 4, "d": 3, "r": 3, "c": 3, "l": 3, "j": 4, "z": 4, "s": 5, "w": 4}
_OTHER_MODEL_WORD = 3


@dataclass(frozen=True)
class Statement:
    """One logical line: its first line and continuations (with their ``+``), without comments."""

    path: Path
    line: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """On one line."""
        return " ".join([self.lines[0], *(line[1:] for line in self.lines[1:])])

    @property
    def keyword(self) -> str:
        """The first word, lower case."""
        return self.lines[0].split(None, 1)[0].lower()

    @property
    def name(self) -> str:
        """The second word, lower case: what .model and .subckt define."""
        words = self.text.split(None, 2)
        return words[1].lower() if len(words) > 1 else ""

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.path}:{self.line}"

    @property
    def is_element(self) -> bool:
        """Whether it is part of a circuit, rather than a statement about one."""
        return self.keyword[0] != "."

    def words(self) -> list[str]:
        """The words that are no assignments and no brackets, lower case: name, nodes, model."""
        return _BRACKET.sub(" ", _ASSIGNMENT.sub(" ", self.text)).lower().split()


class Scope:
    """A subcircuit, or the library around all of them: statements, and subcircuits, in order."""

    def __init__(
        self, items: Iterable["Statement | Subcircuit"], outer: "Scope | None" = None
    ) -> None:
        self.items = tuple(items)
        self.outer = outer
        for item in self.items:
            if isinstance(item, Subcircuit):
                item.outer = self

    @property
    def statements(self) -> Iterator[Statement]:
        """Its own, without those of the subcircuits in it."""
        return (item for item in self.items if isinstance(item, Statement))

    def all_statements(self) -> Iterator[Statement]:
        """Its own and those of the subcircuits in it, in order."""
        for item in self.items:
            if isinstance(item, Subcircuit):
                yield item.opening
                yield from item.all_statements()
                yield item.closing
            else:
                yield item

    @cached_property
    def subcircuits(self) -> Mapping[str, Sequence["Subcircuit"]]:
        """Those that it defines itself, by name."""
        found: dict[str, list[Subcircuit]] = defaultdict(list)
        for item in self.items:
            if isinstance(item, Subcircuit):
                found[item.name].append(item)
        return dict(found)

    @cached_property
    def models(self) -> Mapping[str, Sequence[Statement]]:
        """The .model cards that it defines itself, by name: ``n.1`` and ``n.2`` also as ``n``."""
        found: dict[str, list[Statement]] = defaultdict(list)
        for statement in self.statements:
            if statement.keyword == ".model":
                found[statement.name].append(statement)
                if base_name(statement.name) != statement.name:
                    found[base_name(statement.name)].append(statement)
        return dict(found)

    def find_subcircuits(self, name: str) -> Sequence["Subcircuit"]:
        """The subcircuits that ``name``, used here, stands for; none, one, or it is ambiguous."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.subcircuits:
                return scope.subcircuits[name]
            scope = scope.outer
        return ()

    def scope_of_model(self, name: str) -> "Scope | None":
        """Where the model is defined that ``name``, used here, stands for."""
        scope: Scope | None = self
        while scope is not None and name not in scope.models:
            scope = scope.outer
        return scope


class Subcircuit(Scope):
    """A .subckt, what stands in it, and its .ends."""

    def __init__(
        self, opening: Statement, items: Iterable["Statement | Subcircuit"], closing: Statement
    ) -> None:
        super().__init__(items)
        self.opening = opening
        self.closing = closing

    @property
    def name(self) -> str:
        """Lower case."""
        return self.opening.name

    @property
    def ports(self) -> tuple[str, ...]:
        """Its ports, lower case."""
        words = self.opening.words()[2:]
        return tuple(words[: words.index("params:")] if "params:" in words else words)


def base_name(name: str) -> str:
    """Of a bin (``n.2``) the model that it belongs to (``n``), else the name itself."""
    match = _BIN.fullmatch(name)
    return match.group(1) if match else name


def called_subcircuit(element: Statement) -> str:
    """The subcircuit that an X element calls: its last word before its parameters."""
    words = element.words()
    if "params:" in words:
        words = words[: words.index("params:")]
    return words[-1] if len(words) > 1 else ""


def model_words(element: Statement) -> list[str]:
    """The words among which an element other than X names its model, if it has one."""
    return element.words()[_FIRST_MODEL_WORD.get(element.keyword[0], _OTHER_MODEL_WORD) :]


def parse_library(sources: Sequence[SourceText]) -> Scope:
    """The statements of a library.

    Raises:
        InputError: a continuation of nothing, or .subckt and .ends do not match.
    """
    open_ones: list[tuple[Statement, list[Statement | Subcircuit]]] = []
    items: list[Statement | Subcircuit] = []
    for statement in _statements(sources):
        keyword = statement.keyword
        if keyword == ".subckt":
            if not statement.name:
                raise InputError(f"{statement.place}: .subckt without a name.")
            open_ones.append((statement, items))
            items = []
        elif keyword == ".ends":
            if not open_ones:
                raise InputError(f"{statement.place}: .ends without a .subckt before it.")
            opening, around = open_ones.pop()
            around.append(Subcircuit(opening, items, statement))
            items = around
        else:
            items.append(statement)
    if open_ones:
        opening = open_ones[-1][0]
        raise InputError(f"{opening.place}: .subckt {opening.name} has no .ends.")
    return Scope(items)


def _statements(sources: Sequence[SourceText]) -> Iterator[Statement]:
    path, number = Path(), 0
    lines: list[str] = []
    joins = False  # the line before ended in \\
    for source in sources:
        for offset, raw in enumerate(source.text.split("\n")):
            line = raw.strip()
            if not line or (line[0] in _COMMENT_LINE and not joins):
                continue
            continues, joins = joins or line[0] == "+", line.endswith("\\\\")
            line = line.removesuffix("\\\\").removeprefix("+")
            if ";" in line or "$" in line or "//" in line:
                line = _COMMENT.sub("", line)
            line = line.strip()
            if continues:
                if not lines:
                    raise InputError(
                        f"{source.path}:{source.line + offset}: a continuation (+) of nothing."
                    )
                if line:
                    lines.append(f"+ {line}")
            elif line:
                if lines:
                    yield Statement(path, number, _known_words(lines))
                path, number, lines = source.path, source.line + offset, [line]
    if lines:
        yield Statement(path, number, _known_words(lines))


def _known_words(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines, with the keyword that they begin with as this project writes it."""
    first = lines[0].split(None, 1)
    known = _KEYWORDS.get(first[0].lower())
    return (" ".join([known, *first[1:]]), *lines[1:]) if known else tuple(lines)
