import numpy as np
import pytest

from circuits.technology import load_technology
from netlists.bench import CurrentSource, PiecewiseLinear, Transient
from netlists.engine import Result
from netlists.network_benches import NetworkBenches, network_response
from netlists.waveforms import Waveforms
from netlists.writer import cell_text
from neuron_model.errors import InputError
from tests.circuits.networks import small_circuit, small_design, small_neurons, small_readouts

GENERIC = load_technology("generic")


@pytest.fixture(scope="module")
def benches() -> NetworkBenches:
    design = small_design()
    circuit = small_circuit(design, GENERIC)
    text = cell_text(circuit.cell, GENERIC)
    neurons, readouts = small_neurons(design), small_readouts(design)
    return NetworkBenches(circuit, design, neurons, readouts, "", text, 27.0)


def test_inputs_are_held_for_a_sample_each(benches):
    series = np.array([[0.2], [-0.7], [0.9]])
    bench = benches.stream(series, 2.0)
    (source,) = [s for s in bench.sources if isinstance(s, CurrentSource) and s.name == "ix_0"]
    wave = source.waveform
    assert isinstance(wave, PiecewiseLinear)
    line, unit = benches.design.line("x"), benches.design.time_unit
    middles = (np.arange(3) + 0.5) * 2.0 * unit
    assert wave(middles) == pytest.approx((series[:, 0] + line.offset[0]) * line.full_scale)
    (analysis,) = bench.analyses
    assert isinstance(analysis, Transient)
    assert analysis.end == pytest.approx(6.0 * unit)


def test_every_port_of_the_network_has_a_source(benches):
    bench = benches.stream(np.zeros((2, 1)), 2.0)
    driven = {s.positive for s in bench.sources} | {s.negative for s in bench.sources}
    ports = {port.name for port in benches.circuit.cell.ports} - {"vss"}
    outputs = set(benches.circuit.outputs)
    # the line that nobody hears is open
    assert ports - driven == outputs | {"s0_1"}


def test_neurons_begin_at_rest(benches):
    (analysis,) = benches.stream(np.zeros((1, 1)), 2.0).analyses
    found = analysis.initial_voltages
    neuron = benches.layers[1][0]
    inside = "xnetwork.xlayer1_i"
    assert found[f"{inside}.vm_0"] == pytest.approx(neuron.volts(neuron.u_rest))
    follower = neuron.followers[0]
    assert found[f"{inside}.xneuron0.v_slow"] == pytest.approx(
        neuron.volts(neuron.u_rest) + follower.shift
    )


def test_waveforms_become_model_units(benches):
    time = np.array([0.0, 1.0]) * benches.design.time_unit
    output = benches.outputs[0]
    volts = output.node.reference_voltage + output.offset + output.scale * np.array([0.0, 0.5])
    vectors = {"v(y_0)": volts, "i(vdd_supply)": np.array([-1e-7, -2e-7])}
    neurons = [neuron for layer in benches.layers for neuron in layer]
    for k, (node, neuron) in enumerate(zip(benches.membranes, neurons, strict=True)):
        vectors[f"v({node})"] = neuron.volts(np.array([-1.0, float(k)]))
    found = network_response(Result((Waveforms("time", time, vectors),)), benches)
    assert found.outputs[:, 0] == pytest.approx([0.0, 0.5])
    assert found.membranes[1] == pytest.approx(np.arange(4.0))
    assert found.supply_current == pytest.approx([1e-7, 2e-7])


def test_an_input_below_the_offset_is_refused(benches):
    lowest = -benches.design.line("x").offset[0]
    with pytest.raises(InputError, match=r"input 0 of sample 1 is .*wider range"):
        benches.stream(np.array([[0.0], [lowest - 0.01]]), 2.0)


@pytest.mark.parametrize("series", [np.zeros((3, 2)), np.zeros(3), np.array([[np.nan]])])
def test_a_series_of_another_shape_is_refused(benches, series):
    with pytest.raises(InputError, match=r"must be \(samples, 1\)"):
        benches.stream(series, 2.0)
