import pickle

import numpy as np
import pytest

from netlists.waveforms import Waveforms, canonical_name, from_plot
from neuron_model.errors import InputError

TIME = np.array([0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("m", "v(m)"),
        ("V(M)", "v(m)"),
        ("x1.m", "v(x1.m)"),
        ("vdd#branch", "i(vdd)"),
        ("i(Vdd)", "i(vdd)"),
        ("v(vdd#branch)", "i(vdd)"),
        ("@m.x1.m1[id]", "@m.x1.m1[id]"),
        ("i(@M1[id])", "@m1[id]"),
    ],
)
def test_a_vector_has_one_name(name, expected):
    assert canonical_name(name) == expected
    assert canonical_name(expected) == expected


def test_vectors_are_found_by_any_of_their_names():
    waveforms = Waveforms("time", TIME, {"m": TIME + 1.0, "vdd#branch": TIME + 2.0})
    for name in ("m", "M", "v(m)", "V(M)"):
        np.testing.assert_array_equal(waveforms[name], TIME + 1.0)
    np.testing.assert_array_equal(waveforms["i(vdd)"], TIME + 2.0)
    assert "V(m)" in waveforms
    assert "v(s)" not in waveforms
    assert list(waveforms) == ["v(m)", "i(vdd)"]
    assert len(waveforms) == 3


def test_a_missing_vector_is_told_with_those_there_are():
    waveforms = Waveforms("time", TIME, {"m": TIME, "vdd#branch": TIME})
    with pytest.raises(InputError, match=r"no vector 'v\(s\)'.*v\(m\), i\(vdd\)"):
        waveforms["v(s)"]


def test_vectors_are_as_long_as_their_axis():
    with pytest.raises(InputError, match="2 points and its axis 3"):
        Waveforms("time", TIME, {"m": TIME[:2]})


@pytest.mark.parametrize("name", ["time", "v(v-sweep)", "i(i-sweep)", "temp-sweep"])
def test_the_axis_of_a_plot_is_known_by_its_name(name):
    waveforms = from_plot({"m": TIME, name: TIME * 2.0})
    assert waveforms.axis_name == name.removeprefix("v(").removeprefix("i(").rstrip(")")
    np.testing.assert_array_equal(waveforms.axis, TIME * 2.0)
    assert list(waveforms) == ["v(m)"]


def test_an_operating_point_has_no_axis():
    waveforms = from_plot({"m": np.array([0.9])})
    assert waveforms.axis_name == "point"
    assert waveforms.axis.tolist() == [0.0]


def test_the_frequency_is_real():
    axis = from_plot({"frequency": np.array([1.0 + 0j, 10.0]), "m": np.array([1j, 2j])}).axis
    assert axis.dtype == np.float64


def test_waveforms_can_be_pickled():
    copy = pickle.loads(pickle.dumps(Waveforms("time", TIME, {"m": TIME})))
    np.testing.assert_array_equal(copy["m"], TIME)
