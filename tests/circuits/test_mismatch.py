from dataclasses import replace

import numpy as np
import pytest

from circuits.mismatch import device_spreads, draw_samples
from circuits.structure import Size
from mapping.mismatch import COMPENSATION, OUTPUT, draw, follower_block
from mapping.mismatch_set import Matching, MismatchSet
from neuron_model.errors import InputError


def test_every_transistor_of_every_block_is_there_once(design, generic):
    drawn = design(sections=5)
    spreads = device_spreads(drawn, generic)
    keys = [(s.block, s.device) for s in spreads]
    assert len(set(keys)) == len(keys)
    counts = {block: sum(b == block for b, _ in keys) for block, _ in keys}
    amplifiers = [a.name for a in drawn.amplifiers]
    assert len(amplifiers) == 4 + 5
    assert counts == {
        **dict.fromkeys(amplifiers, 10),
        follower_block("slow"): 10,
        follower_block("ultraslow"): 10,
        COMPENSATION: 2 if drawn.compensation_current < 0 else 4,
        OUTPUT: 12,
    }


def test_spreads_follow_area_and_kind_of_device(design, generic):
    sizes = {
        **generic.sizes,
        "ota": {**generic.sizes["ota"], "pmos_mirror": Size(2.0, 8.0, multiplier=4)},
    }
    technology = replace(
        generic,
        sizes=sizes,
        mismatch=MismatchSet(
            "mine", "", Matching(((0.0, 4e-3),)), Matching(((0.0, 8e-3),), current_factor=0.02)
        ),
    )
    found = {(s.block, s.device): s for s in device_spreads(design(), technology)}
    tail = found["fm0", "tail"]  # 2 um by 8 um
    assert (tail.threshold, tail.current_factor) == (pytest.approx(1e-3), 0.0)
    mirror = found["leak2", "mirror_left_out"]
    assert mirror.threshold == pytest.approx(8e-3 / 8)
    assert mirror.current_factor == pytest.approx(0.02 / 8)


def test_a_spread_is_that_at_the_current_of_the_balanced_block(design, generic):
    """The tail of an amplifier carries its bias, the others half of it; a mirror all of it."""
    matching = Matching(((1e-12, 1e-3), (1e-6, 7e-3)))
    technology = replace(generic, mismatch=MismatchSet("mine", "", matching, matching))
    drawn = design()
    found = {(s.block, s.device): s for s in device_spreads(drawn, technology)}
    element = drawn.elements[0]
    expected = {
        ("fm0", "tail"): (element.bias_current, generic.size("ota", "tail")),
        ("fm0", "pair_n"): (element.bias_current / 2, generic.size("ota", "pair")),
        (COMPENSATION, "out"): (drawn.compensation_bias, generic.size("mirror", "nmos")),
        (OUTPUT, "tail"): (drawn.output.bias_current, generic.size("ota", "tail")),
    }
    for key, (current, size) in expected.items():
        per_square = current * size.length / size.width
        coefficient = matching.threshold_coefficient(per_square)
        assert found[key].threshold == pytest.approx(coefficient / size.area**0.5)
    follower = found[follower_block("ultraslow"), "tail"]
    assert follower.threshold < found["fm0", "tail"].threshold  # it carries picoamperes


def test_a_technology_without_coefficients_is_told_what_is_missing(design, generic):
    with pytest.raises(InputError, match=r"'generic' gives no mismatch: add nmos_threshold"):
        device_spreads(design(), replace(generic, mismatch=MismatchSet()))


def test_neurons_of_one_process_seed_sit_on_the_same_samples(design, generic):
    """Their devices differ on their own, and by one shift of all devices of a kind."""
    drawn = design()
    first, other = (draw_samples(drawn, generic, 5, seed, process_seed=9) for seed in (1, 2))
    assert np.array_equal(first.capacitance, other.capacitance)
    shifts = [
        samples.threshold - draw_samples(drawn, generic, 5, seed).threshold
        for samples, seed in ((first, 1), (other, 2))
    ]
    assert np.allclose(shifts[0], shifts[1])
    kinds = np.array([spread.kind for spread in first.spreads])
    for kind in ("nmos", "pmos"):
        assert np.allclose(np.ptp(shifts[0][:, kinds == kind], axis=1), 0.0)
    assert np.abs(shifts[0]).min() > 0


def test_without_a_process_seed_samples_differ_by_mismatch_alone(design, generic):
    samples = draw_samples(design(), generic, 3)
    assert samples.capacitance is None
    assert np.array_equal(samples.threshold, draw(samples.spreads, 3).threshold)


def test_a_technology_without_a_process_is_told_what_is_missing(design, generic):
    with pytest.raises(InputError, match=r"'generic' gives no process variation: add"):
        draw_samples(design(), replace(generic, process=None), 3, 0, process_seed=0)
