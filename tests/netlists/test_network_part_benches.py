import numpy as np
import pytest

from circuits.network_parts import NetworkPart, network_parts, path_in_network
from circuits.technology import load_technology
from netlists.bench import Alteration, CurrentSource, PiecewiseLinear, VoltageSource
from netlists.engine import Result
from netlists.gate_waves import GateWave
from netlists.network_benches import SUPPLY_SOURCE, NetworkBenches
from netlists.network_part_benches import NetworkPartBenches
from netlists.waveforms import Waveforms
from netlists.writer import cell_text
from neuron_model.errors import InputError
from tests.circuits.networks import small_circuit, small_design, small_neurons, small_readouts

GENERIC = load_technology("generic")
END = 8.0
LINE = GateWave(np.array([0.0, END]), np.array([0.0, 0.2]), 0.3)


@pytest.fixture(scope="module")
def benches() -> NetworkPartBenches:
    design = small_design()
    circuit = small_circuit(design, GENERIC)
    text = cell_text(circuit.cell, GENERIC)
    neurons, readouts = small_neurons(design), small_readouts(design)
    whole = NetworkBenches(circuit, design, neurons, readouts, "", text, 27.0)
    return NetworkPartBenches(whole, GENERIC)


@pytest.fixture(scope="module")
def parts(benches) -> dict[str, NetworkPart]:
    whole = benches.whole
    found = network_parts(whole.design, whole.layers, whole.outputs, GENERIC)
    return {part.name: part for part in found}


@pytest.mark.parametrize("name", ["layer0.n0", "layer1.n1", "output0"])
def test_every_port_of_a_part_has_a_source(benches, parts, name):
    part = parts[name]
    bench = benches.stream(part, dict.fromkeys(part.reads, LINE), END)
    driven = {node for s in bench.sources for node in (s.positive, s.negative)}
    ports = {port.name for port in part.cell.ports} - {"vss"}
    assert ports - driven == set(part.drives)


def test_a_part_plays_the_recorded_lines(benches, parts):
    part = parts["layer1.n0"]
    bench = benches.stream(part, {"s0_0": LINE, "s1_1": LINE, "s9_9": LINE}, END)
    waves = {s.name: s.waveform for s in bench.sources if isinstance(s.waveform, PiecewiseLinear)}
    assert set(waves) == {"vs0_0", "vs1_1"}
    half = np.array([0.5 * END * benches.whole.design.time_unit])
    assert waves["vs0_0"](half) == pytest.approx([0.1])


def test_inputs_are_played_as_into_the_whole_network(benches, parts):
    series = np.array([[0.2], [-0.7], [0.9], [0.0]])
    bench = benches.stream(parts["inputs"], series, END)
    (source,) = [s for s in bench.sources if isinstance(s, CurrentSource)]
    (wave,) = benches.whole.input_waves(series, END / 4)
    assert np.array_equal(source.waveform.values, wave.values)
    assert bench.analyses[-1].end == pytest.approx(END * benches.whole.design.time_unit)


def test_a_line_that_was_not_recorded_is_refused(benches, parts):
    with pytest.raises(InputError, match="layer1.n0: nothing was recorded of s1_1"):
        benches.stream(parts["layer1.n0"], {"s0_0": LINE}, END)


def test_the_keep_alive_line_is_not_of_the_supply(benches, parts):
    bench = benches.stream(parts["layer0.n0"], {"x_0": LINE}, END)
    (keep,) = [s for s in bench.sources if s.name == "iib_keep"]
    assert keep.positive != "vdd"


def test_mismatch_alters_the_devices_of_the_network_and_no_load(benches, parts):
    part = parts["layer0.n0"]
    whole = benches.whole.circuit.cell
    drawn = {path: (1e-3 * k, 1e-2) for k, (path, _) in enumerate(whole.transistors())}
    bench = benches.stream(part, {"x_0": LINE}, END, drawn)
    changes = [s for s in bench.analyses if isinstance(s, Alteration)]
    paths = [path_in_network(part, path) for path, _ in part.cell.transistors()]
    wanted = [drawn[path][0] for path in paths if path is not None]
    assert [s.value for s in changes if s.parameter == "delvto"] == wanted
    assert not any("load" in s.device for s in changes)


def test_lines_can_be_set_to_other_values(benches, parts):
    lines = {"ib_s": 3e-9, "vr_s": 0.71}
    bench = benches.stream(parts["layer0.n0"], {"x_0": LINE}, END, None, lines)
    found = {s.name: s.waveform for s in bench.sources}
    assert (found["iib_s"], found["vvr_s"]) == (3e-9, 0.71)
    assert isinstance([s for s in bench.sources if s.name == "vvr_s"][0], VoltageSource)


def test_an_output_begins_where_its_calibrated_leak_rests(benches, parts):
    part = parts["output0"]
    moved = {line.port: line.value + 0.01 for line in part.reference_lines}
    heard = dict.fromkeys(part.reads, LINE)
    before, after = (
        benches.stream(part, heard, END, None, lines).initial_voltages["xpart.vm"]
        for lines in ({}, moved)
    )
    assert after - before == pytest.approx(0.01)


def test_a_response_is_lines_output_and_charge(benches, parts):
    unit = benches.whole.design.time_unit
    part, line = parts["layer0.n0"], benches.whole.design.line("s0")
    time = np.linspace(0.0, END, 9) * unit
    current = np.full(9, line.unit_current * part.loads[0])
    vectors = {
        "v(s0_0)": np.full(9, 0.25),
        "i(vload_s0_0)": -current,
        f"i({SUPPLY_SOURCE})": np.full(9, -1e-8),
    }
    found = benches.response(part, Result((Waveforms("time", time, vectors),)), np.zeros(0))
    assert found.charge == pytest.approx(1e-8 * END * unit)
    assert found.lines["s0_0"].activity(np.array([3.0]), 27.0) == pytest.approx([1.0])


def test_an_output_is_read_at_the_moments(benches, parts):
    output = benches.whole.outputs[0]
    time = np.array([0.0, END]) * benches.whole.design.time_unit
    volts = output.node.reference_voltage + output.offset + output.scale * np.array([0.0, 1.0])
    vectors = {"v(y)": volts, f"i({SUPPLY_SOURCE})": np.zeros(2)}
    result = Result((Waveforms("time", time, vectors),))
    found = benches.response(parts["output0"], result, np.array([0.0, 0.25 * END]))
    assert found.output == pytest.approx([0.0, 0.25])
    assert not found.lines
