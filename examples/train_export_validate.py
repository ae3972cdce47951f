"""Train a small network, build one of its neurons from transistors, and see whether it still is it.

    python examples/train_export_validate.py [--technology generic] [--out runs/example]

Ends with the folder of a run: model, design, netlists, validation, and the picture of a neuron that
is driven by the current that the trained network feeds to it.
"""

import argparse
from pathlib import Path

from circuits.technology import conditions_at, load_technology
from codesign.console import open_workbench
from codesign.plots import save_figure, waveform_figure
from codesign.run_configuration import run_configuration_from_toml
from codesign.validation import write_validation
from codesign.workflows.circuit import mapped_neurons
from codesign.workflows.demo import liveliest
from codesign.workflows.export import export
from codesign.workflows.run_validation import print_validation, validate_neurons
from codesign.workflows.source import load_source
from codesign.workflows.train import train_run

CONFIGURATION = """
[network]
neurons = {neurons}

[training]
steps = {steps}
"""


def main(arguments: argparse.Namespace) -> int:
    """Train, export, validate; returns 0 if the circuit matches its model."""
    technology = load_technology(arguments.technology)
    configuration = run_configuration_from_toml(
        CONFIGURATION.format(neurons=arguments.neurons, steps=arguments.steps), "this example"
    )
    with open_workbench("train, export, validate") as workbench:
        trained = train_run(configuration, arguments.out, workbench.progress)
        source = load_source(str(arguments.out))
        assert source.drives is not None
        drives = [drive.lasting(arguments.duration) for drive in source.drives]
        conditions = conditions_at(technology)
        neurons = list(mapped_neurons(source, drives, technology, conditions, workbench))
        designs = [neuron.design for neuron in neurons]
        stimuli = [drive.stimulus for drive in source.drives]
        export(source.neurons, designs, technology, arguments.out, stimuli)
        chosen = liveliest(trained.network, source.drives, 1)
        validation = validate_neurons([neurons[i] for i in chosen], workbench)
    write_validation(arguments.out / "validation.json", validation)
    picture = save_figure(waveform_figure(validation.neurons[0]), arguments.out / "validate.png")
    print_validation(validation)
    print(f"NRMSE {trained.result.nrmse:.3f}; picture: {picture}")
    return 0 if validation.passed else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--technology", default="generic", help="generic, sky130 or a path")
    parser.add_argument("--out", type=Path, default=Path("runs/example"))
    parser.add_argument("--neurons", type=int, default=8, help="of the network")
    parser.add_argument("--steps", type=int, default=40, help="of the training")
    parser.add_argument("--duration", type=float, default=1500.0, help="simulated, in model time")
    raise SystemExit(main(parser.parse_args()))
