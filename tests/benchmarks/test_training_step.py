import pytest
import torch

from benchmarks.training_step import __main__ as training_step
from benchmarks.training_step.contenders import CONTENDERS, FUSED, MissingLibrary, Shape
from benchmarks.training_step.machine import least_bytes, least_tanh
from benchmarks.training_step.threads import threads, two_processes


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_contenders_run_one_step_each():
    for contender in CONTENDERS.values():
        try:
            step = contender(Shape(2, 5, 3))
        except MissingLibrary:
            continue
        step()


def test_libraries_that_are_not_there_are_left_out_with_a_notice(monkeypatch):
    def missing(shape: Shape):
        raise MissingLibrary("otherlib is not there")

    monkeypatch.setitem(CONTENDERS, "other", missing)
    said: list[str] = []
    assert training_step.make(Shape(1, 2, 1), "other", said.append) == {}
    assert said == [
        "left out: other: otherlib is not there; pip install 'mtc-codesign[benchmarks]'"
    ]


def test_medians_take_turns_and_leave_out_first_steps():
    calls: list[str] = []
    steps = {name: (lambda name=name: calls.append(name)) for name in "ab"}
    found = training_step.medians(steps, 2)
    assert calls == list("aabbaabbaabb")
    assert set(found) == {"a", "b"}


def test_ratios_are_to_the_fused_kernel():
    assert training_step.ratios({FUSED: 0.5, "slow": 2.0}) == {"slow": 4.0}


def test_least_work_of_a_step():
    shape = Shape(32, 1000, 100)
    assert least_tanh(shape) == 25_600_000
    assert least_bytes(shape) == 5 * 4 * 3_200_000


def test_threads_are_timed_in_turns_and_left_as_they_were():
    torch.set_num_threads(1)
    found = threads(Shape(2, 5, 3), 2)
    assert min(found.values()) > 0
    assert found["1"] > 0
    assert torch.get_num_threads() == 1


def test_another_process_takes_steps_beside_this_one():
    assert two_processes(Shape(2, 50, 3), 3) > 0
