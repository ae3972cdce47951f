"""Tutorials: notebooks that are written as scripts, run, and shown with what they gave.

``docs/tutorials/*.py`` are scripts in cells (``# %%`` and ``# %% [markdown]``, Jupytext's percent
format), so that they are checked and compared as code is. ``make docs`` runs them in a kernel of
this Python and makes a page and a notebook of each; one whose text and toolkit are those of the
last time is not run again.

    python -m documentation.tutorials [NAME ...]     runs them; the notebooks are in build/tutorials
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
SOURCES = _ROOT / "docs" / "tutorials"
_KEPT = _ROOT / "build" / "tutorials"
_PACKAGES = ("neuron_model", "mapping", "circuits", "netlists", "codesign", "examples")
# seconds that a cell may take, on a machine that has other work as well
_TIMEOUT = 600
_SHELL = "%%sh\n"
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # colours, which a kernel asks for
_FENCE = re.compile(r"^```", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """A tutorial as a page of the site, in Markdown, and the pictures that it shows, by name."""

    text: str
    pictures: dict[str, bytes]


def names() -> tuple[str, ...]:
    """Of all tutorials, in the order of the alphabet."""
    return tuple(sorted(path.stem for path in SOURCES.glob("*.py")))


def notebook(name: str) -> Any:
    """The notebook of a tutorial, without outputs."""
    import jupytext

    return jupytext.read(SOURCES / f"{name}.py", fmt="py:percent")


def executed(name: str) -> Any:
    """The notebook of a tutorial with its outputs, run in an empty folder.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    book = notebook(name)
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "80"}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with tempfile.TemporaryDirectory(prefix="tutorial-") as folder:
        # files between the two processes: what goes over them is no one else's
        kernel = AsyncKernelManager(transport="ipc", ip=f"{folder}/.kernel")
        place = {"metadata": {"path": folder}}
        client = NotebookClient(
            book, kernel, timeout=_TIMEOUT, resources=place, coalesce_streams=True
        )
        client.execute(env=environment, cleanup_kc=True)
    return book


def kept(name: str) -> Any:
    """As :func:`executed`; what an earlier run gave where neither text nor toolkit has changed."""
    import nbformat

    path = _KEPT / f"{name}.ipynb"
    state = _state(name)
    if path.is_file():
        book = nbformat.read(path, as_version=4)
        if book.metadata.get("state") == state:
            return book
    book = executed(name)
    book.metadata["state"] = state
    _KEPT.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    nbformat.write(book, temporary)
    temporary.replace(path)
    return book


def _state(name: str) -> str:
    """What decides what a tutorial gives: its text and the toolkit's."""
    digest = hashlib.sha256((SOURCES / f"{name}.py").read_bytes())
    for package in _PACKAGES:
        for path in sorted((_ROOT / package).rglob("*")):
            if path.suffix in (".py", ".toml", ".csv", ".c", ".h", ".spice"):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def page(name: str, book: Any) -> Page:
    """A notebook with outputs as a page."""
    pictures: dict[str, bytes] = {}
    parts = []
    for cell in book.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        shell = cell.source.startswith(_SHELL)
        source = cell.source.removeprefix(_SHELL)
        parts.append(_fenced(source, "sh" if shell else "python"))
        for output in cell.outputs:
            parts += _shown(name, output, pictures)
    link = f"*This page is a notebook, run when the page was made: [{name}.ipynb]({name}.ipynb).*"
    title, _, rest = "\n\n".join(parts).partition("\n")
    return Page(f"{title}\n\n{link}\n{rest}\n", pictures)


def _shown(name: str, output: Any, pictures: dict[str, bytes]) -> Iterator[str]:
    """What a page shows of one output; pictures are added to those that there are."""
    if output.output_type == "stream":
        if output.name == "stdout":  # the other one is progress
            yield _fenced(_ESCAPE.sub("", output.text), "text")
        return
    data = output.get("data", {})
    if "image/png" in data:
        file = f"{name}_{len(pictures) + 1}.png"
        pictures[file] = base64.b64decode(data["image/png"])
        yield f"![]({file})"
    elif "text/html" in data:
        yield f'<div class="output">{data["text/html"]}</div>'
    elif "text/plain" in data:
        yield _fenced(data["text/plain"], "text")


def _fenced(text: str, language: str) -> str:
    mark = "````" if _FENCE.search(text) else "```"
    return f"{mark}{language}\n{text.rstrip()}\n{mark}"


if __name__ == "__main__":
    for chosen in sys.argv[1:] or names():
        print(f"{chosen}: {len(kept(chosen).cells)} cells", flush=True)
