"""What synapses cost the samples of a network after calibration: network_residual RUN

    factor     of each synapse's current: its own transistor, its column's mirror, its input's diode
    trim       of each column: what its mean current is off by, as LineCalibration takes it out

The network's macromodel hears the test part with one kind of device off at a time. Neurons and the
readout's filter are as mapped: what is left of their own calibration is not in these figures. Then
all kinds, with gain and offset of y, or all weights of the readout, fitted to the training part
of each sample.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from circuits.network_mismatch import NetworkDraw, draw_network
from codesign import build
from codesign.networks.built_network import BuiltNetwork
from codesign.networks.forecast_task import ForecastTask
from codesign.networks.macromodel import circuit_network
from codesign.terminal.console import shown_workbench
from mapping.network_design import INPUT, OUTPUT
from mapping.sensitivity import CellSensitivities
from neuron_model.network.circuit_network import CircuitNetwork, ColumnModel
from neuron_model.tasks.series import Part, nrmse

SYNAPSES, MIRRORS, KEEPERS, INPUTS = "synapses", "column mirrors", "keep-alive", "input diodes"
# Of a part, from its start.
_WINDOWS = 20

KINDS = (SYNAPSES, MIRRORS, KEEPERS, INPUTS)


@dataclass(frozen=True, eq=False)
class DrawnColumn(ColumnModel):
    """A column of one sample. factors: of each weight's current, (targets, sources)."""

    factors: Tensor

    def built(self, weights: Tensor) -> Tensor:
        """Whole units, each off by its factor."""
        return super().built(weights) * self.factors


def drawn_column(
    nominal: ColumnModel, factors: np.ndarray, keeps: np.ndarray, trimmed: bool
) -> ColumnModel:
    """``nominal`` with its weights off by ``factors`` and its keep-alive currents by ``keeps``.

    trimmed: its mean current at the mean activity of its lines stays what it was.
    """
    values = {name: getattr(nominal, name) for name in nominal.__dataclass_fields__}
    keep = nominal.mirror.keep * torch.tensor(keeps)
    made = DrawnColumn(**values, factors=torch.tensor(factors))
    made = replace(made, mirror=replace(nominal.mirror, keep=keep))
    if not trimmed:
        return made
    return replace(made, constant=made.constant + _settled(nominal) - _settled(made))


def _settled(column: ColumnModel) -> Tensor:
    """Current at the mean activity, once the mirrors' gates have settled, (targets,)."""
    s = (column.mean + column.offset)[None, None].expand(1, 2, -1)
    gates = column.mirror.at_rest(1)
    return column.current(s, column.weights, column.bias, 1e6, gates)[0][0, -1]


@dataclass(frozen=True, eq=False)
class Samples:
    """Of a network's columns. drawn: its transistors, by ``sensitivities``."""

    network: BuiltNetwork
    drawn: NetworkDraw
    sensitivities: CellSensitivities

    def columns(
        self, sample: int, kinds: tuple[str, ...], trimmed: bool, targets: tuple[str, ...]
    ) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """(target, factors of its weights, factors of its keep-alive currents) of ``targets``."""
        devices, found = self.drawn.devices(sample), []
        design = self.network.design
        for target in targets:
            (projection,) = design.into(target)
            line = design.line(projection.source)
            factors = np.ones(projection.units.shape)
            keeps = np.ones(len(factors))
            for index, row in enumerate(projection.units):
                path = (
                    (f"output{index}_i", "column")
                    if target == OUTPUT
                    else (f"{target}_i", f"column{index}")
                )
                folded = 1.0
                if design.target(target).keeps[index] and MIRRORS in kinds:
                    shifts = {
                        f"fold_{end}": devices[(*path, f"mirror_{end}")] for end in ("in", "out")
                    }
                    folded = self._gain(
                        "source",
                        float(row[row > 0].sum()) * line.unit_current + design.keep_current,
                        shifts,
                    )
                keeps[index] = folded
                if design.target(target).keeps[index] and KEEPERS in kinds:
                    current = design.keep_current
                    keeps[index] *= self._gain(
                        "sink", current, {"out": devices[(*path, "keep_alive")]}
                    ) * self._gain("sink", current, {"in": devices[("keeper", "diode")]})
                for source in np.flatnonzero(row):
                    factor = folded if row[source] > 0 else 1.0
                    if SYNAPSES in kinds:
                        own = devices[(*path, f"from_{line.name}_{source}")]
                        factor *= self._gain("sink", line.unit_current, {"out": own})
                    if INPUTS in kinds and projection.source == INPUT:
                        own = devices[(f"input{source}", "diode")]
                        factor *= self._gain("sink", line.full_scale, {"in": own})
                    factors[index, source] = factor
            found.append((target, factors, keeps))
        return found

    def _gain(self, kind: str, current: float, shifts: dict[str, tuple[float, float]]) -> float:
        mirror = self.sensitivities.source if kind == "source" else self.sensitivities.sink
        whole = np.zeros((2, 1, len(mirror.devices)))
        for name, shift in shifts.items():
            whole[:, 0, mirror.devices.index(name)] = shift
        return float(np.exp(mirror.shift(current, *whole))[0])


def residual(run: Path, technology: str, samples: int, seed: int) -> dict[str, Any]:
    """NRMSE of each case over samples, as the record has it."""
    network = build(str(run), technology).network
    assert network is not None
    assert isinstance(network.task, ForecastTask)
    drawn = draw_network(
        network.circuit,
        network.design,
        network.layers,
        network.readouts,
        network.technology,
        (samples, seed),
    )
    with shown_workbench("measuring sensitivities", None) as bench:
        cells = bench.cells(network.technology, network.conditions)
        of = Samples(network, drawn, bench.sensitivities(network.technology, cells))
    targets = (*(f"layer{i}" for i in range(len(network.layers))), OUTPUT)
    nominal = _error(network.task, circuit_network(network), "none")
    cases: dict[str, tuple[tuple[str, ...], bool, tuple[str, ...], str]] = {
        "all, not trimmed": (KINDS, False, targets, "none"),
        "all": (KINDS, True, targets, "none"),
        **{f"{kind} alone": ((kind,), True, targets, "none") for kind in KINDS},
        **{
            f"all but {kind}": (tuple(k for k in KINDS if k != kind), True, targets, "none")
            for kind in KINDS
        },
        **{f"all, into {target} alone": (KINDS, True, (target,), "none") for target in targets},
        "all, gain and offset of y fitted": (KINDS, True, targets, "gain"),
        "all, weights of the readout fitted": (KINDS, True, targets, "weights"),
    }
    found: dict[str, Any] = {}
    for name, (kinds, trimmed, into, fit) in cases.items():
        errors = []
        for sample in range(samples):
            heard = circuit_network(network)
            assert heard.circuit is not None
            columns = list(heard.circuit.columns)
            for target, factors, keeps in of.columns(sample, kinds, trimmed, into):
                place = targets.index(target)
                columns[place] = drawn_column(columns[place], factors, keeps, trimmed)
            heard.circuit = replace(heard.circuit, columns=tuple(columns))
            errors.append(_error(network.task, heard, fit))
        median = float(np.median(errors))
        found[name] = {"median_nrmse": median, "over_nominal": median / nominal, "nrmse": errors}
    return {
        "run": "codesign demo" if run.name == "demo" else run.name,
        "technology": technology,
        "mismatch_set": network.technology.mismatch.name,
        "neurons": network.neurons,
        "samples": samples,
        "seed": seed,
        "nominal": nominal,
        "cases": found,
    }


def _error(task: ForecastTask, heard: CircuitNetwork, fit: str) -> float:
    """On windows of the test part, each from rest; ``fit`` on windows of the training part."""
    y, target = _said(task, heard, task.series.test, fit)
    if fit != "none":
        known, wanted = _said(task, heard, task.series.training, fit)
        fitted = np.linalg.lstsq(_with_one(known), wanted, rcond=1e-6)[0]
        y = _with_one(y) @ fitted
    return float(nrmse(torch.tensor(y), torch.tensor(target)))


def _said(
    task: ForecastTask, heard: CircuitNetwork, part: Part, fit: str
) -> tuple[np.ndarray, np.ndarray]:
    """(y, or what each line says through the filter; target), the washouts left out."""
    window, washout = task.task.window, task.task.washout
    count = min(len(part.signal) // window, _WINDOWS)

    def cut(values: np.ndarray) -> np.ndarray:
        return np.array(values[: count * window]).reshape(count, window, -1)

    def scored(values: np.ndarray) -> np.ndarray:
        return values[:, washout:].reshape(-1, values.shape[-1])

    with torch.no_grad():
        x = torch.as_tensor(cut(part.signal), dtype=torch.float64)
        y = heard.filtered(0, heard.hidden(x).activity) if fit == "weights" else heard(x)[0]
    return scored(y.numpy()), scored(cut(part.target))


def _with_one(columns: np.ndarray) -> np.ndarray:
    return np.column_stack([columns, np.ones(len(columns))])


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = ["| devices off | median NRMSE | over nominal |", "|---|---|---|"]
    lines += [
        f"| {name} | {case['median_nrmse']:.3f} | {case['over_nominal']:.2f} |"
        for name, case in found["cases"].items()
    ]
    return "\n".join(lines)


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="run folder of a forecast")
    parser.add_argument("--technology", default="sky130")
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="record, JSON")
    given = parser.parse_args()
    found = residual(given.run, given.technology, given.samples, given.seed)
    print(f"nominal {found['nominal']:.4f}\n\n{table(found)}")
    if given.out is not None:
        given.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
