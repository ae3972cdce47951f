"""The outcome of a validation: circuit against model and as-built, as data and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.parameters import Timescale
from neuron_model.regimes import Regime, RegimeReport

IV_LIMIT = 0.02
"""Largest nrmse of an I-V curve that passes."""

AS_BUILT_INTERVAL_LIMIT = 0.03
"""Largest relative error of spike intervals against as-built that passes."""

MODEL_INTERVAL_LIMIT = 0.10
"""Largest relative error of spike intervals against the model, where it has the circuit's filter
and leak."""


COINCIDENCE_WINDOW = 0.2
"""How far apart two spikes may be that count as the same, in median intervals between spikes."""

COINCIDENCE_LIMIT = 0.7
"""Smallest coincidence factor with as-built that passes, where a recorded current drives; below it,
spike count and median interval have to agree within AS_BUILT_INTERVAL_LIMIT."""


@dataclass(frozen=True)
class CurveComparison:
    """I-V curves at one timescale: voltage in U, currents in I0, each (points,).

    nrmse: root mean square of circuit minus model, over the model's peak to peak. largest: the
    largest error, likewise. nrmse_as_built: of circuit minus as-built.
    """

    timescale: Timescale
    voltage: np.ndarray
    model: np.ndarray
    as_built: np.ndarray
    circuit: np.ndarray
    nrmse: float
    largest: float
    nrmse_as_built: float


@dataclass(frozen=True)
class Waveform:
    """U_m over model time, thinned for plotting; each (points,)."""

    time: np.ndarray
    voltage: np.ndarray


@dataclass(frozen=True)
class Timing:
    """Spikes of the circuit against a reference (model or as-built).

    spike_count: of the reference; circuit_spike_count: of the circuit. interval_error: relative
    error of the median interval between spikes of a burst (or of all); pause_error: of the median
    pause between bursts. None where one of the two has no such interval. coincidence:
    coincidence factor of the spike trains: 1 for equal ones, 0 for no more than chance; None where
    neither spikes.
    """

    spike_count: int
    circuit_spike_count: int
    interval_error: float | None
    pause_error: float | None
    coincidence: float | None = None

    @property
    def keeps_pace(self) -> bool:
        """Whether count and median interval are the reference's, within AS_BUILT_INTERVAL_LIMIT."""
        most = max(1.0, AS_BUILT_INTERVAL_LIMIT * self.spike_count)
        counts = abs(self.circuit_spike_count - self.spike_count) <= most
        error = self.interval_error
        return counts and error is not None and abs(error) <= AS_BUILT_INTERVAL_LIMIT

    @property
    def in_step(self) -> bool:
        """Whether a driven circuit fires as its reference does.

        The spikes coincide, or count and median interval agree: a neuron that would fire of itself
        gets out of step in a hundred spikes by a difference of half a per cent.
        """
        return self.coincidence is None or self.coincidence >= COINCIDENCE_LIMIT or self.keeps_pace


@dataclass(frozen=True)
class Supply:
    """static_power, mean_power: watt at rest and over the run. energy_per_spike: joule, mean power
    over the run divided by its spike rate; None without spikes."""

    static_power: float
    mean_power: float
    energy_per_spike: float | None


@dataclass(frozen=True)
class NeuronValidation:
    """One neuron's circuit against its model.

    driven: whether the current is a recorded one that changes all the time; then spikes are
    compared one by one and the regime is not judged. reasons: why it did not pass, in words.
    """

    name: str
    current: str
    duration: float
    iv: tuple[CurveComparison, ...]
    model: RegimeReport
    as_built: RegimeReport
    circuit: RegimeReport
    waveforms: Mapping[str, Waveform]
    against_model: Timing
    against_as_built: Timing
    circuit_shaped: bool
    supply: Supply
    driven: bool = False
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    units: Mapping[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons

    @property
    def regimes_match(self) -> bool:
        """Whether the circuit fires in the model's regime."""
        return self.circuit.regime == self.model.regime


@dataclass(frozen=True)
class Validation:
    """All neurons of one run at one set of conditions. provenance: versions, hashes, models."""

    technology: str
    corner: str
    temperature: float
    neurons: tuple[NeuronValidation, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every neuron passed."""
        return all(neuron.passed for neuron in self.neurons)


_FORMAT = 1


def validation_to_json(validation: Validation, arrays: bool = True) -> dict[str, Any]:
    """A JSON document: what was judged under the names of the command line, with all curves.

    Args:
        validation: the outcome.
        arrays: whether curves and waveforms are in it.
    """
    return {
        "format": _FORMAT,
        "technology": validation.technology,
        "corner": validation.corner,
        "temperature": validation.temperature,
        "passed": validation.passed,
        "neurons": [_neuron(n, arrays) for n in validation.neurons],
        "provenance": dict(validation.provenance),
    }


def _neuron(n: NeuronValidation, arrays: bool) -> dict[str, Any]:
    def curve(c: CurveComparison) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "nrmse": c.nrmse,
            "largest": c.largest,
            "nrmse_as_built": c.nrmse_as_built,
        }
        if arrays:
            names = ("voltage", "model", "as_built", "circuit")
            entry |= {name: _listed(getattr(c, name)) for name in names}
        return entry

    document: dict[str, Any] = {
        "name": n.name,
        "current": n.current,
        "duration": n.duration,
        "iv": {c.timescale.value: curve(c) for c in n.iv},
        "regime": {
            "model": n.model.regime.value,
            "as_built": n.as_built.regime.value,
            "circuit": n.circuit.regime.value,
            "match": None if n.driven else n.regimes_match,
        },
        "timing": {"model": asdict(n.against_model), "as_built": asdict(n.against_as_built)},
        "supply": asdict(n.supply),
        "circuit_shaped": n.circuit_shaped,
        "driven": n.driven,
        "passed": n.passed,
        "reasons": list(n.reasons),
        "notes": list(n.notes),
        "units": dict(n.units),
        "reports": {who: _report(getattr(n, who)) for who in ("model", "as_built", "circuit")},
    }
    if arrays:
        document["waveforms"] = {
            who: {"time": _listed(w.time), "voltage": _listed(w.voltage)}
            for who, w in n.waveforms.items()
        }
    return document


def _report(report: RegimeReport) -> dict[str, Any]:
    return {**asdict(report), "regime": report.regime.value}


def _listed(values: np.ndarray) -> list[float]:
    # seven digits are what a simulation is good for, and half the file's size
    return [float(f"{v:.7g}") for v in values]


def validation_from_json(document: Any, source: str = "validation") -> Validation:
    """The inverse of :func:`validation_to_json` with its arrays.

    Raises:
        InputError: the document is none of this version; ``source`` is named.
    """
    try:
        if document["format"] != _FORMAT:
            raise ValueError("another version wrote it")
        return Validation(
            technology=document["technology"],
            corner=document["corner"],
            temperature=float(document["temperature"]),
            neurons=tuple(_read_neuron(entry) for entry in document["neurons"]),
            provenance=document["provenance"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{source}: is no validation file of this version ({error}).") from error


def _read_neuron(entry: Any) -> NeuronValidation:
    curves = tuple(
        CurveComparison(
            timescale=Timescale(name),
            voltage=np.array(c["voltage"], dtype=float),
            model=np.array(c["model"], dtype=float),
            as_built=np.array(c["as_built"], dtype=float),
            circuit=np.array(c["circuit"], dtype=float),
            nrmse=c["nrmse"],
            largest=c["largest"],
            nrmse_as_built=c["nrmse_as_built"],
        )
        for name, c in entry["iv"].items()
    )
    reports = {
        who: RegimeReport(
            **{**r, "regime": Regime(r["regime"]), "spike_times": tuple(r["spike_times"])}
        )
        for who, r in entry["reports"].items()
    }
    waveforms = {
        who: Waveform(np.array(w["time"]), np.array(w["voltage"]))
        for who, w in entry["waveforms"].items()
    }
    return NeuronValidation(
        name=entry["name"],
        current=entry["current"],
        duration=entry["duration"],
        iv=curves,
        **reports,
        waveforms=waveforms,
        against_model=Timing(**entry["timing"]["model"]),
        against_as_built=Timing(**entry["timing"]["as_built"]),
        circuit_shaped=entry["circuit_shaped"],
        driven=entry["driven"],
        supply=Supply(**entry["supply"]),
        reasons=tuple(entry["reasons"]),
        notes=tuple(entry["notes"]),
        units=entry["units"],
    )


def write_validation(path: str | Path, validation: Validation) -> Path:
    """Write the whole document, atomically."""
    return write_atomically(path, json.dumps(validation_to_json(validation), allow_nan=False))


def read_validation(path: str | Path) -> Validation:
    """Read a file of :func:`write_validation`.

    Raises:
        InputError: it cannot be read or is none.
    """
    try:
        document = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no readable validation file ({error}).") from error
    return validation_from_json(document, str(path))
