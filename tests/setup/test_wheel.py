"""A source distribution and a wheel, made of this checkout and installed where nothing of it is.

The compiler is played: it reads the kernel's sources, so that one that is missing is seen, and then
hands over the kernel of this checkout, for compiling takes minutes. `make wheels` compiles.
"""

import fnmatch
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from neuron_model.fused.library import load

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.wheel

COMPILER = """#!/bin/sh
case " $* " in
*" -shared "*) while [ "$1" != -o ]; do shift; done; exec cp "{kernel}" "$2" ;;
*) cc -M "$@" >/dev/null || exit 1; while [ "$1" != -o ]; do shift; done; : > "$2" ;;
esac
"""


def run(*words: object, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={k: v for k, v in {**os.environ, **variables}.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def made_here(folder: str, names: list[str]) -> set[str]:
    """What of a folder is no source of the checkout."""
    patterns = [".*", "*.so", "*.egg-info", "__pycache__"]
    if Path(folder) == ROOT:
        patterns += ["build", "dist", "site", "runs"]
    return {name for pattern in patterns for name in fnmatch.filter(names, pattern)}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source distribution, and the wheel that is made of it alone."""
    kernel = load()
    if kernel is None:
        pytest.skip("the kernel was not compiled here")
    folder = tmp_path_factory.mktemp("dist")
    compiler = folder / "compiler"
    compiler.write_text(COMPILER.format(kernel=kernel._name))
    compiler.chmod(0o755)
    # A copy: test processes side by side build there, and the checkout stays as it is.
    shutil.copytree(ROOT, folder / "source", ignore=made_here)
    words = ("-m", "build", "--no-isolation", "--outdir", folder, folder / "source")
    run(sys.executable, *words, folder=folder, CC=str(compiler), SETUPTOOLS_SCM_PRETEND_VERSION="9")
    (source,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return source, wheel


@pytest.fixture(scope="module")
def installed(distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment that has the wheel, and what it needs from this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv")
    python = folder / "venv/bin/python"
    place = sysconfig.get_path("purelib", vars={"base": str(folder / "venv")})
    # A list of folders, in which what is editable is not looked up.
    Path(place, "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    options = ("--no-deps", "--no-index", "--force-reinstall", "--quiet")
    pip = (sys.executable, "-m", "pip", "--python", python, "install")
    run(*pip, *options, distributions[1], folder=folder)
    return python.parent


def test_one_wheel_serves_every_python_of_a_machine(distributions: tuple[Path, Path]):
    assert distributions[1].name.startswith("mtc_codesign-9-py3-none-")
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = wheel.namelist()
    assert {name.split("/")[0] for name in names} == {"mtc_codesign", "mtc_codesign-9.dist-info"}
    below = {name.removeprefix("mtc_codesign/") for name in names}
    for path in ("neuron_model/fused/_kernel.so", "circuits/technologies/generic/models.spice"):
        assert path in below


def test_the_source_distribution_is_the_checkout(distributions: tuple[Path, Path]):
    with tarfile.open(distributions[0]) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    for path in (
        "Makefile",
        "constraints.txt",
        "docs/index.md",
        "examples/own_series.toml",
        "neuron_model/fused/both_types.h",
        "setup/one_name.py",
        "setup/system.sh",
        "tests/setup/test_wheel.py",
    ):
        assert path in names
    assert not [name for name in names if name.endswith((".so", ".pyc"))]


def test_the_command_line_works_from_another_folder(installed: Path, tmp_path: Path):
    assert run(installed / "codesign", "--version", folder=tmp_path) == "codesign 9\n"
    said = run(installed / "codesign", "regime", "preset:tonic_bursting", folder=tmp_path)
    assert said.startswith("tonic bursting: 6 bursts of 7 spikes, ISI 60.3 tau_m, IBI 995 tau_m;")
    module = (installed / "python", "-m", "mtc_codesign", "--version")
    assert run(*module, folder=tmp_path) == "codesign 9\n"


def test_names_of_others_stay_theirs(installed: Path, tmp_path: Path):
    (tmp_path / "circuits.py").write_text("ours = False\n")
    program = (
        "import circuits, importlib.util, json\n"
        "assert not circuits.ours\n"
        "from mtc_codesign.circuits import load_technology\n"
        "from mtc_codesign.neuron_model.fused.library import load\n"
        "names = ('neuron_model', 'mapping', 'netlists', 'codesign')\n"
        "print(json.dumps([load_technology('generic').name, load()._name,\n"
        "    [name for name in names if importlib.util.find_spec(name)]]))\n"
    )
    technology, kernel, found = json.loads(
        run(installed / "python", "-c", program, folder=tmp_path, PYTHONSAFEPATH="")
    )
    assert technology == "generic"
    assert Path(kernel).is_relative_to(installed.parent)
    assert found == []


SCRIPT = """
from dataclasses import dataclass
from mtc_codesign.codesign.studies.executors.local import LocalExecutor
from mtc_codesign.codesign.studies.study import Point, Task


@dataclass(frozen=True)
class Where(Task):
    version = 1

    def __call__(self, point, tools):
        return type(tools).__module__

if __name__ == "__main__":
    with LocalExecutor(2) as executor:
        points = [Point(str(n), {}) for n in range(2)]
        print(*sorted(outcome for _, outcome in executor.run(Where(), points)))
"""


def test_worker_processes_have_the_installed_packages(installed: Path, tmp_path: Path):
    (tmp_path / "study.py").write_text(SCRIPT)
    said = run(installed / "python", tmp_path / "study.py", folder=tmp_path)
    assert said.split() == ["mtc_codesign.codesign.workbench"] * 2


@pytest.mark.ngspice
def test_the_simulator_runs(installed: Path, tmp_path: Path):
    words = ("--technology", "generic", "--backend", "ngspice", "--current", "-2", "--json")
    stated = run(installed / "codesign", "regime", "preset:tonic_spiking", *words, folder=tmp_path)
    assert json.loads(stated)["regime"] == "resting"
