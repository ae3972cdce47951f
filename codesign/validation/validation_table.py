"""The outcome of a validation as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuron_model.analysis.verdicts import REGIME_KEPT, RHYTHM_KEPT, SPIKE_FOR_SPIKE, Verdict

if TYPE_CHECKING:
    from codesign.validation.validation import NeuronValidation, Validation


COLUMNS = (
    "neuron",
    "passed",
    "regime",
    "kept of model",
    "kept of macromodel",
    "spikes",
    "ISI, IBI to model (%)",
    "ISI, IBI to macromodel (%)",
    "I-V (%)",
    "coincidence",
    "nJ/spike",
)

LEGEND = (
    "kept: which verdicts the circuit reaches; spikes: of model, macromodel, circuit; ISI, IBI: "
    "medians of the circuit against the reference's; I-V: error of the fast, the slow and the "
    "ultraslow curve against the model's, rms over peak to peak; coincidence: factor to model and "
    "to macromodel (1: equal, 0: chance)."
)
"""What the columns are."""

_SHORT = {REGIME_KEPT: "regime", RHYTHM_KEPT: "rhythm", SPIKE_FOR_SPIKE: "spikes"}


def title(validation: Validation) -> str:
    """Where it was."""
    return f"{validation.technology}, {validation.conditions}"


def remarks(validation: Validation) -> list[str]:
    """Why neurons did not pass, and what else to know of them."""
    lines = []
    for neuron in validation.neurons:
        lines += [f"{neuron.name}: {reason}" for reason in neuron.reasons]
        lines += [f"note: {neuron.name}: {note}" for note in neuron.notes]
        lines += [
            f"simulated again with tight tolerances: {neuron.name}: {why}"
            for why in neuron.repeated
        ]
    return lines


def row(neuron: NeuronValidation) -> tuple[str, ...]:
    """What there is to know of one comparison; one cell a column."""
    energy, verdicts = neuron.supply.energy_per_spike, neuron.verdicts
    against_model, against_built = neuron.against_model, neuron.against_macromodel
    counts = (r.spike_count for r in (neuron.model, neuron.macromodel, neuron.circuit))
    return (
        neuron.name,
        "yes" if neuron.passed else "no",
        _regimes(neuron),
        _kept(verdicts["model"]),
        _kept(verdicts["macromodel"]),
        ", ".join(map(str, counts)),
        _percents(against_model.isi_error, against_model.ibi_error),
        _percents(against_built.isi_error, against_built.ibi_error),
        ", ".join(f"{100 * c.nrmse:.2f}" for c in neuron.iv),
        ", ".join(_factor(found.coincidence) for found in verdicts.values()),
        "" if energy is None else f"{energy * 1e9:.3g}",
    )


def _kept(found: Verdict) -> str:
    return ", ".join(_SHORT[name] for name, kept in found.reached.items() if kept) or "nothing"


def _regimes(neuron: NeuronValidation) -> str:
    """The circuit's, with the model's where that is another; not judged under a recording."""
    if neuron.driven:
        return "recorded current"
    if neuron.regimes_match:
        return neuron.circuit.regime.words
    return f"{neuron.circuit.regime.words}, model {neuron.model.regime.words}"


def _percents(*errors: float | None) -> str:
    return ", ".join(f"{round(100 * error, 2) + 0.0:+.2f}" for error in errors if error is not None)


def _factor(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 2) + 0.0:.2f}"
