"""What the toolkit needs from its surroundings, and what of it is there."""

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from circuits.technology import builtin_technologies, load_technology
from netlists.model_library import find_library
from netlists.ngspice_library import (
    command_output,
    find_ngspice_library,
    ngspice_version,
    version_in,
)
from neuron_model.cache_folder import cache_folder
from neuron_model.errors import CodesignError, MissingDependencyError
from neuron_model.fused.library import load

_OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Check:
    """One thing that was looked for.

    ``found`` says what is there (version, path) or what is wrong; ``remedy`` how to get it where
    it is not; ``needed`` is False for what the toolkit can do without.
    """

    name: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True


def examine(with_torch: bool = False) -> list[Check]:
    """Look for everything; never raises for what is missing.

    Args:
        with_torch: load torch, which takes seconds, and ask it for its devices.
    """
    checks = [_python()]
    checks += [_package(name) for name in ("torch", "numpy", "scipy", "PySpice", "safetensors")]
    checks += [_ngspice_library(), _ngspice_program()]
    checks += _models()
    gpus = _gpus()
    checks += [_cache(), _kernel(), _gpu_kernel(gpus), _devices(gpus)]
    return [*checks, _loaded_torch()] if with_torch else checks


def _python() -> Check:
    oldest = ".".join(map(str, _OLDEST_PYTHON))
    return Check(
        "Python",
        sys.version_info >= _OLDEST_PYTHON,
        f"{platform.python_version()} at {sys.executable}",
        f"use Python {oldest} or newer",
    )


def _package(name: str) -> Check:
    try:
        return Check(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, False, "not installed", "run `make setup`, or `pip install -e .`")


def _ngspice_library() -> Check:
    name = "ngspice library"
    try:
        library = find_ngspice_library()
    except MissingDependencyError as error:
        return Check(name, False, "not found", str(error))
    version = ngspice_version(library)
    return Check(
        name,
        version is not None,
        f"{library} does not answer" if version is None else f"{version} ({library})",
        "reinstall ngspice's shared library",
    )


def _ngspice_program() -> Check:
    program = shutil.which("ngspice")
    output = command_output([program, "--version"]) if program else None
    return Check(
        "ngspice program",
        output is not None,
        f"{version_in(output)} ({program})" if output is not None else "not found",
        "install ngspice (`apt-get install ngspice`); only needed to run exported decks by hand",
        needed=False,
    )


def _models() -> list[Check]:
    """The built-in technologies' models (where they were found), and PDK_ROOT."""
    checks = [_technology_models(name) for name in builtin_technologies()]
    root = os.environ.get("PDK_ROOT", "")
    if not root:
        return [*checks, Check("PDK_ROOT", True, "not set (installed models are used)")]
    there = os.path.isdir(root)
    found = f"{root}: {_listing(root)}" if there else f"{root} is not a folder"
    remedy = "set PDK_ROOT to the folder that holds the PDKs, or unset it"
    return [*checks, Check("PDK_ROOT", there, found, remedy, needed=False)]


def _technology_models(name: str) -> Check:
    what = f"{name} models"
    try:
        technology = load_technology(name)
        return Check(what, True, str(find_library(technology.models, technology.corners[0])))
    except CodesignError as error:
        return Check(what, False, "not found", str(error))


def _listing(folder: str) -> str:
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError as error:
        return str(error.strerror)
    return ", ".join(names[:8]) or "empty"


def _cache() -> Check:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(b"x")
            stream.flush()
    except OSError as error:
        remedy = "set MTC_CODESIGN_CACHE to a folder that can be written"
        return Check("cache", False, f"{folder}: {error.strerror}", remedy)
    return Check("cache", True, str(folder))


def _kernel() -> Check:
    """The compiled training kernel; plain torch does without."""
    library = load()
    return Check(
        "fused kernel",
        library is not None,
        library._name if library is not None else "not built; neurons run in plain torch, slowly",
        "install a C compiler (`apt-get install gcc libc6-dev`), then the package again",
        needed=False,
    )


def _gpu_kernel(gpus: Sequence[str]) -> Check:
    """What compiles the training kernel for GPUs; without one it is of no use."""
    name = "GPU kernel"
    try:
        return Check(name, True, f"Triton {metadata.version('triton')}")
    except metadata.PackageNotFoundError:
        pass
    found = "Triton is not installed; " + ("GPUs run plain torch" if gpus else "no GPU needs it")
    return Check(name, not gpus, found, "pip install 'mtc-codesign[gpu]'", needed=False)


def _devices(gpus: Sequence[str]) -> Check:
    """Where torch can compute, by its build and the driver; a GPU is never needed."""
    cores = f"cpu ({os.cpu_count()} cores)"
    if gpus and not _torch_uses_cuda():
        found = f"{cores}; this build of torch has no CUDA for {', '.join(gpus)}"
        remedy = "install torch as https://pytorch.org says for your CUDA"
        return Check("compute devices", False, found, remedy, needed=False)
    devices = [f"cuda:{index} ({name})" for index, name in enumerate(gpus)]
    return Check("compute devices", True, ", ".join((cores, *devices)))


def _gpus() -> tuple[str, ...]:
    """The GPUs that NVIDIA's driver knows, by name."""
    program = shutil.which("nvidia-smi")
    query = [program, "--query-gpu=name", "--format=csv,noheader"] if program else None
    output = command_output(query) if query else None
    return tuple(line.strip() for line in (output or "").splitlines() if line.strip())


def _torch_uses_cuda() -> bool:
    """What torch's build says of itself in a file: importing torch would take seconds."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    try:
        text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    except OSError:
        return False
    return re.search(r"^cuda\b[^=]*=\s*['\"]", text, re.MULTILINE) is not None


def _loaded_torch() -> Check:
    """What torch itself says; it is imported."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("torch loads", False, f"it cannot be loaded: {error}", "reinstall torch")
    devices = [f"cpu ({torch.get_num_threads()} threads)"]
    if torch.cuda.is_available():
        devices += [
            f"cuda:{index} ({torch.cuda.get_device_name(index)})"
            for index in range(torch.cuda.device_count())
        ]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return Check("torch loads", True, ", ".join(devices))
