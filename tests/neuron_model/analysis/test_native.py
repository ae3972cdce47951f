"""Rates in C: Python's numbers, to the last bit, and what happens without a compiler."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuron_model.analysis import native as native_module
from neuron_model.analysis import rates as rates_module
from neuron_model.analysis.native import c_code, c_compiler, native
from neuron_model.analysis.rates import state_vector, traced_rates
from neuron_model.analysis.simulation import rest, simulate
from neuron_model.analysis.traced import Program, compiled
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus
from tests.neuron_model.analysis.test_traced import every_operation
from tests.neuron_model.model.test_amplifiers import NEURON

needs_compiler = pytest.mark.skipif(c_compiler() is None, reason="there is no C compiler")


@pytest.fixture
def in_python(monkeypatch: pytest.MonkeyPatch):
    """A machine without a C compiler."""
    monkeypatch.setattr(native_module, "c_compiler", lambda: None)
    native_module._library.cache_clear()
    yield
    native_module._library.cache_clear()


def traced() -> tuple[Program, list]:
    program = Program()
    numbers = (program.variable("x"), program.variable("y"), program.constant("z"))
    return program, every_operation(*numbers, np.tanh, lambda number: number.exp())


PROGRAM, RATES = traced()


@needs_compiler
@settings(deadline=None)  # the first example compiles
@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2))
def test_every_operation_gives_what_python_gives_to_the_last_bit(x, y, z):
    in_c = native(PROGRAM, "z", ["x", "y"], RATES)
    assert in_c is not None
    at = np.array([x, y])
    for ours, reference in zip(in_c(z), compiled(PROGRAM, "z", ["x", "y"], RATES)(z), strict=True):
        np.testing.assert_array_equal(ours(at, 0.0), reference(at, 0.0))


@needs_compiler
def test_a_neuron_fires_as_it_does_in_python_to_the_last_bit(monkeypatch: pytest.MonkeyPatch):
    stimulus = Stimulus((0.0, 20.0), (-0.5, 0.3))
    in_c = simulate(NEURON, stimulus, 100.0)
    monkeypatch.setattr(rates_module, "native", lambda *_: None)
    np.testing.assert_array_equal(in_c.voltage, simulate(NEURON, stimulus, 100.0).voltage)


@needs_compiler
def test_neurons_of_one_kind_share_their_code():
    native_module._library.cache_clear()
    other = NEURON.with_values({"elements[0].alpha": -1.618, "filter_slow.amplifier.fall": 0.517})
    for neuron in (NEURON, other):
        rates, _ = traced_rates(neuron)(0.1)
        assert np.isfinite(rates(state_vector(neuron, rest(neuron, 0.1)), 0.0)).all()
    assert native_module._library.cache_info().misses == 1


def test_numbers_are_given_when_the_code_is_called():
    code = c_code(PROGRAM, "z", ["x", "y"], RATES)
    assert 0.3 in code.numbers
    assert "0.3" not in code.source


def test_without_a_compiler_python_does_it(in_python: None):
    assert native(PROGRAM, "z", ["x", "y"], RATES) is None
    rates, _ = traced_rates(NEURON)(0.1)
    assert isinstance(rates(state_vector(NEURON, rest(NEURON, 0.1)), 0.0), list)


@needs_compiler
def test_what_does_not_compile_is_left_to_python():
    program = Program()
    x = program.variable("x") * math.inf
    assert native(program, "z", ["x"], [x]) is None


def test_neurons_with_few_states_stay_in_python(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr(rates_module, "native", refuse)
    few = replace(preset("tonic_bursting").parameters, name="few")
    traced_rates(few)(0.0)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The folder of compiled rates, empty; nothing is loaded in this process."""
    monkeypatch.setenv("MTC_CODESIGN_CACHE", str(tmp_path))
    native_module._library.cache_clear()
    yield tmp_path / "rates"
    native_module._library.cache_clear()


def value_of(parts: tuple[Program, list]) -> float:
    program, rates = parts
    in_c = native(program, "z", ["x", "y"], rates)
    assert in_c is not None
    return in_c(0.5)[0](np.array([0.3, 0.4]), 0.0)[0]


@needs_compiler
def test_what_was_compiled_is_kept_for_the_next_process(
    kept: Path, monkeypatch: pytest.MonkeyPatch
):
    first = value_of((PROGRAM, RATES))
    assert [path.suffix for path in kept.iterdir()] == [".so"]
    native_module._library.cache_clear()
    monkeypatch.setattr(native_module, "_compiled", lambda *_: pytest.fail("compiled again"))
    assert value_of((PROGRAM, RATES)) == first


@needs_compiler
def test_a_file_that_is_no_library_is_replaced(kept: Path):
    first = value_of((PROGRAM, RATES))
    (file,) = kept.iterdir()
    # not written over: the library is loaded
    file.unlink()
    file.write_text("no library")
    native_module._library.cache_clear()
    assert value_of((PROGRAM, RATES)) == first
    assert file.read_bytes() != b"no library"


@needs_compiler
def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MTC_CODESIGN_CACHE", str(tmp_path / "file"))
    native_module._library.cache_clear()
    assert np.isfinite(value_of((PROGRAM, RATES)))
    native_module._library.cache_clear()
