import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.characteristics import (
    MirrorTable,
    Orientation,
    OtaTable,
    TransferFit,
    characteristics_from_json,
    characteristics_to_json,
    fit_transfer,
    fit_whole,
    read_characteristics,
    write_characteristics,
)
from mapping.conditions import Conditions
from neuron_model.errors import InputError
from tests.mapping.cells import BIASES, MODES, ideal_cells, real_cells

SWEEP = np.linspace(-0.3, 0.3, 121)


@settings(deadline=None)
@given(
    st.floats(0.8, 1.3),
    st.floats(0.055, 0.09),
    st.floats(-0.01, 0.01),
    st.floats(-0.08, 0.08),
    st.floats(1e-11, 5e-8),
    st.sampled_from((-1, 1)),
)
def test_the_fit_finds_what_a_curve_was_made_of(gain, slope, offset, shift, bias, sign):
    current = bias * (sign * gain * np.tanh((SWEEP - offset) / slope) + shift)
    fit = fit_transfer(SWEEP, current, bias, sign)
    assert fit.gain == pytest.approx(gain, rel=1e-5)
    assert fit.slope_voltage == pytest.approx(slope, rel=1e-5)
    assert fit.offset == pytest.approx(offset, abs=1e-7)
    assert fit.offset_current == pytest.approx(shift, abs=1e-6)
    assert fit.residual < 1e-6


@settings(deadline=None)
@given(st.floats(-0.3, 0.3), st.sampled_from((-1, 1)))
def test_the_fit_tells_a_lifted_tail_from_the_gain(drift, sign):
    t = np.tanh((SWEEP - 0.001) / 0.07)
    lifted = 1 + drift * (SWEEP - 0.001) * (1 + t) / 2
    fit = fit_transfer(SWEEP, 1e-9 * sign * 1.1 * t * lifted, 1e-9, sign)
    assert fit.gain == pytest.approx(1.1, rel=1e-4)
    assert fit.drift == pytest.approx(drift, abs=1e-4)


@pytest.mark.parametrize(
    ("current", "sign"),
    [
        (1e-9 * np.sign(np.sin(80 * SWEEP)), 1),
        (1e-9 * SWEEP**2, 1),
        (1e-9 * np.tanh(SWEEP / 0.07), -1),
        (np.zeros_like(SWEEP), 1),
        (np.full_like(SWEEP, 1e-9), 1),
    ],
    ids=["square wave", "parabola", "wrong sign", "nothing", "constant"],
)
def test_a_curve_that_is_no_tanh_is_refused_with_what_to_change(current, sign):
    with pytest.raises(InputError, match=r"1e-09 A is no tanh.*\[cells\.ota\]"):
        fit_transfer(SWEEP, current, 1e-9, sign)


def test_tables_give_back_their_points():
    table = real_cells().noninverting
    for i in (0, 4, 8):
        for j in (0, 3, 6):
            point = table.at(float(BIASES[i]), float(MODES[j]))
            assert point.gain == pytest.approx(table.gain[i, j])
            assert point.slope_voltage == pytest.approx(table.slope_voltage[i, j])
            assert point.offset == pytest.approx(table.offset[i, j])
            assert point.offset_current == pytest.approx(table.offset_current[i, j])
            assert point.output_conductance == pytest.approx(table.output_conductance[i])
            assert point.delay == pytest.approx(table.delay[i])
            assert point.conductance_skew == pytest.approx(table.conductance_skew[i])
            assert point.drift == pytest.approx(table.drift[i, j])


@given(st.floats(1e-11, 5e-8), st.floats(0.5, 1.3))
def test_between_the_points_tables_are_smooth(bias, mode):
    point = real_cells().noninverting.at(bias, mode)
    decades = np.log10(bias / 1e-9)
    assert point.gain == pytest.approx(1.10 - 0.035 * decades + 0.08 * (mode - 0.9), rel=1e-6)
    assert point.delay == pytest.approx(2.2e-15 / bias, rel=1e-6)


def test_outside_a_table_its_edge_holds_and_the_delay_goes_on_as_one_over_bias():
    table = real_cells().inverting
    assert table.at(1e-13, 0.9).gain == table.at(1e-11, 0.9).gain
    assert table.at(1e-9, 3.0).gain == table.at(1e-9, 1.3).gain
    assert table.at(1e-12, 0.9).delay == pytest.approx(10 * table.at(1e-11, 0.9).delay)


def test_signs_say_where_the_output_goes():
    cells = real_cells()
    signs = [cells.ota(orientation).sign for orientation in Orientation]
    assert signs == [1, -1, 1]
    assert cells.ota(Orientation.INVERTING) is cells.inverting


@pytest.mark.parametrize("name", ["gain", "delay", "common_mode"])
def test_a_table_that_is_not_finite_is_refused(name):
    table = ideal_cells().follower
    values = np.array(getattr(table, name))
    values.flat[0] = np.nan
    with pytest.raises(InputError, match=f"follower OTA: {name} is not finite"):
        replace(table, **{name: values})


@pytest.mark.parametrize("name", ["gain", "offset", "delay", "output_conductance"])
def test_a_table_of_another_shape_is_refused(name):
    table = ideal_cells().follower
    with pytest.raises(InputError, match=f"{name} must have shape"):
        replace(table, **{name: getattr(table, name)[:-1]})


def test_mirrors_are_read_between_their_points():
    mirror = MirrorTable(np.array([1e-9, 1e-7]), np.array([1.0, 1.2]), np.array([0.1, 0.3]))
    assert mirror.gain_at(1e-8) == pytest.approx(1.1)
    assert mirror.conductance_at(1e-8) == pytest.approx(0.2)
    assert mirror.gain_at(1e-12) == 1.0


@pytest.mark.parametrize("cells", [ideal_cells(), real_cells(conditions=Conditions("ss", -40.0))])
def test_files_give_back_every_bit(tmp_path, cells):
    path = write_characteristics(tmp_path / "cells.json", cells)
    again = read_characteristics(path)
    assert characteristics_to_json(again) == characteristics_to_json(cells)
    assert isinstance(again.noninverting, OtaTable)
    assert again.noninverting.orientation is Orientation.NONINVERTING
    np.testing.assert_array_equal(again.source.gain, cells.source.gain)


def broken(change) -> str:
    content = json.loads(characteristics_to_json(real_cells()))
    change(content)
    return json.dumps(content)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        broken(lambda c: c.update(format=0)),
        broken(lambda c: c.pop("sink")),
        broken(lambda c: c.pop("supply")),
        broken(lambda c: c.update(color="red")),
        broken(lambda c: c.update(supply="much")),
        broken(lambda c: c["inverting"].update(gain=[1.0])),
        broken(lambda c: c["inverting"].update(gain=None)),
        broken(lambda c: c["inverting"].update(orientation="sideways")),
        broken(lambda c: c["noninverting"]["gain"][0].__setitem__(0, float("nan"))),
        broken(lambda c: c["noninverting"].update(bias_current=c["noninverting"]["delay"])),
        broken(lambda c: c["source"].update(gain=[1.0, 2.0])),
        broken(lambda c: c["source"]["gain"].__setitem__(0, float("inf"))),
    ],
)
def test_a_text_that_holds_no_characteristics_is_refused(text):
    with pytest.raises(InputError):
        characteristics_from_json(text, "cells.json")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json: cannot be read"):
        read_characteristics(tmp_path / "nowhere.json")


def test_a_whole_curve_is_found_with_its_ends():
    """Far from its middle a curve is the tail's current, which the tanh's neighbourhood hides."""
    sweep = np.linspace(-0.3, 0.8, 221)
    t = np.tanh((sweep - 0.001) / 0.07)
    lifted = 1 + 0.08 * (sweep - 0.001) * (1 + t) / 2
    curve = 1.05 * (t * lifted + (1 - t**2) * (0.01 * t - 0.03 * t**3)) - 0.04
    near = np.abs(sweep) <= 0.3
    plain = fit_transfer(sweep[near], 1e-9 * curve[near], 1e-9, +1)
    whole = fit_whole(plain, sweep, 1e-9 * curve, 1e-9, +1)
    assert (whole.offset, whole.slope_voltage) == (plain.offset, plain.slope_voltage)

    def error(fit: TransferFit) -> np.ndarray:
        u = sweep - fit.offset
        t = np.tanh(u / fit.slope_voltage)
        beside = (1 - t**2) * (fit.shape * t + fit.shoulder * t**3)
        fitted = fit.gain * (t * (1 + fit.drift * u * (1 + t) / 2) + beside) + fit.offset_current
        return np.abs(fitted - curve)

    far = sweep > 0.4
    assert error(whole)[far].max() < 4e-4
    assert error(plain)[far].max() > 5e-3
    assert error(whole).max() < 2e-3
    assert whole.drift == pytest.approx(0.08, rel=0.02)
    # the other input turns the curve around, not its offset current
    other = fit_whole(plain, sweep, -1e-9 * (curve + 0.08), 1e-9, -1)
    assert other.offset_current == pytest.approx(-whole.offset_current - 0.08)
    assert (other.gain, other.drift) == pytest.approx((whole.gain, whole.drift))


def test_tables_in_detail_have_what_goes_with_the_whole_curve():
    cells = real_cells()
    table = cells.inverting
    whole = replace(
        table,
        whole_gain=table.gain - 0.001,
        whole_drift=table.drift + 0.01,
        whole_offset_current=table.offset_current + 0.002,
    )
    detail = replace(cells, inverting=whole).in_detail
    plain, found = table.at(1e-9, 0.8), detail.inverting.at(1e-9, 0.8)
    assert found.gain == pytest.approx(plain.gain - 0.001)
    assert found.drift == pytest.approx(plain.drift + 0.01)
    assert found.offset_current == pytest.approx(plain.offset_current + 0.002)
    assert (found.offset, found.slope_voltage) == (plain.offset, plain.slope_voltage)
    # where a table has but one of each, that one
    assert detail.follower.at(1e-9, 0.8) == cells.follower.at(1e-9, 0.8)
