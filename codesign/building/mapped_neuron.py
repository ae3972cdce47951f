"""What is known of a neuron, where and with what, as one value that studies are handed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from circuits.technology import Technology
from mapping.conditions import Conditions
from mapping.design import NeuronDesign
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters
from neuron_model.shown import Shown


@dataclass(frozen=True, repr=False)
class MappedNeuron(Shown):
    """A trained neuron, its design in a technology, where its circuit works and what drives it.

    conditions: of the circuit; the design's own are those that it was mapped at.
    """

    parameters: NeuronParameters
    design: NeuronDesign
    technology: Technology
    conditions: Conditions
    drive: Drive

    def _brief(self) -> str:
        return f"{self.parameters.name} on {self.technology.name}, {self.conditions}"

    def _rows(self) -> list[tuple[str, str]]:
        parts = {"neuron": self.parameters, "design": self.design, "drive": self.drive}
        return [(name, part._brief()) for name, part in parts.items()]

    @property
    def model(self) -> NeuronParameters:
        """The neuron with plain floats, not arrays of one."""
        return self.parameters[0]

    @property
    def threshold(self) -> float:
        """U_threshold that was trained, by which every form of the neuron is judged."""
        return float(self.model.u_threshold)

    def here(self) -> NeuronDesign:
        """The design, said to be under the conditions of the circuit."""
        return replace(self.design, conditions=self.conditions)


@dataclass(frozen=True)
class MonteCarlo:
    """Which Monte Carlo samples of a circuit are drawn.

    samples: how many. seed: of the draw. process: whether samples differ by global variation of
    the process as well, beside the mismatch of devices.
    """

    samples: int
    seed: int = 0
    process: bool = False
