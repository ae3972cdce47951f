"""The report's first sections: the verdict, what was trained, and all neurons in one table."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from codesign.pictures.plots import NARROW, loss_figure
from codesign.report.markup import Child, Markup, element
from codesign.report.parts import kept, key, mark, over, table
from codesign.report.run_folder import RunFolder
from codesign.report.vector_image import StyleSheet, inline_svg
from codesign.terminal.quantities import MISSING, conditions_text, fixed, number, percent, quantity
from codesign.training.sequence_text import confusion_table
from codesign.validation.validation import NeuronValidation, Validation
from codesign.validation.validation import summary as in_words
from mapping.design import NeuronDesign
from neuron_model.analysis.verdicts import (
    DEFINITIONS,
    IV_LIMIT,
    PASSED,
    QUANTITIES,
    REFERENCES,
    Verdict,
)
from neuron_model.model.parameters import NeuronParameters, Timescale

_LETTERS = {Timescale.FAST: "f", Timescale.SLOW: "s", Timescale.ULTRASLOW: "us"}


_TWICE = (
    "A neuron with a recorded current has two rows: under it, and under a constant current typical "
    "of it, by which its regime is judged."
)


def title_of(run: RunFolder) -> str:
    """Of the page: the neuron's name, or the run's where there are several."""
    neurons = run.validation.neurons
    return neurons[0].name if len(neurons) == 1 else run.path.resolve().name


def conditions(validation: Validation) -> str:
    """Technology, corner and temperature in a line."""
    return f"{validation.technology}, corner {conditions_text(validation.conditions)}"


def verdict(run: RunFolder) -> list[Child]:
    """How many neurons passed and keep what, and the figures that one looks for first."""
    validation = run.validation
    neurons = validation.neurons
    every = bool(neurons) and validation.passed
    headline = f"{'✓' if every else '✗'} {in_words(validation)}"
    return [
        element("p", headline, class_=f"verdict {'good' if every else 'bad'}"),
        element("dl", [_tile(name, value) for name, value in _key_figures(neurons)], class_="tiles")
        if neurons
        else None,
        element(
            "p",
            "Three descriptions of each neuron are laid over each other: the ",
            key("model"),
            " that was trained; the same equations with the parameters that the design has ",
            key("macromodel"),
            ", from measured characteristics of its cells; and the ",
            key("circuit"),
            " of transistors and capacitors, simulated in ngspice.",
        ),
    ]


def training(run: RunFolder, sheet: StyleSheet) -> list[Child]:
    """Loss, trained parameters and configuration, as far as the run has them."""
    return [
        element("h2", "What was trained" if run.history else "What was built from"),
        _classification(run),
        _loss(run, sheet),
        _parameters(run),
        _config(run.config),
    ]


def summary(validation: Validation) -> list[Child]:
    """All neurons, and what it takes to pass."""
    neurons = validation.neurons
    rows = [_row(index, neuron) for index, neuron in enumerate(neurons)]
    for row, before, neuron in zip(rows[1:], neurons, neurons[1:], strict=False):
        if neuron.name == before.name:
            row[0] = None
    columns = (
        "neuron",
        "verdict",
        "kept of model",
        "kept of macromodel",
        "regime of the circuit",
        "spikes: model / macromodel / circuit",
        "ISI, IBI to model",
        "ISI, IBI to macromodel",
        "largest I-V nrmse",
        "static power",
        "energy per spike",
    )
    driven = any(neuron.driven for neuron in neurons)
    return [
        element("h2", "All neurons"),
        table(None, columns, rows, text_columns=tuple(range(5))),
        element("p", _TWICE) if driven else None,
        element("h3", "What the verdicts mean"),
        element("p", REFERENCES),
        element(
            "dl",
            [
                element("div", element("dt", name), element("dd", text))
                for name, text in {**DEFINITIONS, "passed": PASSED}.items()
            ],
            class_="definitions",
        ),
    ]


def _tile(name: str, value: str) -> Markup:
    return element("div", element("dt", name), element("dd", value))


def _key_figures(neurons: tuple[NeuronValidation, ...]) -> Iterator[tuple[str, str]]:
    errors = [curve.nrmse for neuron in neurons for curve in neuron.iv]
    if errors:
        yield "largest I-V error (nrmse)", percent(max(errors))
    for who, name in (("model", "the model"), ("macromodel", "macromodel")):
        found = [neuron.verdicts[who] for neuron in neurons]
        worst = max((d for v in found for d in v.deviations), key=lambda d: d.used, default=None)
        if worst is not None:
            what = f"largest deviation from {name}, in tolerances"
            yield what, f"{number(worst.used)} ({QUANTITIES[worst.quantity]})"
    power = [neuron.supply.static_power for neuron in neurons]
    yield ("static power" if len(power) == 1 else "static power, all"), quantity(sum(power), "W")
    energies = [e for n in neurons if (e := n.supply.energy_per_spike) is not None]
    if energies:
        name = "energy per spike" if len(energies) == 1 else "energy per spike, median"
        yield name, quantity(float(np.median(energies)), "J")


def _row(index: int, neuron: NeuronValidation) -> list[Child]:
    largest = max((curve.nrmse for curve in neuron.iv), default=None)
    counts = (r.spike_count for r in (neuron.model, neuron.macromodel, neuron.circuit))
    of_model, of_built = neuron.verdicts["model"], neuron.verdicts["macromodel"]
    regime: Child = neuron.circuit.regime.words
    if neuron.driven:
        regime = "recorded current"
    elif not neuron.regimes_match:
        regime = over(f"{neuron.circuit.regime.words}, model: {neuron.model.regime.words}", True)
    return [
        element("a", neuron.name, href=f"#neuron-{index}"),
        mark(neuron.passed),
        kept(of_model),
        kept(of_built),
        regime,
        " / ".join(map(str, counts)),
        _errors(of_model),
        _errors(of_built),
        over(percent(largest), (largest or 0.0) > IV_LIMIT),
        quantity(neuron.supply.static_power, "W"),
        quantity(neuron.supply.energy_per_spike, "J"),
    ]


def _errors(found: Verdict) -> Child:
    """Errors of the median intervals, marked where they are beyond their tolerance."""
    by_name = {d.quantity: d for d in found.deviations}
    shown = [by_name[n] for n in ("interspike_interval", "interburst_interval") if n in by_name]
    lines = [element("li", over(percent(d.error, signed=True), not d.kept)) for d in shown]
    return element("ul", lines, class_="kept") if lines else MISSING


def _classification(run: RunFolder) -> list[Child]:
    """Accuracy and confusion on the test part, or the errors of numbers."""
    found = run.classification
    if found is None:
        return []
    scores = found.scores
    if scores.accuracy is None or scores.balanced_accuracy is None:
        listed = ", ".join(number(error) for error in scores.nrmse)
        return [
            element("p", f"NRMSE on the test part, by output: {listed} (1: as good as the mean).")
        ]
    title, columns, rows = confusion_table(scores, found.classes)
    text = (
        f"On the test part {percent(scores.accuracy)} are classified right (mean over the classes: "
        f"{percent(scores.balanced_accuracy)}). The class is that of the largest of "
        f"{len(found.classes)} readouts."
    )
    cells: list[list[Child]] = [[str(cell) for cell in row] for row in rows]
    return [element("p", text), table(title, columns, cells)]


def _loss(run: RunFolder, sheet: StyleSheet) -> Child:
    history = run.history
    if history is None:
        return None
    first, last = history.losses[0], history.losses[-1]
    text = (
        f"Loss over {len(history.losses)} {history.column}s, from {number(first)} to "
        f"{number(last)}; the least is {number(min(history.losses))}."
    )
    if history.validation:
        step, best = min(history.validation, key=lambda look: look[1])
        at = f"{history.column} {step:.0f}"
        text += f" The NRMSE on the validation part is least, {number(best)}, at {at}"
        if history.validation_stream:
            step, best = min(history.validation_stream, key=lambda look: look[1])
            text += f" in windows from rest, and {number(best)}, at {history.column} {step:.0f}"
            text += ", in one continuous run"
        text += "."
    if history.activity:
        text += f" Active (s > 0) in the end: {percent(history.activity[-1])} of the time."
    figure = loss_figure(
        history.steps,
        history.losses,
        history.column,
        history.validation,
        history.validation_stream,
        NARROW,
    )
    svg = inline_svg(figure, sheet, "Loss while training", text)
    return element("figure", svg, element("figcaption", text), class_="narrow")


def _parameters(run: RunFolder) -> Child:
    """A row of trained numbers for each neuron, from the model or else from the designs."""
    rows = {n.name: _trained(n) for n in run.neurons} or {
        name: _trained_of(design) for name, design in run.designs.items()
    }
    if not rows:
        return element(
            "p",
            "The run holds neither a model nor a design, so its parameters are not shown here.",
        )
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    validated = {neuron.name for neuron in run.validation.neurons}
    body = [
        [name, *(row.get(column, MISSING) for column in columns)]
        + ([("yes" if name in validated else "no")] if len(rows) > 1 else [])
        for name, row in rows.items()
    ]
    caption = (
        "Trained parameters: strength α (in I₀; negative: a negative conductance) and voltage δ "
        "(in U) of each element, time constants τ in units of the model."
    )
    ends = ["validated"] if len(rows) > 1 else []
    return table(caption, ["neuron", *columns, *ends], body)


def _trained(neuron: NeuronParameters) -> dict[str, str]:
    elements = [(e.timescale, float(e.alpha), float(e.delta)) for e in neuron.elements]
    taus = {x: float(neuron.tau(x)) for x in neuron.timescales}
    row = _columns(elements, taus, float(neuron.i_bias))
    kappas = [float(e.kappa) for e in neuron.elements]
    if any(kappa != 1.0 for kappa in kappas):
        row["κ"] = ", ".join(number(kappa) for kappa in kappas)
    return row


def _trained_of(design: NeuronDesign) -> dict[str, str]:
    elements = [(e.timescale, e.alpha, e.delta) for e in design.elements]
    taus = {follower.timescale: follower.tau for follower in design.followers}
    return _columns(elements, taus, design.i_bias)


def _columns(
    elements: list[tuple[Timescale, float, float]], taus: Mapping[Timescale, float], i_bias: float
) -> dict[str, str]:
    row = {}
    seen: Counter[str] = Counter()
    for timescale, alpha, delta in elements:
        name = f"{_LETTERS[timescale]}{'-' if alpha < 0 else '+'}"
        seen[name] += 1
        if seen[name] > 1:
            name = f"{name} ({seen[name]})"
        row[f"{name} α"] = fixed(alpha)
        row[f"{name} δ"] = fixed(delta)
    row |= {f"τ {x.value}": number(tau) for x, tau in taus.items() if tau}
    if i_bias:
        row["bias"] = number(i_bias)
    return row


def _config(text: str | None) -> Child:
    if text is None:
        return None
    try:
        rows = list(_flat(tomllib.loads(text)))
    except tomllib.TOMLDecodeError:
        return [element("h3", "Configuration"), element("pre", element("code", text))]
    groups: dict[str, list[Markup]] = {}
    for path, value in rows:
        group, _, name = path.rpartition(".")
        pair = element("div", element("dt", name), element("dd", value))
        groups.setdefault(group, []).append(pair)
    cards = [
        element("section", element("h4", group or "run"), element("dl", pairs))
        for group, pairs in groups.items()
    ]
    return [element("h3", "Configuration"), element("div", cards, class_="cards")]


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, value as text) of every entry that is no table."""
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            for index, entry in enumerate(value):
                yield from _flat(entry, f"{before}{name}[{index}].")
        else:
            yield f"{before}{name}", _value(value)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    return str(value) or MISSING
