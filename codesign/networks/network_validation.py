"""The task of a network's circuit: its prediction of the test series beside torch's.

    NRMSE(p)   sqrt(mean over outputs of mean (p - target)^2 / var(target))     behind the washout
    rho(d)     correlation of the circuit's y, d later, with torch's y

Circuit and torch hear the same samples from rest. An output is read at the end of each sample. The
whole network is one deck, so that every line has its real loads.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from codesign.networks.network_estimates import estimate_network
from codesign.networks.network_limits import LARGEST_RATIO, LEAST_CORRELATION, MOST_NEURONS
from mapping.conditions import Conditions
from netlists.network_benches import network_response
from neuron_model.errors import InputError
from neuron_model.shown import Shown, counted
from neuron_model.tasks.series import nrmse

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork
    from codesign.workbench import Workbench

# Of the samples' interval: how late the circuit's y is looked for, and how finely.
_LATEST, _LAGS = 2, 41


@dataclass(frozen=True, eq=False, repr=False)
class NetworkValidation(Shown):
    """What the circuit of a network said.

    neurons: of all hidden layers. warmup: samples, from the first, that are not scored.
    target, trained, circuit: (samples, outputs), scaled as in training; trained is torch's.
    errors: NRMSE by whose it is: "circuit", "trained", "mean", "last value" (where outputs are
    heard). correlation: rho(0), the least of the outputs'. delay: in samples, where rho is largest.
    correlation_delayed, error_delayed: there. gain, offset: of the circuit's y over torch's, of the
    first output. sample: seconds. energy, estimated_energy: joule a sample, from ngspice's supply
    and from the design. seconds: that ngspice took.
    """

    technology: str
    conditions: Conditions
    neurons: int
    warmup: int
    target: np.ndarray
    trained: np.ndarray
    circuit: np.ndarray
    errors: dict[str, float]
    correlation: float
    delay: float
    correlation_delayed: float
    error_delayed: float
    gain: float
    offset: float
    sample: float
    energy: float
    estimated_energy: float
    seconds: float
    notes: tuple[str, ...] = ()

    def _brief(self) -> str:
        return (
            f"{self.technology}, {self.conditions}: {counted(self.neurons, 'neuron')}, "
            f"{self.samples} samples, NRMSE {self.errors['circuit']:.4g} "
            f"(torch {self.errors['trained']:.4g}), correlation {self.correlation:.4f}"
        )

    def _rows(self) -> list[tuple[str, str]]:
        return [
            *((f"NRMSE, {who}", f"{error:.4g}") for who, error in self.errors.items()),
            ("correlation with torch", f"{self.correlation:.4f}"),
            ("delay (samples)", f"{self.delay:.3g}"),
            ("energy per sample (nJ)", f"{self.energy * 1e9:.4g}"),
        ]

    @property
    def samples(self) -> int:
        """Played, the warm-up included."""
        return len(self.target)

    @property
    def ratio(self) -> float:
        """NRMSE of the circuit over torch's."""
        return self.errors["circuit"] / self.errors["trained"]

    @property
    def passed(self) -> bool:
        """Whether the circuit does the task as torch does."""
        return bool(self.ratio <= LARGEST_RATIO and self.correlation >= LEAST_CORRELATION)

    def document(self, arrays: bool = True) -> dict[str, Any]:
        """As JSON has it; ``arrays``: with the three series."""
        found: dict[str, Any] = {
            "technology": self.technology,
            "corner": self.conditions.corner,
            "temperature": self.conditions.temperature,
            "neurons": self.neurons,
            "samples": self.samples,
            "warmup": self.warmup,
            "nrmse": self.errors,
            "ratio": self.ratio,
            "correlation": self.correlation,
            "delay_samples": self.delay,
            "correlation_delayed": self.correlation_delayed,
            "nrmse_delayed": self.error_delayed,
            "gain": self.gain,
            "offset": self.offset,
            "seconds_per_sample": self.sample,
            "energy_per_sample": self.energy,
            "estimated_energy_per_sample": self.estimated_energy,
            "simulation_seconds": self.seconds,
            "passed": self.passed,
            "notes": list(self.notes),
        }
        if arrays:
            for name in ("target", "trained", "circuit"):
                found[name] = getattr(self, name).tolist()
        return found


def validate_network(
    network: BuiltNetwork, workbench: Workbench, samples: int
) -> NetworkValidation:
    """Play the first ``samples`` of the test series into the circuit.

    Raises:
        InputError: no such number of samples, or too many neurons for one deck.
        SimulatorError: ngspice failed, or did not come to the end of the series in time.
    """
    signal = network.task.heard(samples)
    if network.neurons > MOST_NEURONS:
        raise InputError(
            f"the network has {network.neurons} neurons, but one deck holds {MOST_NEURONS} at "
            "most: neuron by neuron and layer by layer is not built yet. `codesign export` writes "
            "testbench_network.spice of any network, which `ngspice -b` runs for as long as it "
            "takes."
        )
    bench = network.benches.stream(signal, network.sample_interval)
    begin = time.monotonic()
    found = network_response(workbench.engine.run(bench), network.benches)
    seconds = time.monotonic() - begin
    return compare(network, signal, (found.time, found.outputs, found.supply_current), seconds)


def compare(
    network: BuiltNetwork,
    signal: np.ndarray,
    response: tuple[np.ndarray, np.ndarray, np.ndarray],
    seconds: float,
) -> NetworkValidation:
    """A response beside what torch says.

    Args:
        network: macromodel.
        signal: that was played, (samples, inputs).
        response: time in the neurons' units (points,), y (points, outputs), and the supply's
            current in ampere (points,).
        seconds: that the simulation took.
    """
    task, interval = network.task, network.sample_interval
    warmup, count = task.task.washout, len(signal)
    target = task.series.test.target[:count]
    trained, _ = task.predictions(signal)
    at, outputs, supply = response
    circuit = _sampled(at, outputs, interval, count, 0.0)
    scored = slice(warmup, None)
    # what is read later than the last moments is not there
    inside = slice(warmup, max(warmup + 2, count - _LATEST))
    lags = np.linspace(0.0, _LATEST, _LAGS)
    late = [_sampled(at, outputs, interval, count, lag) for lag in lags]
    correlations = [_correlation(y[inside], trained[inside]) for y in late]
    best = int(np.argmax(correlations))
    errors = {
        "circuit": _nrmse(circuit[scored], target[scored]),
        "trained": _nrmse(trained[scored], target[scored]),
        "mean": _nrmse(np.zeros_like(target[scored]), target[scored]),
    }
    heard = [index for index in task.series.persistence if index is not None]
    if len(heard) == task.series.outputs:
        errors["last value"] = _nrmse(signal[scored][:, heard], target[scored])
    gain, offset = np.polyfit(trained[scored][:, 0], circuit[scored][:, 0], 1)
    sample = interval * network.design.time_unit
    charge = float(np.trapezoid(supply, at)) * network.design.time_unit
    return NetworkValidation(
        technology=network.technology.name,
        conditions=network.conditions,
        neurons=network.neurons,
        warmup=warmup,
        target=target,
        trained=trained,
        circuit=circuit,
        errors=errors,
        correlation=_correlation(circuit[scored], trained[scored]),
        delay=float(lags[best]),
        correlation_delayed=correlations[best],
        error_delayed=_nrmse(late[best][inside], target[inside]),
        gain=float(gain),
        offset=float(offset),
        sample=sample,
        energy=network.technology.supply * charge / count,
        estimated_energy=estimate_network(network, signal).energy_per_sample,
        seconds=seconds,
        notes=network.notes,
    )


def _sampled(
    time: np.ndarray, outputs: np.ndarray, interval: float, count: int, lag: float
) -> np.ndarray:
    """Outputs at the end of each sample, ``lag`` samples later, (count, outputs)."""
    moments = interval * (np.arange(1, count + 1) + lag)
    return np.stack([np.interp(moments, time, column) for column in outputs.T], axis=1)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """The least of the outputs'; 0 where one does not change."""
    pairs = zip(one.T, other.T, strict=True)
    both = [(a - a.mean(), b - b.mean()) for a, b in pairs]
    norms = [float(np.sqrt((a @ a) * (b @ b))) for a, b in both]
    return min(
        float(a @ b) / norm if norm > 0 else 0.0 for (a, b), norm in zip(both, norms, strict=True)
    )


def _nrmse(prediction: np.ndarray, target: np.ndarray) -> float:
    return nrmse(torch.tensor(prediction), torch.tensor(target))
