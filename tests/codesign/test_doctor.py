"""The doctor: what is found, what is missing, and how to get it."""

import json
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from codesign import doctor
from codesign.command_line import main
from codesign.doctor import Check, examine
from neuron_model.errors import MissingDependencyError


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


@pytest.mark.ngspice
def test_what_is_there_is_found(cache_folder: Path):
    checks = by_name(examine())
    assert checks["Python"].ok
    assert checks["PySpice"].found.startswith("1.")
    assert checks["ngspice library"].found.startswith("ngspice ")
    assert checks["ngspice program"].found.startswith("ngspice ")
    assert checks["compute devices"].found.startswith("cpu")
    assert checks["cache"].found == str(cache_folder)


def test_models_that_are_missing_say_how_to_get_them(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("PDK_ROOT", raising=False)
    checks = by_name(doctor._models())
    assert (checks["sky130 models"].ok, checks["sky130 models"].needed) == (False, True)
    assert "codesign pdk install sky130" in checks["sky130 models"].remedy
    assert "codesign pdk install gf180mcu" in checks["gf180mcu models"].remedy
    assert checks["generic models"].ok
    assert Path(checks["generic models"].found).is_file()


def test_a_pdk_of_the_users_own(
    cache_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    library = tmp_path / "pdks/sky130A/libs.tech/combined/continuous/sky130.lib.spice"
    library.parent.mkdir(parents=True)
    library.write_text("* models\n")
    monkeypatch.setenv("PDK_ROOT", str(tmp_path / "pdks"))
    checks = by_name(doctor._models())
    assert checks["sky130 models"].found == str(library)
    assert "sky130A" in checks["PDK_ROOT"].found
    monkeypatch.setenv("PDK_ROOT", str(tmp_path / "nowhere"))
    checks = by_name(doctor._models())
    assert not checks["sky130 models"].ok
    assert (checks["PDK_ROOT"].ok, checks["PDK_ROOT"].needed) == (False, False)


def test_a_cache_that_cannot_be_written(cache_folder: Path):
    cache_folder.write_text("a file where the folder should be")
    check = doctor._cache()
    assert not check.ok
    assert "MTC_CODESIGN_CACHE" in check.remedy


def test_no_library(monkeypatch: pytest.MonkeyPatch):
    def missing() -> str:
        raise MissingDependencyError("Install it with apt.")

    monkeypatch.setattr(doctor, "find_ngspice_library", missing)
    assert doctor._ngspice_library() == Check(
        "ngspice library", False, "not found", "Install it with apt."
    )


def test_a_library_that_is_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fake = tmp_path / "libngspice.so"
    fake.write_bytes(b"not a library")
    monkeypatch.setattr(doctor, "find_ngspice_library", lambda: str(fake))
    check = doctor._ngspice_library()
    assert not check.ok
    assert str(fake) in check.found


def test_no_kernel_is_told_but_no_failure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "load", lambda: None)
    check = doctor._kernel()
    assert (check.ok, check.needed) == (False, False)
    assert "gcc" in check.remedy


def test_no_program_is_told_but_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    check = doctor._ngspice_program()
    assert (check.ok, check.needed) == (False, False)


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ([Check("a", True, "1.0")], 0),
        ([Check("a", True, "1.0"), Check("b", False, "not there", "get it", needed=False)], 0),
        ([Check("a", True, "1.0"), Check("b", False, "not there", "get it")], 3),
    ],
)
def test_the_status_says_whether_something_needed_is_missing(
    checks: list[Check],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(doctor, "examine", lambda with_torch: checks)
    assert main(["doctor", "--json"]) == status
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["ok"] == (status == 0)
    assert [check["name"] for check in document["checks"]] == [check.name for check in checks]
    assert ("get it" in err) == (len(checks) == 2)
    assert main(["doctor"]) == status
    assert "1.0" in capsys.readouterr().out


@pytest.mark.parametrize("gpus", [(), ("NVIDIA A100",)])
def test_triton_is_missed_only_where_there_is_a_gpu(
    gpus: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    check = doctor._gpu_kernel(gpus)
    assert check.ok is (not gpus)
    assert not check.needed
    assert "mtc-codesign[gpu]" in check.remedy


@pytest.mark.parametrize(
    ("version", "uses_cuda"),
    [
        ("__version__ = '2.9.0+cpu'\ncuda: Optional[str] = None\n", False),
        ("__version__ = '2.9.0'\ncuda: Optional[str] = '12.8'\n", True),
        ("cuda = '12.1'\n", True),
    ],
)
def test_a_gpu_counts_if_the_build_of_torch_can_use_it(
    version: str, uses_cuda: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "version.py").write_text(version)
    spec = ModuleSpec("torch", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(doctor, "find_spec", lambda name: spec)
    check = doctor._devices(("NVIDIA A100",))
    assert check.ok is uses_cuda
    assert ("cuda:0 (NVIDIA A100)" in check.found) is uses_cuda
    assert not check.needed or check.ok
    assert doctor._devices(()).ok


def test_torch_itself_is_asked_if_that_is_wanted():
    check = doctor._loaded_torch()
    assert check.ok
    assert check.found.startswith("cpu (")
