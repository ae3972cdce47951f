"""Training through the macromodel of a network's circuit, mapped anew as the weights change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from circuits.technology import load_technology
from codesign.networks.built_network import BuiltNetwork, build_network
from codesign.networks.circuit_correction import corrected
from codesign.networks.correction import Correction
from codesign.networks.forecast_task import ForecastTask
from codesign.networks.network_macromodel import circuit_model
from codesign.workbench import Workbench
from neuron_model.file_format import CIRCUIT
from neuron_model.network.circuit_network import CircuitNetwork, take_over
from neuron_model.network.network import MTCNetwork, SpikingNetwork
from neuron_model.runs.circuit_settings import CircuitSettings
from neuron_model.runs.file_names import CIRCUIT_FILE, CONFIG_FILE, MODEL_FILE, START_FILE
from neuron_model.runs.run_configuration import RunConfiguration, read_written_configuration
from neuron_model.runs.variation_settings import VariationSettings
from neuron_model.tasks.series import Series, SeriesTask
from neuron_model.training.scoring import Scores, score_test

STEPS, RATE, BATCH = 250, 0.02, 24
"""How the weights of a trained network are tuned: all else as it was trained."""


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
        settings: of the circuit.
        task, series: what it learns.
        workbench: for cells that are not in the cache of measurements, and for the recording.
        correction: of the circuit's macromodel; if not given, the circuit of the network as it is
            now is recorded in ngspice.

    Raises:
        InputError: no such technology, or a network that has no macromodel.
        SimulatorError: ngspice failed while the circuit was recorded.
    """

    def __init__(
        self,
        plain: MTCNetwork,
        settings: CircuitSettings,
        task: SeriesTask,
        series: Series,
        workbench: Workbench,
        correction: Correction | None = None,
    ) -> None:
        self.technology = load_technology(settings.technology)
        self.network = CircuitNetwork(plain, settings.step)
        self._plain = plain
        self._task, self._series = task, series
        self._workbench = workbench
        self._before = score_test(plain, task, series)
        self.correction = correction
        if correction is None and settings.recorded:
            heard = series.training.signal[: settings.recorded]
            self.correction = corrected(self._built(), heard, workbench.engine, settings.step)

    def __call__(self, network: SpikingNetwork, seed: int) -> tuple[()]:
        """Map the network as it is now.

        Raises:
            InputError: it does not fit the technology; what does not is named.
        """
        take_over(self.network, self._plain)
        self.network.circuit = circuit_model(self._built())
        return ()

    def _built(self) -> BuiltNetwork:
        task = ForecastTask(self._plain, self._task, self._series, correction=self.correction)
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
        training=replace(there.training, steps=STEPS, learning_rate=RATE, batch=BATCH),
    )


def trained_before(start: Path) -> bytes:
    """The model file of the network that was trained without a circuit, from which ``start``, a
    run folder, comes: its own, unless that was trained through a circuit itself.

    Raises:
        OSError: there is none.
    """
    through = (start / CIRCUIT_FILE).is_file() and (start / START_FILE).is_file()
    return (start / (START_FILE if through else MODEL_FILE)).read_bytes()
