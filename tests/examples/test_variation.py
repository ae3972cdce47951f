from pathlib import Path

from neuron_model.runs.run_configuration import read_run_configuration

EXAMPLE = Path(__file__).parents[2] / "examples" / "variation.toml"


def test_the_configuration_begins_with_the_network_of_the_demonstration():
    configuration = read_run_configuration(EXAMPLE)
    assert configuration.start == str(EXAMPLE.parents[1] / "runs" / "demo")
    assert configuration.variation.technology == "sky130"
    assert configuration.variation.samples == 16
