"""A macromodel whose neurons are corrected by what was recorded of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from circuits.technology import load_technology
from codesign.networks.built_network import build_network
from codesign.networks.circuit_correction import (
    corrected,
    fitted,
    fitted_line,
    fitted_outputs,
    record,
)
from codesign.networks.correction import Correction
from codesign.networks.macromodel import circuit_network
from codesign.workbench import Workbench
from neuron_model.network.circuit_network import CircuitNetwork, LineModel
from neuron_model.network.variation import varied
from tests.codesign.networks.networks import task_of, two_neurons
from tests.neuron_model.network.test_circuit_network import QUICK, circuit_of, heard_through


def membranes(made: CircuitNetwork, drive: torch.Tensor) -> torch.Tensor:
    assert made.circuit is not None
    with torch.no_grad(), varied(made, made.circuit.layers, torch.zeros(1, dtype=torch.int64)):
        _, found, _ = made.neuron_layers[0](drive, None, return_voltage=True)
    return found[0]


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).square().mean().sqrt())


def test_neurons_that_are_a_little_others_are_found():
    trained = two_neurons()
    circuit = circuit_of(trained, QUICK)
    (layer,) = circuit.layers
    wave = 0.6 * np.sin(2 * np.pi * np.arange(600) / 250)
    drive = torch.tensor(wave)[None, :, None].expand(1, 600, 2).contiguous()
    real = replace(layer, built=layer.built.with_values({"tau_slow": layer.built.tau_slow * 1.04}))
    made = heard_through(circuit, trained)
    wanted = membranes(heard_through(replace(circuit, layers=(real,)), trained), drive)
    before = apart(membranes(made, drive), wanted)

    change = fitted(made, 0, drive, wanted)
    better = Correction("", (change,), ({},)).of(0, layer.built)
    found = heard_through(replace(circuit, layers=(replace(layer, built=better),)), trained)
    assert before > 0.005
    assert apart(membranes(found, drive), wanted) < 0.3 * before
    assert max(float(np.abs(v - 1.0).max()) for k, v in change.items() if "alpha" in k) < 0.05


def test_lines_that_are_a_little_others_are_found():
    trained = two_neurons()
    circuit = circuit_of(trained, LineModel(0.05, 1e-4))
    (layer,) = circuit.layers
    moved = {"u_threshold": layer.built.u_threshold - 0.02, "u_saturation": 1.01}
    (fed, line) = circuit.lines
    real = replace(
        circuit,
        layers=(replace(layer, built=layer.built.with_values(moved)),),
        lines=(fed, replace(line, tau=0.03, gain=1.02, lag=0.1)),
    )
    time = np.arange(900)
    waves = [1.2 * np.sin(2 * np.pi * time / period) for period in (90, 210)]
    voltages = torch.tensor(np.stack(waves, 1))

    def spoken(made: CircuitNetwork) -> torch.Tensor:
        begun = made.initial_state(1).layers[0]
        with torch.no_grad():
            return made.line(0, voltages[None], begun.membrane, begun.line)[0][0]

    made = heard_through(circuit, trained)
    heard = spoken(heard_through(real, trained))
    stages, factors = fitted_line(made, 0, voltages, heard)
    assert factors == pytest.approx({"gain": 1.02, "tau": 0.6, "lag": 0.1}, rel=0.02)
    found = Correction("", (stages,), (factors,))
    corrected_layer = replace(layer, built=found.of(0, layer.built))
    better = replace(circuit, layers=(corrected_layer,), lines=(fed, found.line(0, line)))
    assert apart(spoken(heard_through(better, trained)), heard) < 1e-3
    assert apart(spoken(made), heard) > 0.01
    # the macromodel itself is left as it is
    assert made.circuit is circuit


def test_of_lines_that_nobody_hears_nothing_is_said():
    trained = two_neurons()
    made = heard_through(circuit_of(trained, QUICK), trained)
    stages, factors = fitted_line(made, 0, torch.zeros(300, 2).double(), torch.zeros(300, 2))
    assert factors == {"gain": 1.0, "tau": 1.0, "lag": 0.0}
    assert not any(values.any() for values in stages.values())


def test_an_output_that_is_later_and_smaller_is_found():
    def wave(later: float) -> np.ndarray:
        return np.sin(2 * np.pi * (2.0 * np.arange(60) - later) / 40)[:, None]

    found = fitted_outputs(wave(0.0), 0.98 * wave(0.3) + 0.05, 2.0)
    assert found["gain"] == pytest.approx([0.98], rel=0.01)
    assert found["lag"] == pytest.approx([0.3], rel=0.05)
    assert found["offset"] == pytest.approx([0.05], abs=0.002)
    # too few samples say nothing
    few = fitted_outputs(wave(0.0)[:6], wave(0.3)[:6], 2.0)
    assert [few[name].tolist() for name in ("gain", "lag", "offset")] == [[1.0], [0.0], [0.0]]


@pytest.mark.ngspice
def test_the_macromodel_comes_nearer_to_ngspice(cache: Path, workbench: Workbench):
    task = task_of(two_neurons())
    built = build_network(task, load_technology("generic"), workbench)
    series = task.series.training.signal[:12]
    correction = corrected(built, series, workbench.engine)
    better = replace(built, task=replace(task, correction=correction))
    recorded = record(built, series, workbench.engine, 0.1)
    assert recorded.lines[0].shape == recorded.membranes[0].shape == (480, 2)

    def error(network) -> float:
        made = circuit_network(network)
        with torch.no_grad():
            s = made.hidden(torch.tensor(series[None].copy())).outputs[0][0].numpy()
        return float(np.sqrt(np.mean((s - recorded.lines[0]) ** 2)))

    assert error(better) < 0.7 * error(built)
    # on another technology it says nothing
    elsewhere = replace(task, correction=replace(correction, technology="sky130"))
    assert error(replace(built, task=elsewhere)) == error(built)
