"""``build``: from neurons, however they come, to a circuit that can be exported and simulated."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from circuits.technology import Technology, conditions_at, load_technology
from codesign.building.circuit import Circuit, circuit_of, default_choices
from codesign.building.corner_sheet import corner_entries
from codesign.building.estimates import Estimates, estimate, write_estimates
from codesign.building.export import export, summary
from codesign.building.mapped_neuron import MappedNeuron
from codesign.building.quantize import MappedLayer, codes_to_json, map_layer, write_codes
from codesign.building.source import Source, source_of
from codesign.building.stimuli import drives_for
from codesign.terminal.console import shown_workbench
from mapping.macromodel import Macromodel
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.shown import Shown, in_short

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork
    from codesign.networks.files import NetworkExport
    from codesign.validation.validation import Validation
    from codesign.workbench import Workbench
    from mapping.conditions import Conditions
    from mapping.design import NeuronDesign
    from mapping.mapper import MappingChoices
    from netlists.accuracy import Accuracy
    from neuron_model.analysis.iv_curves import IVCurves
    from neuron_model.analysis.regimes import RegimeReport
    from neuron_model.analysis.simulation import Trajectory

Backend = Literal["model", "macromodel", "ngspice"]
"""Who answers: the trained model, what the circuit is known to be, or its transistors."""

CURVES = np.linspace(-3.0, 3.0, 121)
"""Voltages of I-V curves, in units of U, where none are given."""


@dataclass(frozen=True, repr=False)
class Exported(Shown):
    """What an export wrote, and what its circuits take; codes: of their bias lines, if any;
    network: what was written of the whole network, if it was."""

    folder: Path
    files: tuple[Path, ...]
    designs: tuple[NeuronDesign, ...]
    estimates: tuple[Estimates, ...]
    codes: dict[str, Any] | None = None
    network: NetworkExport | None = None

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        found: dict[str, Any] = summary(self.designs, self.files, self.estimates)
        if self.codes is not None:
            found["codes"] = self.codes
        return found if self.network is None else {**found, "network": self.network.document()}

    def _brief(self) -> str:
        whole = "" if self.network is None else f" and {len(self.network.files)} of the network"
        return f"{len(self.files)} files{whole} in {self.folder}"

    _columns = ("neuron", "transistors", "gates (µm²)", "capacitors (µm²)", "power (nW)")

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                one.name,
                str(one.transistors),
                in_short(one.gate_area),
                in_short(one.capacitor_area),
                in_short(one.static_power * 1e9),
            )
            for one in self.estimates
        ]


@dataclass(frozen=True, repr=False)
class BuiltCircuit(Shown):
    """Neurons and the circuits that they were mapped to; made by :func:`build`.

    source: the trained neurons. drives: what drives each, for runs and verdicts. layer: their
    designs, made under ``nominal`` conditions. conditions: where the circuits are looked at;
    :meth:`at` gives others. workbench: where cells are measured and circuits are simulated; where
    there is none, one is made whenever it is needed. choices: what of the mapping was fixed; None:
    what the technology file says.
    """

    source: Source
    technology: Technology
    layer: MappedLayer
    drives: tuple[Drive, ...]
    conditions: Conditions
    workbench: Workbench | None = field(default=None, compare=False)
    choices: MappingChoices | None = None

    @property
    def designs(self) -> tuple[NeuronDesign, ...]:
        """One a neuron: currents, voltages and capacitors."""
        return self.layer.designs

    @property
    def design(self) -> NeuronDesign:
        """Of the only neuron.

        Raises:
            InputError: there are several.
        """
        return self.designs[self._only("designs")]

    @cached_property
    def macromodels(self) -> tuple[Macromodel, ...]:
        """One a neuron: the design with measured cells, under the conditions."""
        with self._bench("measuring the cells") as workbench:
            cells = workbench.cells(self.technology, self.conditions)
        return tuple(Macromodel(design, cells) for design in self.designs)

    @property
    def macromodel(self) -> Macromodel:
        """Of the only neuron: ``.compact`` and ``.detailed`` are parameters that it has.

        Raises:
            InputError: there are several.
        """
        return self.macromodels[self._only("macromodels")]

    @cached_property
    def network(self) -> BuiltNetwork:
        """The whole network as one circuit: neurons, synapses, readout.

        Of a run folder, or of what ``neuron_model.train`` gave. Its neurons are mapped anew, with
        the currents and the unit of time of the network.

        Raises:
            InputError: there is no trained network, or it does not fit the technology.
        """
        from codesign.networks.built_network import build_network
        from codesign.networks.run_task import task_of_run, task_of_trained

        if self.why_no_network:
            raise InputError(f"network: {self.why_no_network}")
        if self.source.trained is not None:
            task = task_of_trained(self.source.trained)
        else:
            assert self.source.folder is not None
            task = task_of_run(self.source.folder)
        with self._bench("mapping the network") as workbench:
            found = build_network(task, self.technology, workbench, self.choices)
        return replace(found, conditions=self.conditions)

    @property
    def why_no_network(self) -> str:
        """Why there cannot be a circuit of the whole network; empty where there can."""
        if "synapse" not in self.technology.sizes:
            return (
                f"technology '{self.technology.name}' has no unit transistor; add the sizes of "
                "unit and pmos_mirror in [cells.synapse]."
            )
        return self.source.why_no_network

    def at(self, corner: str | None = None, temperature: float | None = None) -> BuiltCircuit:
        """The same circuits under other conditions; what is None is nominal.

        Raises:
            InputError: no such corner or temperature.
        """
        return replace(self, conditions=conditions_at(self.technology, corner, temperature))

    def lasting(self, duration: float) -> BuiltCircuit:
        """The same, driven for ``duration`` in model time; a recording does not become longer.

        Raises:
            InputError: the response to the last step would not be seen.
        """
        return replace(self, drives=tuple(drive.lasting(duration) for drive in self.drives))

    def export(
        self,
        folder: str | os.PathLike[str] | None = None,
        neurons_only: bool = False,
        corners: bool = False,
    ) -> Exported:
        """Write design, netlists, test benches and estimates; into a run's own folder by default.

        Of a trained network also the whole network's circuit, unless ``neurons_only``. corners:
        whether the datasheets say what becomes of the neurons at each; cells are measured there.

        Raises:
            InputError: there is no folder, or it cannot be written, or the network does not fit.
        """
        target = self.source.folder if folder is None else Path(folder)
        if target is None:
            raise InputError("export: say which folder to write into.")
        # all of it is mapped before anything is written
        network = None if neurons_only or self.why_no_network else self._fitting_network()
        nominal = self if self.conditions == self._nominal else self.at()
        estimates = tuple(
            estimate(macromodel, self.technology, drive)
            for macromodel, drive in zip(nominal.macromodels, self.drives, strict=True)
        )
        files = export(
            self.source.neurons,
            self.designs,
            self.technology,
            target,
            self.drives,
            corner_entries(self) if corners else (),
        )
        files = (*files, write_estimates(target, estimates))
        codes = None
        if self.layer.quantized:
            files = (*files, write_codes(target, self.layer))
            codes = codes_to_json(self.layer)
        whole = None if network is None else network.export(target)
        return Exported(target, files, self.designs, estimates, codes, whole)

    def _fitting_network(self) -> BuiltNetwork:
        """The whole network; where it does not fit, the error says how to do without."""
        try:
            return self.network
        except InputError as error:
            raise InputError(
                f"{error} Nothing was written; with --neurons-only (neurons_only=True in Python) "
                "the neurons alone are."
            ) from error

    def validate(
        self,
        neurons: Sequence[int] | None = None,
        accuracy: Accuracy | str = "auto",
        netlist: str | Path | None = None,
    ) -> Validation:
        """Simulate the circuits in ngspice and compare them with their models.

        Args:
            neurons: which ones, by number; all if not given.
            accuracy: fast, tight, or auto: fast, and tight where the verdict hangs on it.
            netlist: SPICE file with the subcircuit of the one neuron that is chosen, edited or
                extracted from a layout, to simulate in place of the one that was made.

        Raises:
            InputError: a number, the accuracy or the netlist is not usable.
            SimulatorError: a circuit could not be simulated.
        """
        from codesign.validation.run_validation import validate_neurons
        from netlists.accuracy import Accuracy

        chosen = range(len(self.designs)) if neurons is None else neurons
        if netlist is not None and len(chosen) != 1:
            raise InputError(f"netlist: it is of one neuron, and {len(chosen)} are chosen.")
        file = None if netlist is None else Path(netlist)
        with self._bench("validating") as workbench:
            mapped = [self._mapped(self._checked(index), workbench) for index in chosen]
            found = validate_neurons(mapped, workbench, Accuracy(accuracy), file)
        return replace(found, exported=len(self.designs))

    def iv(
        self, backend: Backend = "ngspice", neuron: int = 0, voltage: np.ndarray | None = None
    ) -> IVCurves:
        """I-V curves of a neuron at ``voltage``, evenly spaced (:data:`CURVES` by default).

        The trained bias current is no part of them; the offset currents of a macromodel, which are
        part of its bias, are, as they are of a circuit's. Curves as in Ribar and Sepulchre,
        arXiv 1805.05696.

        Args:
            backend: who answers: model, macromodel or ngspice.
            neuron: its number.
            voltage: (points,), in units of U.

        Raises:
            InputError: no such backend or neuron, or voltages that are not evenly spaced.
            SimulatorError: ngspice failed.
        """
        from codesign.building.backends import circuit_curves
        from codesign.validation.validate import built_curves
        from neuron_model.analysis.iv_curves import IVCurves, iv_curves

        u = CURVES if voltage is None else np.asarray(voltage, dtype=float)
        model = self.source.neurons[self._checked(neuron)]
        held = float(model[0].u_rest)
        if backend == "ngspice":
            with self._bench("simulating the circuit") as workbench:
                return circuit_curves(self._circuit(neuron, workbench), workbench, u, held)
        answering = self._parameters(backend, neuron)
        if backend == "model":
            return iv_curves(answering, u, held)
        return IVCurves(u, *built_curves(answering, model[0], u).values())

    def simulate(self, backend: Backend = "ngspice", neuron: int = 0) -> Trajectory:
        """A neuron's response to its drive, in model units, from rest.

        Args:
            backend: who answers: model, macromodel or ngspice.
            neuron: its number.

        Raises:
            InputError: no such backend or neuron.
            SimulatorError: ngspice failed, or the model could not be integrated.
        """
        from codesign.building.backends import circuit_response
        from netlists.accuracy import Accuracy
        from neuron_model.analysis.simulation import simulate

        drive = self.drives[self._checked(neuron)]
        if backend == "ngspice":
            with self._bench("simulating the circuit") as workbench:
                circuit = self._circuit(neuron, workbench)
                return circuit_response(circuit, workbench, drive, Accuracy.TIGHT)
        return simulate(self._parameters(backend, neuron), drive.stimulus, drive.duration)

    def regime(self, backend: Backend = "ngspice", neuron: int = 0) -> RegimeReport:
        """How a neuron fires under its drive, judged by the threshold that was trained.

        Args:
            backend: who answers: model, macromodel or ngspice.
            neuron: its number.

        Raises:
            InputError, SimulatorError: as :meth:`simulate`.
        """
        from neuron_model.analysis.regimes import classify

        run, onset = self.simulate(backend, neuron), self.drives[neuron].onset
        threshold = float(self.source.neurons[neuron][0].u_threshold)
        return classify(run.time, run.voltage, onset, threshold)

    def _parameters(self, backend: Backend, neuron: int) -> Any:
        if backend == "model":
            return self.source.neurons[neuron][0]
        if backend == "macromodel":
            return self.macromodels[neuron].detailed
        raise InputError(
            f"backend = {backend!r} is not allowed; it must be model, macromodel or ngspice."
        )

    def _mapped(self, index: int, workbench: Workbench) -> MappedNeuron:
        cells = workbench.cells(self.technology, self._nominal)
        design = self.designs[index]
        noted = replace(design, notes=(*design.notes, *self.technology.notes, *cells.notes))
        return MappedNeuron(
            self.source.neurons[index], noted, self.technology, self.conditions, self.drives[index]
        )

    def _circuit(self, index: int, workbench: Workbench) -> Circuit:
        return circuit_of(self._mapped(index, workbench), workbench)

    @property
    def _nominal(self) -> Conditions:
        return self.designs[0].conditions

    def _only(self, several: str) -> int:
        if len(self.designs) > 1:
            raise InputError(f"there are {len(self.designs)} neurons: ask for {several}[0] and on.")
        return 0

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self.designs):
            raise InputError(f"neuron {index}: there are neurons 0 to {len(self.designs) - 1}.")
        return index

    @contextmanager
    def _bench(self, what: str) -> Iterator[Workbench]:
        if self.workbench is not None:
            yield self.workbench
            return
        with shown_workbench(what) as workbench:
            yield workbench

    def _brief(self) -> str:
        count = len(self.designs)
        what = self.designs[0].name if count == 1 else f"{count} neurons"
        return f"{what} on {self.technology.name}, {self.conditions}"

    _columns = ("neuron", "I0 (nA)", "V0 (mV)", "time unit (µs)", "C_m (pF)")

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                design.name,
                f"{design.unit_current * 1e9:.4g}",
                f"{design.unit_voltage * 1e3:.4g}",
                f"{design.time_unit * 1e6:.4g}",
                f"{design.membrane_capacitance * 1e12:.4g}",
            )
            for design in self.designs
        ]


def build(
    neurons: Any,
    technology: Technology | str,
    conditions: Conditions | None = None,
    choices: MappingChoices | None = None,
    *,
    drive: Drive | str | None = None,
    share_lines: int | None = None,
    workbench: Workbench | None = None,
) -> BuiltCircuit:
    """Map neurons to circuits of a technology.

    Args:
        neurons: the name of a neuron file, of a preset (``preset:NAME``) or of a run folder; a
            NeuronParameters, a Preset; what ``train`` gave; or any torch module that holds
            MTCNeuron layers.
        technology: one, or its name or path.
        conditions: under which the circuits are looked at; nominal if not given.
        choices: what of the mapping is fixed; what the technology file says if not given.
        drive: of all neurons: a Drive or a current such as ``0:-2.4,2000:-1.0``. If not given: what
            is known of them (a preset's, a network's own), or a current at which they are active.
        share_lines: with codes of a bias generator: at most so many groups of neurons a line.
        workbench: where cells are measured and circuits simulated; one is made if not given.

    Raises:
        InputError: there are no neurons, or one does not fit the technology.
        MissingDependencyError: cells have to be measured, and ngspice or models are not there.
    """
    source = source_of(neurons)
    if not isinstance(technology, Technology):
        technology = load_technology(technology)
    at = conditions or conditions_at(technology)
    drives = drives_for(source, drive)
    with shown_workbench("mapping the neurons", workbench) as bench:
        layer = map_layer(
            source.neurons, technology, bench, choices or default_choices(technology), share_lines
        )
    return BuiltCircuit(source, technology, layer, drives, at, workbench, choices)
