from dataclasses import replace

import pytest

from circuits.mismatch import device_spreads
from circuits.structure import Size
from mapping.mismatch import COMPENSATION, OUTPUT, follower_block
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
        mismatch={"nmos_threshold": 4e-3, "pmos_threshold": 8e-3, "pmos_current_factor": 0.02},
    )
    found = {(s.block, s.device): s for s in device_spreads(design(), technology)}
    tail = found["fm0", "tail"]  # 2 um by 8 um
    assert (tail.threshold, tail.current_factor) == (pytest.approx(1e-3), 0.0)
    mirror = found["leak2", "mirror_left_out"]
    assert mirror.threshold == pytest.approx(8e-3 / 8)
    assert mirror.current_factor == pytest.approx(0.02 / 8)


def test_a_technology_without_coefficients_is_told_what_is_missing(design, generic):
    with pytest.raises(InputError, match=r"'generic' gives no mismatch: add nmos_threshold"):
        device_spreads(design(), replace(generic, mismatch={}))
