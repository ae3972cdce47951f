"""netgen's verdict on two netlists."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from circuits.technology import Technology
from netlists.lvs import lvs_setup

NETGEN = shutil.which("netgen-lvs")
needs_netgen = pytest.mark.skipif(
    NETGEN is None, reason="netgen (Debian's netgen-lvs) is not installed"
)

EQUAL = "Circuits match uniquely."
UNEQUAL = "Netlists do not match."
OTHER_SIZES = "Property errors were found."


def netgen(
    folder: Path, texts: tuple[str, str], cell: str, technology: Technology, ending: str = ".spice"
) -> str:
    """What netgen says of ``cell`` in both texts, with the technology's setup file.

    ending: of the first one's file.
    """
    files = (f"first{ending}", "second.spice")
    for file, text in zip(files, texts, strict=True):
        (folder / file).write_text(text)
    (folder / "setup.tcl").write_text(lvs_setup(technology))
    words = [str(NETGEN), "-batch", "lvs", *(f"{f} {cell}" for f in files), "setup.tcl", "out.txt"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.stdout + (folder / "out.txt").read_text()


def check_equal(said: str) -> None:
    """Fail unless netgen found the same circuit with the same sizes."""
    assert EQUAL in said, said[-2000:]
    assert "errors" not in said.replace("No property errors", ""), said[-2000:]
