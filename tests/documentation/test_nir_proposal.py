"""The patch that docs/proposals/nir has for NIR: it applies, its tests pass, and NIR reads us."""

import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nir
import pytest

from neuron_model.network.nir_file import write_nir
from neuron_model.network.nir_node import MTC
from tests.neuron_model.network.test_nir_file import network

PATCH = Path(__file__).parents[2] / "docs" / "proposals" / "nir" / "mtc_node.patch"


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy of the installed NIR, with the patch."""
    folder = tmp_path_factory.mktemp("nir")
    shutil.copytree(Path(nir.__file__).parent, folder / "nir")
    alone = os.environ | {"GIT_CEILING_DIRECTORIES": str(folder.parent)}
    words = ["git", "apply", "--whitespace=error", str(PATCH)]
    done = subprocess.run(words, cwd=folder, env=alone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_tests_pass(patched: Path):
    shown = run(patched, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_mtc.py")
    assert "passed" in shown


def test_nir_reads_our_files_with_it(patched: Path, tmp_path: Path):
    path = write_nir(tmp_path / "network.nir", network(recurrent=True))
    program = (
        f"import nir; print(*(type(n).__name__ for n in nir.read({str(path)!r}).nodes.values()))"
    )
    types = run(patched, "-c", program).split()
    assert sorted(types) == sorted(
        ["Input", "Affine", "MTC", "Linear", "Affine", "LI", "LI", "LI", "LI", "Output"]
    )


def test_its_node_is_ours(patched: Path):
    assert inspect.getsource(MTC) in (patched / "nir" / "ir" / "mtc.py").read_text("utf-8")
