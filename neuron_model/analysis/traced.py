"""Numbers that remember how they were worked out, and with them their derivatives.

Equations that are run once on such numbers become a function of plain floats, without the choices
that lead to a formula, and its Jacobian: an adaptive solver asks a hundred thousand times.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Rates = Callable[[np.ndarray, float], list[float] | np.ndarray]
"""(y, time) -> dy/dt."""

Jacobian = Callable[[np.ndarray, float], np.ndarray]
"""(y, time) -> d(dy/dt)/dy, (rates, states)."""

_ONE = "1.0"
_DEEPEST = 20
"""Parentheses within each other; Python takes 200, which a sum of many elements would pass."""
_NUMBER = re.compile(r"\(?([-+]?[0-9.]+(?:e[-+]?[0-9]+)?)\)?")
_POWER = re.compile(r"\{\} \*\* \((.+)\)")
_FACTOR = re.compile(r"\((.+)\) \* \{\} / \{\}")


class Program:
    """Straight-line code: each line is a name and the expression that it stands for.

    What has been worked out before is not worked out again.
    """

    def __init__(self) -> None:
        self._names: dict[tuple[str, tuple[str, ...]], str] = {}

    def let(self, form: str, *needs: str) -> str:
        """The name of the expression that ``form`` becomes when it is given the names ``needs``."""
        return self._names.setdefault((form, needs), f"x{len(self._names)}")

    def variable(self, name: str) -> Traced:
        """A number by which is differentiated, called ``name`` outside."""
        return Traced(self, name, {name: _ONE})

    def constant(self, name: str) -> Traced:
        """A number that is given, called ``name`` outside."""
        return Traced(self, name, {})

    def c_lines(self, wanted: Sequence[str], indent: str, number: Callable[[str], str]) -> str:
        """The same in C; ``number`` gives what stands for a number, whose text it is given."""
        uses = self._uses(wanted)
        lines = []
        for (form, needs), name in self._names.items():
            if uses[name]:
                expression = _form_in_c(form, number, *(self.in_c(need, number) for need in needs))
                lines.append(f"{indent}double {name} = {expression};\n")
        return "".join(lines)

    def in_c(self, name: str, number: Callable[[str], str]) -> str:
        """A name in C, where numbers are names as well."""
        return number(name.strip("()")) if _NUMBER.fullmatch(name) else name

    def _uses(self, wanted: Sequence[str]) -> Counter[str]:
        uses = Counter(wanted)
        for (_, needs), name in reversed(self._names.items()):
            if uses[name]:
                uses.update(needs)
        return uses

    def lines(self, wanted: Sequence[str], indent: str) -> str:
        """The code that the names ``wanted`` hang on; what is read once has no line of its own."""
        uses = self._uses(wanted)
        texts: dict[str, str] = {}
        depths: Counter[str] = Counter()
        lines = []
        for (form, needs), name in self._names.items():
            expression = form.format(*(texts.get(need, need) for need in needs))
            depth = 1 + max((depths[need] for need in needs), default=0)
            if uses[name] == 1 and name not in wanted and depth <= _DEEPEST:
                texts[name], depths[name] = f"({expression})", depth
            elif uses[name]:
                lines.append(f"{indent}{name} = {expression}\n")
        return "".join(lines)


class Traced:
    """A number of a program: its name, and the names of its derivatives by the variables."""

    def __init__(self, program: Program, name: str, slopes: Mapping[str, str]) -> None:
        self.program = program
        self.name = name
        self.slopes = slopes

    def exp(self) -> Traced:
        """exp(x); its own derivative."""
        value = self.program.let("exp({})", self.name)
        return self._with(value, self._scaled(value))

    def tanh(self) -> Traced:
        """tanh(x), 1 - tanh^2(x); numpy calls it for the tanh of an object."""
        value = self.program.let("tanh({})", self.name)
        return self._with(value, self._scaled(self.program.let("1.0 - {0} * {0}", value, value)))

    def __add__(self, other: object) -> Traced:
        x, y = self, self._traced(other)
        return self._with(self._of("+", x.name, y.name), self._plus(x.slopes, y.slopes))

    def __sub__(self, other: object) -> Traced:
        x, y = self, self._traced(other)
        return self._with(self._of("-", x.name, y.name), self._minus(x.slopes, y.slopes))

    def __neg__(self) -> Traced:
        return self * -1.0

    def __mul__(self, other: object) -> Traced:
        x, y = self, self._traced(other)
        rise = self._plus(x._scaled(y.name), y._scaled(x.name))
        return self._with(self._of("*", x.name, y.name), rise)

    def __truediv__(self, other: object) -> Traced:
        x, y = self, self._traced(other)
        value = self._of("/", x.name, y.name)
        rise = self._minus(x.slopes, y._scaled(value))
        return self._with(value, {k: self._of("/", slope, y.name) for k, slope in rise.items()})

    def __pow__(self, power: float) -> Traced:
        """Of a number that is not 0."""
        value = self.program.let(f"{{}} ** ({power!r})", self.name)
        slope = self.program.let(f"({power!r}) * {{}} / {{}}", value, self.name)
        return self._with(value, self._scaled(slope))

    def __radd__(self, other: object) -> Traced:
        return self._traced(other) + self

    def __rsub__(self, other: object) -> Traced:
        return self._traced(other) - self

    def __rmul__(self, other: object) -> Traced:
        return self._traced(other) * self

    def _with(self, name: str, slopes: Mapping[str, str]) -> Traced:
        return Traced(self.program, name, slopes)

    def _traced(self, number: object) -> Traced:
        if isinstance(number, Traced):
            return number
        return self._with(f"({float(number)!r})", {})  # type: ignore[arg-type]

    def _of(self, operator: str, x: str, y: str) -> str:
        return self.program.let(f"{{}} {operator} {{}}", x, y)

    def _plus(self, x: Mapping[str, str], y: Mapping[str, str]) -> dict[str, str]:
        both = {name: self._of("+", x[name], y[name]) for name in x if name in y}
        return {**x, **y, **both}

    def _minus(self, x: Mapping[str, str], y: Mapping[str, str]) -> dict[str, str]:
        less = {
            name: self._of("-", x[name], slope) if name in x else self.program.let("-{}", slope)
            for name, slope in y.items()
        }
        return {**x, **less}

    def _scaled(self, factor: str) -> dict[str, str]:
        return {
            name: factor if slope == _ONE else self._of("*", slope, factor)
            for name, slope in self.slopes.items()
        }


def entries_of(variables: Sequence[str], rates: Sequence[Traced]) -> list[tuple[int, str]]:
    """(place in the Jacobian, row by row, name of the slope) of all that are not 0."""
    count = len(variables)
    return [
        (row * count + variables.index(name), slope)
        for row, rate in enumerate(rates)
        for name, slope in rate.slopes.items()
    ]


def _form_in_c(form: str, number: Callable[[str], str], *needs: str) -> str:
    """A form of :meth:`Program.let` in C."""
    if found := _POWER.fullmatch(form):
        return f"pow({needs[0]}, {number(found[1])})"
    if found := _FACTOR.fullmatch(form):
        return f"{number(found[1])} * {needs[0]} / {needs[1]}"
    return form.format(*needs)


def compiled(
    program: Program, given: str, variables: Sequence[str], rates: Sequence[Traced]
) -> Callable[[float], tuple[Rates, Jacobian]]:
    """A number called ``given`` -> the rates as a function of the variables, and its Jacobian."""
    count = len(variables)
    entries = entries_of(variables, rates)
    read = f"        {', '.join(variables)}, = y.tolist()\n"
    values, slopes = [rate.name for rate in rates], [slope for _, slope in entries]
    source = (
        f"def at({given}):\n"
        "    def rates(y, time):\n"
        f"{read}{program.lines(values, ' ' * 8)}"
        f"        return [{', '.join(values)}]\n"
        "    def jacobian(y, time):\n"
        f"{read}{program.lines(slopes, ' ' * 8)}"
        f"        matrix[places] = [{', '.join(slopes)}]\n"
        "        return square\n"
        "    return rates, jacobian\n"
    )
    matrix = np.zeros(len(rates) * count)
    namespace: dict[str, Any] = {
        "tanh": math.tanh,
        "exp": math.exp,
        "places": np.array([place for place, _ in entries]),
        "matrix": matrix,
        "square": matrix.reshape(len(rates), count),
    }
    exec(compile(source, "<rates of a neuron>", "exec"), namespace)
    at: Callable[[float], tuple[Rates, Jacobian]] = namespace["at"]
    return at
