"""Cut a model library down to the devices and sizes in use.

A library is a list of statements. Kept are the subcircuits and ``.model`` cards of the devices in
use and all they lead to, the ``.param`` and ``.func`` statements on which those depend, and every
``.option``. What a name leads to hangs on the element that uses it: ``X`` elements call
subcircuits, all others name models, so that a subcircuit may be called like a model. Of a binned
model (``name.1``, ``name.2``, ... with lmin, lmax, wmin, wmax) only the bins remain that hold a
size in use. Nothing that is kept is changed, so a simulator finds the same numbers as in the whole
library; only comments go, and what ngspice takes for another thing than the library does: CBD and
CBS of a BSIM card are capacitances to HSPICE, and to ngspice results that cannot be set.

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

from netlists.length_scale import length_shrink
from netlists.model_refusals import ProtectedText, check_readable
from netlists.model_source import SourceText
from netlists.model_statements import (
    Scope,
    Statement,
    Subcircuit,
    base_name,
    called_subcircuit,
    model_words,
    parse_library,
)
from netlists.spice_numbers import number
from neuron_model.errors import InputError

_WORD = re.compile(r"[A-Za-z_][\w.$]*")
_FUNCTION = re.compile(r"\.func\s+([A-Za-z_]\w*)", re.IGNORECASE)
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*(?:\([^()]*\)\s*)?=(?!=)")
_PARAMETER = r"(?:^|\s){name}\s*=\s*(\{{[^}}]*\}}|'[^']*'|\"[^\"]*\"|\S+)"
_WIDTH = re.compile(_PARAMETER.format(name="w"), re.IGNORECASE)
_LENGTH = re.compile(_PARAMETER.format(name="l"), re.IGNORECASE)
_LIMIT = re.compile(r"\b([lw]m(?:in|ax))\s*=\s*([^\s,)]+)", re.IGNORECASE)

_SETTINGS = frozenset({".option", ".global"})
_DEFINITIONS = frozenset({".param", ".func"})
_CONDITIONS = frozenset({".if", ".elseif", ".else", ".endif"})
# Belong to a deck or to other simulators, and say nothing about a device.
_DROPPED = frozenset({".end", ".temp", ".title", ".protect", ".unprotect", ".prot", ".unprot"})
_SUBCKT_STATEMENTS = _DEFINITIONS | _CONDITIONS | {".model"}

_RESULTS = re.compile(r"(?<=[\s(,])(cbd|cbs)\s*=\s*(?:\{[^}]*\}|'[^']*'|[^\s,()]+)", re.IGNORECASE)
_BSIM = re.compile(r"\blevel\s*=\s*['{]?\s*(?:8|14|49|54)(?:\.0*)?\b", re.IGNORECASE)

# Elements that are nothing without a model.
_HAVE_MODELS = frozenset("mqdjz")

# Bins touch each other, and ngspice decides within a few ulps: rather one bin too many is kept.
_BIN_TOLERANCE = 1e-6


@dataclass(frozen=True)
class DeviceUse:
    """A device that the cells instantiate: model or subcircuit name, width and length in um.

    prefix: of the elements that name it, "M" for a model, "X" for a subcircuit; "" for what the
    library has, the subcircuit if it has both.
    """

    name: str
    width_um: float
    length_um: float
    prefix: str = ""


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
    """SPICE text, and the files from which its statements come, in order.

    left_out: parameters of models that ngspice does not take, each once.
    """

    text: str
    files: tuple[Path, ...]
    left_out: tuple[str, ...] = ()


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
    top = parse_library(sources)
    protected = ProtectedText()
    for statement in top.all_statements():
        protected.check(statement)
    needed = _needed(top, devices, library)
    lines: list[str] = []
    files: dict[Path, None] = {}
    left_out: dict[str, None] = {}
    for statement in _kept(top, needed, library):
        check_readable(statement)
        if not statement.text.replace("\t", " ").isprintable():
            raise InputError(f"{statement.place}: this holds characters that cannot be shown.")
        taken, out = _without_results(statement)
        lines += taken
        left_out |= dict.fromkeys(out)
        files[statement.path] = None
    return CutOut("\n".join(lines) + "\n", tuple(files), tuple(left_out))


def _without_results(statement: Statement) -> tuple[Sequence[str], list[str]]:
    """The lines of a statement without what ngspice does not take, and the names of that."""
    names = [name.lower() for name in _RESULTS.findall(statement.text)]
    if not names or statement.keyword != ".model" or not _BSIM.search(statement.text):
        return statement.lines, []
    return [_RESULTS.sub("", line) for line in statement.lines], names


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


# --- choosing --------------------------------------------------------------------------------


@dataclass
class _Needed:
    """What is to stay, with the sizes in use: subcircuits, and models by the scope they are in."""

    subcircuits: dict[Subcircuit, _Sizes] = field(default_factory=dict)
    models: dict[tuple[Scope, str], _Sizes] = field(default_factory=dict)
    users: dict[tuple[Scope, str], dict[Subcircuit, None]] = field(default_factory=dict)
    """Of models inside of a subcircuit: the subcircuits whose elements name them."""


def _needed(top: Scope, devices: Iterable[DeviceUse], library: str) -> _Needed:
    needed = _Needed()
    work: list[tuple[Subcircuit, _Sizes]] = []
    shrink = length_shrink(top)
    for device in devices:
        name = device.name.lower()
        sizes = _Sizes({_size_of(device, shrink)})
        if _is_subcircuit(device, top, library):
            work += [(called, sizes) for called in top.subcircuits[name]]
        else:
            needed.models.setdefault((top, name), _Sizes()).add(sizes)

    while work:
        subcircuit, sizes = work.pop()
        if not needed.subcircuits.setdefault(subcircuit, _Sizes()).add(sizes):
            continue
        if _sets_sizes(subcircuit):
            sizes = _Sizes(all=True)
        for element in subcircuit.statements:
            if not element.is_element:
                continue
            passed = sizes if _passes_sizes(element) else _Sizes(all=True)
            if element.keyword[0] == "x":
                called = subcircuit.find_subcircuits(called_subcircuit(element))
                work += [(each, passed) for each in called]
                found = bool(called)
            else:
                found = element.keyword[0] not in _HAVE_MODELS
                for word in model_words(element):
                    scope = subcircuit.scope_of_model(word)
                    if scope is not None:
                        needed.models.setdefault((scope, word), _Sizes()).add(passed)
                        if scope is not top:
                            needed.users.setdefault((scope, word), {})[subcircuit] = None
                        found = True
            if not found and not _is_conditional(subcircuit):
                raise InputError(_unknown_name(element, library))
    return needed


def _is_conditional(subcircuit: Subcircuit) -> bool:
    """Whether parts of a subcircuit hang on conditions: what they name may not be there."""
    return any(statement.keyword in _CONDITIONS for statement in subcircuit.statements)


def _unknown_name(element: Statement, library: str) -> str:
    words = element.words()
    if element.keyword[0] == "x":
        what = f"calls the subcircuit {called_subcircuit(element)!r}"
    else:
        what = f"({' '.join(words)}) names a model"
    return (
        f"{element.place}: the element {element.keyword} {what} that the chosen part of {library} "
        "does not define; add the section or file that does to models.sections or models.includes "
        "of the technology file."
    )


def _size_of(device: DeviceUse, shrink: float) -> _Size:
    size = (device.width_um * shrink * 1e-6, device.length_um * shrink * 1e-6)
    if not all(math.isfinite(side) and side > 0 for side in size):
        raise InputError(
            f"The size of {device.name} is not usable: width {device.width_um} um, length "
            f"{device.length_um} um; both have to be positive."
        )
    return size


def _is_subcircuit(device: DeviceUse, top: Scope, library: str) -> bool:
    """Whether the device is a subcircuit, rather than a model.

    Raises:
        InputError: the library does not have what is asked for.
    """
    name, prefix = device.name.lower(), device.prefix.upper()
    has = {"X": name in top.subcircuits, "M": name in top.models}
    if prefix in has and has[prefix]:
        return prefix == "X"
    if not prefix and any(has.values()):
        return has["X"]
    words = {"X": ".subckt", "M": ".model"}
    other = next((kind for kind in has if has[kind]), "")
    if other:
        raise InputError(
            f"{library} defines no {words[prefix]} called {device.name!r}, which prefix = "
            f"{prefix!r} asks for, but a {words[other]}: correct it to prefix = {other!r}."
        )
    near = difflib.get_close_matches(name, [*top.subcircuits, *top.models], n=3)
    hint = f"; it does have {', '.join(near)}" if near else ""
    raise InputError(f"{library} defines no .subckt or .model called {device.name!r}{hint}.")


def _passes_sizes(element: Statement) -> bool:
    """Whether an element has the width and length that its subcircuit was given, unchanged."""
    for pattern, name in ((_WIDTH, "w"), (_LENGTH, "l")):
        match = pattern.search(element.text)
        if not match or match.group(1).strip("{}'\" \t").lower() != name:
            return False
    return True


def _sets_sizes(subcircuit: Subcircuit) -> bool:
    """Whether a subcircuit works its width or length out from something else.

    A number (``.param l = 1 w = 1``, as in all of sky130) is a default: what a call gives wins.
    """
    return any(
        number(value.strip("{}'\" \t")) is None
        for statement in subcircuit.statements
        if statement.keyword == ".param"
        for pattern in (_WIDTH, _LENGTH)
        for value in pattern.findall(statement.text)
    )


def _holds(limits: dict[str, float | None], size: _Size) -> bool:
    for side, value in zip("wl", size, strict=True):
        low, high = limits.get(f"{side}min"), limits.get(f"{side}max")
        if low is not None and value < low * (1 - _BIN_TOLERANCE):
            return False
        if high is not None and value > high * (1 + _BIN_TOLERANCE):
            return False
    return True


def _bins_in_use(models: Sequence[Statement], sizes: _Sizes, library: str) -> set[int]:
    """Which of the bins of one model (as positions in ``models``) hold a size in use."""
    if sizes.all:
        return set(range(len(models)))
    limits = [
        {name.lower(): number(value) for name, value in _LIMIT.findall(model.text)}
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
                f"{library}: the model {base_name(models[0].name)} has no bin for width "
                f"{width:g} um, length {length:g} um; it covers {' and '.join(spans)}."
            )
        kept |= found
    return kept


# --- writing ---------------------------------------------------------------------------------


def _kept_models(
    scope: Scope, needed: _Needed, library: str, user: Subcircuit | None = None
) -> set[int]:
    """The identities of the .model cards of one scope that stay; those that ``user`` names."""
    kept: set[int] = set()
    for (owner, name), sizes in needed.models.items():
        if owner is not scope:
            continue
        if user is not None and user not in needed.users.get((owner, name), {user: None}):
            continue
        cards = scope.models[name]
        plain = [card for card in cards if card.name == name]
        if plain:
            kept |= set(map(id, plain))
        else:
            kept |= {id(cards[index]) for index in _bins_in_use(cards, sizes, library)}
    return kept


def _check_safe(statement: Statement, allowed: frozenset[str]) -> None:
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


def _models_from_around(
    subcircuit: Subcircuit, needed: _Needed, library: str
) -> Iterator[Statement]:
    """Cards that a subcircuit uses of the subcircuits around it.

    They are repeated in it: beside a model outside of all subcircuits ngspice 39 does not find one
    of the subcircuit around ("could not find a valid modelname").
    """
    for (owner, name), users in needed.users.items():
        if owner is not subcircuit and subcircuit in users:
            kept = _kept_models(owner, needed, library)
            yield from (card for card in owner.models[name] if id(card) in kept)


def _kept_inside(subcircuit: Subcircuit, needed: _Needed, library: str) -> list[Statement]:
    """What stays of a subcircuit that is needed, from its .subckt to its .ends."""
    models = _kept_models(subcircuit, needed, library, subcircuit)
    kept = [subcircuit.opening, *_models_from_around(subcircuit, needed, library)]
    for item in subcircuit.items:
        if isinstance(item, Subcircuit):
            if item in needed.subcircuits:
                kept += _kept_inside(item, needed, library)
        elif item.keyword in _DROPPED:
            continue
        elif item.keyword != ".model" or id(item) in models:
            _check_safe(item, _SUBCKT_STATEMENTS)
            kept.append(item)
    return [*kept, subcircuit.closing]


def _kept(top: Scope, needed: _Needed, library: str) -> Iterator[Statement]:
    models = _kept_models(top, needed, library)
    kept: dict[int, list[Statement]] = {}  # by position in the library
    definitions: dict[int, Statement] = {}
    for index, item in enumerate(top.items):
        if isinstance(item, Subcircuit):
            if item in needed.subcircuits:
                kept[index] = _kept_inside(item, needed, library)
        elif item.keyword in _DEFINITIONS:
            definitions[index] = item
        elif item.keyword == ".model":
            if id(item) in models:
                kept[index] = [item]
        elif item.keyword in _SETTINGS or item.keyword in _CONDITIONS:
            kept[index] = [item]
        elif item.is_element:
            raise InputError(
                f"{item.place}: {item.keyword!r} is neither a model, a parameter nor a subcircuit; "
                "a model library holds no circuit elements of its own."
            )
        elif item.keyword not in _DROPPED:
            _check_safe(item, frozenset())

    for index in _definitions_in_use(definitions, kept):
        kept[index] = [definitions[index]]
    for index in sorted(kept):
        yield from kept[index]


def _definitions_in_use(
    definitions: dict[int, Statement],
    kept: dict[int, list[Statement]],
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
