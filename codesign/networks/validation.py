"""The task of a network's circuit: its prediction of the test series beside torch's.

    NRMSE(p)   sqrt(mean over outputs of mean (p - target)^2 / var(target))     behind the washout
    rho(d)     correlation of the circuit's y, d later, with torch's y

Circuit and torch hear the same samples from rest: one stream of them, or windows as in training. An
output is read at the end of each sample. The network is one deck here; part by part it is simulated
by :mod:`codesign.studies.network`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from codesign.networks.circuit_run import CircuitRun, run_from_json, run_of
from codesign.networks.forecast_task import ForecastTask
from codesign.networks.macromodel import macromodel_prediction
from codesign.networks.played import Played, correlations
from neuron_model.analysis.verdicts import LARGEST_RATIO, LEAST_CORRELATION
from neuron_model.tasks.series import nrmse

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork

# Of the samples' interval: how late the circuit's y is looked for, and how finely.
_LATEST, _LAGS = 2, 41

_PREDICTORS = {
    "circuit": "circuit in ngspice",
    "macromodel": "macromodel of the circuit",
    "trained": "trained network in torch",
    "tuned": "with the weights tuned for the circuit, in torch",
    "last value": "predicting the last value",
    "mean": "predicting the mean",
}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class NetworkValidation(CircuitRun):
    """What the circuit of a network said.

    warmup: samples, from the first of each window, that are not
    scored. target, trained, circuit: (samples, outputs), scaled as in training; trained is torch's,
    of the network before its weights were tuned through the circuit, where they were.
    errors: NRMSE by whose it is: "circuit", "trained", "tuned" (torch's with the tuned weights,
    where there are any), "macromodel" (see macromodel_prediction), "mean", "last value" (where
    outputs are heard). correlation: rho(0), the least of the outputs'.
    delay: in samples, where rho is largest.
    correlation_delayed, error_delayed: there. gain, offset: of the circuit's y over torch's, of the
    first output. windows: each heard from rest.
    """

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
    windows: int = 1

    @property
    def errors_in_words(self) -> list[tuple[str, float]]:
        """Who predicts, for people, and the NRMSE."""
        return [(text, self.errors[who]) for who, text in _PREDICTORS.items() if who in self.errors]

    def _brief(self) -> str:
        return (
            f"{self.where}, {self.samples} samples, NRMSE {self.errors['circuit']:.4g} "
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
    def scored(self) -> int:
        """Of them, behind the warm-up of each window."""
        return self.samples - self.windows * self.warmup

    @property
    def error(self) -> float:
        """NRMSE of the circuit."""
        return self.errors["circuit"]

    @property
    def ratio(self) -> float:
        """NRMSE of the circuit over torch's."""
        return self.error / self.errors["trained"]

    @property
    def passed(self) -> bool:
        """Whether the circuit does the task as torch does."""
        return bool(self.ratio <= LARGEST_RATIO and self.correlation >= LEAST_CORRELATION)

    def document(self, arrays: bool = True) -> dict[str, Any]:
        """As JSON has it; ``arrays``: with the three series."""
        found: dict[str, Any] = {
            **self.place,
            "samples": self.samples,
            "warmup": self.warmup,
            "windows": self.windows,
            "method": self.method,
            "nrmse": self.errors,
            "ratio": self.ratio,
            "correlation": self.correlation,
            "delay_samples": self.delay,
            "correlation_delayed": self.correlation_delayed,
            "nrmse_delayed": self.error_delayed,
            "gain": self.gain,
            "offset": self.offset,
            **self.cost,
        }
        if arrays:
            for name in ("target", "trained", "circuit"):
                found[name] = getattr(self, name).tolist()
        return found


def network_validation_from_json(document: Mapping[str, Any]) -> NetworkValidation:
    """The counterpart of :meth:`NetworkValidation.document`, with its series.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    series = {
        name: np.array(document[name], dtype=float) for name in ("target", "trained", "circuit")
    }
    shapes = {values.shape for values in series.values()}
    if len(shapes) != 1 or series["target"].ndim != 2:
        raise ValueError(f"target, trained and circuit have the shapes {sorted(shapes)}")
    errors = {str(name): float(error) for name, error in document["nrmse"].items()}
    if not {"circuit", "trained"} <= set(errors):
        raise ValueError("nrmse lacks circuit or trained")
    return NetworkValidation(
        **run_from_json(document),
        warmup=int(document["warmup"]),
        target=series["target"],
        trained=series["trained"],
        circuit=series["circuit"],
        errors=errors,
        correlation=float(document["correlation"]),
        delay=float(document["delay_samples"]),
        correlation_delayed=float(document["correlation_delayed"]),
        error_delayed=float(document["nrmse_delayed"]),
        gain=float(document["gain"]),
        offset=float(document["offset"]),
        windows=int(document["windows"]),
    )


def compare(
    network: BuiltNetwork, played: Sequence[Played], seconds: float, method: str
) -> NetworkValidation:
    """What a circuit said beside what torch says.

    Args:
        network: as built.
        played: stretches of the test series; each is heard from rest, and what lies behind its
            washout is scored.
        seconds: that the simulation took.
        method: one of :mod:`codesign.networks.played`'s.
    """
    task, interval = network.task, network.sample_interval
    assert isinstance(task, ForecastTask)
    warmup, test = task.task.washout, task.series.test
    targets, heards, traineds, tuned = [], [], [], []
    for each in played:
        stretch = slice(each.start, each.start + each.count)
        targets.append(test.target[stretch])
        heards.append(test.signal[stretch])
        traineds.append(task.as_trained.predictions(test.signal[stretch])[0])
        if task.before is not None:
            tuned.append(task.predictions(test.signal[stretch])[0])

    def circuit(lag: float) -> list[np.ndarray]:
        return [p.sampled(interval, lag) for p in played]

    def scored(rows: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([each[warmup:] for each in rows])

    def inside(rows: Sequence[np.ndarray]) -> np.ndarray:
        # what is read later than the last moments is not there
        return np.concatenate(
            [each[warmup : max(warmup + 2, len(each) - _LATEST)] for each in rows]
        )

    lags = np.linspace(0.0, _LATEST, _LAGS)
    late = [inside(circuit(lag)) for lag in lags]
    alike = [_correlation(y, inside(traineds)) for y in late]
    best = int(np.argmax(alike))
    said, target, trained = (scored(rows) for rows in (circuit(0.0), targets, traineds))
    errors = {
        "circuit": _nrmse(said, target),
        "trained": _nrmse(trained, target),
    }
    if tuned:
        errors["tuned"] = _nrmse(scored(tuned), target)
    predicted = [
        macromodel_prediction(network, test.signal[None, p.start : p.start + p.count])
        for p in played
    ]
    macromodel = [y[0] for y in predicted if y is not None]
    if macromodel:
        errors["macromodel"] = _nrmse(scored(macromodel), target)
    errors["mean"] = _nrmse(np.zeros_like(target), target)
    known = [index for index in task.series.persistence if index is not None]
    if len(known) == task.series.outputs:
        errors["last value"] = _nrmse(scored(heards)[:, known], target)
    gain, offset = np.polyfit(trained[:, 0], said[:, 0], 1)
    return NetworkValidation(
        **run_of(network, played, heards, seconds, method),
        warmup=warmup,
        target=np.concatenate(targets),
        trained=np.concatenate(traineds),
        circuit=np.concatenate(circuit(0.0)),
        errors=errors,
        correlation=_correlation(said, trained),
        delay=float(lags[best]),
        correlation_delayed=alike[best],
        error_delayed=_nrmse(late[best], inside(targets)),
        gain=float(gain),
        offset=float(offset),
        windows=len(played),
    )


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """The least of the outputs'."""
    return float(correlations(one, other).min())


def _nrmse(prediction: np.ndarray, target: np.ndarray) -> float:
    return nrmse(torch.tensor(prediction), torch.tensor(target))
