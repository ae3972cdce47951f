"""``codesign temperature``: how a neuron fires from cold to hot."""

import argparse
from typing import TYPE_CHECKING

from codesign.arguments import (
    add_accuracy,
    add_command,
    add_current,
    add_mapping,
    add_plot,
    add_technology,
    add_timeout,
)
from codesign.backend_arguments import add_neuron, mapped_single

if TYPE_CHECKING:
    from codesign.arguments import Subparsers
    from codesign.temperature_study import TemperatureStudy


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command's arguments."""
    from codesign.verdicts import definitions

    parser = add_command(
        subparsers,
        "temperature",
        example="codesign temperature neuron.toml --technology sky130 --backend ngspice\n"
        "codesign temperature preset:tonic_bursting --technology generic --currents constant "
        "--references constant",
        description="Measure the cells at each temperature, let bias currents and references "
        "follow their laws, and report how the neuron fires, between which temperatures the "
        "regime and the rhythm of the model are kept, and how its intervals drift. Exit status 1: "
        "the regime of the model is not kept everywhere.",
        notes=definitions(),
    )
    add_neuron(parser)
    add_technology(parser)
    parser.add_argument(
        "--temperatures",
        default="-40,27,85,125",
        metavar="LIST",
        help="degree Celsius (default: %(default)s); write --temperatures=-40,27",
    )
    parser.add_argument(
        "--currents",
        choices=("constant", "ptat", "constant_gm"),
        default="ptat",
        help="what bias currents do over temperature (default: %(default)s)",
    )
    parser.add_argument(
        "--references",
        choices=("constant", "ptat"),
        default="ptat",
        help="what the references' distances from the middle do (default: %(default)s)",
    )
    parser.add_argument(
        "--backend",
        choices=("model", "ngspice"),
        default="model",
        help="predict from as-built parameters, or simulate as well (default: %(default)s)",
    )
    add_current(parser)
    add_mapping(parser)
    add_plot(parser)
    add_accuracy(parser)
    add_timeout(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from circuits.technology import load_technology
    from codesign.console import open_workbench, print_json
    from codesign.temperature_study import study_to_json
    from codesign.workflows.temperature import study
    from mapping.temperature import BiasLaws, CurrentLaw, ReferenceLaw
    from netlists.accuracy import Accuracy

    temperatures = parse_temperatures(arguments.temperatures)
    technology = load_technology(arguments.technology)
    laws = BiasLaws(CurrentLaw(arguments.currents), ReferenceLaw(arguments.references))
    with open_workbench("heating up", arguments.time_limit) as workbench:
        outcome = study(
            mapped_single(arguments, technology, workbench),
            workbench,
            temperatures,
            laws,
            arguments.backend == "ngspice",
            Accuracy(arguments.accuracy),
        )
    if arguments.plot is not None:
        from codesign.plots import save_figure
        from codesign.temperature_plots import temperature_figure

        save_figure(temperature_figure(outcome), arguments.plot)
    if arguments.json:
        print_json(study_to_json(outcome))
    else:
        _print(outcome)
    return 0 if outcome.steady else 1


def parse_temperatures(text: str) -> tuple[float, ...]:
    """Degrees Celsius of a list such as "-40,27,85", rising, each once.

    Raises:
        InputError: not such a list.
    """
    import math

    from neuron_model.errors import InputError

    try:
        values = sorted({float(part) for part in text.split(",")})
    except ValueError:
        values = [math.nan]
    if not all(map(math.isfinite, values)):
        raise InputError(f"--temperatures {text!r} must be numbers, such as -40,27,85,125.")
    return tuple(values)


def _print(outcome: "TemperatureStudy") -> None:
    from codesign.console import print_table
    from codesign.mismatch_study import WHO
    from codesign.temperature_study import INTERVALS
    from codesign.verdicts import REGIME_KEPT, RHYTHM_KEPT

    def percent(value: float | None) -> str:
        return "" if value is None else f"{100 * value:+.1f}"

    simulated = all(c.circuit is not None for c in outcome.conditions)
    asked = ("as_built", "circuit") if simulated else ("as_built",)
    drifts = {(who, name): outcome.drift(who, name) for who in asked for name in INTERVALS}
    found = [{who: outcome.verdict(who, c) for who in asked} for c in outcome.conditions]
    rows = [
        (
            c.temperature,
            *(getattr(c, who).regime.value for who in asked),
            " / ".join("yes" if v and v.rhythm_kept else "no" for v in found[i].values()),
            *(" / ".join(percent(drifts[who, name][i]) for who in asked) for name in INTERVALS),
        )
        for i, c in enumerate(outcome.conditions)
    ]
    laws = f"currents {outcome.laws.currents}, references {outcome.laws.references}"
    columns = ("rhythm kept", "interval drift (%)", "pause drift (%)")
    print_table(
        f"{outcome.name} on {outcome.technology}, {outcome.corner}: {laws}",
        ("degC", *(WHO[who] for who in asked), *columns),
        rows,
    )
    for condition, verdicts in zip(outcome.conditions, found, strict=True):
        for who, one in verdicts.items():
            for deviation in one.exceeded if one else ():
                print(f"{condition.temperature:g} degC, {WHO[who]}: {deviation}")
    ends = [c.temperature for c in outcome.conditions]
    for name, held in ((REGIME_KEPT, outcome.held), (RHYTHM_KEPT, outcome.rhythm_held)):
        where = f"{name} ({WHO[asked[-1]]})"
        if held is None:
            print(f"{where}: not even at {outcome.nominal:g} degC")
        else:
            low, high = held
            whole = held == (min(ends), max(ends))
            beyond = "" if whole else f", not beyond (of {min(ends):g} to {max(ends):g} degC)"
            print(f"{where}: from {low:g} to {high:g} degC{beyond}")
