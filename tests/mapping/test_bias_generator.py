import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.bias_generator import BiasGenerator, Kind
from neuron_model.errors import InputError

LINEAR = BiasGenerator(Kind.LINEAR, full_scale=1.6e-8, bits=4)
OCTAVES = BiasGenerator(full_scale=1.6e-8, bits=4, coarse_steps=3)


def test_linear_codes_are_evenly_spaced():
    assert (LINEAR.smallest, LINEAR.largest) == (pytest.approx(1e-9), pytest.approx(1.5e-8))
    (code,) = LINEAR.nearest(3.4e-9)
    assert (code.value, code.coarse, code.fine) == (pytest.approx(3e-9), 0, 3)


def test_ranges_are_an_octave_apart_and_the_finest_code_is_taken():
    assert OCTAVES.smallest == pytest.approx(1.6e-8 / 4 / 16)
    assert OCTAVES.largest == pytest.approx(1.5e-8)
    # 2 nA is 2/16 of the first range, 4/16 of the second and 8/16 of the third
    (code,) = OCTAVES.nearest(2e-9)
    assert (code.coarse, code.fine) == (2, 8)
    (code,) = OCTAVES.nearest(7.4e-9)
    assert (code.coarse, code.fine, code.value) == (1, 15, pytest.approx(7.5e-9))


@given(st.floats(4e-12, 6.2e-8))
def test_six_bits_and_octaves_are_within_a_sixty_fourth(current: float):
    """The fine code is at least half its range: steps of 1/32, half a step off at most."""
    (code,) = BiasGenerator().nearest(current)
    assert abs(code.value / current - 1) <= 1 / 63


@given(st.floats(4e-12, 6.2e-8), st.integers(1, 7))
def test_the_nearest_codes_come_first_and_are_what_they_say(current: float, count: int):
    generator = BiasGenerator()
    codes = generator.nearest(current, count)
    assert len(codes) == count
    distances = [abs(code.value - current) for code in codes]
    assert distances == sorted(distances)
    for code in codes:
        part = generator.full_scale / 2**code.coarse * code.fine / 64
        assert code.value == pytest.approx(part)
    assert len({code.value for code in codes}) == count


def test_references_are_multiples_of_a_step():
    generator = BiasGenerator(voltage_step=5e-3)
    assert generator.nearest_voltages(0.9021, 3) == pytest.approx((0.9, 0.905, 0.895))
    assert generator.nearest_voltages(0.001, 2) == pytest.approx((0.0, 0.005))
    assert generator.voltage_code(0.9021) == 180


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bits": 1}, "bits = 1 must be from 2 to 16"),
        ({"full_scale": np.nan}, "full_scale = nan"),
        ({"coarse_ratio": 1.0}, "coarse_ratio = 1 must be"),
        ({"coarse_steps": 0}, "coarse_steps = 0"),
        ({"voltage_step": 0.0}, "voltage_step = 0 must"),
    ],
)
def test_what_is_no_generator_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        BiasGenerator(**changes)
