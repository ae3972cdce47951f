"""The commands of README and docs: each can be given, the quick ones do what is said of them.

The figures of the others are claims (`benchmarks.claims`), which `make check-claims` compares.
"""

from __future__ import annotations

import ast
import csv
import importlib
import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from benchmarks.claims.commands import commands, files
from codesign.command_line import build_parser, main

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results"
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if RESULTS not in page.parents),
]
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^cat > .*?^EOF$", re.MULTILINE | re.DOTALL)
PROGRAMS = (
    "codesign",
    "python",
    "make",
    "pip",
    "ngspice",
    "netgen-lvs",
    "xschem",
    "cd",
    "(cd",
    "git",
)

# What is not run here, by how it begins or, after a star, by what stands in it; and why.
LEFT_OUT = {
    "make ": "sets up, tests, builds; continuous integration runs these targets",
    "codesign validate": "ngspice for half a minute and more; its figures are claims",
    "codesign refine": "ngspice for minutes; claims",
    "codesign train": "half a minute to minutes; claims; tutorials train",
    "codesign calibrate": "1000 samples, or netlists in ngspice; claims; a tutorial calibrates",
    "codesign mismatch": "200 samples, or netlists in ngspice; claims; a tutorial draws samples",
    "codesign size": "24 trials, minutes; claims",
    "codesign center": "minutes; needs what `size` found",
    "codesign temperature": "cells measured at six temperatures; claims",
    "codesign noise": "200 runs, or netlists in ngspice; claims",
    "codesign simulate preset:tonic_bursting --technology": "noise of cells measured first",
    "codesign sweep examples/modulation.toml": "35 points; claims; a tutorial sweeps",
    "codesign technology new": "needs a library of the reader's; a tutorial brings one",
    "*-o build --": "an export of 10 s once more; tests/netlists read each of these files",
    "*runs/": "needs a network that was trained for minutes; claims",
    "*ngspice -b": "minutes; `test_decks.py` and claims run benches",
    "netgen-lvs": "needs a layout; tests/netlists has netgen compare",
    "*&& xschem": "opens a window; tests/netlists has xschem write netlists",
}

# What a page quotes of what a quick command prints, or of a file that it writes: the words that the
# quotation begins with, the command, the file.
QUOTED = [
    ("tonic bursting: 6 bursts", "codesign regime preset:tonic_bursting", ""),
    (
        "* s-: alpha",
        "codesign export burster.toml --technology sky130 -o build",
        "build/netlists/neuron.spice",
    ),
]


def fenced(page: Path) -> list[str]:
    """The lines that a reader would type, of fences of shell and of text; each as one line."""
    found = []
    for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if language not in ("sh", "text"):
            continue
        for line in FILE.sub("", block).replace("\\\n", " ").splitlines():
            words = " ".join(re.sub(r"\s#.*$", "", line).split())
            if words and (language == "sh" or words.split()[0] in PROGRAMS):
                found.append(words)
    return found


def left_out(command: str) -> str:
    """Why it is not run here; empty where it is."""
    for words, reason in LEFT_OUT.items():
        if words[1:] in command if words.startswith("*") else command.startswith(words):
            return reason
    return ""


EVERY = [(page, command) for page in PAGES for command in fenced(page)]
QUICK = [(page, command) for page, command in EVERY if not left_out(command)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader would type them: the files that the pages write, and the examples."""
    made = tmp_path_factory.mktemp("typed")
    (made / "examples").symlink_to(ROOT / "examples")
    for page in PAGES:
        for name, content in files(page.read_text(encoding="utf-8")).items():
            (made / name).write_text(content)
    return made


def run(command: str) -> int:
    words = shlex.split(command)
    assert words[0] == "codesign", f"{command}: neither run here nor left out"
    return main(words[1:])


def test_what_is_quoted_is_there():
    for begin, command, _ in QUOTED:
        pages = [page for page, each in QUICK if each == command]
        assert any(begin in page.read_text(encoding="utf-8") for page in pages)


def test_what_is_left_out_is_there():
    for words in LEFT_OUT:
        assert [c for _, c in EVERY if left_out(c) == LEFT_OUT[words]], words


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("page", "command"), [pytest.param(*each, id=f"{each[0].name}: {each[1]}") for each in QUICK]
)
def test_a_quick_command_does_what_its_page_says(
    page: Path,
    command: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")
    assert run(command) == 0
    said = capsys.readouterr().out
    assert said.strip()
    for begin, source, file in QUOTED:
        if command == source and begin in page.read_text(encoding="utf-8"):
            written = (folder / file).read_text() if file else said
            assert quoted(page, begin) in written
    words = shlex.split(command)
    for option in ("--plot", "-o"):
        if option in words:
            assert (folder / words[words.index(option) + 1]).exists()


def quoted(page: Path, begin: str) -> str:
    """The lines of an indented block, or of a fence, that begins so."""
    text = page.read_text(encoding="utf-8")
    indented = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    blocks = [*(re.sub(r"^    ", "", b, flags=re.MULTILINE) for b in indented)]
    blocks += [block for _, block in FENCE.findall(text)]
    (found,) = (block for block in blocks if block.startswith(begin))
    return found


@pytest.mark.ngspice
def test_the_quoted_datasheet_begins_so(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    assert main(shlex.split("export preset:tonic_bursting --technology generic -o sheet")) == 0
    sheet = (folder / "sheet/netlists/datasheet.csv").read_text()
    begin = quoted(ROOT / "docs/guide/tools.md", "name,value,unit")
    assert list(csv.reader(sheet.splitlines()))[: begin.count("\n")] == list(
        csv.reader(begin.splitlines())
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_can_be_given(page: Path):
    """Its options are there, and take such values: what is not run here as well."""
    for command in fenced(page):
        words = shlex.split(command)
        if words[0] == "codesign":
            assert build_parser(words[1:]).parse_args(words[1:]).command == words[1]


@pytest.mark.parametrize("page", [*PAGES, RESULTS / "README.md"], ids=lambda page: page.name)
def test_make_and_modules_that_are_called_are_there(page: Path):
    text = page.read_text(encoding="utf-8")
    for command in [*fenced(page), *commands(text)]:
        words = command.split()
        if words[0] == "make":
            assert words[1] in TARGETS
        if words[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(words[2]), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_imports_what_there_is(page: Path):
    for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if language != "python":
            continue
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(str(node.module))
                assert all(hasattr(module, alias.name) for alias in node.names)
