"""The outcome of a validation: circuit against model and macromodel, as data and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from codesign.terminal.tables import table_text
from codesign.validation.validation_table import COLUMNS, remarks, row, title
from mapping.conditions import Conditions
from netlists.accuracy import Accuracy
from neuron_model.analysis.regime_reports import report_from_json
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.verdicts import (
    DEFINITIONS,
    PASSED,
    Timing,
    Verdict,
    verdict,
    verdict_to_json,
)
from neuron_model.atomic import write_atomically
from neuron_model.file_format import KEY, VALIDATION
from neuron_model.model.parameters import Timescale
from neuron_model.shown import Shown, in_short
from neuron_model.text_file import read_text


@dataclass(frozen=True)
class CurveComparison:
    """I-V curves at one timescale: voltage in U, currents in I0, each (points,).

    nrmse: root mean square of circuit minus model, over the model's peak to peak. largest: the
    largest error, likewise. nrmse_macromodel: of circuit minus macromodel.
    """

    timescale: Timescale
    voltage: np.ndarray
    model: np.ndarray
    macromodel: np.ndarray
    circuit: np.ndarray
    nrmse: float
    largest: float
    nrmse_macromodel: float


@dataclass(frozen=True)
class Waveform:
    """U_m over model time, thinned for plotting; each (points,)."""

    time: np.ndarray
    voltage: np.ndarray


@dataclass(frozen=True)
class Supply:
    """static_power, mean_power: watt at rest and over the run. energy_per_spike: joule, mean power
    over the run divided by its spike rate; None without spikes."""

    static_power: float
    mean_power: float
    energy_per_spike: float | None


@dataclass(frozen=True, repr=False)
class NeuronValidation(Shown):
    """One neuron's circuit against its model.

    driven: whether the current is a recorded one that changes all the time; then the regime is not
    judged. circuit_shaped: whether the model has the filters and the leak of a circuit, so that its
    rhythm is judged. reasons: why it did not pass, in words. accuracy: of the simulation that it
    was judged by; repeated: why a fast one did not do, in words.
    """

    name: str
    current: str
    duration: float
    iv: tuple[CurveComparison, ...]
    model: RegimeReport
    macromodel: RegimeReport
    circuit: RegimeReport
    waveforms: Mapping[str, Waveform]
    against_model: Timing
    against_macromodel: Timing
    circuit_shaped: bool
    supply: Supply
    driven: bool = False
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    units: Mapping[str, float] = field(default_factory=dict)
    accuracy: Accuracy = Accuracy.TIGHT
    repeated: tuple[str, ...] = ()

    def _brief(self) -> str:
        verdict = "passed" if self.passed else f"not passed: {self.reasons[0]}"
        return f"{self.name} at {in_short(self.current)}: {verdict}"

    _columns = COLUMNS

    def _rows(self) -> list[tuple[object, ...]]:
        return [row(self)]

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons

    @property
    def regimes_match(self) -> bool:
        """Whether the circuit fires in the model's regime."""
        return self.circuit.regime == self.model.regime

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """What the circuit keeps of the ``model`` and of ``macromodel``."""
        references = {"model": self.model, "macromodel": self.macromodel}
        return {who: verdict(r, self.circuit, self.driven) for who, r in references.items()}


@dataclass(frozen=True, repr=False)
class Validation(Shown):
    """All comparisons of one run at one set of conditions.

    A neuron with a recorded current is compared twice, under it and under a constant one.
    provenance: versions, hashes, models. exported: neurons of the run that circuits are made of,
    simulated or not.
    """

    technology: str
    conditions: Conditions
    neurons: tuple[NeuronValidation, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)
    exported: int = 0

    def __str__(self) -> str:
        rows = [row(neuron) for neuron in self.neurons]
        lines = (*remarks(self), summary(self))
        return table_text(title(self), COLUMNS, rows) + "\n".join(lines)

    def _brief(self) -> str:
        return f"{title(self)}: {summary(self)}"

    _columns = COLUMNS

    def _rows(self) -> list[tuple[object, ...]]:
        return [row(neuron) for neuron in self.neurons]

    @property
    def by_name(self) -> dict[str, tuple[NeuronValidation, ...]]:
        """The comparisons of each neuron that was simulated."""
        names = dict.fromkeys(neuron.name for neuron in self.neurons)
        return {name: tuple(n for n in self.neurons if n.name == name) for name in names}

    @property
    def passed(self) -> bool:
        """Whether every neuron passed."""
        return all(neuron.passed for neuron in self.neurons)


def validation_to_json(validation: Validation, arrays: bool = True) -> dict[str, Any]:
    """A JSON document: what was judged under the names of the command line, with all curves.

    Args:
        validation: the outcome.
        arrays: whether curves and waveforms are in it.
    """
    return {
        KEY: VALIDATION.version,
        "technology": validation.technology,
        "corner": validation.conditions.corner,
        "temperature": validation.conditions.temperature,
        "exported": validation.exported,
        "passed": validation.passed,
        "counts": counts(validation),
        "definitions": {**DEFINITIONS, "passed": PASSED},
        "neurons": [_neuron(n, arrays) for n in validation.neurons],
        "provenance": dict(validation.provenance),
    }


def counts(validation: Validation) -> dict[str, int]:
    """How many neurons there are, were simulated, passed and keep what of their models.

    A neuron counts where all of its comparisons do; regimes are judged under steady currents.
    ``spike_for_spike_only``: those that, under a recorded current, are spike for spike the model,
    whose rhythm they do not keep: a pass all the same.
    """
    neurons = validation.by_name
    kept = [[c.verdicts["model"] for c in comparisons] for comparisons in neurons.values()]
    return {
        "exported": max(validation.exported, len(neurons)),
        "simulated": len(neurons),
        "regime_kept": sum(all(v.regime_kept is not False for v in each) for each in kept),
        "rhythm_kept": sum(all(v.rhythm_kept for v in each) for each in kept),
        "spike_for_spike_only": sum(any(map(_by_spikes, each)) for each in kept),
        "passed": sum(all(c.passed for c in each) for each in neurons.values()),
    }


def summary(validation: Validation) -> str:
    """The same in a sentence."""
    found = counts(validation)
    of = f" of {found['exported']}" if found["exported"] > 1 else ""
    noun = "neuron" if found["exported"] == 1 else "neurons"
    keep = "keeps" if found["regime_kept"] == 1 else "keep"
    instead = found["spike_for_spike_only"]
    verb = "is" if instead == 1 else "are"
    spikes = f", {instead} {verb} spike for spike the model instead" if instead else ""
    return (
        f"{found['simulated']}{of} {noun} simulated: {found['regime_kept']} {keep} the regime of "
        f"the model, {found['rhythm_kept']} the rhythm{spikes}; {found['passed']} passed"
    )


def _by_spikes(found: Verdict) -> bool:
    return found.regime_kept is None and found.spike_for_spike is True and not found.rhythm_kept


def _neuron(n: NeuronValidation, arrays: bool) -> dict[str, Any]:
    def curve(c: CurveComparison) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "nrmse": c.nrmse,
            "largest": c.largest,
            "nrmse_macromodel": c.nrmse_macromodel,
        }
        if arrays:
            names = ("voltage", "model", "macromodel", "circuit")
            entry |= {name: _listed(getattr(c, name)) for name in names}
        return entry

    document: dict[str, Any] = {
        "name": n.name,
        "current": n.current,
        "duration": n.duration,
        "iv": {c.timescale.value: curve(c) for c in n.iv},
        "regime": {
            "model": n.model.regime.value,
            "macromodel": n.macromodel.regime.value,
            "circuit": n.circuit.regime.value,
            "match": None if n.driven else n.regimes_match,
        },
        "verdicts": {who: verdict_to_json(found) for who, found in n.verdicts.items()},
        "timing": {"model": asdict(n.against_model), "macromodel": asdict(n.against_macromodel)},
        "supply": asdict(n.supply),
        "circuit_shaped": n.circuit_shaped,
        "driven": n.driven,
        "passed": n.passed,
        "reasons": list(n.reasons),
        "notes": list(n.notes),
        "accuracy": n.accuracy.value,
        "repeated": list(n.repeated),
        "units": dict(n.units),
        "reports": {who: _report(getattr(n, who)) for who in ("model", "macromodel", "circuit")},
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
    with VALIDATION.reading(source):
        VALIDATION.check(document.get(KEY), source)
        return Validation(
            technology=document["technology"],
            conditions=Conditions(document["corner"], float(document["temperature"])),
            neurons=tuple(_read_neuron(entry) for entry in document["neurons"]),
            provenance=document["provenance"],
            exported=int(document["exported"]),
        )


def _read_neuron(entry: Any) -> NeuronValidation:
    curves = tuple(
        CurveComparison(
            timescale=Timescale(name),
            voltage=np.array(c["voltage"], dtype=float),
            model=np.array(c["model"], dtype=float),
            macromodel=np.array(c["macromodel"], dtype=float),
            circuit=np.array(c["circuit"], dtype=float),
            nrmse=c["nrmse"],
            largest=c["largest"],
            nrmse_macromodel=c["nrmse_macromodel"],
        )
        for name, c in entry["iv"].items()
    )
    reports = {who: report_from_json(r) for who, r in entry["reports"].items()}
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
        against_macromodel=Timing(**entry["timing"]["macromodel"]),
        circuit_shaped=entry["circuit_shaped"],
        driven=entry["driven"],
        supply=Supply(**entry["supply"]),
        reasons=tuple(entry["reasons"]),
        notes=tuple(entry["notes"]),
        units=entry["units"],
        accuracy=Accuracy(entry["accuracy"]),
        repeated=tuple(entry["repeated"]),
    )


def write_validation(path: str | Path, validation: Validation) -> Path:
    """Write all of ``validation``, waveforms too, as JSON to ``path``, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    return write_atomically(path, json.dumps(validation_to_json(validation), allow_nan=False))


def read_validation(path: str | Path) -> Validation:
    """Read a file of :func:`write_validation`.

    Raises:
        InputError: it cannot be read or is none.
    """
    content = VALIDATION.json_content(read_text(path), str(path))
    return validation_from_json({KEY: VALIDATION.version, **content}, str(path))
