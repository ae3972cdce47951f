"""Test benches as data: sources, instances and analyses around cells and models.

A bench knows nothing of a simulator. Everything in it is checked when it is made, so that
whatever turns it into text can trust it. All quantities are in SI units, temperatures in degrees
Celsius. Names are SPICE's own: a voltage source's begins with ``v``, a current source's with
``i``, an instance's with ``x``, a resistor's with ``r`` and a capacitor's with ``c``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from netlists.safe_text import (
    check_cells,
    check_models,
    check_name,
    check_node,
    check_number,
    check_saved,
    clean_comment,
)
from neuron_model.errors import InputError
from neuron_model.shown import Shown, counted

# Chosen by the spike intervals of a relaxation oscillator of three sky130 OTAs at 1 nA and 4 pF,
# against steps of 0.05 tau_m at reltol 1e-6. With these they are 2.5e-4 off, whatever the largest
# step is (1 to 20 tau_m tried). With trtol 7 (ngspice's default) 3e-3; with trtol 7 and reltol
# 1e-4 5e-3; with method gear 9e-4; with gmin 1e-12 1e-2; with all of ngspice's defaults 1.4e-1.
DEFAULT_OPTIONS: Mapping[str, float | str] = MappingProxyType(
    {
        # ngspice's 1e-12 is a floor of 1 pA/V under currents of picoamperes.
        "gmin": 1e-15,
        "abstol": 1e-16,
        "chgtol": 1e-18,
        "vntol": 1e-7,
        "reltol": 1e-5,
        # Local truncation error is bounded by trtol times what the tolerances ask for.
        "trtol": 1.0,
        "method": "trap",
    }
)


@dataclass(frozen=True, eq=False, repr=False)
class PiecewiseLinear(Shown):
    """A waveform through the points (``times`` [s], ``values`` [V or A]), constant outside them.

    Both are one-dimensional, of the same length; times are >= 0 and increase strictly.
    """

    times: np.ndarray
    values: np.ndarray

    def __post_init__(self) -> None:
        for name in ("times", "values"):
            try:
                array = np.array(getattr(self, name), dtype=np.float64)
            except (TypeError, ValueError):
                raise InputError(f"The {name} of a waveform must be numbers.") from None
            if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
                raise InputError(
                    f"The {name} of a waveform must be a list of at least one finite number."
                )
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if self.times.shape != self.values.shape:
            raise InputError(
                f"A waveform has {self.times.size} times and {self.values.size} values; "
                "it must have as many of each."
            )
        if self.times[0] < 0.0 or not (np.diff(self.times) > 0.0).all():
            raise InputError("The times of a waveform must begin at 0 or later and increase.")

    def __call__(self, time: np.ndarray) -> np.ndarray:
        """The values at ``time`` [s]."""
        return np.interp(time, self.times, self.values)


def staircase(levels: Sequence[tuple[float, float]], ramp: float) -> PiecewiseLinear:
    """A waveform that goes to each value of ``levels``, (time [s], value), in ``ramp`` seconds.

    The first level holds from the beginning, whatever its time; each other one is reached a ramp
    after its time. A change takes time because a source that jumps has no derivative for a
    simulator to control its steps with.

    Raises:
        InputError: a level comes before the ramp to the one before it is over.
    """
    check_number(ramp, "The ramp of a step", above=0.0)
    if not levels:
        raise InputError("A waveform of steps must have at least one level.")
    times, values = [0.0], [levels[0][1]]
    for start, value in levels[1:]:
        if start <= times[-1]:
            if start < times[-1] or len(times) > 1:
                raise InputError(
                    f"A step at {start:g} s comes before {times[-1]:g} s, when the one before "
                    "it is over; make the ramp shorter or the steps longer."
                )
        else:
            times.append(start)
            values.append(values[-1])
        times.append(start + ramp)
        values.append(value)
    return PiecewiseLinear(np.array(times), np.array(values))


@dataclass(frozen=True)
class TransientNoise:
    """A waveform of noise in time, for transient analyses alone: ngspice draws it.

    A straight line between Gaussian values every ``interval`` seconds, so that up to some tenth of
    1 / interval the one-sided density is

        S(f) = 2 rms^2 interval + flicker^2 2 interval / (2 pi f interval)^exponent

    rms, flicker: V or A. exponent: from 0 to 2, both excluded. ngspice 39 seeds its generator by
    the number of its process: no run can be repeated. Anywhere else the waveform is 0.
    """

    interval: float
    rms: float = 0.0
    flicker: float = 0.0
    exponent: float = 1.0

    def __post_init__(self) -> None:
        check_number(self.interval, "The interval of transient noise", above=0.0)
        check_number(self.rms, "The rms of transient noise", least=0.0)
        check_number(self.flicker, "The flicker of transient noise", least=0.0)
        check_number(self.exponent, "The exponent of transient noise", above=0.0)
        if self.exponent >= 2.0:
            raise InputError(
                f"The exponent of transient noise is {self.exponent:g}; it must be less than 2."
            )

    @staticmethod
    def of_density(
        interval: float, white: float, flicker: float = 0.0, exponent: float = 1.0
    ) -> "TransientNoise":
        """Noise of the one-sided density ``white + flicker / f^exponent`` [V^2/Hz or A^2/Hz]."""
        check_number(white, "The white density of transient noise", least=0.0)
        check_number(flicker, "The flicker density of transient noise", least=0.0)
        check_number(interval, "The interval of transient noise", above=0.0)
        rms = np.sqrt(white / (2.0 * interval))
        slow = np.sqrt(flicker / (2.0 * interval) * (2.0 * np.pi * interval) ** exponent)
        return TransientNoise(interval, float(rms), float(slow), exponent)


Waveform = float | PiecewiseLinear | TransientNoise


@dataclass(frozen=True)
class _TwoPole:
    name: str
    positive: str
    negative: str

    _letter = ""

    def __post_init__(self) -> None:
        _check_device_name(self.name, self._letter, type(self).__name__)
        check_node(self.positive, f"The positive node of {self.name}")
        check_node(self.negative, f"The negative node of {self.name}")


@dataclass(frozen=True)
class _Source(_TwoPole):
    waveform: Waveform
    alternating: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.waveform, PiecewiseLinear | TransientNoise):
            level = check_number(self.waveform, f"The waveform of {self.name}")
            object.__setattr__(self, "waveform", level)
        check_number(self.alternating, f"The small signal of {self.name}")


@dataclass(frozen=True)
class VoltageSource(_Source):
    """``waveform`` [V] between two nodes; ``i(name)`` is the current into its positive one.

    ``alternating``: amplitude [V] of its small signal, in analyses of small signals alone.
    """

    _letter = "v"


@dataclass(frozen=True)
class CurrentSource(_Source):
    """``waveform`` [A] from the positive node through the source to the negative one.

    ``alternating``: amplitude [A] of its small signal, in analyses of small signals alone.
    """

    _letter = "i"


@dataclass(frozen=True)
class Resistor(_TwoPole):
    """A load of ``resistance`` ohm."""

    resistance: float
    _letter = "r"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.resistance, f"The resistance of {self.name}", above=0.0)


@dataclass(frozen=True)
class Capacitor(_TwoPole):
    """A load of ``capacitance`` farad."""

    capacitance: float
    _letter = "c"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.capacitance, f"The capacitance of {self.name}", above=0.0)


@dataclass(frozen=True)
class Transresistance(_TwoPole):
    """A voltage between two nodes: ``resistance`` [ohm] times the current of a voltage source.

    It has no noise of its own.
    """

    measured: str
    resistance: float
    _letter = "h"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_device_name(self.measured, "v", "source whose current is measured")
        check_number(self.resistance, f"The resistance of {self.name}", above=0.0)


@dataclass(frozen=True)
class BenchInstance:
    """A use of the subcircuit ``cell``, its ports on ``nodes`` in their order."""

    name: str
    cell: str
    nodes: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_device_name(self.name, "x", "Instance")
        check_name(self.cell, f"The cell of {self.name}")
        object.__setattr__(self, "nodes", _tuple(self.nodes, f"The nodes of {self.name}"))
        for node in self.nodes:
            check_node(node, f"A node of {self.name}")


@dataclass(frozen=True)
class OperatingPoint:
    """The DC solution with every source at its value at time 0: waveforms of one point."""


@dataclass(frozen=True)
class DCSweep:
    """A source swept from ``start`` by ``step`` up to ``stop`` [V or A], which is included where
    steps lead there (to a thousandth of one).

    With ``outer``, that sweep's source is stepped and this one swept anew at each of its values:
    the waveforms hold all of this sweep at the first outer value, then at the second, and so on.
    """

    source: str
    start: float
    stop: float
    step: float
    outer: "DCSweep | None" = None

    def __post_init__(self) -> None:
        _check_device_name(self.source, "vi", "DCSweep")
        what = f"The {{}} of the sweep of {self.source}"
        for name in ("start", "stop", "step"):
            check_number(getattr(self, name), what.format(name))
        if self.step == 0.0 or (self.stop - self.start) * self.step < 0.0:
            raise InputError(
                f"The step of the sweep of {self.source} is {self.step:g}, which does not lead "
                f"from {self.start:g} to {self.stop:g}."
            )
        if self.outer is not None and (
            self.outer.outer is not None or self.outer.source.lower() == self.source.lower()
        ):
            raise InputError("A DC sweep can have one outer sweep, of another source.")

    @property
    def own_points(self) -> int:
        """How many points it has at each value of the outer sweep."""
        return int(np.floor((self.stop - self.start) / self.step + 1e-3)) + 1

    @property
    def points(self) -> int:
        """How many points it has, all in all."""
        return self.own_points * (1 if self.outer is None else self.outer.own_points)


@dataclass(frozen=True)
class Transient:
    """The circuit in time, up to ``end`` [s], by steps of at most ``max_step``.

    Waveforms begin at ``start``. It begins from the DC solution with the nodes of
    ``initial_voltages`` [V] held at their values, or, with ``use_initial_conditions``, from these
    voltages with no DC solution at all (the others begin at 0 V).
    """

    end: float
    max_step: float
    start: float = 0.0
    initial_voltages: Mapping[str, float] = field(default_factory=dict)
    use_initial_conditions: bool = False

    def __post_init__(self) -> None:
        check_number(self.end, "The end of a transient analysis", above=0.0)
        check_number(self.max_step, "The largest step of a transient analysis", above=0.0)
        check_number(self.start, "The start of a transient analysis", least=0.0)
        if self.start >= self.end:
            raise InputError(
                f"A transient analysis that starts at {self.start:g} s must end after that, "
                f"not at {self.end:g} s."
            )
        voltages = {
            check_node(node, "A node with an initial voltage"): check_number(
                value, f"The initial voltage of {node}"
            )
            for node, value in self.initial_voltages.items()
        }
        object.__setattr__(self, "initial_voltages", MappingProxyType(voltages))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle without the read-only view, which cannot be."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["initial_voltages"] = dict(self.initial_voltages)
        return Transient, tuple(values.values())


@dataclass(frozen=True)
class NoiseSpectrum:
    """Noise of the voltage at ``output``, as every device's noise adds up at the operating point.

    Waveforms over the frequency [Hz]: ``onoise_spectrum``, the root of the one-sided density
    [V/sqrt(Hz)]. ``source``: one with a small signal, which ngspice asks for. ``points``: a decade.
    """

    output: str
    source: str
    start: float
    stop: float
    points: int = 5

    def __post_init__(self) -> None:
        check_node(self.output, "The output of a noise analysis")
        _check_device_name(self.source, "vi", "source of a noise analysis")
        check_number(self.start, "The lowest frequency of a noise analysis", above=0.0)
        check_number(self.stop, "The highest frequency of a noise analysis", above=self.start)
        check_number(self.points, "The points a decade of a noise analysis", least=1.0)


@dataclass(frozen=True)
class Alteration:
    """``parameter`` of ``device`` becomes ``value`` for the analyses that follow.

    The device is named as ngspice does: ``iin`` (parameter ``dc``), or
    ``m.x1.xota.xtail.msky130_fd_pr__nfet_01v8`` for what sits in subcircuits.
    """

    device: str
    parameter: str
    value: float

    def __post_init__(self) -> None:
        check_node(self.device, "The device of an alteration")
        check_name(self.parameter, f"The parameter of {self.device} to alter")
        check_number(self.value, f"The value of {self.parameter} of {self.device}")


Step = OperatingPoint | DCSweep | Transient | NoiseSpectrum | Alteration
Element = VoltageSource | CurrentSource | Resistor | Capacitor | Transresistance


@dataclass(frozen=True)
class Subject:
    """What a bench is about, for people: a neuron's name, and its unit of time in seconds."""

    name: str
    time_unit: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", clean_comment(self.name))
        check_number(self.time_unit, f"The time unit of {self.name}", above=0.0)


@dataclass(frozen=True, repr=False)
class Bench(Shown):
    """All that one simulation consists of.

    ``models`` and ``cells`` are SPICE text (:func:`netlists.safe_text.check_models`,
    :func:`~netlists.safe_text.check_cells`). ``sources`` are the elements around the instances.
    ``analyses`` run in their order; each but the alterations gives waveforms. ``save`` names what
    is kept (``v(m)``, ``i(vdd)``, ``@m.x1.m1[id]``); nothing named is all node voltages and
    source currents. ``temperature`` is in degrees Celsius. ``options`` are ngspice's, on top of
    :data:`DEFAULT_OPTIONS`. ``comments`` stand at the head of the deck. ``subject`` says how
    people are told of it while it runs.
    """

    title: str
    models: str
    cells: str
    instances: tuple[BenchInstance, ...]
    sources: tuple[Element, ...]
    analyses: tuple[Step, ...]
    save: tuple[str, ...] = ()
    temperature: float = 27.0
    options: Mapping[str, float | str] = field(default_factory=dict)
    comments: tuple[str, ...] = ()
    subject: Subject | None = None

    def _brief(self) -> str:
        parts = counted(len(self.instances), "instance"), counted(len(self.sources), "source")
        steps = ", ".join(type(step).__name__ for step in self.analyses[:3])
        return f"{self.title[:40]}: {', '.join(parts)}; {steps}"

    def __post_init__(self) -> None:
        def store(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        store("title", clean_comment(self.title))
        store("comments", tuple(clean_comment(comment) for comment in self.comments))
        check_models(self.models, "The model text")
        check_cells(self.cells, "The text of the cells")
        for name, allowed in (
            ("instances", BenchInstance),
            ("sources", Element),
            ("analyses", Step),
        ):
            items = _tuple(getattr(self, name), f"The {name} of a bench")
            store(name, items)
            for item in items:
                if not isinstance(item, allowed):
                    raise InputError(f"{item!r} cannot be one of the {name} of a bench.")
        if not self.waveform_steps:
            raise InputError("A bench must have at least one analysis.")
        store("save", tuple(check_saved(name) for name in _tuple(self.save, "What to save")))
        check_number(self.temperature, "The temperature", above=-273.15)
        store("options", MappingProxyType(self._merged_options()))
        self._check_names()

    @property
    def waveform_steps(self) -> tuple[OperatingPoint | DCSweep | Transient | NoiseSpectrum, ...]:
        """The analyses that give waveforms, in their order."""
        return tuple(step for step in self.analyses if not isinstance(step, Alteration))

    @property
    def initial_voltages(self) -> Mapping[str, float]:
        """The initial voltages of the bench's transient analyses: the same for all of them."""
        found = [step.initial_voltages for step in self.analyses if isinstance(step, Transient)]
        return found[0] if found else {}

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle without the read-only view, which cannot be."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["options"] = dict(self.options)
        return Bench, tuple(values.values())

    def _merged_options(self) -> dict[str, float | str]:
        merged = dict(DEFAULT_OPTIONS)
        for name, value in self.options.items():
            check_name(name, "An option of ngspice")
            what = f"The option {name}"
            check = check_name if isinstance(value, str) else check_number
            merged[name.lower()] = check(value, what)
        return merged

    def _check_names(self) -> None:
        names: set[str] = set()
        for item in (*self.sources, *self.instances):
            if item.name.lower() in names:
                raise InputError(f"The name {item.name} stands twice in a bench; make them differ.")
            names.add(item.name.lower())
        for step in self.analyses:
            if isinstance(step, NoiseSpectrum):
                self._check_small_signal(step)
            swept = step if isinstance(step, DCSweep) else None
            while swept is not None:
                if swept.source.lower() not in names:
                    raise InputError(f"The bench has no source {swept.source}, which it sweeps.")
                swept = swept.outer
            if isinstance(step, Transient) and step.initial_voltages != self.initial_voltages:
                raise InputError(
                    "The transient analyses of a bench must have the same initial voltages; "
                    "put them into benches of their own."
                )
        for item in self.sources:
            if isinstance(item, Transresistance) and item.measured.lower() not in names:
                raise InputError(
                    f"The bench has no source {item.measured}, whose current {item.name} measures."
                )
        defined = {
            name.lower()
            for name in re.findall(
                r"^[ \t]*\.subckt[ \t]+(\S+)", f"{self.models}\n{self.cells}", re.I | re.M
            )
        }
        for instance in self.instances:
            if instance.cell.lower() not in defined:
                raise InputError(
                    f"The instance {instance.name} is of {instance.cell}, which is not among the "
                    f"cells: {', '.join(sorted(defined)) or 'there are none'}."
                )

    def _check_small_signal(self, step: NoiseSpectrum) -> None:
        found = [
            item
            for item in self.sources
            if isinstance(item, _Source) and item.name.lower() == step.source.lower()
        ]
        if not any(item.alternating for item in found):
            raise InputError(
                f"The bench has no source {step.source} with a small signal, which its noise "
                "analysis refers to; give it one (alternating=1)."
            )


def _check_device_name(name: object, letters: str, what: str) -> None:
    check_name(name, f"The name of a {what}")
    if len(str(name)) < 2 or str(name)[0].lower() not in letters:
        allowed = " or ".join(repr(letter) for letter in letters)
        raise InputError(
            f"The name of a {what} is {name!r}; it must begin with {allowed} and have more "
            "characters than that."
        )


def _tuple(items: object, what: str) -> tuple:
    if isinstance(items, (str, bytes)) or not isinstance(items, Iterable):
        raise InputError(f"{what} must be a list, not {items!r}.")
    return tuple(items)
