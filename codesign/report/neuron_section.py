"""One neuron: the verdict and its reasons, curves, waveforms, and what its circuit is made of."""

from __future__ import annotations

from circuits.datasheet import Entry
from codesign.building.estimates import Estimates
from codesign.pictures.plots import LABELS, iv_figure, waveform_figure
from codesign.report.markup import Child, Markup, element
from codesign.report.parts import kept, key, keyed, mark, table
from codesign.report.vector_image import StyleSheet, both_widths
from codesign.terminal.quantities import MISSING, celsius, number, percent, quantity
from codesign.validation.validation import NeuronValidation
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.verdicts import COUNTED, IV_LIMIT, QUANTITIES, Deviation
from neuron_model.model.stimulus import Stimulus


def neuron_section(
    index: int,
    neuron: NeuronValidation,
    datasheet: tuple[Entry, ...] | None,
    estimates: Estimates | None,
    stimulus: Stimulus | None,
    sheet: StyleSheet,
) -> Markup:
    """Everything about neuron ``index`` of the report.

    Args:
        index: its place, for links to it.
        neuron: the outcome.
        datasheet: of its circuit, where the run has it.
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
        _datasheet(datasheet) if datasheet else None,
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
    svg = both_widths(lambda w: iv_figure(neuron, w), sheet, f"I-V curves of {neuron.name}", text)
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
        f"{label}: {getattr(neuron, who).regime.words}, {getattr(neuron, who).spike_count} spikes"
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
    title = f"Response of {neuron.name}"
    svg = both_widths(lambda w: waveform_figure(neuron, stimulus, w), sheet, title, text)
    return element("figure", svg, element("figcaption", caption))


def _firing_table(neuron: NeuronValidation) -> Markup:
    def row(who: str) -> list[Child]:
        report: RegimeReport = getattr(neuron, who)
        return [
            key(who),
            report.regime.words,
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
            "Firing under the recorded current, medians in units of model time, of intervals "
            "within bursts and without the transient; the verdict's ISI is the median of all of "
            "them. The regime is told for completeness and not judged."
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


def _datasheet(entries: tuple[Entry, ...]) -> list[Child]:
    """What each line has to be given, and what it may be given."""
    rows: list[list[Child]] = [
        [
            element("code", e.name),
            e.meaning,
            _value(e.value, e.unit),
            MISSING
            if e.smallest is None or e.largest is None
            else f"{_value(e.smallest, e.unit)} to {_value(e.largest, e.unit)}",
        ]
        for e in entries
    ]
    caption = "What the circuit has to be given; netlists/datasheet*.csv has it in SI units."
    columns = ("line", "for", "value", "allowed")
    return [element("h3", "Datasheet"), table(caption, columns, rows, text_columns=(0, 1))]


def _value(value: float | str, unit: str) -> str:
    if isinstance(value, str):
        return value
    match unit:
        case "degC":
            return celsius(value)
        case "V":  # references are set to a tenth of a millivolt
            return f"{value:.4f} V"
        case _:
            return quantity(value, unit)


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
