"""What a sweep can vary: the axes of its configuration, with what each allows.

corner                  of the process, by name
temperature             degree Celsius
supply_change           relative change of the supply of a chip that was designed for another
currents, references    what the bias generator does over temperature (mapping.temperature)
bits                    of the bias codes; 0: free lines
unit_current            I0, ampere
membrane_capacitance    C_m, farad
supply                  volt, designed for
area.ROLE               factor of the gate areas of circuits.sizing.SCALED_ROLES, or of "all"
alpha.ELEMENT           factor of an element's alpha; elements are called as in netlists (sm2)
delta.ELEMENT           what is added to its delta, model units
tau.TIMESCALE           factor of tau_fast, tau_slow or tau_ultraslow
i_bias                  what is added to the neuron's bias, model units
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from codesign.terminal.quantities import celsius, si_unit
from mapping.conditions import COLDEST, HOTTEST
from neuron_model.errors import InputError
from neuron_model.runs.toml_tables import is_number, listed
from neuron_model.suggestion import suggestion

AxisValue = str | float | int

MOST_VALUES = 1000
"""Of one axis."""

AREA_ROLES = ("all", "pair", "tail", "pmos_mirror", "nmos_mirror", "compensation")
"""Whose gate areas can be scaled: all together, or one of ``circuits.sizing.SCALED_ROLES``."""

CONDITIONS = ("corner", "temperature", "supply_change", "currents", "references")
"""Axes that leave the design as it is: where, and how, the sample is run."""

SOURCES = ("neuron", "technology")
"""What is varied by naming several at the head of the file."""


@dataclass(frozen=True)
class AxisKind:
    """What an axis is and allows.

    title: in pictures and tables. words: the texts allowed; any text where it is empty and there is
    no range. low, high: of numbers; above: whether ``low`` itself is excluded. whole: whether
    numbers are whole. unit: an SI unit, "°C", "%" (of a relative change), "×", "I0" or "V0". zero:
    what 0 means, where it is no number like the others.
    """

    title: str
    words: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    unit: str = ""
    zero: str = ""

    @property
    def is_number(self) -> bool:
        """Whether values are numbers."""
        return math.isfinite(self.low)

    @property
    def label(self) -> str:
        """Of a picture's axis: the title, and a unit that no value says."""
        return f"{self.title} (${self.unit[0]}_0$)" if self.unit in ("I0", "V0") else self.title

    def shown(self, value: AxisValue) -> str:
        """A value as people read it."""
        if isinstance(value, str):
            return value.replace("_", " ") if self.words else value
        if value == 0 and self.zero:
            return self.zero
        match self.unit:
            case "°C":
                return celsius(value)
            case "%":
                return f"{_short(100 * value, signed=value != 0)} %"
            case "×":
                return f"×{_short(value)}"
            case "" | "I0" | "V0":
                return _short(value)
        scale, unit = si_unit(value, self.unit)
        return f"{_short(value / scale)} {unit}"

    @property
    def allowed(self) -> str:
        """In words."""
        if self.words:
            return listed(self.words)
        if not self.is_number:
            return "text"
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"

    def allows(self, value: object) -> bool:
        """Whether it can be a value of the axis."""
        if not self.is_number:
            named = isinstance(value, str) and bool(value) and value.isprintable()
            return named and (not self.words or value in self.words)
        if not is_number(value):
            return False
        assert isinstance(value, int | float)
        return self.low <= value <= self.high and not (self.whole and value != int(value))


def _short(value: float, signed: bool = False) -> str:
    """Four digits at most, no zeros behind the last one."""
    return f"{value:{'+' if signed else ''}.4g}"


_KINDS: Mapping[str, AxisKind] = {
    "neuron": AxisKind("neuron"),
    "technology": AxisKind("technology"),
    "corner": AxisKind("corner"),
    "temperature": AxisKind("temperature", low=COLDEST, high=HOTTEST, unit="°C"),
    "supply_change": AxisKind("change of the supply", low=-0.5, high=0.5, unit="%"),
    "currents": AxisKind("bias currents", ("constant", "ptat", "constant_gm")),
    "references": AxisKind("references", ("constant", "ptat")),
    "bits": AxisKind("bits of the bias codes", low=0, high=16, whole=True, zero="free"),
    "unit_current": AxisKind("unit current I0", low=1e-15, high=1e-3, unit="A"),
    "membrane_capacitance": AxisKind("membrane capacitor C_m", low=1e-16, high=1e-6, unit="F"),
    "supply": AxisKind("supply", low=0.1, high=20.0, unit="V"),
    "i_bias": AxisKind("added to i_bias", low=-100.0, high=100.0, unit="I0"),
}

_FAMILIES: Mapping[str, AxisKind] = {
    "area": AxisKind("gate area of {}", low=0.01, high=1000.0, unit="×"),
    "alpha": AxisKind("alpha of {}", low=0.0, high=100.0, unit="×"),
    "delta": AxisKind("added to delta of {}", low=-10.0, high=10.0, unit="V0"),
    "tau": AxisKind("tau_{}", low=1e-3, high=1e3, unit="×"),
}
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "area": AREA_ROLES,
    "tau": ("fast", "slow", "ultraslow"),
}

FAMILIES = tuple(_FAMILIES)
"""Names before the dot."""


def axis_kind(name: str) -> AxisKind:
    """The kind of an axis.

    Raises:
        InputError: there is no such axis.
    """
    family, dot, member = name.partition(".")
    if dot and family in _FAMILIES and member:
        members = _MEMBERS.get(family, (member,))
        if member not in members:
            raise InputError(
                f"axes.{name} is not a known key; allowed are "
                f"{listed(f'{family}.{one}' for one in members)}.{suggestion(member, members)}"
            )
        kind = _FAMILIES[family]
        words = "all transistors" if (family, member) == ("area", "all") else member
        return AxisKind(kind.title.format(words), low=kind.low, high=kind.high, unit=kind.unit)
    if name in _KINDS:
        return _KINDS[name]
    known = [x for x in _KINDS if x not in SOURCES]
    families = (f"{x}.{'ELEMENT' if x not in _MEMBERS else 'NAME'}" for x in _FAMILIES)
    raise InputError(
        f"axes.{name} is not a known key; allowed are {listed([*known, *families])}."
        f"{suggestion(name, known)}"
    )


@dataclass(frozen=True)
class Axis:
    """One thing that is varied, and its values in their order.

    Raises:
        InputError: no such axis, no value, too many, one twice, or one that is not allowed.
    """

    name: str
    values: tuple[AxisValue, ...]

    def __post_init__(self) -> None:
        kind = self.kind
        if not 1 <= len(self.values) <= MOST_VALUES:
            raise InputError(
                f"axes.{self.name} has {len(self.values)} values; it must have 1 to {MOST_VALUES}."
            )
        for value in self.values:
            if not kind.allows(value) or (self.name == "bits" and value == 1):
                allowed = f"{kind.allowed}, but not 1" if self.name == "bits" else kind.allowed
                raise InputError(
                    f"axes.{self.name} = {value!r} is not allowed; it must be {allowed}."
                )
        values = self.values
        if kind.is_number:
            values = tuple(int(v) if kind.whole else float(v) for v in self.values)
            object.__setattr__(self, "values", values)
        twice = [v for i, v in enumerate(values) if v in values[:i]]
        if twice:
            raise InputError(f"axes.{self.name} has {twice[0]!r} twice; give each value once.")

    @property
    def kind(self) -> AxisKind:
        """What it is and allows."""
        return axis_kind(self.name)

    @property
    def is_varied(self) -> bool:
        """Whether it has more than one value."""
        return len(self.values) > 1

    @property
    def labels(self) -> tuple[str, ...]:
        """Its values as people read them."""
        return tuple(self.kind.shown(value) for value in self.values)
