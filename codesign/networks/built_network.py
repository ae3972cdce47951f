"""A trained network mapped to one circuit, and the benches that play a series into it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from circuits.network import NetworkCircuit, network_circuit
from circuits.technology import Technology, conditions_at
from codesign.building.circuit import default_choices
from codesign.building.provenance import simulator_version, toolkit_version
from codesign.networks.choices import network_choices
from codesign.networks.files import NetworkExport, export_network
from codesign.networks.task import NetworkTask
from codesign.networks.verdict import AnyValidation, validate_in_one_deck
from codesign.terminal.console import shown_workbench
from codesign.terminal.interruption import Interruption
from mapping.characteristics import CellCharacteristics
from mapping.conditions import Conditions
from mapping.design import NeuronDesign
from mapping.network_design import NetworkDesign
from mapping.network_mapper import map_network
from mapping.network_neurons import map_layers, map_readouts
from mapping.network_rounding import centered_biases
from mapping.network_weights import trained_weights
from mapping.readout import ReadoutDesign
from mapping.synapse_characteristics import SynapseCharacteristics
from netlists.cells.models import models_for
from netlists.cells.readout_measure import measured_readouts
from netlists.cells.synapse_characterize import measure_synapses
from netlists.network_benches import NetworkBenches
from netlists.writer import cell_text
from neuron_model.shown import Shown

if TYPE_CHECKING:
    from codesign.workbench import Workbench
    from mapping.mapper import MappingChoices

CELL = "network"
"""Name of the cell."""


@dataclass(frozen=True, eq=False, repr=False)
class BuiltNetwork(Shown):
    """A whole network and the designs that it was mapped to; made by :func:`build_network`.

    task: the network and what it learned. design: of synapses and lines. layers: designs of the
    neurons. readouts: of the outputs. cells, synapses: what was measured, under nominal
    conditions. conditions: where the circuit is looked at; :meth:`at` gives others. notes: what the
    user should know.
    """

    task: NetworkTask
    technology: Technology
    design: NetworkDesign
    layers: tuple[tuple[NeuronDesign, ...], ...]
    readouts: tuple[ReadoutDesign, ...]
    cells: CellCharacteristics
    synapses: SynapseCharacteristics
    conditions: Conditions
    notes: tuple[str, ...] = ()

    def at(self, corner: str | None = None, temperature: float | None = None) -> BuiltNetwork:
        """The same circuit under other conditions; what is None is nominal.

        Raises:
            InputError: no such corner or temperature.
        """
        return replace(self, conditions=conditions_at(self.technology, corner, temperature))

    def export(
        self, folder: str | os.PathLike[str] | None = None, samples: int | None = None
    ) -> NetworkExport:
        """Write it; see :func:`codesign.networks.files.export_network`."""
        return export_network(self, None if folder is None else Path(folder), samples)

    def validate(
        self,
        samples: int | None = None,
        workbench: Workbench | None = None,
        one_deck: bool = False,
        sequences: int | None = None,
    ) -> AnyValidation:
        """What it makes of the test part in ngspice, beside torch.

        Args:
            samples: of a series' test part, from its start; the task's usual_samples if not given.
            workbench: where it is simulated; one is made if not given.
            one_deck: a small network in one simulation, instead of layer by layer.
            sequences: of a network that was trained on sequences, how many of the test part; see
                :meth:`.sequences_task.SequencesTask.spread`.

        Raises:
            InputError, SimulatorError: as :func:`codesign.studies.network.study.cases_of`,
                :func:`.played.play_in_one_deck` and
                :func:`codesign.studies.network.study.study_network`.
        """
        from codesign.studies.executors.within import WithinExecutor
        from codesign.studies.network.study import cases_of, study_network

        cases = cases_of(self, samples, sequences=sequences)
        with shown_workbench("validating the network", workbench) as bench:
            if one_deck:
                return validate_in_one_deck(self, bench, [case.stretch for case in cases])
            within = WithinExecutor(bench)
            _, found = study_network(self, within, cases, None, bench.progress, Interruption())
            assert found is not None
            return found

    @property
    def neurons(self) -> int:
        """Of all hidden layers together."""
        return sum(len(layer) for layer in self.layers)

    @property
    def sample_interval(self) -> float:
        """For how long a sample is held, in the neurons' units of time."""
        return self.task.network.configuration.sample_interval

    @cached_property
    def circuit(self) -> NetworkCircuit:
        """Its transistors and capacitors."""
        return network_circuit(CELL, self.design, self.layers, self.readouts, self.technology)

    @cached_property
    def netlist(self) -> str:
        """The circuit as SPICE text, each weight with its trained and its built value."""
        return cell_text(self.circuit.cell, self.technology, self.header)

    @cached_property
    def benches(self) -> NetworkBenches:
        """What plays a series into it under its conditions."""
        models = models_for(self.technology, self.conditions.corner, [self.circuit.cell])
        return NetworkBenches(
            self.circuit,
            self.design,
            self.layers,
            self.readouts,
            models.text,
            self.netlist,
            self.conditions.temperature,
        )

    @property
    def header(self) -> tuple[str, ...]:
        """Provenance, conditions and units, a comment line each."""
        design = self.design
        return (
            f"network, made by mtc-codesign {toolkit_version()}",
            f"technology {design.technology}, mapped at corner {design.conditions}, "
            f"supply {self.technology.supply:g} V",
            f"cells {self.cells.fingerprint[:16]}, synapses {design.synapses[:16]}, "
            f"simulator {simulator_version()}",
            f"I0 = {design.unit_current * 1e9:.5g} nA, 1 unit of time = "
            f"{design.time_unit * 1e6:.5g} us, sizes in micrometres",
            "weights: trained value -> built value, in I0 (into y: in units of y)",
            *(f"note: {note}" for note in self.notes),
        )

    def _brief(self) -> str:
        sizes = " + ".join(str(len(layer)) for layer in self.layers)
        return f"{sizes} neurons on {self.technology.name}, {self.conditions}"

    def _rows(self) -> list[tuple[str, str]]:
        cell = self.circuit.cell
        return [
            ("I0 (nA)", f"{self.design.unit_current * 1e9:.4g}"),
            ("1 unit of time (µs)", f"{self.design.time_unit * 1e6:.4g}"),
            ("a sample is held (units of time)", f"{self.sample_interval:.4g}"),
            ("outputs", str(len(self.readouts))),
            ("parts of the cell", str(len(cell.parts))),
            ("ports", str(len(cell.ports))),
        ]


def build_network(
    task: NetworkTask,
    technology: Technology,
    workbench: Workbench,
    choices: MappingChoices | None = None,
) -> BuiltNetwork:
    """Map a trained network to one circuit.

    Args:
        task: the network and its data, whose inputs say what currents there have to be.
        technology: one with unit transistors (``[cells.synapse]``).
        workbench: where cells are measured.
        choices: I0 and the largest C_m, where they are fixed; codes of a bias generator are left
            out, with a note.

    Raises:
        InputError: a neuron, a weight, a line or a bias does not fit; the text names it.
        MissingDependencyError: cells have to be measured, and ngspice or models are not there.
    """
    choices = choices or default_choices(technology)
    nominal = conditions_at(technology)
    synapses = measure_synapses(technology, nominal, workbench.engine)
    cells = workbench.cells(technology, nominal)
    weights = trained_weights(task.network, task.input_range)
    trained = [layer.parameters_now() for layer in task.network.neuron_layers]
    free = replace(choices, generator=None)
    chosen = network_choices(trained, weights, cells, technology, free, task.training.largest)
    rounded = map_network(weights, synapses, technology.limits, chosen)
    weights = centered_biases(weights, rounded, synapses, task.training.activity)
    design = map_network(weights, synapses, technology.limits, chosen)
    layers = map_layers(trained, design, cells, synapses, technology.limits, free)
    readouts = measured_readouts(
        map_readouts(weights, design, cells, technology.limits, free),
        technology,
        nominal,
        workbench.engine,
    )
    notes = [*design.notes, *technology.notes, *cells.notes]
    if choices.generator is not None:
        notes.append("the network's biases are no codes: --quantize is for neurons alone so far")
    form = task.form_note()
    if form is not None:
        notes.append(form)
    return BuiltNetwork(
        task, technology, design, layers, readouts, cells, synapses, nominal, tuple(notes)
    )
