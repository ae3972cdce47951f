"""Train a small network, build one of its neurons from transistors, and see whether it still is it.

    python examples/train_export_validate.py [--technology generic] [--out runs/example]

Ends with the folder of a run: model, design, netlists, validation, and the picture of a neuron that
is driven by the current that the trained network feeds to it.
"""

import argparse
from pathlib import Path

from codesign import Technology, build, save_figure, train_run, waveform_figure, write_validation
from codesign.demo import liveliest
from codesign.terminal.console import open_workbench
from neuron_model.runs.run_configuration import run_configuration_from_toml

CONFIGURATION = """
[network]
neurons = {neurons}

[training]
steps = {steps}
"""


def main(arguments: argparse.Namespace) -> int:
    """Train, export, validate; returns 0 if the circuit matches its model."""
    configuration = run_configuration_from_toml(
        CONFIGURATION.format(neurons=arguments.neurons, steps=arguments.steps), "this example"
    )
    technology = Technology(arguments.technology)
    with open_workbench("train, export, validate") as workbench:
        trained = train_run(configuration, arguments.out, workbench.progress)
        circuit = build(arguments.out, technology, workbench=workbench)
        circuit.export()
        chosen = liveliest(trained.network, circuit.drives, 1)
        validation = circuit.lasting(arguments.duration).validate(chosen)
    write_validation(arguments.out / "validation.json", validation)
    picture = save_figure(waveform_figure(validation.neurons[0]), arguments.out / "validate.png")
    print(validation)
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
