"""Statistics in model text: what is drawn anew in every run, and what may switch it off."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from netlists.model_source import SourceText
from netlists.model_statements import Scope, Statement, Subcircuit, parse_library
from netlists.safe_text import check_name
from netlists.spice_numbers import number

_DRAWS = re.compile(r"\b(agauss|gauss|aunif|unif|limit)\s*\(", re.IGNORECASE)
_TWO_VALUED = re.compile(r"\blimit\s*\(", re.IGNORECASE)
_FEW_RUNS, _MANY_RUNS = 3, 20
_FUNCTION = re.compile(
    r"(?:\.func\s+(\w+)|\.param\s+(\w+)(?=\s*\())\s*\([^()]*\)\s*=?(.*)", re.IGNORECASE
)
# In brackets, with brackets in them.
_CALLED = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_EXPRESSION = rf"\{{[^}}]*\}}|'[^']*'|\"[^\"]*\"|[^\s()]*(?:{_CALLED}[^\s()]*)*"
_ASSIGNMENT = re.compile(rf"([A-Za-z_]\w*)\s*=\s*({_EXPRESSION})")
_VALUE = re.compile(r"\{[^}]*\}|'[^']*'")
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Draw:
    """What is drawn: its name, the expression, and the subcircuit it stands in.

    name: of a parameter, of a function (with its brackets), or of an element whose value it is.
    """

    name: str
    expression: str
    subcircuit: str

    def __str__(self) -> str:
        inside = f" in the subcircuit {self.subcircuit}" if self.subcircuit else ""
        return f"{self.name} = {self.expression}{inside}"


@dataclass(frozen=True)
class Statistics:
    """What of model text is drawn, and the parameters by which draws are multiplied.

    switches: of the library, with a number for a value; own: of subcircuits.
    runs: how many equal runs show that something is drawn. limit() has two values alone: of three
        runs one in four would agree by chance, of twenty one in half a million.
    """

    draws: tuple[Draw, ...]
    switches: tuple[str, ...]
    runs: int
    own: tuple[str, ...] = ()

    def refusal(self, model: str) -> str:
        """The beginning of a message: that ``model`` is another one in every run, and by what."""
        drawn = "; ".join(map(str, self.draws[:4])) or "a function that draws"
        return f"the models of {model} are drawn anew every time they are read: {drawn}."


def find_statistics(models: str) -> Statistics:
    """The draws in the text of the models in use."""
    top = parse_library([SourceText(Path("models"), 1, models)])
    functions = {
        (found.group(1) or found.group(2)).lower(): found.group(3).strip("{}'\" ").lower()
        for statement in top.all_statements()
        if (found := _FUNCTION.match(statement.text))
    }

    def draws_in(expression: str) -> bool:
        return any(name.lower() not in functions for name in _DRAWS.findall(expression))

    assigned = list(_values(top))
    own = [(name, body, "") for name, body in functions.items()]
    draws = [
        *(Draw(f"{name}()", body, "") for name, body, _ in own if draws_in(body)),
        *(Draw(*each) for each in assigned if draws_in(each[1])),
    ]
    random = {draw.name.removesuffix("()") for draw in draws}
    drawing = {draw.expression for draw in draws}
    while True:
        more = {name for name, value, _ in (*own, *assigned) if random & _names(value)}
        if more <= random:
            break
        random |= more
    beside = {
        word: None
        for _, expression, _ in (*own, *assigned)
        if "*" in expression and (expression in drawing or random & _names(expression))
        for word in sorted(_names(expression))
    }
    numbers = [(name, inside) for name, expression, inside in assigned if _is_number(expression)]
    switches = {name for name, inside in numbers if not inside}
    within = {name for name, inside in numbers if inside} - switches
    return Statistics(
        tuple(draws),
        tuple(word for word in beside if word in switches),
        _MANY_RUNS if _TWO_VALUED.search(models) else _FEW_RUNS,
        tuple(word for word in beside if word in within),
    )


def with_parameter(models: str, name: str, value: float) -> str:
    """The text of models with another value for one of their parameters."""
    # The last definition is the one that counts in ngspice.
    return f"{models.rstrip()}\n.param {check_name(name, 'A parameter')}={{{value!r}}}\n"


def _values(scope: Scope, inside: str = "") -> Iterator[tuple[str, str, str]]:
    """Every (name, expression, subcircuit) of a parameter or an element, lower case."""
    for item in scope.items:
        if isinstance(item, Subcircuit):
            yield from _values_of(item.opening, item.name)
            yield from _values(item, item.name)
        else:
            yield from _values_of(item, inside)


def _values_of(statement: Statement, inside: str) -> Iterator[tuple[str, str, str]]:
    text = statement.text.lower()
    if _FUNCTION.match(text):
        return
    for name, value in _ASSIGNMENT.findall(text):
        yield name, value.strip("{}'\" "), inside
    # the value of a source or a resistor stands without a name
    for value in _VALUE.findall(_ASSIGNMENT.sub(" ", text)):
        yield statement.keyword, value.strip("{}' "), inside


def _names(expression: str) -> set[str]:
    return set(_NAME.findall(expression))


def _is_number(expression: str) -> bool:
    return number(expression) is not None
