"""Input offsets of amplifiers by each mismatch set of a technology, transistors altered in ngspice.

    python -m benchmarks.amplifier_offsets [--technology sky130 gf180mcu] [--samples 1000] [--json]

The offset of a drawn amplifier is the output current that it gives at equal inputs, over its
transconductance; the table has its standard deviation in millivolt, over the bias current.
`tests/codesign/test_library_mismatch.py` holds it against what the library's own switch draws.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from circuits.mismatch import device_spread
from circuits.ota import ota
from circuits.technology import Technology, load_technology, nominal_corner, with_mismatch_set
from mapping.characteristics import Orientation
from mapping.mismatch import draw
from netlists.bench import DCSweep, Step
from netlists.cell_benches import CellBenches
from netlists.cells.characterize import models_for
from netlists.device_names import alterations
from netlists.engine import Engine

BIASES = (1e-10, 1e-9, 1e-8)
"""Ampere."""
_STEP = 1e-3


def drawn_offsets(
    technology: Technology, bias: float, samples: int, seed: int, engine: Engine
) -> np.ndarray:
    """Input offsets in volt, (samples,), by the mismatch set in use.

    Raises:
        InputError: a number that is not allowed.
        SimulatorError: ngspice failed.
    """
    cell, middle = ota(technology), technology.reference
    cells = CellBenches(technology, "", 27.0).cells()
    models = models_for(technology, nominal_corner(technology), cells)
    bench = CellBenches(technology, models.text, 27.0).transfer(
        Orientation.NONINVERTING, np.array([bias]), np.array([middle]), 0.1
    )
    spreads = [
        device_spread("ota", path[-1], t, technology, bias) for path, t in cell.transistors()
    ]
    drawn = draw(spreads, samples, seed)
    # the bench's own: bias and inputs as they are, but for its last one, the sweep
    steps: list[Step] = list(bench.analyses[:-1])
    for threshold, factor in zip(drawn.threshold, drawn.current_factor, strict=True):
        steps += alterations(cell, technology, bench.models, "xcell", threshold, factor)
        steps.append(DCSweep("vmoving", middle - _STEP, middle + _STEP, _STEP))
    result = engine.run(replace(bench, analyses=tuple(steps)))
    currents = np.array([wave["i(vout)"] for wave in result.waveforms])
    slope = float(np.mean(currents[:, -1] - currents[:, 0])) / (2 * _STEP)
    return -currents[:, 1] / slope


def measured(name: str, samples: int, seed: int, engine: Engine) -> list[dict[str, Any]]:
    """A row for each mismatch set of a technology: spreads in volt, in the order of BIASES."""
    technology = load_technology(name)
    rows = []
    for one in technology.mismatch_sets:
        by_it = with_mismatch_set(technology, one.name)
        found = [drawn_offsets(by_it, bias, samples, seed, engine) for bias in BIASES]
        spreads = [float(np.std(offsets, ddof=1)) for offsets in found]
        rows.append({"technology": name, "mismatch_set": one.name, "offset_spread": spreads})
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """In Markdown."""
    biases = " | ".join(f"{1e9 * bias:g} nA" for bias in BIASES)
    lines = [f"| technology | mismatch set | {biases} |", "|" + "---|" * (2 + len(BIASES))]
    for r in rows:
        spreads = " | ".join(f"{1e3 * spread:.2f} mV" for spread in r["offset_spread"])
        lines.append(f"| {r['technology']} | {r['mismatch_set']} | {spreads} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--technology", nargs="+", default=["sky130", "gf180mcu", "generic"])
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    arguments = parser.parse_args()
    with Engine(workers=1) as engine:
        rows = [
            row
            for name in arguments.technology
            for row in measured(name, arguments.samples, arguments.seed, engine)
        ]
    print(json.dumps(rows, indent=1) if arguments.json else table(rows))


if __name__ == "__main__":
    main()
