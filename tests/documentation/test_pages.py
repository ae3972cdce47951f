"""Pages that are made from the code: all of it is there, and nothing is out of date."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import circuits
import codesign
import mapping
import netlists
import neuron_model
from circuits.ota import ota
from circuits.structure import Cell, Instance, Transistor
from circuits.technology import load_technology
from codesign.commands import COMMANDS
from documentation.api_pages import PACKAGES, api_page, public_names
from documentation.circuit_pages import circuit_page
from documentation.command_pages import command_page
from documentation.format_pages import format_page
from documentation.schematics import schematic
from documentation.start_page import start_page
from neuron_model.file_format import FileFormat

DOCS = Path(__file__).parents[2] / "docs"
MODULES = (neuron_model, codesign, circuits, mapping, netlists)


def test_every_command_has_its_help():
    page = command_page()
    for name in COMMANDS:
        assert f"### codesign {name}\n" in page
        assert f"usage: codesign {name} " in page
    assert max(map(len, re.findall(r"```text\n(.*?)```", page, re.DOTALL)[0].splitlines())) <= 80


def test_start_is_what_readme_says():
    page = start_page()
    assert page.startswith("# Start\n")
    assert "make demo" in page
    assert "## From Python" not in page


def test_every_format_has_its_version():
    import neuron_model.file_format as formats

    page = format_page()
    for each in vars(formats).values():
        if isinstance(each, FileFormat):
            assert f"| {each.name} | {each.version} |" in page
    assert page.count("```") % 2 == 0
    assert "[[neuron.elements]]" in page
    assert "learning_rate = " in page


@pytest.mark.parametrize("package", MODULES, ids=PACKAGES)
def test_every_public_name_is_in_the_reference(package):
    name = package.__name__
    page = api_page(name)
    assert set(public_names(name)) <= set(dir(package))
    assert page.count(":::") == len(public_names(name)) > 5


def names(cell: Cell) -> set[str]:
    """Parts and nets, as a schematic has to show them."""
    found = {part.name for part in cell.parts} | {p.name for p in cell.ports}
    for part in cell.parts:
        found |= set(part.nets)
        if isinstance(part, Instance):
            found |= {port.name for port in part.cell.ports}
        if isinstance(part, Transistor):
            found -= {part.bulk} - {p.name for p in cell.ports}
    return found


def test_a_schematic_shows_every_part_and_net():
    cell = ota(load_technology("sky130"))
    drawn = ElementTree.fromstring(schematic(cell))
    words = " ".join("".join(text.itertext()) for text in drawn.iter() if text.tag.endswith("text"))
    assert names(cell) <= set(words.split())


def test_the_schematics_are_well_formed():
    drawings = re.findall(r"<svg.*?</svg>", circuit_page(), re.DOTALL)
    assert len(drawings) == 14
    for drawing in drawings:
        assert ElementTree.fromstring(drawing).get("viewBox")


def test_every_page_of_docs_is_in_the_navigation():
    listed = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [p for p in DOCS.rglob("*.md") if "results" not in p.parts]
    for page in pages:
        assert str(page.relative_to(DOCS)) in listed
