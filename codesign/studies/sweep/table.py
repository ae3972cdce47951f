"""A sweep in words and numbers, as the terminal shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from codesign.studies.sweep.outcome import PointOutcome
from codesign.studies.sweep.results import SweepPoint, SweepResults
from codesign.terminal.quantities import number, si_unit

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")
# Numbers of points that a line lists before it says how many more there are.
_MOST_NUMBERS = 8


_Column = tuple[str, Callable[[PointOutcome], str]]


def table_columns(study: SweepResults) -> tuple[str, ...]:
    """The table's columns; those of :func:`table_rows`."""
    return ("#", *study.shown, *(column for column, _ in _columns(study)))


def table_rows(study: SweepResults) -> list[tuple[str, ...]]:
    """A row for each point, medians where there are several samples."""
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


def summary(study: SweepResults) -> Iterator[str]:
    """Lines below the table: how many match, the errors' range, and why points have no outcome."""
    outcomes = study.outcomes
    if outcomes:
        matching = [o for o in outcomes if study.is_match(o)]
        if study.samples:
            for what, shares in (
                ("the regime of the model", [o.yields.regime for o in outcomes]),
                ("regime and rhythm", [o.yields.rhythm for o in outcomes]),
            ):
                least, most = (f(shares, key=lambda s: s.value) for f in (min, max))
                yield f"samples that keep {what}: {least.percent} at least, {most.percent} at most"
            if study.least_yield:
                yield (
                    f"at {len(matching)} of {len(outcomes)} points that can be built "
                    f"{study.least_yield:.1%} or more keep the regime"
                )
        else:
            kept = sum(o.keeps_rhythm for o in outcomes)
            yield (
                f"{len(matching)} of {len(outcomes)} points that can be built keep the regime of "
                f"the model, {kept} its rhythm"
            )
        yield from _ranges(study)
        areas = [o.area for o in outcomes]
        if _is_constant(areas):
            yield f"area of gates, diffusions and capacitors: {areas[0]:.0f} µm²"
    for reason, points in _alike(study.points):
        yield f"{_numbers(points)}: {reason}"


def _ranges(study: SweepResults) -> Iterator[str]:
    """Smallest and largest error, and where; the largest alone of I-V curves."""

    def known(of: Callable[[PointOutcome], float | None]) -> list[tuple[float, int]]:
        found = ((of(p.outcome), p.number) for p in study.points if p.outcome is not None)
        return sorted((value, number) for value, number in found if value is not None)

    for name, what in (
        ("isi_error", "ISI error"),
        ("ibi_error", "IBI error"),
    ):
        found = known(lambda o, name=name: o.error(name))  # type: ignore[misc]
        if found:
            (low, first), (high, last) = found[0], found[-1]
            yield (
                f"{what}: {100 * low:+.1f} % (point {first}) to {100 * high:+.1f} % (point {last})"
            )
    curves = known(lambda o: o.worst_iv)
    if curves:
        yield f"largest error of an I-V curve: {100 * curves[-1][0]:.1f} % (point {curves[-1][1]})"


def _is_constant(values: Sequence[float]) -> bool:
    return max(values) <= 1.01 * min(values)


def _columns(study: SweepResults) -> list[_Column]:
    outcomes = study.outcomes

    def scaled(
        what: str, unit: str, of: Callable[[PointOutcome], float | None], per: str = ""
    ) -> _Column:
        known = sorted(v for o in outcomes if (v := of(o)))
        scale, name = si_unit(known[len(known) // 2], unit) if known else (1.0, unit)
        return f"{what} {name}{per}".strip(), lambda o: _text(of(o), scale)

    def percent(what: str, of: Callable[[PointOutcome], float | None], sign: str) -> _Column:
        def text(outcome: PointOutcome) -> str:
            value = of(outcome)
            return "" if value is None else f"{100 * value:{sign}.1f}"

        return f"{what} %", text

    columns: list[_Column] = [_fires(study)]
    if study.samples:
        columns.append(("regime %", lambda o: f"{100 * o.share:.1f}"))
        columns.append(("rhythm %", lambda o: f"{100 * o.yields.rhythm.value:.1f}"))
        if len({o.wanted.regime for o in outcomes}) > 1:
            columns.append(("model", lambda o: o.wanted.regime.words))
    elif not all(map(study.is_match, outcomes)):
        columns.append(("model", lambda o: "" if study.is_match(o) else o.wanted.regime.words))
    columns += [
        scaled("ISI", "s", lambda o: o.rhythm("interspike_interval")),
        percent("ISI error", lambda o: o.error("isi_error"), "+"),
    ]
    if any(o.rhythm("interburst_interval") is not None for o in outcomes):
        columns += [
            scaled("IBI", "s", lambda o: o.rhythm("interburst_interval")),
            percent("IBI error", lambda o: o.error("ibi_error"), "+"),
        ]
    if any(o.worst_iv is not None for o in outcomes):
        columns.append(percent("I-V", lambda o: o.worst_iv, ""))
    columns += [
        scaled("", "W", lambda o: o.static_power),
        scaled("", "J", lambda o: o.energy_per_spike, "/spike"),
    ]
    if outcomes and not _is_constant([o.area for o in outcomes]):
        columns.append(("µm²", lambda o: f"{o.area:.0f}"))
    return columns


def _fires(study: SweepResults) -> _Column:
    """The regime, with its spikes a burst where some point bursts."""
    what = "most fire" if study.samples else "fires"
    if all(o.rhythm("spikes_per_burst") is None for o in study.outcomes):
        return what, lambda o: o.regime.words

    def text(outcome: PointOutcome) -> str:
        spikes = outcome.rhythm("spikes_per_burst")
        words = outcome.regime.words
        return words if spikes is None else f"{words}, {spikes:.3g}"

    return f"{what} (per burst)", text


def _text(value: float | None, scale: float = 1.0) -> str:
    return "" if value is None else number(value / scale)


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
