"""What a notebook sees of work that takes long."""

import sys
from types import SimpleNamespace

import pytest

from codesign.terminal import console
from codesign.terminal.notebook import in_notebook


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
    monkeypatch.setattr(console, "find_spec", lambda name: object() if widgets else None)
    assert console.shows_bars() is widgets
