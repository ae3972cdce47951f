"""Cut a model library down to the devices and sizes in use.

A library is a list of statements. Kept are the subcircuits and ``.model`` cards of the devices in
use and all they lead to, the ``.param`` and ``.func`` statements on which those depend, and every
``.option``. Of a binned model (``name.1``, ``name.2``, ... with lmin, lmax, wmin, wmax) only the
bins remain that hold a size in use. Nothing that is kept is changed, other than that comments go,
so a simulator finds the same numbers as in the whole library.

Text of a model library reaches the simulator's input: what could make it run something (control
blocks, code models) is refused where it would be kept.
"""

import difflib
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from netlists.model_source import SourceText
from neuron_model.errors import InputError

_LINE_COMMENT = re.compile(r";.*$|//.*$|(?:^|[\s,])\$.*$")
_WORD = re.compile(r"[A-Za-z_][\w.$]*")
_FUNCTION = re.compile(r"\.func\s+([A-Za-z_]\w*)", re.IGNORECASE)
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*(?:\([^()]*\)\s*)?=(?!=)")
_PARAMETER = r"(?:^|\s){name}\s*=\s*(\{{[^}}]*\}}|'[^']*'|\"[^\"]*\"|\S+)"
_WIDTH = re.compile(_PARAMETER.format(name="w"), re.IGNORECASE)
_LENGTH = re.compile(_PARAMETER.format(name="l"), re.IGNORECASE)
_LIMIT = re.compile(r"\b([lw]m(?:in|ax))\s*=\s*([^\s,)]+)", re.IGNORECASE)
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
_BIN = re.compile(r"(.+)\.\d+")

_SETTINGS = frozenset({".option", ".options", ".global"})
_DEFINITIONS = frozenset({".param", ".params", ".func"})
_CONDITIONS = frozenset({".if", ".elseif", ".else", ".endif"})
# Belong to a deck or to other simulators, and say nothing about a device.
_DROPPED = frozenset({".end", ".temp", ".title", ".protect", ".unprotect", ".prot", ".unprot"})
_SUBCKT_STATEMENTS = _DEFINITIONS | _CONDITIONS | {".model"}

# Bins touch each other, and ngspice decides within a few ulps: rather one bin too many is kept.
_BIN_TOLERANCE = 1e-6


@dataclass(frozen=True)
class DeviceUse:
    """A device that the cells instantiate: model or subcircuit name, width and length in um."""

    name: str
    width_um: float
    length_um: float


@dataclass(frozen=True)
class _Statement:
    """One logical line: its first line and continuations, without comments."""

    path: Path
    line: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join([self.lines[0], *(line[1:] for line in self.lines[1:])])

    @property
    def keyword(self) -> str:
        return self.lines[0].split(None, 1)[0].lower()

    @property
    def name(self) -> str:
        """The second word, lower case: what .model and .subckt define."""
        words = self.text.split(None, 2)
        return words[1].lower() if len(words) > 1 else ""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class _Subcircuit:
    """A .subckt, what stands in it, and its .ends."""

    opening: _Statement
    body: tuple[_Statement, ...]
    closing: _Statement

    @property
    def name(self) -> str:
        return self.opening.name


_Size = tuple[float, float]  # width, length in metres


@dataclass
class _Sizes:
    """Which sizes of a device are in use; ``all`` where they are not known as numbers."""

    known: set[_Size] = field(default_factory=set)
    all: bool = False

    def add(self, other: "_Sizes") -> bool:
        """Take in ``other``; whether that changed anything."""
        before = (len(self.known), self.all)
        self.known |= other.known
        self.all = self.all or other.all
        return (len(self.known), self.all) != before


@dataclass(frozen=True)
class CutOut:
    """SPICE text, and the files from which its statements come, in order."""

    text: str
    files: tuple[Path, ...]


def cut_out(sources: Sequence[SourceText], devices: Iterable[DeviceUse], library: str) -> CutOut:
    """The statements of ``sources`` that ``devices`` need, in their order.

    Args:
        sources: the expanded library.
        devices: what the cells use.
        library: the library's name for messages.

    Raises:
        InputError: a device is not in the library or has no bin for a size; a statement is broken,
            or is one that model files have no business to hold.
    """
    items = _parse(sources)
    needed = _needed(items, devices, library)
    lines: list[str] = []
    files: dict[Path, None] = {}
    for statement in _kept(items, needed, library):
        if not statement.text.replace("\t", " ").isprintable():
            raise InputError(f"{statement.place}: this holds characters that cannot be shown.")
        lines += statement.lines
        files[statement.path] = None
    return CutOut("\n".join(lines) + "\n", tuple(files))


def leading_comments(sources: Sequence[SourceText], files: Sequence[Path]) -> list[str]:
    """The comments that open these files (copyright, licence), each line once, as comments."""
    kept: dict[str, None] = {}
    for source in sources:
        if source.line != 1 or source.path not in files:
            continue
        for line in source.text.splitlines()[:40]:
            if not line.startswith("*"):
                break
            # "*#" and "*ng_script" are commands to ngspice; with a blank after the star they are
            # comments like any other.
            words = line.strip("* \t")
            if words:
                kept[f"* {words}"] = None
    return list(kept)


# --- reading ---------------------------------------------------------------------------------


def _statements(sources: Sequence[SourceText]) -> Iterator[_Statement]:
    path, number = Path(), 0
    lines: list[str] = []
    for source in sources:
        for offset, raw in enumerate(source.text.split("\n")):
            line = raw.strip()
            if not line or line[0] == "*":
                continue
            if ";" in line or "$" in line or "//" in line:
                line = _LINE_COMMENT.sub("", line).rstrip()
                if not line:
                    continue
            if line[0] == "+":
                if not lines:
                    raise InputError(
                        f"{source.path}:{source.line + offset}: a continuation (+) of nothing."
                    )
                lines.append(line)
                continue
            if lines:
                yield _Statement(path, number, tuple(lines))
            path, number, lines = source.path, source.line + offset, [line]
    if lines:
        yield _Statement(path, number, tuple(lines))


def _parse(sources: Sequence[SourceText]) -> list[_Statement | _Subcircuit]:
    items: list[_Statement | _Subcircuit] = []
    opening: _Statement | None = None
    body: list[_Statement] = []
    for statement in _statements(sources):
        keyword = statement.keyword
        if keyword == ".subckt":
            if opening is not None:
                raise InputError(
                    f"{statement.place}: .subckt inside of .subckt {opening.name} "
                    f"(line {opening.line}); an .ends is missing."
                )
            if not statement.name:
                raise InputError(f"{statement.place}: .subckt without a name.")
            opening, body = statement, []
        elif keyword == ".ends":
            if opening is None:
                raise InputError(f"{statement.place}: .ends without a .subckt before it.")
            items.append(_Subcircuit(opening, tuple(body), statement))
            opening = None
        elif opening is not None:
            body.append(statement)
        else:
            items.append(statement)
    if opening is not None:
        raise InputError(f"{opening.place}: .subckt {opening.name} has no .ends.")
    return items


# --- choosing --------------------------------------------------------------------------------


@dataclass
class _Needed:
    """What is to stay: sizes by subcircuit, sizes by model (scope, name), parameter statements.

    A model's scope is the subcircuit in which it stands, or "".
    """

    subcircuits: dict[str, _Sizes] = field(default_factory=dict)
    models: dict[tuple[str, str], _Sizes] = field(default_factory=dict)


def _base(name: str) -> str:
    match = _BIN.fullmatch(name)
    return match.group(1) if match else name


def _needed(
    items: Sequence[_Statement | _Subcircuit], devices: Iterable[DeviceUse], library: str
) -> _Needed:
    subcircuits: dict[str, list[_Subcircuit]] = defaultdict(list)
    models: set[str] = set()
    for item in items:
        if isinstance(item, _Subcircuit):
            subcircuits[item.name].append(item)
        elif item.keyword == ".model":
            models |= {item.name, _base(item.name)}

    needed = _Needed()
    work: list[tuple[str, _Sizes]] = []
    for device in devices:
        name = device.name.lower()
        if name not in subcircuits and name not in models:
            near = difflib.get_close_matches(name, [*subcircuits, *models], n=3)
            hint = f"; it does have {', '.join(near)}" if near else ""
            raise InputError(
                f"{library} defines no .subckt or .model called {device.name!r}{hint}."
            )
        size = (device.width_um * 1e-6, device.length_um * 1e-6)
        if not all(math.isfinite(side) and side > 0 for side in size):
            raise InputError(
                f"The size of {device.name} is not usable: width {device.width_um} um, length "
                f"{device.length_um} um; both have to be positive."
            )
        work.append((name, _Sizes({size})))

    while work:
        name, sizes = work.pop()
        if name in models and name not in subcircuits:
            needed.models.setdefault(("", name), _Sizes()).add(sizes)
            continue
        if not needed.subcircuits.setdefault(name, _Sizes()).add(sizes):
            continue
        for subcircuit in subcircuits[name]:
            local = {s.name for s in subcircuit.body if s.keyword == ".model"}
            local |= {_base(model) for model in local}
            for element in subcircuit.body:
                if element.keyword[0] == ".":
                    continue
                passed = sizes if _passes_sizes(element) else _Sizes(all=True)
                for word in {word.lower() for word in element.text.split()[1:]}:
                    if word in local:
                        needed.models.setdefault((name, word), _Sizes()).add(passed)
                    elif word in subcircuits or word in models:
                        work.append((word, passed))
    return needed


def _passes_sizes(element: _Statement) -> bool:
    """Whether an element has the width and length that its subcircuit was given, unchanged."""
    for pattern, name in ((_WIDTH, "w"), (_LENGTH, "l")):
        match = pattern.search(element.text)
        if not match or match.group(1).strip("{}'\" \t").lower() != name:
            return False
    return True


def _number(text: str) -> float | None:
    """A SPICE number ("1.5e-7", "0.15u"); None for an expression."""
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    suffix = match.group(2).lower()
    scale = next((factor for start, factor in _SUFFIX if suffix.startswith(start)), 1.0)
    return float(match.group(1)) * scale


def _holds(limits: dict[str, float | None], size: _Size) -> bool:
    for side, value in zip("wl", size, strict=True):
        low, high = limits.get(f"{side}min"), limits.get(f"{side}max")
        if low is not None and value < low * (1 - _BIN_TOLERANCE):
            return False
        if high is not None and value > high * (1 + _BIN_TOLERANCE):
            return False
    return True


def _bins_in_use(models: Sequence[_Statement], sizes: _Sizes, library: str) -> set[int]:
    """Which of the bins of one model (as positions in ``models``) hold a size in use."""
    if sizes.all:
        return set(range(len(models)))
    limits = [
        {name.lower(): _number(value) for name, value in _LIMIT.findall(model.text)}
        for model in models
    ]
    kept: set[int] = set()
    for size in sorted(sizes.known):
        found = {index for index, limit in enumerate(limits) if _holds(limit, size)}
        if not found:
            width, length = (side * 1e6 for side in size)
            spans = []
            for side, word in (("l", "length"), ("w", "width")):
                lows = [limit.get(f"{side}min") or 0.0 for limit in limits]
                highs = [limit.get(f"{side}max") or math.inf for limit in limits]
                spans.append(f"{word} {min(lows) * 1e6:g} to {max(highs) * 1e6:g} um")
            raise InputError(
                f"{library}: the model {_base(models[0].name)} has no bin for width {width:g} um, "
                f"length {length:g} um; it covers {' and '.join(spans)}."
            )
        kept |= found
    return kept


# --- writing ---------------------------------------------------------------------------------


def _kept_models(
    statements: Sequence[_Statement], scope: str, needed: _Needed, library: str
) -> set[int]:
    """The positions of the .model cards of one scope that stay."""
    plain: dict[str, list[int]] = defaultdict(list)
    binned: dict[str, list[int]] = defaultdict(list)
    for index, statement in enumerate(statements):
        if statement.keyword == ".model":
            plain[statement.name].append(index)
            if _base(statement.name) != statement.name:
                binned[_base(statement.name)].append(index)
    kept: set[int] = set()
    for (owner, name), sizes in needed.models.items():
        if owner != scope:
            continue
        if name in plain:
            kept |= set(plain[name])
        else:
            places = binned[name]
            bins = _bins_in_use([statements[i] for i in places], sizes, library)
            kept |= {places[i] for i in bins}
    return kept


def _check_safe(statement: _Statement, allowed: frozenset[str]) -> None:
    keyword = statement.keyword
    if keyword[0] == "." and keyword not in allowed:
        raise InputError(
            f"{statement.place}: {statement.keyword} has no place in a model library and is not "
            "passed on to the simulator; remove it."
        )
    if keyword[0] == "a":
        raise InputError(
            f"{statement.place}: the element {keyword!r} is a code model, which can read files and "
            "start programs; it is not passed on to the simulator."
        )


def _kept(
    items: Sequence[_Statement | _Subcircuit], needed: _Needed, library: str
) -> Iterator[_Statement]:
    top = [item for item in items if isinstance(item, _Statement)]
    top_models = {id(top[index]) for index in _kept_models(top, "", needed, library)}

    kept: dict[int, list[_Statement]] = {}  # by position in items
    definitions: dict[int, _Statement] = {}
    for index, item in enumerate(items):
        if isinstance(item, _Subcircuit):
            if item.name not in needed.subcircuits:
                continue
            models = _kept_models(item.body, item.name, needed, library)
            body = [s for i, s in enumerate(item.body) if s.keyword != ".model" or i in models]
            for statement in body:
                _check_safe(statement, _SUBCKT_STATEMENTS)
            kept[index] = [item.opening, *body, item.closing]
        elif item.keyword in _DEFINITIONS:
            _check_safe(item, _DEFINITIONS)
            definitions[index] = item
        elif item.keyword == ".model":
            if id(item) in top_models:
                _check_safe(item, _SUBCKT_STATEMENTS)
                kept[index] = [item]
        elif item.keyword in _SETTINGS or item.keyword in _CONDITIONS:
            kept[index] = [item]
        elif item.keyword[0] == "." and item.keyword not in _DROPPED:
            _check_safe(item, frozenset())
        elif item.keyword[0] != ".":
            raise InputError(
                f"{item.place}: {item.keyword!r} is neither a model, a parameter nor a subcircuit; "
                "a model library holds no circuit elements of its own."
            )

    for index in _definitions_in_use(definitions, kept):
        kept[index] = [definitions[index]]
    for index in sorted(kept):
        yield from kept[index]


def _definitions_in_use(
    definitions: dict[int, _Statement],
    kept: dict[int, list[_Statement]],
) -> set[int]:
    """Of the .param and .func statements, those whose names the kept text leads to."""
    texts = {index: statement.text for index, statement in definitions.items()}
    by_name: dict[str, list[int]] = defaultdict(list)
    for index, text in texts.items():
        function = _FUNCTION.match(text)
        for name in [function.group(1)] if function else _ASSIGNED.findall(text):
            by_name[name.lower()].append(index)
    chosen: set[int] = set()
    work = [statement.text for statements in kept.values() for statement in statements]
    while work:
        for word in set(_WORD.findall(work.pop().lower())):
            for index in by_name.get(word, ()):
                if index not in chosen:
                    chosen.add(index)
                    work.append(texts[index])
    return chosen
