"""A noise study as tables."""

from __future__ import annotations

import math

from codesign.studies.noise.results import NoiseResults
from codesign.terminal.quantities import quantity
from codesign.terminal.tables import print_table, say
from mapping.jitter import QUANTITIES, Jitter, Train


def print_results(outcome: NoiseResults) -> None:
    """Densities, jitter, regimes and what is around a boundary, on standard output."""

    where = f"{outcome.technology}, {outcome.conditions}"
    print_table(
        f"{outcome.name} on {where}: noise of its cells",
        ("cell", "bias", "white / 2qI", "shot noise alone / 2qI", "flicker corner"),
        [
            (row.cell, quantity(row.bias, "A"), row.white, row.shot, quantity(row.corner, "Hz"))
            for row in outcome.cells
        ],
    )
    print_table(
        "noise currents, mean over the run",
        ("node", "white (A²/Hz)", "flicker at 1 Hz (A²/Hz)", "corner", "capacitance"),
        [
            (
                "membrane" if n.node is None else n.node.value,
                f"{n.white:.3g}",
                f"{n.flicker:.3g} / f^{n.exponent:.2f}",
                quantity(n.corner, "Hz"),
                quantity(n.capacitance, "F"),
            )
            for n in outcome.nodes
        ],
    )
    say(
        f"white noise on C_m with a leak of one unit alone: {quantity(outcome.rms, 'V')} rms, "
        f"{outcome.rms / outcome.unit_voltage:.2g} units"
    )
    rows = []
    for name, words in QUANTITIES.items():
        for who, of in (("macromodel", outcome.jitter), ("ngspice", outcome.circuit_jitter)):
            value = of[name]
            if value is not None:
                rows.append((words, who, *_row(value, outcome.time_unit)))
    runs = f"{len(outcome.trains)} runs, seed {outcome.seed}"
    if outcome.circuits:
        runs += f"; {len(outcome.circuits)} of the circuit in ngspice"
    columns = ("of", "by", "values", "mean", "jitter (std)", "95 % interval", "CV (%)")
    print_table(f"jitter: {runs}", columns, rows, keys=2)
    for name, words in QUANTITIES.items():
        found = outcome.agreement(name)
        if found is not None:
            say(
                f"{words}: jitter of the macromodel over ngspice's {found.value:.2f} "
                f"({found.low:.2f} to {found.high:.2f})"
            )
    for who, trains in (("macromodel", outcome.trains), ("ngspice", outcome.circuits)):
        if trains:
            say(f"regimes, {who}: {_regimes(outcome, trains)}")
    _print_boundary(outcome)
    for note in outcome.notes:
        say(f"note: {note}")


def _row(value: Jitter, unit: float) -> tuple[object, ...]:

    interval = f"{quantity(value.low * unit, 's')} to {quantity(value.high * unit, 's')}"
    return (
        value.count,
        quantity(value.mean * unit, "s", 4),
        quantity(value.deviation * unit, "s"),
        interval,
        100 * value.variation,
    )


def _regimes(outcome: NoiseResults, trains: tuple[Train, ...]) -> str:
    return ", ".join(
        f"{regime.words} {share.percent}" for regime, share in outcome.regimes(trains).items()
    )


def _print_boundary(outcome: NoiseResults) -> None:

    boundary = outcome.boundary
    if boundary is None:
        return
    regimes = [boundary.below, boundary.above]
    regimes += [x for p in boundary.points for x in p.counts if x not in regimes]
    regimes = list(dict.fromkeys(regimes))
    print_table(
        f"around {boundary.current:.4f} I0, where {boundary.below.words} becomes "
        f"{boundary.above.words} without noise",
        ("current (I0)", *(x.words for x in regimes)),
        [(f"{p.current:.5f}", *(p.share(x).percent for x in regimes)) for p in boundary.points],
    )
    if math.isfinite(boundary.width):
        say(f"noise smears the boundary over {boundary.width:.2g} I0 (16 to 84 %)")
    else:
        say(f"with noise, {boundary.above.words} does not go from 16 to 84 % over these currents")
