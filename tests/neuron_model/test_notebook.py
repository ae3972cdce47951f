"""What a notebook sees of work that takes long."""

import sys
from types import SimpleNamespace

import pytest

from neuron_model import progress
from neuron_model.notebook import in_notebook


def shell(name: str) -> SimpleNamespace:
    """A stand-in for the module IPython, whose shell is of the class ``name``."""
    return SimpleNamespace(get_ipython=lambda: type(name, (), {})())


@pytest.mark.parametrize(
    ("name", "expected"), [("ZMQInteractiveShell", True), ("TerminalInteractiveShell", False)]
)
def test_a_notebook_is_told_from_a_terminal(
    name: str, expected: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "IPython", shell(name))
    assert in_notebook() is expected


def test_without_ipython_there_is_no_notebook(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()


@pytest.mark.parametrize("widgets", [True, False])
def test_bars_are_shown_in_a_notebook_that_can_move_them(
    widgets: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "IPython", shell("ZMQInteractiveShell"))
    monkeypatch.setattr(progress, "find_spec", lambda name: object() if widgets else None)
    assert progress.shows_bars() is widgets


def test_work_is_told_to_whoever_is_given_and_else_to_nobody_where_nobody_sees_it(
    monkeypatch: pytest.MonkeyPatch,
):
    told: list[tuple[int, int, str]] = []
    with progress.shown_progress(lambda *how_far: told.append(how_far)) as given:
        given(1, 2, "training")
    assert told == [(1, 2, "training")]
    monkeypatch.setattr(progress, "shows_bars", lambda: False)
    with progress.shown_progress() as nobody:
        assert nobody is progress.silent


def test_a_bar_is_drawn_where_it_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress.shown_progress() as told:
        told(3, 8, "training")
    shown = capsys.readouterr()
    assert "training" in shown.err
    assert shown.out == ""
