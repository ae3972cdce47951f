"""The commands of a document: those of its ``sh`` blocks and in its text, and running them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ANY_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^cat > (\S+) <<'EOF'\n(.*?)^EOF$", re.MULTILINE | re.DOTALL)
_IN_TEXT = re.compile(r"`((?:codesign|python -m) [^`]+)`")
_COMMENT = re.compile(r"\s#.*$")


class CommandFailedError(Exception):
    """A command of a document did not do what the document says of it."""


def commands(text: str) -> tuple[str, ...]:
    """The ``codesign`` and ``python`` commands of a document, each as one line.

    First those of its ``sh`` blocks, in order, then those that its text has between backquotes.
    """
    found = []
    for block in _BLOCK.findall(text):
        lines = _FILE.sub("", block).replace("\\\n", " ").splitlines()
        for line in lines:
            words = " ".join(_COMMENT.sub("", line).split())
            if words.startswith(("codesign ", "python -m ")):
                found.append(words)
    text = _ANY_BLOCK.sub("", text)
    return tuple([*found, *(" ".join(words.split()) for words in _IN_TEXT.findall(text))])


def files(text: str) -> dict[str, str]:
    """The files that a document writes with ``cat > NAME <<'EOF'``, by name."""
    return {
        name: content for block in _BLOCK.findall(text) for name, content in _FILE.findall(block)
    }


def run_json(command: str, folder: Path, accepted: Sequence[int] = (0, 1)) -> Any:
    """The JSON document that ``command`` prints with ``--json``, run in ``folder``.

    Raises:
        CommandFailedError: its exit status is none of ``accepted``, or it prints no JSON.
    """
    words = shlex.split(command)
    if words[0] in ("codesign", "python"):
        words = [sys.executable, *(words[1:] if words[0] == "python" else ["-m", *words])]
    done = subprocess.run([*words, "--json"], cwd=folder, stdout=subprocess.PIPE, check=False)
    if done.returncode not in accepted:
        raise CommandFailedError(f"{command}: exit status {done.returncode}")
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise CommandFailedError(f"{command} --json: prints no JSON document ({error})") from error
