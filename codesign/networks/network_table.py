"""What the command line says of a network's circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesign.networks.network_limits import LARGEST_RATIO, LEAST_CORRELATION, SCORED
from codesign.terminal.quantities import drawn_by, quantity
from codesign.terminal.tables import print_table, say

if TYPE_CHECKING:
    from codesign.networks.network_files import NetworkExport
    from codesign.networks.network_validation import NetworkValidation
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


def print_network_validation(found: NetworkValidation) -> None:
    """Errors of the circuit, of torch and of the trivial predictors, and what else was seen."""
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
    say(
        f"energy per sample of {quantity(found.sample, 's')}: {quantity(found.energy, 'J')} from "
        f"ngspice's supply, {quantity(found.estimated_energy, 'J')} by the design"
    )
    for note in found.notes:
        say(f"note: {note}")
    if found.scored < SCORED:
        say(
            f"note: {found.scored} scored samples are few to judge by; --samples counts the "
            f"{found.warmup} of warm-up as well"
        )
    verdict = "does the task as torch does" if found.passed else "does not do the task as torch"
    say(
        f"the circuit {verdict}: NRMSE {found.ratio:.2f} times torch's (at most {LARGEST_RATIO}), "
        f"correlation {found.correlation:.4f} (at least {LEAST_CORRELATION})"
    )
    if not found.passed and "tuned" not in found.errors:
        say(
            "note: its weights can be trained through the circuit's macromodel, which makes up for "
            f"what that knows: codesign train RUN --circuit {found.technology} --out TUNED"
        )


def print_network_samples(found: NetworkSamples) -> None:
    """How many samples do the task, as they are and calibrated."""
    document = found.document()
    rows = [
        (
            text,
            document[name]["passed"],
            document[name]["median_nrmse"],
            max(document[name]["nrmse"]),
            document[name]["median_over_nominal"],
        )
        for name, text in (("drawn", "as drawn"), ("calibrated", "calibrated"))
    ]
    columns = ("samples", "do the task", "median NRMSE", "largest", "median over nominal")
    title = f"{len(found.drawn)} samples, seed {found.seed}{drawn_by(found.mismatch_set)}"
    print_table(title, columns, rows)
