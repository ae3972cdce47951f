"""Samples of a neuron's devices against what the cells' own equations make of the same shifts."""

from dataclasses import replace

import numpy as np
import pytest

from mapping.characteristics import Orientation
from mapping.conditions import Conditions
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.mismatch import COMPENSATION, OUTPUT, DeviceSpread, Draw, draw, follower_block
from mapping.samples import sampled
from neuron_model.errors import InputError
from neuron_model.model.dynamics import leak_current
from neuron_model.model.parameters import Timescale
from tests.mapping.cells import LIMITS, ideal_cells, real_cells
from tests.mapping.neurons import burster
from tests.mapping.sensitivities import OTA, STEEP, exponential_cells

MIRROR = ("in", "out", "fold_in", "fold_out")
CELLS = exponential_cells()


def spreads(design: NeuronDesign, sigma: float = 3e-3) -> tuple[DeviceSpread, ...]:
    blocks = [a.name for a in design.amplifiers]
    blocks += [follower_block(f.timescale) for f in design.followers]
    pairs = [(block, device) for block in [*blocks, OUTPUT] for device in OTA]
    pairs += [(COMPENSATION, device) for device in MIRROR]
    pairs += [(OUTPUT, device) for device in MIRROR[:2]]
    return tuple(DeviceSpread(*pair, "nmos", sigma, 0.01) for pair in pairs)


def shifted(design: NeuronDesign, **volts: float) -> Draw:
    """One sample, drawn exactly but for ``block__device=volt``."""
    samples = draw(spreads(design), 1)
    threshold = np.zeros_like(samples.threshold)
    names = [f"{s.block}__{s.device}" for s in samples.spreads]
    for name, value in volts.items():
        threshold[0, names.index(name)] = value
    return Draw(samples.spreads, threshold, 0 * threshold)


@pytest.fixture(scope="module")
def design() -> NeuronDesign:
    return map_neuron(burster(), real_cells(), LIMITS)


def samples_of(design: NeuronDesign, samples: Draw):
    return sampled(Macromodel(design, real_cells()), CELLS, samples)


def test_a_sample_as_drawn_is_the_nominal_one(design):
    sample = samples_of(design, shifted(design))[0]
    nominal = Macromodel(design, real_cells()).compact
    for (key, value), (_, expected) in zip(
        sample.named_values(), nominal.named_values(), strict=True
    ):
        assert value == pytest.approx(expected, abs=1e-12), key


def test_a_pair_shifts_its_element_and_nothing_else(design):
    sample = samples_of(design, shifted(design, fm0__pair_p=2e-3))[0]
    nominal = Macromodel(design, real_cells()).compact
    changed = {
        key
        for (key, value), (_, expected) in zip(
            sample.named_values(), nominal.named_values(), strict=True
        )
        if value != pytest.approx(expected, abs=1e-12)
    }
    assert changed == {"elements[0].delta"}
    moved = sample.elements[0].delta - nominal.elements[0].delta
    assert moved == pytest.approx(2e-3 / design.unit_voltage)


def test_a_tail_scales_both_branches_and_a_mirror_one(design):
    nominal = Macromodel(design, real_cells()).compact
    amplifier = design.elements[0]
    at = real_cells().noninverting.at(amplifier.bias_current, amplifier.reference_voltage)
    source, sink = at.gain + at.offset_current, at.gain - at.offset_current
    scale = amplifier.bias_current / design.unit_current

    tail = samples_of(design, shifted(design, fm0__tail=-4e-3))[0]
    factor = np.exp(4e-3 * STEEP)
    assert tail.elements[0].alpha == pytest.approx(nominal.elements[0].alpha * factor)
    current = at.offset_current * (factor - 1) * scale
    assert tail.i_bias - nominal.i_bias == pytest.approx(current)

    mirror = samples_of(design, shifted(design, fm0__fold_out=-4e-3))[0]
    gain = (source + sink * factor) / 2
    assert mirror.elements[0].alpha == pytest.approx(nominal.elements[0].alpha * gain / at.gain)
    current = ((source - sink * factor) / 2 - at.offset_current) * scale
    assert mirror.i_bias - nominal.i_bias == pytest.approx(current)


def test_a_followers_offset_moves_all_that_reads_it(design):
    sample = samples_of(design, shifted(design, follower_slow__pair_n=1e-3))[0]
    nominal = Macromodel(design, real_cells()).compact
    for moved, element in zip(sample.elements, nominal.elements, strict=True):
        expected = -1e-3 / design.unit_voltage if element.timescale == Timescale.SLOW else 0.0
        assert moved.delta - element.delta == pytest.approx(expected, abs=1e-12)


def test_a_followers_currents_move_time_constant_and_slewing(design):
    nominal = Macromodel(design, real_cells()).compact
    sample = samples_of(design, shifted(design, follower_slow__mirror_left_out=-4e-3))[0]
    follower = design.follower(Timescale.SLOW)
    at = real_cells().follower.at(follower.bias_current, real_cells().reference)
    source = (at.gain + at.offset_current) * np.exp(4e-3 * STEEP)
    sink = at.gain - at.offset_current
    # the rate at which the output slews either way is what the branches source and sink
    shape = sample.filter_slow
    rising = (1 / shape.kappa + shape.offset) / sample.tau_slow
    falling = (1 / shape.kappa - shape.offset) / sample.tau_slow
    before = nominal.filter_slow
    assert rising / ((1 / before.kappa + before.offset) / nominal.tau_slow) == pytest.approx(
        source / (at.gain + at.offset_current)
    )
    assert falling / ((1 / before.kappa - before.offset) / nominal.tau_slow) == pytest.approx(
        sink / (at.gain - at.offset_current)
    )


def test_the_compensation_and_the_output_stage(design):
    nominal = Macromodel(design, real_cells()).compact
    sample = samples_of(design, shifted(design, compensation__out=-4e-3))[0]
    extra = design.compensation_current / design.unit_current * (np.exp(4e-3 * STEEP) - 1)
    assert design.compensation_bias > 0
    assert sample.i_bias - nominal.i_bias == pytest.approx(extra)

    sample = samples_of(design, shifted(design, output__pair_p=2e-3, output__out=-4e-3))[0]
    assert sample.u_threshold == pytest.approx(2e-3 / design.unit_voltage)
    assert sample.output == "ota"
    nominal_span = nominal.u_saturation - nominal.u_threshold
    span = sample.u_saturation - sample.u_threshold
    assert span / nominal_span == pytest.approx(np.exp(-4e-3 * STEEP))
    assert sample.i_bias == pytest.approx(nominal.i_bias)


def test_one_device_correlates_what_it_moves(design):
    samples = samples_of(design, draw(spreads(design), 4000))
    alpha = samples.elements[1].alpha
    # all that reads one follower moves with its offset; amplifiers are independent
    one, other = samples.elements[1].delta, samples.elements[2].delta
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(0.5, abs=0.05)
    assert abs(np.corrcoef(alpha, samples.elements[2].alpha)[0, 1]) < 0.05
    # the branches' mirrors move gain and offset current alike, which the bias collects
    assert abs(np.corrcoef(alpha, samples.i_bias)[0, 1]) > 0.1


def test_a_leak_that_is_no_list_of_elements_changes_by_a_straight_line():
    neuron = burster(tau_fast=0.5)
    cells = ideal_cells()
    design = map_neuron(neuron, cells, LIMITS)
    assert design.compensation_bias == 0
    drawn = draw(spreads(design, 1e-3), 5)
    samples = sampled(Macromodel(design, cells), CELLS, drawn)
    u = np.linspace(-3.0, 3.0, 121)
    for index, sample in enumerate(samples):
        exact = np.zeros_like(u)
        for a in design.leak:
            threshold, factor = drawn[index : index + 1].of(a.name, OTA)
            shift = CELLS.ota(Orientation.INVERTING).shift(1e-9, 0.9, threshold, factor)
            source, sink = np.exp(shift.sourcing), np.exp(shift.sinking)
            volts = design.volts(u) - a.reference_voltage - shift.offset
            t = np.tanh(volts / (0.07 * np.exp(shift.slope)))
            # an inverting amplifier sinks where its input is high
            current = sink * (1 + t) / 2 - source * (1 - t) / 2
            exact += a.bias_current * current / design.unit_current
        built = leak_current(u, sample.leak) - (
            sample.i_bias - Macromodel(design, cells).compact.i_bias
        )
        others = _other_bias(design, drawn, index)
        error = built + others - exact
        assert np.sqrt(np.mean(error**2)) < 0.05


def _other_bias(design: NeuronDesign, samples: Draw, index: int) -> float:
    """What the elements' offset currents add to the bias."""
    total = 0.0
    for a in design.elements:
        shift = CELLS.ota(a.orientation).shift(
            1e-9, 0.9, *samples[index : index + 1].of(a.name, OTA)
        )
        total += a.bias_current * float(np.exp(shift.sourcing)[0] - np.exp(shift.sinking)[0]) / 2
    return total / design.unit_current


def test_conditions_and_devices_have_to_be_those_of_the_design(design):
    with pytest.raises(InputError, match="measure both at the same"):
        sampled(
            Macromodel(design, real_cells()),
            exponential_cells(conditions=Conditions("ss", 27.0)),
            shifted(design),
        )
    few = draw(spreads(design)[:20], 1)
    with pytest.raises(InputError, match="none of the devices that were drawn"):
        samples_of(design, few)


def test_more_samples_than_one_are_arrays(design):
    samples = samples_of(design, draw(spreads(design), 7))
    assert samples.neurons == 7
    assert samples.elements[0].alpha.shape == (7,)
    assert replace(samples, name="x").tau_m == Macromodel(design, real_cells()).compact.tau_m


def test_a_sample_with_larger_capacitors_is_one_designed_with_them(design):
    """The reference: macromodel of the same design with other capacitors, in the same units."""
    larger = replace(
        design,
        membrane_capacitance=1.04 * design.membrane_capacitance,
        followers=tuple(replace(f, capacitance=1.04 * f.capacitance) for f in design.followers),
    )
    # a design's unit of time goes with its capacitor: times are compared in seconds
    expected = Macromodel(larger, real_cells()).compact
    samples = replace(shifted(design), capacitance=np.array([0.04]))
    found = samples_of(design, samples)[0]
    for name in ("tau_m", "tau_slow", "tau_ultraslow"):
        seconds = getattr(found, name) * design.time_unit
        assert seconds == pytest.approx(getattr(expected, name) * larger.time_unit), name
    assert found.elements[0] == Macromodel(design, real_cells()).compact.elements[0]
