#!/bin/sh
# What has to come from the operating system: Python 3.11+ with venv, ngspice with its library, and a
# C compiler for the fused training kernel.
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

# Without a compiler everything works, but training is some fifteen times as slow.
has_compiler() {
    printf '#include <math.h>\nint main(void) { return 0; }\n' |
        ${CC:-cc} -x c -o /dev/null - >/dev/null 2>&1
}

# The program runs exported decks by hand and in tests; the toolkit itself does without.
works() {
    python=$(find_python) && has_library "$python"
}

missing=
[ -n "$python" ] || missing="python3 python3-venv"
if [ -z "$python" ] || ! has_library "$python"; then
    missing="$missing libngspice0"
fi
command -v ngspice >/dev/null 2>&1 || missing="$missing ngspice"
has_compiler || missing="$missing gcc libc6-dev"
missing=${missing# }
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null 2>&1; then
    how="as root, apt-get install $missing"
    echo "Installing with apt: $missing" >&2
    # shellcheck disable=SC2016,SC2086  # "$@" is the inner shell's; $missing is a list
    as_root env DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get -qq update && exec apt-get -qq install -y --no-install-recommends "$@" >/dev/null
    ' sh $missing || echo "apt could not install: $missing" >&2
elif command -v brew >/dev/null 2>&1; then
    how="brew install ngspice libngspice python gcc"
elif command -v dnf >/dev/null 2>&1; then
    how="sudo dnf install ngspice libngspice python3 gcc"
elif command -v pacman >/dev/null 2>&1; then
    how="sudo pacman -S ngspice python gcc"
elif command -v zypper >/dev/null 2>&1; then
    how="sudo zypper install ngspice libngspice0 python3 gcc"
else
    how="install ngspice with its shared library (libngspice) and Python 3.11 or newer and a C compiler"
fi

if ! find_python >/dev/null; then
    fail "Python 3.11 or newer with venv is needed ($how). If python3 is older here, get a newer one and run make PYTHON=/path/to/it."
elif ! works; then
    fail "ngspice's shared library is needed and was not found. Get it: $how. Then run make again, or set NGSPICE_LIBRARY_PATH to its file."
elif ! command -v ngspice >/dev/null 2>&1; then
    echo "note: the program ngspice is not there ($how); the tests that run decks by hand need it." >&2
fi
if ! has_compiler; then
    echo "note: there is no C compiler ($how); neurons will run in plain torch, some fifteen times as slowly." >&2
fi
