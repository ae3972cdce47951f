"""What a task has found in its process: once, also where it could not be found."""

import pickle

import pytest

from codesign.studies.memo import Memo, anew
from netlists.errors import ConvergenceError
from neuron_model.errors import InputError


def test_what_was_found_is_not_looked_for_again():
    memo, calls = Memo(), []
    for _ in range(3):
        assert memo("a", lambda: calls.append(1) or 7) == 7
    assert len(calls) == 1


def test_what_could_not_be_found_is_not_looked_for_again_and_says_the_same():
    memo, calls = Memo(), []

    def find() -> None:
        calls.append(1)
        raise ConvergenceError("no solution.")

    found = []
    for _ in range(3):
        with pytest.raises(ConvergenceError, match="no solution.") as error:
            memo("a", find)
        found.append(error.value)
    assert len(calls) == 1
    # each is raised anew: kept ones would grow with every place where they were raised
    assert len({id(each) for each in found}) == 3
    assert all(each.__context__ is None for each in found[1:])


def test_the_oldest_makes_way():
    memo, calls = Memo(2), []
    for key in ("a", "b", "a", "c", "a", "b"):
        memo(key, lambda key=key: calls.append(key))
    assert calls == ["a", "b", "c", "b"]


def test_what_is_found_stays_in_its_process():
    memo = Memo(5)
    memo("a", lambda: lambda: None)
    sent = pickle.loads(pickle.dumps(memo))
    assert sent("a", lambda: 2) == 2


def test_an_error_anew_is_of_its_own_kind():
    assert isinstance(anew(InputError("x")), InputError)
