"""How far each bias current of a circuit moves its interspike interval (ISI): a study of one's own.

S = d ln ISI / d ln I_bias, the central difference over +-2 %, by the macromodel:
python examples/bias_line_sensitivity.py --out lines.jsonl --plot lines.png
"""

from dataclasses import dataclass, replace
from math import log
from typing import Any, ClassVar

from matplotlib.figure import Figure

from circuits.technology import conditions_at, load_technology
from codesign.building.circuit import design_neuron
from codesign.studies.script import Table, study_script
from codesign.studies.study import FinitePlan, Point, Results, Study, Task
from codesign.workbench import Workbench
from mapping.macromodel import Macromodel
from neuron_model.analysis.rhythm import model_regime
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.presets import preset

LOW, HIGH = 0.98, 1.02


@dataclass(frozen=True)
class LineSensitivity(Task):
    """S of the bias line that a point names."""

    version: ClassVar[int] = 1
    circuit: Macromodel
    drive: Drive

    def __call__(self, point: Point, tools: Workbench) -> float:
        low, high = (self.isi({point.key: factor}) for factor in (LOW, HIGH))
        return log(high / low) / log(HIGH / LOW)

    def isi(self, factors: dict[str, float]) -> float:
        """In model time, with the currents of some lines times a factor."""
        design, parts = self.circuit.design, dict[str, Any]()
        for kind in ("elements", "leak", "followers"):
            scales = [(each, factors.get(line(each), 1.0)) for each in getattr(design, kind)]
            parts[kind] = tuple(replace(x, bias_current=x.bias_current * s) for x, s in scales)
        circuit = replace(self.circuit, design=replace(design, **parts))
        report = model_regime(circuit.compact, self.drive)
        if report.interspike_interval is None:
            raise InputError(f"with {factors} the neuron does not spike twice.")
        return report.interspike_interval


def line(part: Any) -> str:
    """The bias line of an amplifier, or of a follower."""
    return f"ib_{getattr(part, 'name', None) or part.timescale}"


def study(tools: Workbench) -> Study:
    """Of the tonic spiker on the technology ``generic``."""
    neuron, technology = preset("tonic_spiking"), load_technology("generic")
    design = design_neuron(neuron.parameters, technology, tools)
    circuit = Macromodel(design, tools.cells(technology, conditions_at(technology)))
    plan = FinitePlan([Point(line(part)) for part in (*design.amplifiers, *design.followers)])
    return Study("lines", plan, LineSensitivity(circuit, Drive(neuron.stimulus, neuron.duration)))


def table(results: Results) -> Table:
    """A row for each line."""
    return Table("", ("bias line", "d ln ISI / d ln I_bias"), sorted(results.outcomes.items()))


def figure(results: Results) -> Figure:
    """A bar for each line."""
    shown = Figure(figsize=(5.0, 3.0), layout="constrained")
    shown.subplots().barh(*zip(*table(results).rows, strict=True))
    shown.supxlabel(table(results).columns[1])
    return shown


if __name__ == "__main__":
    raise SystemExit(study_script(__doc__, study, table, figure))
