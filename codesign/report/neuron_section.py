"""One neuron: the verdict and its reasons, curves, waveforms, and what its circuit is made of."""

from __future__ import annotations

from codesign.building.estimates import Estimates
from codesign.pictures.plots import LABELS, iv_figure, waveform_figure
from codesign.report.markup import Child, Markup, element
from codesign.report.parts import kept, key, keyed, mark, table, words
from codesign.report.vector_image import StyleSheet, inline_svg
from codesign.terminal.quantities import MISSING, conditions_text, number, percent, quantity
from codesign.validation.validation import NeuronValidation
from codesign.validation.verdicts import COUNTED, IV_LIMIT, QUANTITIES, Deviation
from mapping.design import NeuronDesign
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.model.stimulus import Stimulus

_SIGNS = {"fast": "f", "slow": "s", "ultraslow": "us"}


def neuron_section(
    index: int,
    neuron: NeuronValidation,
    design: NeuronDesign | None,
    estimates: Estimates | None,
    stimulus: Stimulus | None,
    sheet: StyleSheet,
) -> Markup:
    """Everything about neuron ``index`` of the report.

    Args:
        index: its place, for links to it.
        neuron: the outcome.
        design: of its circuit, where the run has it.
        estimates: of its circuit, where the run has them.
        stimulus: the recorded current, where one drives it.
        sheet: of the page.
    """
    return element(
        "section",
        element("h2", neuron.name, " ", mark(neuron.passed)),
        _verdicts(neuron),
        _items(neuron.reasons, "reasons"),
        _items(neuron.notes, "notes"),
        element("h3", "I-V curves by timescale"),
        _iv(neuron, sheet),
        _iv_table(neuron),
        element("h3", "Response to the input current"),
        _waveforms(neuron, stimulus, sheet),
        _firing_table(neuron),
        _power(neuron),
        _design(design) if design else None,
        _estimates(estimates) if estimates else None,
        id=f"neuron-{index}",
        class_="neuron",
    )


def _verdicts(neuron: NeuronValidation) -> Markup:
    """What is kept of model and macromodel, quantity by quantity."""
    rows: list[list[Child]] = []
    for who, found in neuron.verdicts.items():
        first: list[Child] = [keyed(who, f"circuit to {LABELS[who]}"), kept(found)]
        deviations = [
            element(
                "li",
                f"{QUANTITIES[d.quantity]} {number(d.found)} / {number(d.reference)}",
                f" ({percent(d.error, signed=True)})" if d.error is not None else None,
                f", tolerance ±{_tolerance(d)}",
                class_=None if d.kept else "over",
            )
            for d in found.deviations
        ]
        listed = element("ul", deviations, class_="kept") if deviations else MISSING
        rows.append([*first, listed, number(found.coincidence, 2)])
    why = "shown and not judged, its filters or its leak being none that a circuit has"
    judged = "judged" if neuron.circuit_shaped else why
    caption = f"What the circuit keeps. The rhythm of the model is {judged}."
    columns = ("", "reached", "circuit / reference", "coincidence factor")
    return table(caption, columns, rows, text_columns=(0, 1, 2))


def _tolerance(deviation: Deviation) -> str:
    if deviation.quantity in COUNTED:
        return number(deviation.tolerance, 2)
    return percent(deviation.tolerance / deviation.reference, 0)


def _items(lines: tuple[str, ...], kind: str) -> Child:
    return element("ul", [element("li", line) for line in lines], class_=kind) if lines else None


def _iv(neuron: NeuronValidation, sheet: StyleSheet) -> Markup:
    errors = "; ".join(f"{c.timescale.value} {percent(c.nrmse)}" for c in neuron.iv)
    text = (
        f"Steady current of {neuron.name} over membrane voltage at each timescale, slower "
        "voltages held at rest. Root mean square error of the circuit to the model, over the "
        f"model curve's peak to peak: {errors}."
    )
    caption = (
        "Steady current out of the membrane at each timescale, slower voltages held at rest. "
        "Grey: where the model's conductance is negative. Below: difference to the model, in per "
        f"cent of its peak to peak; the band is ±{percent(IV_LIMIT, 0)}."
    )
    svg = inline_svg(iv_figure(neuron), sheet, f"I-V curves of {neuron.name}", text)
    return element("figure", svg, element("figcaption", caption))


def _iv_table(neuron: NeuronValidation) -> Markup:
    rows = [
        [c.timescale.value, percent(c.nrmse), percent(c.largest), percent(c.nrmse_macromodel)]
        for c in neuron.iv
    ]
    columns = (
        "timescale",
        "nrmse to model",
        "largest error to model",
        "nrmse to macromodel",
    )
    return table("Errors of the circuit's I-V curves, over the model's peak to peak", columns, rows)


def _waveforms(neuron: NeuronValidation, stimulus: Stimulus | None, sheet: StyleSheet) -> Markup:
    said = "; ".join(
        f"{label}: {words(getattr(neuron, who).regime)}, {getattr(neuron, who).spike_count} spikes"
        for who, label in LABELS.items()
    )
    text = f"Membrane voltage of {neuron.name} over time. {said}."
    unit = neuron.units.get("current")
    scale = f" in I₀ = {quantity(unit, 'A')}" if unit else ""
    shifts = (
        "Where a close-up is shown, each waveform is shifted so that its first spike there is at "
        "0: the upper panels show when a neuron fires, the close-up how."
    )
    caption = [
        f"Input current: recorded, {neuron.current},{scale}"
        if neuron.driven
        else ["Input current ", element("code", neuron.current), f" (model time:value,{scale})"],
        f"; {number(neuron.duration, 4)} units of model time",
        f" = {quantity(neuron.duration * neuron.units['time'], 's')}"
        if neuron.units.get("time")
        else None,
        ". ",
        None if neuron.driven else shifts,
    ]
    svg = inline_svg(waveform_figure(neuron, stimulus), sheet, f"Response of {neuron.name}", text)
    return element("figure", svg, element("figcaption", caption))


def _firing_table(neuron: NeuronValidation) -> Markup:
    def row(who: str) -> list[Child]:
        report: RegimeReport = getattr(neuron, who)
        return [
            key(who),
            words(report.regime),
            number(report.margin, 2),
            report.spike_count,
            report.burst_count or MISSING,
            number(report.spikes_per_burst),
            number(report.interspike_interval),
            number(report.interburst_interval),
        ]

    columns = (
        "",
        "regime",
        "margin",
        "spikes",
        "bursts",
        "spikes per burst",
        "inter-spike interval",
        "inter-burst interval",
    )
    caption = (
        "Firing after the last step of the current; medians in units of model time. "
        "Margin: 0 on the boundary to another regime, 1 clear."
    )
    if neuron.driven:
        caption = (
            "Firing under the recorded current, medians in units of model time; the regime is "
            "told for completeness and not judged."
        )
    return table(caption, columns, [row(who) for who in LABELS], text_columns=(0, 1))


def _power(neuron: NeuronValidation) -> Markup:
    supply = neuron.supply
    return table(
        "Taken from the supply, bias currents included",
        ("static power", "mean power", "energy per spike"),
        [
            [
                quantity(supply.static_power, "W"),
                quantity(supply.mean_power, "W"),
                quantity(supply.energy_per_spike, "J"),
            ]
        ],
        text_columns=(0, 1, 2),
    )


def _design(design: NeuronDesign) -> list[Child]:
    rows: list[list[Child]] = [
        [
            "membrane",
            f"I₀ = {quantity(design.unit_current, 'A')}, 1 U = "
            f"{quantity(design.unit_voltage, 'V')}, rest {number(design.u_rest)}",
            MISSING,
            _volts(design.volts(design.u_rest)),
            quantity(design.membrane_capacitance, "F"),
        ]
    ]
    for e in design.elements:
        sign = "−" if e.alpha < 0 else "+"
        rows.append(
            [
                element("code", e.name),
                f"{_SIGNS[e.timescale.value]}{sign}: α {number(e.alpha)}, δ {number(e.delta)}",
                quantity(e.bias_current, "A"),
                _volts(e.reference_voltage),
                MISSING,
            ]
        )
    rows += [
        [
            f"{f.timescale.value} filter",
            f"τ {number(f.tau)} = {quantity(f.tau * design.time_unit, 's')}",
            quantity(f.bias_current, "A"),
            MISSING,
            quantity(f.capacitance, "F"),
        ]
        for f in design.followers
    ]
    rows += [
        [
            element("code", a.name),
            f"leak section: weight {number(a.alpha)}, center {number(a.delta)}",
            quantity(a.bias_current, "A"),
            _volts(a.reference_voltage),
            MISSING,
        ]
        for a in design.leak
    ]
    rows.append(
        [
            "compensation",
            f"bias {number(design.i_bias)}; adds {quantity(design.compensation_current, 'A')} "
            "with what cancels the cells' offsets",
            quantity(design.compensation_bias, "A"),
            MISSING,
            MISSING,
        ]
    )
    rows.append(
        [
            "output",
            f"threshold {number(design.u_threshold)}, saturation {number(design.u_saturation)}",
            quantity(design.output.bias_current, "A"),
            _volts(design.output.threshold_voltage),
            MISSING,
        ]
    )
    caption = (
        f"Mapped at corner {conditions_text(design.conditions)}; supply "
        f"{number(design.supply)} V, reference {_volts(design.reference_voltage)}, 1 unit of model "
        f"time = {quantity(design.time_unit, 's')}."
    )
    columns = ("block", "trained", "bias current", "voltage", "capacitor")
    return [element("h3", "Design"), table(caption, columns, rows, text_columns=(0, 1))]


def _estimates(estimates: Estimates) -> Markup:
    caption = (
        "Estimated from the design alone, at the corner and temperature of the mapping; areas "
        "without wells, wires and spacing"
    )
    columns = (
        "transistors",
        "gates",
        "diffusions",
        "capacitors",
        "static power",
        "energy per spike",
    )
    row: list[Child] = [
        str(estimates.transistors),
        f"{number(estimates.gate_area)} µm²",
        f"{number(estimates.diffusion_area)} µm²",
        f"{number(estimates.capacitor_area)} µm²",
        quantity(estimates.static_power, "W"),
        quantity(estimates.energy_per_spike, "J"),
    ]
    return table(caption, columns, [row], text_columns=tuple(range(len(columns))))


def _volts(value: float) -> str:
    return f"{value:.4f} V"
