"""A sweep in words and numbers, as the terminal shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from codesign.quantities import si_unit
from codesign.sweep_study import PointOutcome, SweepPoint, SweepStudy

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")
# Numbers of points that a line lists before it says how many more there are.
_MOST_NUMBERS = 8


_Column = tuple[str, Callable[[PointOutcome], str]]


def table_columns(study: SweepStudy) -> tuple[str, ...]:
    """The table's columns; those of :func:`table_rows`."""
    return ("point", *study.shown, *(column for column, _ in _columns(study)))


def table_rows(study: SweepStudy) -> list[tuple[str, ...]]:
    """A row for each point, medians where there are several chips."""
    columns = _columns(study)
    rows = []
    for point in study.points:
        values = (study.axis(n).kind.shown(point.values[n]) for n in study.shown)
        outcome = point.outcome
        if outcome is None:
            what = "ngspice failed" if point.failed else "cannot be built"
            cells = (what, *("" for _ in columns[1:]))
        else:
            cells = tuple(of(outcome) for _, of in columns)
        rows.append((str(point.number), *values, *cells))
    return rows


def summary(study: SweepStudy) -> Iterator[str]:
    """Lines below the table: how many match, the errors' range, and why points have no outcome."""
    outcomes = study.outcomes
    if outcomes:
        matching = [o for o in outcomes if study.is_match(o)]
        if study.samples:
            least, most = (f(o.share for o in outcomes) for f in (min, max))
            yield f"{least:.1%} to {most:.1%} of the chips fire as the model"
            if study.least_yield:
                yield (
                    f"at {len(matching)} of {len(outcomes)} points that can be built "
                    f"{study.least_yield:.1%} or more do"
                )
        else:
            yield (f"{len(matching)} of {len(outcomes)} points that can be built fire as the model")
        errors = [e for o in outcomes if (e := o.error("interval_error")) is not None]
        if errors:
            low, high = 100 * min(errors), 100 * max(errors)
            yield f"error of the interval between spikes: {low:+.1f} to {high:+.1f} %"
    for reason, points in _alike(study.points):
        yield f"{_numbers(points)}: {reason}"


def _columns(study: SweepStudy) -> list[_Column]:
    outcomes = study.outcomes

    def scaled(what: str, unit: str, of: Callable[[PointOutcome], float | None]) -> _Column:
        known = sorted(v for o in outcomes if (v := of(o)))
        scale, name = si_unit(known[len(known) // 2], unit) if known else (1.0, unit)
        return f"{what} {name}", lambda o: _text(of(o), scale)

    def percent(what: str, of: Callable[[PointOutcome], float | None], sign: str) -> _Column:
        def text(outcome: PointOutcome) -> str:
            value = of(outcome)
            return "" if value is None else f"{100 * value:{sign}.1f}"

        return f"{what} %", text

    columns: list[_Column] = [
        ("most fire" if study.samples else "fires", lambda o: o.regime.value),
    ]
    if study.samples:
        columns.append(("as model %", lambda o: f"{100 * o.share:.1f}"))
    if any(not study.is_match(o) or len({x.wanted.regime for x in outcomes}) > 1 for o in outcomes):
        columns.append(("model", lambda o: "" if _same(study, o) else o.wanted.regime.value))
    if any(o.rhythm("spikes_per_burst") is not None for o in outcomes):
        columns.append(("per burst", lambda o: _text(o.rhythm("spikes_per_burst"))))
    columns += [
        scaled("interval", "s", lambda o: o.rhythm("interspike_interval")),
        percent("error", lambda o: o.error("interval_error"), "+"),
    ]
    if any(o.rhythm("interburst_interval") is not None for o in outcomes):
        columns += [
            scaled("pause", "s", lambda o: o.rhythm("interburst_interval")),
            percent("error", lambda o: o.error("pause_error"), "+"),
        ]
    if any(o.worst_iv is not None for o in outcomes):
        columns.append(percent("I-V error", lambda o: o.worst_iv, ""))
    columns += [
        scaled("power", "W", lambda o: o.static_power),
        scaled("energy/spike", "J", lambda o: o.energy_per_spike),
        ("area um2", lambda o: f"{o.area:.0f}"),
    ]
    return columns


def _same(study: SweepStudy, outcome: PointOutcome) -> bool:
    return outcome.regime == outcome.wanted.regime


def _text(value: float | None, scale: float = 1.0) -> str:
    return "" if value is None else f"{value / scale:.3g}"


def _alike(points: Sequence[SweepPoint]) -> list[tuple[str, list[int]]]:
    """(reason, points) where reasons that differ in numbers alone are told once, as the first."""
    found: dict[str, tuple[str, list[int]]] = {}
    for point in points:
        if point.outcome is None:
            key = _NUMBER.sub("#", point.reason)
            found.setdefault(key, (point.reason, []))[1].append(point.number)
    return sorted(found.values(), key=lambda item: -len(item[1]))


def _numbers(points: Sequence[int]) -> str:
    shown = ", ".join(map(str, points[:_MOST_NUMBERS]))
    more = f" and {len(points) - _MOST_NUMBERS} more" if len(points) > _MOST_NUMBERS else ""
    return f"point{'s' if len(points) > 1 else ''} {shown}{more}"
