"""From weights to units: properties that hold of every network, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.network_design import NetworkDesign
from mapping.network_mapper import NetworkChoices, map_network
from mapping.network_weights import LayerWeights, NetworkWeights
from neuron_model.errors import InputError
from tests.mapping.cells import LIMITS
from tests.mapping.synapses import made_up_synapses

SYNAPSES = made_up_synapses()
CHOICES = NetworkChoices(unit_current=4e-9, time_unit=3e-4, readout_current=8e-9)


def network(seed: int = 0, sizes: tuple[int, ...] = (4, 3), recurrent: bool = False, **changes):
    """Two inputs, hidden layers of these sizes, one output; the largest weights are of 2 I0."""
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> np.ndarray:
        values = rng.normal(size=shape)
        return 2.0 * values / np.abs(values).max()

    layers, before = [], 2
    for size in sizes:
        own = drawn(size, size) if recurrent else None
        layers.append(LayerWeights(drawn(size, before), rng.normal(size=size), own))
        before = size
    parts = {
        "layers": tuple(layers),
        "readout": drawn(1, before),
        "readout_bias": np.array([0.3]),
        "readout_tau": np.array([1.2]),
        "sample_interval": 2.0,
        "inputs": np.array([[-1.5, 2.0], [0.0, 1.0]]),
    }
    return NetworkWeights(**(parts | changes))


def step(design: NetworkDesign, projection, sign: int) -> float:
    """What a unit of this sign weighs, in the projection's own unit."""
    line = design.line(projection.source)
    level = 1.0
    if projection.source == "x":
        level = float((np.array([0.25, 0.5]) + line.offset).min())
    weighs = SYNAPSES.gain(sign, line.unit_current * level) * line.unit_current
    if projection.target == "y":
        return weighs / (design.scale * design.readout_current)
    return weighs / design.unit_current


networks = st.builds(
    network,
    seed=st.integers(0, 10_000),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple),
    recurrent=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(weights=networks)
def test_every_weight_is_within_half_a_unit(weights):
    design = map_network(weights, SYNAPSES, LIMITS, CHOICES)
    for projection in design.projections:
        for sign in (-1, 1):
            at = np.sign(projection.trained) == sign
            half = 0.5 * step(design, projection, sign) * (1 + 1e-9)
            assert np.all(np.abs(projection.error[at]) <= half)
            counts = sign * projection.units[at]
            assert np.all((counts >= 0) & (counts <= CHOICES.most_units))


@settings(max_examples=60, deadline=None)
@given(weights=networks)
def test_every_line_is_quick_enough_with_the_smallest_diode_that_is(weights):
    design = map_network(weights, SYNAPSES, LIMITS, CHOICES)
    for line in design.lines:
        feeds = {p.target for p in design.projections if p.source == line.name}
        share = CHOICES.readout_delay if feeds == {"y"} else CHOICES.largest_delay
        allowed = share * CHOICES.time_unit
        assert line.delay <= allowed * (1 + 1e-6)
        fan_out = sum(
            np.abs(p.units).sum(axis=0) for p in design.projections if p.source == line.name
        )
        assert line.fan_out == fan_out.max()
        assert line.full_scale <= LIMITS.bias_current[1]
        assert line.units <= 4 * max(line.fan_out, 16)
        if line.name != "x" and line.units > 1:
            slower = SYNAPSES.charge(line.unit_current) * (line.fan_out + line.units - 1)
            assert slower / ((line.units - 1) * line.unit_current) > allowed * (1 - 1e-6)
            assert line.delay == pytest.approx(
                SYNAPSES.delay(line.fan_out, line.full_scale, line.units)
            )


@settings(max_examples=60, deadline=None)
@given(weights=networks, x=st.floats(0.0, 1.0))
def test_what_a_neuron_gets_is_what_was_trained(weights, x):
    """Inputs with their offsets, biases and keep-alive currents: only rounding is left."""
    design = map_network(weights, SYNAPSES, LIMITS, CHOICES)
    low, high = weights.inputs.T
    signal = low + x * (high - low)
    into = design.into("layer0")
    inputs = next(p for p in into if p.source == "x")
    line = design.line("x")
    raised = signal + line.offset
    assert np.all(raised > 0)
    target = design.target("layer0")
    keep = np.where(
        target.keeps,
        SYNAPSES.gain(1, design.keep_current / design.keep_units)
        * design.keep_current
        / design.unit_current,
        0.0,
    )
    got = inputs.built @ raised + target.bias + keep
    first = weights.layers[0]
    wanted = first.weights @ signal + first.bias
    rounding = np.abs(inputs.error) @ np.abs(signal)
    assert np.all(np.abs(got - wanted) <= rounding + 1e-9)


def test_columns_without_positive_weights_have_no_keep_alive_current():
    weights = network(sizes=(2,))
    layer = LayerWeights(np.array([[-1.0, -0.5], [1.0, -0.5]]), np.zeros(2))
    design = map_network(replace(weights, layers=(layer,)), SYNAPSES, LIMITS, CHOICES)
    assert design.target("layer0").keeps.tolist() == [False, True]


def test_the_largest_weight_has_as_many_units_as_the_delay_allows():
    weights = network(inputs=np.array([[-0.5, 0.5], [0.0, 1.0]]))
    design = map_network(weights, SYNAPSES, LIMITS, CHOICES)
    assert np.abs(design.projections[0].units).max() == CHOICES.most_units
    # at a quarter of the current units are slow for their own gates: fewer, larger ones
    slow = replace(CHOICES, unit_current=1e-9, readout_current=2e-9)
    coarser = map_network(weights, SYNAPSES, LIMITS, slow)
    assert np.abs(coarser.projections[0].units).max() < CHOICES.most_units
    ratio = coarser.line("s0").unit_current / design.line("s0").unit_current
    assert ratio > 0.25


def test_a_trained_step_is_kept():
    trained = network(sizes=(3,))
    eighths = np.round(8 * np.clip(trained.layers[0].weights, -2, 0)) / 8
    layer = replace(trained.layers[0], weights=eighths - 0.125)
    choices = replace(CHOICES, weight_step=0.125)
    readout = np.array([[-2.0, -1.0, -4.0]]) * 0.125 / (0.25 * 2)
    weights = replace(trained, layers=(layer,), readout=readout)
    design = map_network(weights, SYNAPSES, LIMITS, choices)
    for projection in design.projections:
        assert projection.built == pytest.approx(projection.trained, rel=1e-4)


def test_a_recurrent_layer_feeds_itself_from_the_same_lines():
    design = map_network(network(recurrent=True), SYNAPSES, LIMITS, CHOICES)
    assert [(p.source, p.target) for p in design.projections] == [
        ("x", "layer0"),
        ("s0", "layer0"),
        ("s0", "layer1"),
        ("s1", "layer1"),
        ("s1", "y"),
    ]
    assert [line.name for line in design.lines] == ["x", "s0", "s1"]


def test_the_readouts_bias_is_in_its_own_unit_current():
    weights = network(readout=-np.ones((1, 3)))
    design = map_network(weights, SYNAPSES, LIMITS, CHOICES)
    assert design.target("y").bias == pytest.approx([0.3 * 0.25])


def test_a_weight_of_too_many_units_is_refused():
    weights = network()
    large = weights.layers[0].weights.copy()
    large[3, 1] = -9.2
    layers = (replace(weights.layers[0], weights=large), weights.layers[1])
    choices = replace(CHOICES, weight_step=0.125)
    with pytest.raises(
        InputError,
        match=r"\[3, 1\] from x to layer0 = -9.2 I0 needs 74 .* allowed is 31: .*weight_step",
    ):
        map_network(replace(weights, layers=layers), SYNAPSES, LIMITS, choices)


def test_too_many_neurons_on_a_line_are_refused():
    weights = network(sizes=(2, 4000))
    with pytest.raises(
        InputError, match=r"line s0 with a fan-out of \d+ units needs .* A .*5e-08 A"
    ):
        map_network(weights, SYNAPSES, LIMITS, CHOICES)


def test_a_unit_that_is_too_slow_for_its_own_gate_is_refused():
    choices = replace(CHOICES, unit_current=1e-9, time_unit=1e-5)
    with pytest.raises(InputError, match=r"line x: a unit of .*largest_delay.*: use a larger I0"):
        map_network(network(), SYNAPSES, LIMITS, choices)


def test_a_bias_beyond_the_compensation_is_refused():
    weights = network()
    layer = replace(weights.layers[0], bias=np.array([0.0, -40.0, 0.0, 0.0]))
    with pytest.raises(InputError, match=r"layer0, number 1: bias -40, .* smaller bias"):
        map_network(replace(weights, layers=(layer, weights.layers[1])), SYNAPSES, LIMITS, CHOICES)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weight_step", 0.0),
        ("time_unit", -1.0),
        ("least_units", 40),
        ("unit_current", float("nan")),
    ],
)
def test_a_choice_that_is_not_possible_is_refused(field, value):
    with pytest.raises(InputError, match=field):
        replace(CHOICES, **{field: value})


def test_weights_that_are_no_numbers_are_refused():
    weights = np.ones((3, 4))
    weights[2, 1] = np.nan
    layers = (network().layers[0], LayerWeights(weights, np.zeros(3)))
    with pytest.raises(InputError, match=r"layer 1: weight \[2, 1\] is nan"):
        network(layers=layers)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"readout: weight has shape \(1, 5\)"):
        network(readout=np.ones((1, 5)))


def test_coarse_projections_are_noted():
    # a recurrent layer and a readout share the lines: the readout's weights are far smaller
    weights = network(recurrent=True, readout=0.1 * np.ones((1, 3)))
    design = map_network(weights, SYNAPSES, LIMITS, CHOICES)
    assert any("from s1 to y" in note for note in design.notes)
