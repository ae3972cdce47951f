"""Training through the macromodel of a network's circuit, mapped anew as the weights change.

    pass 1   record, correct, train | pass 2   record, correct, train | ... | record, correct, fit

A correction says what the neurons did that were recorded. Training moves them; so each pass records
them anew, and once more the weights that are kept, to which the readout is then fitted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from circuits.technology import load_technology
from codesign.networks.built_network import BuiltNetwork, build_network
from codesign.networks.circuit_correction import corrected
from codesign.networks.correction import (
    Correction,
    corrections_document,
    read_corrections,
)
from codesign.networks.forecast_task import ForecastTask
from codesign.networks.macromodel import circuit_model
from codesign.terminal.console import note
from codesign.workbench import Workbench
from neuron_model.atomic import write_atomically
from neuron_model.file_format import CIRCUIT
from neuron_model.network.circuit_network import CircuitNetwork, take_over
from neuron_model.network.network import MTCNetwork, SpikingNetwork
from neuron_model.runs.circuit_settings import CircuitSettings
from neuron_model.runs.file_names import (
    CIRCUIT_FILE,
    CONFIG_FILE,
    CORRECTION_FILE,
    MODEL_FILE,
    START_FILE,
)
from neuron_model.runs.run_configuration import RunConfiguration, read_written_configuration
from neuron_model.runs.variation_settings import VariationSettings
from neuron_model.tasks.series import Series
from neuron_model.training import processes
from neuron_model.training.scoring import Scores, score_test

STEPS, RATE, BATCH = 900, 0.02, 24
"""How the weights of a trained network are tuned: all else as it was trained, but that the last
weights are kept, since errors of one pass say nothing of those of the next."""


@dataclass(frozen=True)
class PlainErrors:
    """Test NRMSE of the network in torch without its circuit, in windows and on the stream, with
    the weights before the training through the circuit and after it."""

    before: float
    after: float
    stream_before: float
    stream_after: float

    def document(self) -> str:
        """What stands in ``circuit.json``."""
        return CIRCUIT.json_text(asdict(self)) + "\n"


def read_plain_errors(folder: Path) -> PlainErrors | None:
    """Those of a run folder, None where it has none.

    Raises:
        InputError: the file is damaged, or of another version.
    """
    path = folder / CIRCUIT_FILE
    entries = CIRCUIT.optional_json(path, str(folder))
    if entries is None:
        return None
    with CIRCUIT.reading(str(path)):
        return PlainErrors(**{name: float(value) for name, value in entries.items()})


class ThroughCircuit:
    """A network, and the same one heard through its circuit, which is what is trained.

    Args:
        plain: with its weights before the training; it gets those after it.
        configuration: of the training, with its circuit.
        series: what is learned.
        workbench: for cells that are not in the cache of measurements, and for the recordings.
        folder: of the run; keeps what was recorded, from where the same training goes on. None
            keeps nothing.

    Raises:
        InputError: no such technology, or a network that has no macromodel; a file of the folder is
            damaged.
    """

    def __init__(
        self,
        plain: MTCNetwork,
        configuration: RunConfiguration,
        series: Series,
        workbench: Workbench,
        folder: Path | None = None,
    ) -> None:
        self.technology = load_technology(configuration.circuit.technology)
        self.network = CircuitNetwork(plain, configuration.circuit.step)
        self._plain = plain
        self._circuit, self._training = configuration.circuit, configuration.training
        self._task, self._series = configuration.series_task, series
        self._workbench, self._folder = workbench, folder
        self._before = score_test(plain, self._task, self._series)
        self._corrections = {} if folder is None else read_corrections(folder)

    def __call__(self, network: SpikingNetwork, seed: int) -> tuple[()]:
        """Map the network as it is now; at the beginning of a pass record it before.

        Raises:
            InputError: it does not fit the technology; what does not is named.
            SimulatorError: ngspice failed.
        """
        take_over(self.network, self._plain)
        step = seed - self._training.seed
        if self._circuit.recorded and self._due(step):
            self._record(step)
        self.network.circuit = circuit_model(self._built(self._at(step)))
        return ()

    def _due(self, step: int) -> bool:
        """Whether a pass begins with ``step`` of which there is no recording yet."""
        steps, passes = max(1, self._training.steps), self._circuit.passes
        recorded = max((done for done in self._corrections if done <= step), default=None)
        return recorded is None or step * passes // steps > recorded * passes // steps

    def _record(self, step: int) -> None:
        what = f"step {step}" if step < self._training.steps else "the last step"
        note(f"recording {self._circuit.recorded} samples of every neuron in ngspice after {what}")
        heard = self._series.training.signal[: self._circuit.recorded]
        found = corrected(self._built(None), heard, self._workbench.engine, self._circuit.step)
        self._corrections[step] = found
        if self._folder is not None and processes.rank() == 0:
            text = corrections_document(self._corrections)
            write_atomically(self._folder / CORRECTION_FILE, text)

    def _at(self, step: int) -> Correction | None:
        """The correction that holds at a step."""
        done = [at for at in self._corrections if at <= step]
        return self._corrections[max(done)] if done else None

    def _built(self, correction: Correction | None) -> BuiltNetwork:
        task = ForecastTask(self._plain, self._task, self._series, correction=correction)
        return build_network(task, self.technology, self._workbench)

    def finish(self) -> PlainErrors:
        """The plain network has what was learned; its errors."""
        take_over(self.network, self._plain)
        after: Scores = score_test(self._plain, self._task, self._series)
        before = self._before
        return PlainErrors(before.windows, after.windows, before.stream, after.stream)


def tuning_of(run: Path, technology: str) -> RunConfiguration:
    """The configuration that trains the network of a run folder on, through its circuit.

    Raises:
        InputError: ``run`` is no run folder, or its network has no macromodel.
    """
    there = read_written_configuration(run / CONFIG_FILE)
    return replace(
        there,
        start=str(run.resolve()),
        circuit=CircuitSettings(technology),
        variation=VariationSettings(),
        training=replace(there.training, steps=STEPS, learning_rate=RATE, batch=BATCH, keep="last"),
    )


def trained_before(start: Path) -> bytes:
    """The model file of the network that was trained without a circuit, from which ``start``, a
    run folder, comes: its own, unless that was trained through a circuit itself.

    Raises:
        OSError: there is none.
    """
    through = (start / CIRCUIT_FILE).is_file() and (start / START_FILE).is_file()
    return (start / (START_FILE if through else MODEL_FILE)).read_bytes()
