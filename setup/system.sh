#!/bin/sh
# What has to come from the operating system: Python 3.11+ with venv, and ngspice with its library.
#
#   setup/system.sh            looks; where something is missing, installs it (apt) or says how (status 3)
#   setup/system.sh --python   prints the interpreter that fits
#
# Looks before it acts: where everything is there, no package manager is started.
set -u

fail() {
    echo "error: $*" >&2
    exit 3
}

# ensurepip is what Debian leaves out when python3-venv is missing.
fits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if fits "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# The names that netlists.ngspice_library tries, in the loader's own folders and Homebrew's.
has_library() {
    "$1" - <<'PYTHON' >/dev/null 2>&1
import ctypes, os, sys
names = [os.environ.get("NGSPICE_LIBRARY_PATH"), "libngspice.so.0", "libngspice.so"]
names += [folder + "libngspice" + ending
          for folder in ("", "/opt/homebrew/lib/", "/usr/local/lib/")
          for ending in (".dylib", ".0.dylib")]
for name in filter(None, names):
    try:
        ctypes.CDLL(name)
        sys.exit(0)
    except OSError:
        pass
sys.exit(1)
PYTHON
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        # -n first: where no password is needed, none is asked for, also without a terminal.
        sudo -n "$@" 2>/dev/null || sudo "$@"
    else
        return 1
    fi
}

python=$(find_python) || python=
if [ "${1:-}" = --python ]; then
    [ -n "$python" ] || fail "Python 3.11 or newer with venv is needed."
    echo "$python"
    exit 0
fi

missing=
[ -n "$python" ] || missing="python3 python3-venv"
if [ -z "$python" ] || ! has_library "$python"; then
    missing="$missing libngspice0"
fi
command -v ngspice >/dev/null 2>&1 || missing="$missing ngspice"
missing=${missing# }
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null 2>&1; then
    echo "Installing with apt: $missing" >&2
    # shellcheck disable=SC2086  # a list of package names
    as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get -qq update && exec apt-get -qq install -y --no-install-recommends "$@" >/dev/null' sh $missing ||
        fail "apt could not install what is missing; run as root: apt-get install $missing"
    python=$(find_python) ||
        fail "Python 3.11 or newer with venv is needed; this system's python3 is older. Install one and run make PYTHON=/path/to/it setup."
    has_library "$python" ||
        fail "libngspice0 is installed, but $python cannot load libngspice.so.0."
    exit 0
fi

if command -v brew >/dev/null 2>&1; then
    how="brew install ngspice libngspice python"
elif command -v dnf >/dev/null 2>&1; then
    how="sudo dnf install ngspice libngspice python3"
elif command -v pacman >/dev/null 2>&1; then
    how="sudo pacman -S ngspice python"
elif command -v zypper >/dev/null 2>&1; then
    how="sudo zypper install ngspice libngspice0 python3"
else
    how="install ngspice with its shared library (libngspice) and Python 3.11 or newer"
fi
fail "these are missing: $missing. Get them with: $how; then run make again."
