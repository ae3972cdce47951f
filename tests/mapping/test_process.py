from dataclasses import replace

import numpy as np
import pytest

from mapping.mismatch import DeviceSpread, Draw, draw
from mapping.process import ProcessSpread, draw_process, on_process
from neuron_model.errors import InputError

SPREAD = ProcessSpread({"nmos": 5e-3, "pmos": 3e-3}, {"nmos": 0.01, "pmos": 0.02}, 0.04)
DEVICES = (
    DeviceSpread("fm0", "bias", "nmos", 2e-3),
    DeviceSpread("fm0", "tail", "nmos", 4e-3, 0.01),
    DeviceSpread("leak0", "mirror", "pmos", 4e-3, 0.02),
)


def made(samples: int, seed: int = 0, spread: ProcessSpread = SPREAD) -> Draw:
    return on_process(draw(DEVICES, samples, seed), draw_process(spread, samples, seed))


def test_a_process_has_the_spreads_asked_for_and_independent_kinds():
    samples = draw_process(SPREAD, 20_000, seed=3)
    columns = np.array(
        [*samples.threshold.values(), *samples.current_factor.values(), samples.capacitance]
    )
    assert columns.std(axis=1) == pytest.approx([5e-3, 3e-3, 0.01, 0.02, 0.04], rel=0.03)
    assert np.abs(np.corrcoef(columns) - np.eye(5)).max() < 0.03


def test_all_devices_of_a_kind_move_together_beside_their_mismatch():
    mismatch, samples = draw(DEVICES, 50), made(50)
    process = draw_process(SPREAD, 50)
    together = samples.threshold - mismatch.threshold
    assert np.allclose(together[:, 0], process.threshold["nmos"])
    assert np.allclose(together[:, 1], together[:, 0])
    assert np.allclose(together[:, 2], process.threshold["pmos"])
    factors = samples.current_factor - mismatch.current_factor
    assert np.allclose(factors[:, 2], process.current_factor["pmos"])
    assert np.array_equal(samples.capacitance, process.capacitance)


def test_spreads_add_up():
    samples = made(20_000, seed=1)
    assert samples.threshold.std(axis=0) == pytest.approx(
        np.hypot([2e-3, 4e-3, 4e-3], [5e-3, 5e-3, 3e-3]), rel=0.03
    )


def test_a_sample_is_the_same_whatever_number_of_others_is_drawn():
    few, many = made(3, seed=7), made(50, seed=7)
    assert np.array_equal(few.threshold, many[:3].threshold)
    assert np.array_equal(few.capacitance, many[:3].capacitance)
    assert not np.array_equal(few.capacitance, made(3, seed=8).capacitance)


def test_what_a_process_does_not_spread_stays_as_drawn():
    samples = made(4, spread=ProcessSpread(capacitance=0.04))
    assert np.array_equal(samples.threshold, draw(DEVICES, 4).threshold)
    assert samples.as_drawn.capacitance is None


def test_capacitors_and_factors_stay_positive_far_out_in_the_tail():
    wild = replace(SPREAD, capacitance=3.0, current_factor={"nmos": 3.0})
    samples = made(1000, spread=wild)
    assert samples.capacitance.min() == samples.current_factor.min() == -0.9


def test_other_numbers_of_samples_are_refused():
    with pytest.raises(InputError, match="5 samples were drawn, and 4 for mismatch"):
        on_process(draw(DEVICES, 4), draw_process(SPREAD, 5))
