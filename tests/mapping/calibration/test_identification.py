"""Blocks found from clamp currents against the parameters that made them."""

from dataclasses import replace

import numpy as np
import pytest

from mapping.calibration.curves import Blocks, total_curves
from mapping.calibration.identification import identify, measure_curves
from tests.mapping.calibration.bench import design, nominal, samples

COUNT = 5
SAMPLES = samples(COUNT)
ROWS = np.arange(COUNT)
VALUES = np.tile([knob.drawn for knob in SAMPLES.knobs], (COUNT, 1))
CLAMP = np.linspace(-2.5, 2.5, 9)


@pytest.fixture(scope="module")
def known():
    exact = samples(1, share=0.0)
    drawn = measure_curves(exact, ROWS[:1], VALUES[:1], design(), CLAMP)
    return identify(
        design(), nominal(), measure_curves(SAMPLES, ROWS, VALUES, design(), CLAMP), drawn
    )


def test_blocks_are_those_of_the_samples(known):
    true = Blocks.of(SAMPLES.parameters(ROWS, VALUES), 4)
    # mismatch is far larger than what is missed
    assert np.std(true.alpha / Blocks.of(nominal(), 4).alpha) > 0.05
    assert known.blocks.alpha == pytest.approx(true.alpha, rel=0.01)
    assert known.blocks.delta == pytest.approx(true.delta, abs=0.01)


def test_curves_at_other_codes_are_foreseen(known):
    moved = VALUES * np.array([1.3, 0.9, 1.0, 1.0]) + np.array([0.0, 0.0, 0.01, 0.02])
    believed = total_curves(known.parameters(ROWS, SAMPLES.knobs, moved))
    true = total_curves(SAMPLES.parameters(ROWS, moved))
    # the leak's sections are only known as a straight line
    assert np.sqrt(np.mean((believed - true) ** 2)) < 0.08
    assert np.sqrt(np.mean((total_curves(nominal()) - true) ** 2)) > 0.2


def test_a_correction_is_drawn_by_the_samples_named(known):
    rows = np.array([1, 3])
    after = known.corrected(rows, np.array([0.1, -0.2]))
    change = after.parameters(ROWS, SAMPLES.knobs, VALUES).i_bias - (
        known.parameters(ROWS, SAMPLES.knobs, VALUES).i_bias
    )
    assert change == pytest.approx([0, -0.1, 0, 0.2, 0])


def test_a_leak_is_never_found_to_be_negative_nor_next_to_nothing(known):
    """A clamp's straight line may ask for either; a neuron's conductance is 0 or can be told."""
    own = float(nominal().leak.conductance)
    found = replace(known, conductance=np.array([-1.0, 1e-9 - own, 1e-3 - own, 0.0, 0.1]))
    conductance = found.parameters(ROWS, SAMPLES.knobs, VALUES).leak.conductance
    assert conductance == pytest.approx([0.0, 0.0, 1e-3, own, own + 0.1])
