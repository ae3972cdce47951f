"""The report's first sections: the verdict, what was trained, and all neurons in one table."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from codesign.plots import loss_figure
from codesign.quantities import MISSING, celsius, fixed, number, percent, quantity
from codesign.report.markup import Child, Markup, element
from codesign.report.parts import key, mark, over, table, words
from codesign.report.run_folder import RunFolder
from codesign.report.vector_image import StyleSheet, inline_svg
from codesign.validation import (
    AS_BUILT_INTERVAL_LIMIT,
    COINCIDENCE_LIMIT,
    COINCIDENCE_WINDOW,
    IV_LIMIT,
    MODEL_INTERVAL_LIMIT,
    NeuronValidation,
    Validation,
)
from mapping.design import NeuronDesign
from neuron_model.parameters import NeuronParameters, Timescale

_LETTERS = {Timescale.FAST: "f", Timescale.SLOW: "s", Timescale.ULTRASLOW: "us"}


def title_of(run: RunFolder) -> str:
    """Of the page: the neuron's name, or the run's where there are several."""
    neurons = run.validation.neurons
    return neurons[0].name if len(neurons) == 1 else run.path.resolve().name


def conditions(validation: Validation) -> str:
    """Technology, corner and temperature in a line."""
    return f"{validation.technology}, corner {validation.corner}, {celsius(validation.temperature)}"


def verdict(run: RunFolder) -> list[Child]:
    """How many comparisons passed, and the figures that one looks for first."""
    validation = run.validation
    neurons = validation.neurons
    passed = sum(neuron.passed for neuron in neurons)
    every = bool(neurons) and validation.passed
    sign = "✓" if every else "✗"
    noun = "comparison" if len(neurons) == 1 else "comparisons"
    headline = f"{sign} {passed} of {len(neurons)} {noun} passed"
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
            key("as_built"),
            ", from measured characteristics of its cells; and the ",
            key("circuit"),
            " of transistors and capacitors, simulated in ngspice.",
        ),
    ]


def training(run: RunFolder, sheet: StyleSheet) -> list[Child]:
    """Configuration, loss and trained parameters, as far as the run has them."""
    return [
        element("h2", "What was trained" if run.history else "What was built from"),
        _loss(run, sheet),
        _parameters(run),
        _config(run.config),
    ]


def summary(validation: Validation) -> list[Child]:
    """All neurons, and what it takes to pass."""
    neurons = validation.neurons
    stepped = any(not neuron.driven for neuron in neurons)
    driven = any(neuron.driven for neuron in neurons)
    rows = [_row(index, neuron, stepped, driven) for index, neuron in enumerate(neurons)]
    columns = [
        "neuron",
        "regime of the circuit",
        "I-V nrmse: fast",
        "slow",
        "ultraslow",
        "spikes: model / as built / circuit",
        *(("intervals to as built", "to model") if stepped else ()),
        *(("coincidence factor with as built", "with model") if driven else ()),
        "static power",
        "energy per spike",
        "verdict",
    ]
    return [
        element("h2", "All neurons"),
        table(None, columns, rows, text_columns=(0, 1, len(columns) - 1)),
        element(
            "p",
            f"To pass, each I-V curve must be within {percent(IV_LIMIT, 0)} of the model's "
            "(root mean square error over the model curve's peak to peak), the regime the "
            f"model's, and the median interval between spikes within "
            f"{percent(AS_BUILT_INTERVAL_LIMIT, 0)} of as-built and, where the model has the "
            f"circuit's filters and leak, within {percent(MODEL_INTERVAL_LIMIT, 0)} of the "
            "model's. A neuron driven by a recorded current is judged spike by spike instead: the "
            "coincidence factor with the as-built response (1: equal trains, 0: chance; window "
            f"{number(COINCIDENCE_WINDOW, 2)} of a median interval) must be at least "
            f"{number(COINCIDENCE_LIMIT, 2)}, or count and median interval of the spikes agree "
            f"within {percent(AS_BUILT_INTERVAL_LIMIT, 0)}: a neuron that would fire of itself "
            "gets out of step by the least difference.",
        ),
    ]


def _tile(name: str, value: str) -> Markup:
    return element("div", element("dt", name), element("dd", value))


def _key_figures(neurons: tuple[NeuronValidation, ...]) -> Iterator[tuple[str, str]]:
    errors = [curve.nrmse for neuron in neurons for curve in neuron.iv]
    if errors:
        yield "largest I-V error (nrmse)", percent(max(errors))
    stepped = [neuron for neuron in neurons if not neuron.driven]
    if stepped:
        same = sum(neuron.regimes_match for neuron in stepped)
        yield "regimes as trained", f"{same} of {len(stepped)}"
    coincidences = [n.against_as_built.coincidence for n in neurons if n.driven]
    known = [c for c in coincidences if c is not None]
    if known:
        yield "smallest coincidence factor with as built", number(min(known), 2)
    for name, timings in (
        ("as built", [n.against_as_built for n in stepped]),
        ("model", [n.against_model for n in stepped]),
    ):
        intervals = [t.interval_error for t in timings if t.interval_error is not None]
        if intervals:
            worst = max(intervals, key=abs)
            yield f"largest interval error to {name}", percent(worst, signed=True)
    power = [neuron.supply.static_power for neuron in neurons]
    yield ("static power" if len(power) == 1 else "static power, all"), quantity(sum(power), "W")
    energies = [e for n in neurons if (e := n.supply.energy_per_spike) is not None]
    if energies:
        name = "energy per spike" if len(energies) == 1 else "energy per spike, median"
        yield name, quantity(float(np.median(energies)), "J")


def _row(index: int, neuron: NeuronValidation, stepped: bool, driven: bool) -> list[Child]:
    """stepped, driven: whether any neuron is, and so has its columns."""
    errors = {curve.timescale: curve.nrmse for curve in neuron.iv}
    regime: Child = words(neuron.circuit.regime)
    if neuron.driven:
        regime = "driven"
    elif not neuron.regimes_match:
        regime = over(f"{words(neuron.circuit.regime)}, model: {words(neuron.model.regime)}", True)
    model, built = neuron.against_model, neuron.against_as_built
    counts = (model.spike_count, built.spike_count, model.circuit_spike_count)
    cells: list[Child] = [
        element("a", neuron.name, href=f"#neuron-{index}"),
        regime,
        *(over(percent(errors.get(x)), errors.get(x, 0.0) > IV_LIMIT) for x in Timescale),
        " / ".join(str(count) for count in counts),
    ]
    if stepped:
        shaped = MODEL_INTERVAL_LIMIT if neuron.circuit_shaped else None
        limits = (AS_BUILT_INTERVAL_LIMIT, shaped)
        cells += [
            MISSING if neuron.driven else _interval(timing.interval_error, limit)
            for timing, limit in zip((built, model), limits, strict=True)
        ]
    if driven:
        shares = (built.coincidence, model.coincidence) if neuron.driven else (None, None)
        few = neuron.driven and not built.in_step
        cells += [over(number(shares[0], 2), few), number(shares[1], 2)]
    return [
        *cells,
        quantity(neuron.supply.static_power, "W"),
        quantity(neuron.supply.energy_per_spike, "J"),
        mark(neuron.passed),
    ]


def _interval(error: float | None, limit: float | None) -> Child:
    is_over = error is not None and limit is not None and abs(error) > limit
    return over(percent(error, signed=True), is_over)


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
        text += f" The NRMSE on the validation part is least, {number(best)}, at {at}."
    if history.activity:
        text += f" Active (s > 0) in the end: {percent(history.activity[-1])} of the time."
    figure = loss_figure(history.steps, history.losses, history.column, history.validation)
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
        name = f"{_LETTERS[timescale]}{'−' if alpha < 0 else '+'}"
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
        return f"{value:g}".replace("-", "−")
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    return str(value)
