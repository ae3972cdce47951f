"""What the command line says of a network's circuit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codesign.networks.limits import SCORED
from codesign.networks.sequence_validation import CIRCUIT, TRAINED, SequenceValidation
from codesign.terminal.quantities import drawn_by, quantity
from codesign.terminal.tables import print_table, say
from codesign.training.sequence_text import confusion_table
from neuron_model.analysis.verdicts import LARGEST_RATIO, LEAST_AGREEMENT, LEAST_CORRELATION
from neuron_model.shown import counted

if TYPE_CHECKING:
    from codesign.networks.files import NetworkExport
    from codesign.networks.validation import NetworkValidation
    from codesign.networks.verdict import AnyValidation
    from codesign.studies.network.samples import NetworkSamples


def print_network(exported: NetworkExport) -> None:
    """Area, power and energy by part, and what to know of it."""
    estimates = exported.estimates
    total = estimates.total
    rows = [
        (
            part.name,
            part.transistors,
            part.gate_area,
            part.diffusion_area,
            part.capacitor_area,
            part.power * 1e9,
            part.power * estimates.sample * 1e12,
        )
        for part in (*estimates.parts, total)
    ]
    columns = (
        "part",
        "transistors",
        "gates (µm²)",
        "diffusions (µm²)",
        "capacitors (µm²)",
        "power (nW)",
        "pJ/sample",
    )
    title = (
        f"the whole network: {len(exported.files)} files in {exported.folder}, samples of "
        f"{quantity(estimates.sample, 's')}"
    )
    print_table(title, columns, rows)
    for note in exported.notes:
        say(f"note: network: {note}")


def print_network_validation(found: AnyValidation) -> None:
    """What circuit, torch and the trivial predictors are worth, and what else was seen."""
    if isinstance(found, SequenceValidation):
        _print_sequences(found)
    else:
        _print_forecast(found)


def _print_sequences(found: SequenceValidation) -> None:
    title = (
        f"{found.technology}, {found.conditions}: {found.neurons} neurons, {found.method}, "
        f"{counted(len(found.sequences), 'test sequence')} from rest, {found.seconds:.0f} s of "
        "ngspice"
    )
    if found.classes:
        rows = [
            (text, 100 * (one.accuracy or 0), 100 * (one.balanced_accuracy or 0))
            for text, one in found.scores_in_words
        ]
        print_table(title, ("classifier", "accuracy (%)", "balanced accuracy (%)"), rows)
        confusion, columns, lines = confusion_table(found.scores[CIRCUIT], found.classes)
        print_table(f"the circuit's {confusion}", columns, lines)
        _print_differing(found)
    else:
        errors = [(text, *one.nrmse) for text, one in found.scores_in_words]
        outputs = (f"NRMSE, output {i}" for i in range(1, found.circuit.shape[1] + 1))
        print_table(title, ("predictor", *outputs), errors)
    alike = ", ".join(f"{rho:.4f}" for rho in found.correlation)
    say(f"correlation of the circuit's y with torch's, by readout: {alike}")
    _print_energy(found)
    verdict = "does the task as torch does" if found.passed else "does not do the task as torch"
    if found.classes:
        many = len(found.labels)
        say(
            f"the circuit {verdict}: it decides as torch on {many - len(found.differing)} of "
            f"{many} {'samples' if many > len(found.sequences) else 'sequences'}, "
            f"{found.agreement:.1%} (at least {LEAST_AGREEMENT:.0%})"
        )
    else:
        _say_ratio(verdict, found.ratio, float(found.correlation.min()))


_MOST_DIFFERING = 10
"""Decisions that are printed one by one."""


def _print_differing(found: SequenceValidation) -> None:
    """Sequences on which circuit and torch do not decide alike, where each is one decision."""
    if len(found.labels) != len(found.sequences):
        return
    for index in found.differing[:_MOST_DIFFERING]:
        circuit, torch, label = (
            found.classes[each[index]]
            for each in (found.decided[CIRCUIT], found.decided[TRAINED], found.labels)
        )
        say(
            f"test sequence {found.sequences[index]}: {circuit} says the circuit, {torch} torch; "
            f"it is {label}"
        )


def _print_energy(found: AnyValidation) -> None:
    say(
        f"energy per sample of {quantity(found.sample, 's')}: {quantity(found.energy, 'J')} from "
        f"ngspice's supply, {quantity(found.estimated_energy, 'J')} by the design"
    )
    for note in found.notes:
        say(f"note: {note}")


def _say_ratio(verdict: str, ratio: float, correlation: float) -> None:
    say(
        f"the circuit {verdict}: NRMSE {ratio:.2f} times torch's (at most {LARGEST_RATIO}), "
        f"correlation {correlation:.4f} (at least {LEAST_CORRELATION})"
    )


def _print_forecast(found: NetworkValidation) -> None:
    windows = "" if found.windows == 1 else f" in {found.windows} windows"
    title = (
        f"{found.technology}, {found.conditions}: {found.neurons} neurons, {found.method}, "
        f"{found.scored} scored samples{windows} behind {found.warmup} of warm-up, "
        f"{found.seconds:.0f} s of ngspice"
    )
    print_table(title, ("predictor", "NRMSE"), found.errors_in_words)
    say(
        f"correlation of the circuit's y with torch's {found.correlation:.4f}; "
        f"{found.correlation_delayed:.4f} where it is {found.delay:.2f} samples later, NRMSE "
        f"{found.error_delayed:.4g} there"
    )
    say(f"y of the circuit = {found.gain:.3f} times y of torch {found.offset:+.3f}")
    _print_energy(found)
    if found.scored < SCORED:
        say(
            f"note: {found.scored} scored samples are few to judge by; --samples counts the "
            f"{found.warmup} of warm-up as well"
        )
    verdict = "does the task as torch does" if found.passed else "does not do the task as torch"
    _say_ratio(verdict, found.ratio, found.correlation)
    if not found.passed and "tuned" not in found.errors:
        say(
            "note: its weights can be trained through the circuit's macromodel, which makes up for "
            f"what that knows: codesign train RUN --circuit {found.technology} --out TUNED"
        )


def print_network_samples(found: NetworkSamples) -> None:
    """How many samples do the task, as they are and calibrated."""
    document = found.document()
    row_of, columns = _DECISION_COLUMNS if found.of_classes else _ERROR_COLUMNS
    rows = [
        (text, document[name]["passed"], *row_of(document[name]))
        for name, text in (("drawn", "as drawn"), ("calibrated", "calibrated"))
    ]
    title = f"{len(found.drawn)} samples, seed {found.seed}{drawn_by(found.mismatch_set)}"
    print_table(title, ("samples", "do the task", *columns), rows)


def _errors(entry: Mapping[str, Any]) -> tuple[float, ...]:
    return entry["median_nrmse"], max(entry["nrmse"]), entry["median_over_nominal"]


def _decisions(entry: Mapping[str, Any]) -> tuple[float, ...]:
    shares = (
        entry["median_accuracy"],
        min(entry["accuracy"]),
        entry["median_agreement"],
        min(entry["agreement"]),
    )
    return tuple(100 * share for share in shares)


_ERROR_COLUMNS = _errors, ("median NRMSE", "largest", "median over nominal")
_DECISION_COLUMNS = (
    _decisions,
    (
        "median accuracy (%)",
        "lowest accuracy (%)",
        "median agreement with torch (%)",
        "lowest agreement (%)",
    ),
)
