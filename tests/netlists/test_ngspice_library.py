import ctypes.util

import pytest

from netlists import ngspice_library
from netlists.ngspice_library import find_ngspice_library, ngspice_version, version_in
from neuron_model.errors import MissingDependencyError


@pytest.fixture(autouse=True)
def _nothing_remembered():
    ngspice_library._find.cache_clear()
    yield
    ngspice_library._find.cache_clear()


def test_a_library_that_is_set_and_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", str(tmp_path / "libngspice.so"))
    with pytest.raises(MissingDependencyError, match="NGSPICE_LIBRARY_PATH is .*libngspice.so"):
        find_ngspice_library()


def test_a_library_that_is_set_and_another(monkeypatch):
    other = ctypes.util.find_library("c")
    assert other
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", other)
    with pytest.raises(MissingDependencyError, match="it has no ngSpice_Init"):
        find_ngspice_library()


def test_without_a_library_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.delenv("NGSPICE_LIBRARY_PATH", raising=False)
    monkeypatch.setattr(ngspice_library, "_NAMES", ("libnone.so",))
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    with pytest.raises(MissingDependencyError, match="apt-get install ngspice libngspice0"):
        find_ngspice_library()


@pytest.mark.ngspice
def test_the_library_is_found_by_its_usual_name(monkeypatch):
    monkeypatch.delenv("NGSPICE_LIBRARY_PATH", raising=False)
    name = find_ngspice_library()
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", name)
    assert find_ngspice_library() == name


@pytest.mark.ngspice
def test_the_version_is_what_the_library_says(monkeypatch):
    monkeypatch.delenv("NGSPICE_LIBRARY_PATH", raising=False)
    version = ngspice_version(find_ngspice_library())
    assert version is not None
    assert int(version.removeprefix("ngspice ").split(".")[0].rstrip("+")) >= 30


def test_a_library_that_does_not_answer(tmp_path):
    assert ngspice_version(str(tmp_path / "libngspice.so")) is None


def test_a_version_in_other_words():
    assert version_in("** ngspice-42+ : Circuit level simulation program") == "ngspice 42+"
    assert version_in("spice3f5") == "ngspice of unknown version"
