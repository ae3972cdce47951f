"""A network's cells in ngspice: weights of unit transistors, lines, columns and readouts.

    python -m benchmarks.synapses [--technology generic sky130 gf180mcu] [--samples 400]
                                  [--json FILE] [--plot FILE]

Nominal corner, 27 °C. A line of 64 units carries 8 nA at s = 1, a column has a keep-alive current
of 0.5 nA. The table is Markdown; the document has every point of it, and what the picture shows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from circuits.mismatch import cell_spreads
from circuits.synapse import Weight, column_currents, gate_line, synapse_column, unit
from circuits.technology import Technology, conditions_at, load_technology
from codesign.pictures.plots import PALE, STYLE, save_figure
from mapping.mismatch import draw
from mapping.readout import map_readout
from mapping.synapse_characteristics import KEEP_UNITS
from netlists.bench import OperatingPoint, Step
from netlists.cells.characterize import characterize
from netlists.cells.models import models_for
from netlists.device_names import alterations
from netlists.engine import Engine
from netlists.synapse_benches import (
    LINE,
    ReadoutBenches,
    SynapseBenches,
    four_poles,
    output_conductance,
    readout_gain,
    settling,
    silent_current,
    static_gain,
    step_error,
)
from neuron_model.atomic import write_atomically

TECHNOLOGIES = ("generic", "sky130", "gf180mcu")
LINE_UNITS, FULL_SCALE, KEEP = 64, 8e-9, 0.5e-9
COUNTS = (1, 2, 4, 8, 16, 31)
FAN_OUTS, CURRENTS, SHORT_LINE = (16, 64, 256), (1e-9, 1e-8), 16
# The rule of thumb for a line: gates of so much a square micrometre are lifted by so much.
_LIFTED, _GATE = 0.35, 3.3e-15
TAU, SCALES = 4e-4, (0.25, 0.5, 1.0)
# V0 on each side, of the sweep of a readout.
_REACH = 8.0
_TEMPERATURE = 27.0
_GRID = np.linspace(-1.0, 12.0, 131)  # tau, of the step that is shown
_SHARE = 1.0 - float(np.exp(-1.0))
_COLORS = {"generic": "#009e73", "sky130": "#14406b", "gf180mcu": "#e69f00"}


def measured(name: str, samples: int, engine: Engine) -> dict[str, Any]:
    """All figures of a technology by name, in SI units; shares as such.

    Raises:
        InputError: a number that is not allowed.
        SimulatorError: ngspice failed.
    """
    technology = load_technology(name)
    corner = conditions_at(technology).corner
    cells = SynapseBenches(technology, "", _TEMPERATURE, KEEP_UNITS, KEEP).cells(LINE_UNITS, 8)
    models = models_for(technology, corner, cells).text
    kept = SynapseBenches(technology, models, _TEMPERATURE, KEEP_UNITS, KEEP)
    bare = SynapseBenches(technology, models, _TEMPERATURE)
    figures: dict[str, Any] = {"technology": name, "corner": corner}
    figures |= _weights(kept, engine)
    figures |= _columns(kept, bare, figures["gates"], engine)
    figures |= _lines(bare, engine)
    for sign, word in ((-1, "negative"), (1, "positive")):
        figures[f"spread_{word}"] = _spread(kept, sign * 8, samples, engine)
    return figures | _readout(technology, corner, engine)


def _weights(benches: SynapseBenches, engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for sign, word in ((-1, "negative"), (1, "positive")):
        jobs = [benches.static(sign * k, LINE_UNITS, FULL_SCALE) for k in COUNTS]
        gains = [static_gain(result, LINE_UNITS) for result in engine.map(jobs)]
        each = [sign * g.gain / k for g, k in zip(gains, COUNTS, strict=True)]
        found[f"gain_{word}"] = each
        found[f"count_error_{word}"] = max(abs(g / each[0] - 1.0) for g in each)
        found[f"nonlinearity_{word}"] = max(g.nonlinearity for g in gains)
        found["gates"] = gains[0].gates
        bench = benches.output(sign * 8, LINE_UNITS, FULL_SCALE, 0.2)
        found[f"conductance_{word}"] = output_conductance(
            engine.run(bench), benches.technology.reference
        )
    silent = silent_current(engine.run(benches.silent(-8, LINE_UNITS, FULL_SCALE)))
    return found | {"silent": -silent / 8}


def _columns(
    kept: SynapseBenches, bare: SynapseBenches, gates: float, engine: Engine
) -> dict[str, Any]:
    """Time constants of the step of one unit."""
    found: dict[str, Any] = {}
    for word, benches, duration in (("kept", kept, 2e-3), ("bare", bare, 2e-2)):
        settled = settling(engine.run(benches.fold(1, gates, duration)), duration, _SHARE)
        found |= {f"column_rise_{word}": settled.rise, f"column_fall_{word}": settled.fall}
    return found


def _lines(benches: SynapseBenches, engine: Engine) -> dict[str, Any]:
    """Delays until half of the current flows, and what the law says, by current and fan-out."""
    area = unit(benches.technology).area
    delays: list[list[float]] = []
    laws: list[list[float]] = []
    for current in CURRENTS:
        law = [_LIFTED * area * (n + SHORT_LINE) * _GATE / current for n in FAN_OUTS]
        jobs = [
            benches.onset(n, SHORT_LINE, current, 5 * t) for n, t in zip(FAN_OUTS, law, strict=True)
        ]
        pairs = zip(engine.map(jobs), law, strict=True)
        delays.append([settling(result, 5 * t, 0.5).rise for result, t in pairs])
        laws.append(law)
    return {"delays": delays, "delay_laws": laws}


def _spread(benches: SynapseBenches, units: int, samples: int, engine: Engine) -> float:
    """Standard deviation of a weight's current at s = 1, line and column drawn, over its mean."""
    technology = benches.technology
    line = gate_line(technology, LINE_UNITS)
    column = synapse_column("column", technology, (Weight(LINE, units),), benches.keep_units)
    bench = benches.static(units, LINE_UNITS, FULL_SCALE)
    steps: list[Step] = []
    drawn = []
    for seed, (instance, cell) in enumerate((("xline", line), ("xcolumn", column))):
        currents = column_currents(cell, technology, FULL_SCALE / LINE_UNITS, KEEP)
        spreads = cell_spreads(instance, cell, technology, currents)
        drawn.append((instance, cell, draw(spreads, samples, seed)))
    for sample in range(samples):
        for instance, cell, draw_of in drawn:
            moved = (draw_of.threshold[sample], draw_of.current_factor[sample])
            steps += alterations(cell, technology, bench.models, instance, *moved)
        steps.append(OperatingPoint())
    result = engine.run(replace(bench, analyses=tuple(steps)))
    current = np.array([wave["i(vmembrane)"][0] for wave in result.waveforms])
    return float(np.std(current, ddof=1) / abs(np.mean(current)))


def _readout(technology: Technology, corner: str, engine: Engine) -> dict[str, Any]:
    cells = characterize(technology, conditions_at(technology), engine)
    errors: list[float] = []
    gains: list[float] = []
    reach: list[float] = []
    duration = 20 * TAU
    for scale in SCALES:
        design = map_readout("y", TAU, 0.0, cells, technology.limits, scale=scale)
        benches = ReadoutBenches(design, technology, "", _TEMPERATURE)
        models = models_for(technology, corner, [benches.cell]).text
        benches = replace(benches, models=models)
        static, step = engine.map([benches.static(_REACH / scale), benches.step(1.0, duration)])
        gain = readout_gain(static, design)
        gains.append(gain.gain)
        reach.append(gain.linear_range * scale)
        errors.append(step_error(step, design, duration))
        if scale == SCALES[0]:
            wave = step[0]
            # a pulse begins at a tenth of its duration
            later = (_GRID + 0.1 * duration / TAU) * TAU
            low, high = np.interp([0.0, 1.1 * duration], wave.axis, wave["v(y)"])
            shown = (np.interp(later, wave.axis, wave["v(y)"]) - low) / (high - low)
    return {
        "readout_gain": gains,
        "readout_range": reach,
        "step_error": errors,
        "step": {"time": _GRID.tolist(), "y": shown.tolist()},
    }


_FANS = " / ".join(map(str, FAN_OUTS))
ROWS: Sequence[tuple[str, str]] = (
    (
        "gain of a unit, negative / positive weight",
        "{gain_negative[0]:.3f} / {gain_positive[0]:.3f}",
    ),
    (
        "k units against k times one, k up to 31: largest error, %",
        "{count_error_negative:.2%} / {count_error_positive:.2%}",
    ),
    (
        "nonlinearity over s, of the weight's own current, %",
        "{nonlinearity_negative:.2%} / {nonlinearity_positive:.2%}",
    ),
    (
        "output conductance, % per volt",
        "{conductance_negative:.1%} / {conductance_positive:.1%}",
    ),
    (
        "spread of a weight of 8 units by mismatch, %",
        "{spread_negative:.1%} / {spread_positive:.1%}",
    ),
    ("a unit draws at s = 0, fA", "{silent_fA:.2g}"),
    (
        "column, one unit more: rise / fall with keep-alive, µs",
        "{kept_us[0]:.0f} / {kept_us[1]:.0f}",
    ),
    ("the same without", "{bare_us[0]:.0f} / {bare_us[1]:.0f}"),
    *(
        (
            f"delay of a line at {current * 1e9:g} nA, fan-out {_FANS}, µs",
            f"{{delays_us[{i}][0]:.3g}} / {{delays_us[{i}][1]:.3g}} / {{delays_us[{i}][2]:.3g}}",
        )
        for i, current in enumerate(CURRENTS)
    ),
    (
        "delay over 0.35 V x gates x 3.3 fF/µm² / I_s, smallest to largest",
        "{least_share:.2f} to {most_share:.2f}",
    ),
    ("readout: gain at 0.25 / 0.5 / 1 V0 a unit", "{g[0]:.3f} / {g[1]:.3f} / {g[2]:.3f}"),
    ("readout: linear within 2 % over, V0 each way", "{r[0]:.2g} / {r[1]:.2g} / {r[2]:.2g}"),
    (
        "readout: step of one unit, largest error from four poles, %",
        "{e[0]:.1%} / {e[1]:.1%} / {e[2]:.1%}",
    ),
)


def table(found: Sequence[dict[str, Any]]) -> str:
    """In Markdown: a row a figure, a column a technology."""
    names = [one["technology"] for one in found]
    lines = [f"| | {' | '.join(names)} |", "|" + "---|" * (1 + len(names))]
    shown = [_shown(one) for one in found]
    for label, pattern in ROWS:
        cells = " | ".join(pattern.format(**values) for values in shown).replace("%", "")
        lines.append(f"| {label} | {cells} |")
    return "\n".join(lines)


def _shown(figures: dict[str, Any]) -> dict[str, Any]:
    delays, laws = np.array(figures["delays"]), np.array(figures["delay_laws"])
    return figures | {
        "silent_fA": figures["silent"] * 1e15,
        "kept_us": [1e6 * figures[f"column_{edge}_kept"] for edge in ("rise", "fall")],
        "bare_us": [1e6 * figures[f"column_{edge}_bare"] for edge in ("rise", "fall")],
        "delays_us": (1e6 * delays).tolist(),
        "least_share": float((delays / laws).min()),
        "most_share": float((delays / laws).max()),
        "g": figures["readout_gain"],
        "r": figures["readout_range"],
        "e": figures["step_error"],
    }


def figure(found: Sequence[dict[str, Any]]) -> Figure:
    """Gain of a unit over the weight, delay over the fan-out, and a readout's step."""
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(9.6, 2.9), layout="constrained")
        gains, delays, steps = drawn.subplots(1, 3)
        for one in found:
            name = one["technology"]
            color = _COLORS.get(name, "#333f48")
            _draw_gains(gains, one, color, name)
            total = np.array(FAN_OUTS) + SHORT_LINE
            for current, values in zip(CURRENTS, one["delays"], strict=True):
                delays.loglog(total, 1e6 * np.array(values), "o-", color=color, markersize=3)
                law = _LIFTED * unit(load_technology(name)).area * _GATE * total / current
                delays.loglog(total, 1e6 * law, color=PALE, linewidth=3, zorder=0)
                delays.text(total[-1], 1e6 * law[-1], f" {current * 1e9:g} nA", fontsize=7)
            time, y = (np.array(one["step"][what]) for what in ("time", "y"))
            steps.plot(time, 100 * (y - four_poles(time, 1.0)), color=color, linewidth=1.0)
        gains.set_xlabel("units of a weight (sign: into the membrane)")
        gains.set_ylabel("a unit's current over the line's")
        gains.set_title("gain of a unit")
        gains.legend(fontsize=7)
        delays.set_xlabel("units on a line, its own included")
        delays.set_ylabel("delay (µs)")
        delays.set_xticks(total, [str(units) for units in total], minor=False)
        delays.set_xticks([], minor=True)
        delays.set_title("delay of a line; pale: the law")
        steps.set_xlabel("time after a step of one unit of y (tau)")
        steps.set_ylabel("difference (% of the step)")
        steps.set_title("readout less four exact poles")
        steps.axhline(0.0, color=PALE, linewidth=1, zorder=0)
        return drawn


def _draw_gains(axes: Axes, figures: dict[str, Any], color: str, name: str) -> None:
    counts = np.array(COUNTS)
    axes.plot(-counts, figures["gain_negative"], "o-", color=color, markersize=3, label=name)
    axes.plot(counts, figures["gain_positive"], "o-", color=color, markersize=3)


def main() -> None:
    """Measure and print; write the document and the picture where asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--technology", nargs="+", default=list(TECHNOLOGIES))
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the picture")
    arguments = parser.parse_args()
    with Engine(workers=1, timeout=300.0) as engine:
        found = [measured(name, arguments.samples, engine) for name in arguments.technology]
    print(table(found))
    if arguments.json:
        write_atomically(arguments.json, json.dumps(found, indent=1) + "\n")
    if arguments.plot:
        save_figure(figure(found), arguments.plot)


if __name__ == "__main__":
    main()
