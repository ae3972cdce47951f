from dataclasses import replace

import numpy as np
import pytest

from mapping.bias_generator import BiasGenerator, Kind
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import MappingChoices, map_neuron
from mapping.quantization import quantize, scaled_design
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters, Timescale
from tests.mapping.cells import LIMITS, ideal_cells, real_cells
from tests.mapping.neurons import burster, iv_curve

SIX = BiasGenerator()
U = np.linspace(-3.0, 3.0, 61)


@pytest.fixture(scope="module")
def design() -> NeuronDesign:
    return map_neuron(burster(), real_cells(), LIMITS)


def rms(one: NeuronParameters, other: NeuronParameters) -> float:
    """Of what the I-V curves of two neurons differ by, biases counted."""
    errors = [iv_curve(one, x, U) - iv_curve(other, x, U) for x in Timescale]
    return float(np.sqrt(np.mean(np.square(errors))))


def test_every_line_is_a_code(design):
    found = quantize(Macromodel(design, real_cells()), LIMITS, SIX)
    made = found.design
    for line in found.lines:
        if line.coarse is None:
            assert line.value == pytest.approx(SIX.voltage_step * line.code)
            assert abs(line.error) < 3e-3
        else:
            assert line.value == pytest.approx(SIX.full_scale / 2**line.coarse * line.code / 64)
            assert abs(line.error) < 0.08
    values = {line.name: line.value for line in found.lines}
    assert len(values) == 2 * len(made.amplifiers) + len(made.followers) + 3
    for a in made.amplifiers:
        assert (values[f"ib_{a.name}"], values[f"vr_{a.name}"]) == (
            a.bias_current,
            a.reference_voltage,
        )
    assert values["ib_slow"] == made.follower(Timescale.SLOW).bias_current
    assert values["ib_comp"] == made.compensation_bias
    assert (values["ib_s"], values["vr_s"]) == (
        made.output.bias_current,
        made.output.threshold_voltage,
    )


def test_codes_chosen_together_are_nearer_than_each_rounded_alone(design):
    """By the I-V curves of the macromodels of neurons, not by what the search says of itself."""
    for bits, gain in ((4, 1.3), (6, 1.3)):
        found = quantize(
            Macromodel(design, real_cells()), LIMITS, replace(SIX, bits=bits), rescale=False
        )
        assert found.curve_error < found.nearest_error
        alone = _rounded(design, replace(SIX, bits=bits))
        target = Macromodel(design, real_cells()).compact
        together = rms(Macromodel(found.design, real_cells()).compact, target)
        assert gain * together < rms(Macromodel(alone, real_cells()).compact, target)


def _rounded(design: NeuronDesign, generator: BiasGenerator) -> NeuronDesign:
    def near(amplifiers):
        return tuple(
            replace(
                a,
                bias_current=generator.nearest(a.bias_current)[0].value,
                reference_voltage=generator.nearest_voltages(a.reference_voltage)[0],
            )
            for a in amplifiers
        )

    (comp,) = generator.nearest(design.compensation_bias)
    scale = comp.value / design.compensation_bias
    return replace(
        design,
        elements=near(design.elements),
        leak=near(design.leak),
        compensation_bias=comp.value,
        compensation_current=design.compensation_current * scale,
    )


def test_time_constants_stay_by_their_capacitors(design):
    found = quantize(Macromodel(design, real_cells()), LIMITS, replace(SIX, bits=3))
    before, after = (
        Macromodel(design, real_cells()).compact,
        Macromodel(found.design, real_cells()).compact,
    )
    assert after.tau_slow == pytest.approx(before.tau_slow, rel=0.01)
    assert after.tau_ultraslow == pytest.approx(before.tau_ultraslow, rel=0.01)
    assert after.tau_m == pytest.approx(before.tau_m, rel=0.01)


def test_more_bits_are_nearer(design):
    errors = [
        quantize(Macromodel(design, real_cells()), LIMITS, replace(SIX, bits=bits)).curve_error
        for bits in (3, 5, 8)
    ]
    assert errors[0] > 2 * errors[1] > 2 * errors[2]


def test_a_scaled_design_is_the_same_neuron():
    cells = ideal_cells()
    design = map_neuron(burster(), cells, LIMITS)
    before, after = (Macromodel(d, cells).compact for d in (design, scaled_design(design, 1.1)))
    for (key, value), (_, expected) in zip(
        after.named_values(), before.named_values(), strict=True
    ):
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-9), key


@pytest.mark.parametrize(
    ("generator", "message"),
    [
        (
            BiasGenerator(Kind.LINEAR, full_scale=6e-8, bits=8),
            r"bias line ib_ultraslow, by the generator's codes, needs .* smallest allowed is",
        ),
        (BiasGenerator(full_scale=1e-8), r"bias line ib_fm0.* largest allowed is 9.844e-09 A"),
    ],
)
def test_lines_out_of_range_are_refused(design, generator, message):
    with pytest.raises(InputError, match=message):
        quantize(Macromodel(design, real_cells()), LIMITS, generator)


def test_map_picks_codes_where_it_is_given_a_generator(design):
    coded = map_neuron(burster(), real_cells(), LIMITS, MappingChoices(generator=SIX))
    assert coded == quantize(Macromodel(design, real_cells()), LIMITS, SIX).design
    assert "6-bit coarse-fine generator" in coded.notes[-1]
    fixed = MappingChoices(generator=SIX, unit_current=design.unit_current)
    assert map_neuron(burster(), real_cells(), LIMITS, fixed).unit_current == design.unit_current
