"""Where ngspice's shared library lies, and which version it is."""

import ctypes
import ctypes.util
import functools
import os
import re
import subprocess
import sys

from neuron_model.errors import MissingDependencyError

LIBRARY_VARIABLE = "NGSPICE_LIBRARY_PATH"

# Debian and Ubuntu ship only the first name without their development package.
_NAMES = ("libngspice.so.0", "libngspice.so", "libngspice.0.dylib", "libngspice.dylib")

_HOW_TO_GET_IT = (
    "install it with `apt-get install ngspice libngspice0` (Debian, Ubuntu), "
    "`dnf install ngspice libngspice` (Fedora), `brew install ngspice libngspice` (macOS) or "
    "`conda install -c conda-forge ngspice-lib`, or set NGSPICE_LIBRARY_PATH to its file"
)


def find_ngspice_library() -> str:
    """The name or path by which ngspice's shared library can be loaded.

    ``$NGSPICE_LIBRARY_PATH`` is taken where it is set; else the usual names are tried, and then
    what ``ctypes.util.find_library`` finds.

    Raises:
        MissingDependencyError: there is none that can be loaded.
    """
    return _find(os.environ.get(LIBRARY_VARIABLE, ""))


@functools.cache
def _find(chosen: str) -> str:
    if chosen:
        reason = _why_not(chosen)
        if reason is None:
            # Workers run in folders of their own.
            return os.path.abspath(chosen) if os.sep in chosen else chosen
        raise MissingDependencyError(
            f"{LIBRARY_VARIABLE} is {chosen!r}, which is not a library that can be loaded "
            f"({reason}); {_HOW_TO_GET_IT}."
        )
    for name in _NAMES:
        if _why_not(name) is None:
            return name
    found = ctypes.util.find_library("ngspice")
    if found and _why_not(found) is None:
        return found
    raise MissingDependencyError(f"ngspice's shared library was not found; {_HOW_TO_GET_IT}.")


# The version is asked for in a process of its own: a library that is broken takes only that one
# with it, and one process can hold ngspice only once.
_ASK_VERSION = """
import ctypes, sys
lines = []
Say = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)
Exit = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.c_bool, ctypes.c_bool, ctypes.c_int, ctypes.c_void_p
)
say = Say(lambda text, number, user: lines.append(text.decode(errors="replace")) or 0)
leave = Exit(lambda *arguments: 0)
library = ctypes.CDLL(sys.argv[1])
library.ngSpice_Init(say, None, leave, None, None, None, None)
library.ngSpice_Command(b"version -s")
print("\\n".join(lines))
"""


@functools.cache
def ngspice_version(library: str) -> str | None:
    """``ngspice 39``, as the shared ``library`` says of itself; None where it does not answer."""
    # without site-packages, which it needs none of: half the time
    said = command_output([sys.executable, "-I", "-S", "-c", _ASK_VERSION, library])
    return None if said is None else version_in(said)


def version_in(text: str) -> str:
    """``ngspice 39`` from what ngspice says at its start."""
    match = re.search(r"ngspice-(\d+[\w.+]*)", text)
    return f"ngspice {match.group(1)}" if match else "ngspice of unknown version"


def command_output(command: list[str]) -> str | None:
    """What a command prints; None where it fails or hangs."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None


def _why_not(name: str) -> str | None:
    """The reason why the library cannot be loaded; none where it can and is ngspice."""
    try:
        library = ctypes.CDLL(name)
    except OSError as error:
        return str(error)
    if not hasattr(library, "ngSpice_Init"):
        return "it has no ngSpice_Init"
    return None
