"""How far each bias current of a circuit moves its interspike interval (ISI): a study of one's own.

S = d ln ISI / d ln I_bias        central difference over +-2 %, by the macromodel

python examples/bias_line_sensitivity.py --out lines.jsonl --plot lines.png
"""

import sys
from dataclasses import dataclass, replace
from math import log
from typing import Any, ClassVar

from matplotlib.figure import Figure

from circuits.technology import conditions_at, load_technology
from codesign.studies.script import Table, study_script
from codesign.studies.study import FinitePlan, Point, Results, Study, Task
from codesign.workbench import Workbench
from codesign.workflows.circuit import design_neuron
from codesign.workflows.rhythm import model_regime
from mapping.as_built import as_built
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from neuron_model.analysis.presets import preset
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive

LOW, HIGH = 0.98, 1.02


@dataclass(frozen=True)
class ScaledLine(Task):
    """The ISI, in seconds, with the current of a point's bias line times its factor."""

    version: ClassVar[int] = 1
    design: NeuronDesign
    cells: CellCharacteristics
    drive: Drive

    def __call__(self, point: Point, tools: Workbench) -> float:
        def scaled(part: Any) -> Any:
            factor = point.values["factor"] if line(part) == point.values["line"] else 1.0
            return replace(part, bias_current=part.bias_current * factor)

        kinds = {x: getattr(self.design, x) for x in ("elements", "leak", "followers")}
        design = replace(self.design, **{x: tuple(map(scaled, y)) for x, y in kinds.items()})
        report = model_regime(as_built(design, self.cells), self.drive)
        if report.interspike_interval is None:
            raise InputError(f"{point.values}: the neuron does not spike twice.")
        return report.interspike_interval * design.time_unit


def line(part: Any) -> str:
    """The bias line of an amplifier, or of a follower."""
    return f"ib_{getattr(part, 'name', None) or part.timescale}"


def study(tools: Workbench) -> Study:
    """Of the tonic spiker on the technology ``generic``."""
    neuron, technology = preset("tonic_spiking"), load_technology("generic")
    design = design_neuron(neuron.parameters, technology, tools)
    lines = [line(part) for part in (*design.elements, *design.leak, *design.followers)]
    values = [{"line": name, "factor": factor} for name in lines for factor in (LOW, HIGH)]
    plan = FinitePlan([Point(f"{each['line']} {each['factor']}", each) for each in values])
    cells = tools.cells(technology, conditions_at(technology))
    return Study("bias_lines", plan, ScaledLine(design, cells, Drive(neuron.stimulus, 2500.0)))


def table(results: Results) -> Table:
    """S of each line that has both points."""
    isi, lines = results.outcomes, dict.fromkeys(key.split()[0] for key in results.outcomes)
    pairs = {x: (isi.get(f"{x} {LOW}"), isi.get(f"{x} {HIGH}")) for x in lines}
    rows = [
        (x, log(high / low) / log(HIGH / LOW)) for x, (low, high) in pairs.items() if low and high
    ]
    return Table("", ("bias line", "d ln ISI / d ln I_bias"), sorted(rows))


def figure(results: Results) -> Figure:
    """A bar for each line."""
    shown = Figure(figsize=(5.0, 3.0), layout="constrained")
    shown.subplots().barh(*zip(*table(results).rows, strict=True))
    shown.axes[0].set_xlabel(table(results).columns[1])
    return shown


if __name__ == "__main__":
    sys.exit(study_script(__doc__, study, table, figure))
