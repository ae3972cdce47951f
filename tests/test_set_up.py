"""The set-up script on machines that lack something, played with a PATH of our own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "setup" / "system.sh"
SHELL = "/bin/sh"


def executable(path: Path, text: str) -> None:
    path.write_text(f"#!{SHELL}\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with an interpreter that has neither ngspice nor a package manager beside it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    executable(folder / "python3", f'exec "{sys.executable}" "$@"')
    executable(folder / "id", "echo 0")
    executable(folder / "cc", "exit 0")
    for name, path in {"env": "/usr/bin/env", "sh": SHELL}.items():
        (folder / name).symlink_to(path)
    return folder


def without_library(folder: Path) -> None:
    """An interpreter that can make environments but load no library."""
    executable(
        folder / "python3",
        f'case "$1" in -) exit 1 ;; *) exec "{sys.executable}" "$@" ;; esac',
    )


def run(programs: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k != "PYTHON"}
    return subprocess.run(
        [SHELL, str(SCRIPT), *words],
        env={**kept, "PATH": str(programs), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.ngspice
def test_where_everything_is_there_nothing_is_started(programs: Path):
    executable(programs / "ngspice", "exit 0")
    executable(programs / "apt-get", "echo started; exit 1")
    done = run(programs)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert run(programs, "--python").stdout.strip() == str(programs / "python3")


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("brew", "brew install ngspice libngspice"),
        ("dnf", "sudo dnf install ngspice libngspice"),
        ("pacman", "sudo pacman -S ngspice"),
        ("other", "install ngspice with its shared library"),
    ],
)
def test_elsewhere_than_debian_the_command_is_told(programs: Path, manager: str, command: str):
    without_library(programs)
    executable(programs / manager, "echo started; exit 1")
    done = run(programs)
    assert done.returncode == 3
    assert command in done.stderr
    assert "NGSPICE_LIBRARY_PATH" in done.stderr
    assert done.stdout == ""


def test_on_debian_apt_is_asked_for_what_is_missing(programs: Path, tmp_path: Path):
    without_library(programs)
    record = tmp_path / "record"
    executable(programs / "apt-get", f'echo "$@" >> "{record}"')
    done = run(programs)
    packages = record.read_text().splitlines()[-1].split()
    assert packages[-2:] == ["libngspice0", "ngspice"]
    assert "python3-venv" not in packages
    # This apt installs nothing, so the library is still missing.
    assert done.returncode == 3
    assert "apt-get install libngspice0 ngspice" in done.stderr


def test_without_root_and_sudo_apt_is_not_started(programs: Path):
    without_library(programs)
    executable(programs / "id", "echo 1000")
    executable(programs / "apt-get", "echo started")
    done = run(programs)
    assert done.returncode == 3
    assert "started" not in done.stdout
    assert "as root, apt-get install libngspice0 ngspice" in done.stderr


@pytest.mark.ngspice
def test_the_program_alone_is_worth_a_note(programs: Path):
    done = run(programs)
    assert done.returncode == 0
    assert "the program ngspice is not there" in done.stderr


@pytest.mark.ngspice
def test_without_a_compiler_apt_brings_one_and_without_apt_there_is_a_note(programs: Path):
    executable(programs / "ngspice", "exit 0")
    executable(programs / "cc", "exit 1")
    done = run(programs)
    assert done.returncode == 0
    assert "there is no C compiler" in done.stderr
    executable(programs / "apt-get", f'echo "exit 0" > "{programs / "asked"}"; echo "$@" >&2')
    done = run(programs)
    assert done.returncode == 0
    assert "gcc libc6-dev" in done.stderr


def test_no_python_that_fits(programs: Path):
    for words in ((), ("--python",)):
        done = run(programs, *words, PYTHON="/nowhere/python")
        assert done.returncode == 3
        assert "Python 3.11 or newer" in done.stderr
