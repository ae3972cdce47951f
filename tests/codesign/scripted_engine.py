"""An engine that answers with what it is given to say, and remembers what it was asked."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from circuits.neuron import MEMBRANE
from codesign.building.circuit import Circuit
from netlists.accuracy import Accuracy
from netlists.bench import Bench, DCSweep
from netlists.engine import Engine, Result
from netlists.neuron_benches import SUPPLY_SOURCE
from netlists.waveforms import Waveforms
from neuron_model.analysis.simulation import Trajectory
from neuron_model.errors import SimulatorError

Answer = Callable[[Bench, bool], Trajectory | SimulatorError]
"""(bench of a response, whether its tolerances are tight) -> how the circuit fires."""


class ScriptedEngine(Engine):
    """``responses``: (neuron, whether tight) of each response in time that was asked for."""

    def __init__(self, built: dict[str, Circuit], answer: Answer) -> None:
        super().__init__(workers=2)
        self._built = built
        self._answer = answer
        self.responses: list[tuple[str, bool]] = []
        self.curves = 0

    def attempt(self, benches: Iterable[Bench]) -> Iterator[Result | SimulatorError]:
        """What every way to run a bench comes to."""
        for bench in benches:
            assert bench.subject is not None
            design = self._built[bench.subject.name].design
            sweeps = [step for step in bench.analyses if isinstance(step, DCSweep)]
            if sweeps:
                self.curves += len(sweeps)
                yield Result(tuple(map(_flat, sweeps)))
                continue
            fast = Accuracy.FAST.options
            tight = {name: bench.options[name] for name in fast if name in bench.options} != fast
            self.responses.append((bench.subject.name, tight))
            run = self._answer(bench, tight)
            if isinstance(run, SimulatorError):
                yield run
                continue
            still = np.full(run.time.shape, -1e-9)
            vectors = {
                f"v({MEMBRANE})": design.volts(run.voltage),
                "i(vs_load)": still,
                f"i({SUPPLY_SOURCE})": still,
                **{f"v(v_{f.timescale})": still for f in design.followers},
            }
            yield Result((Waveforms("time", run.time * design.time_unit, vectors),))


def _flat(sweep: DCSweep) -> Waveforms:
    """A curve of no current."""
    axis = sweep.start + sweep.step * np.arange(sweep.points)
    return Waveforms("v-sweep", axis, {"i(vmembrane)": 0.0 * axis})
