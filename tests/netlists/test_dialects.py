"""The same cells in other dialects: read back by other tools, they are the same circuit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from circuits.neuron import neuron_circuit
from circuits.structure import Capacitor, Cell, Instance, Transistor
from circuits.technology import Technology, load_technology
from mapping.mapper import map_neuron
from netlists.dialects import GRAMMARS, Dialect
from netlists.writer import cell_text, size_words
from tests.circuits.networks import small_circuit, small_design
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster
from tests.netlists.netgen import UNEQUAL, check_equal, needs_netgen, netgen

CASES = ("generic", "sky130", "gf180mcu", "generic network of two layers")


def circuit(case: str) -> tuple[Cell, Technology]:
    technology = load_technology(case.split()[0])
    if "network" in case:
        return small_circuit(small_design(), technology).cell, technology
    return neuron_circuit(map_neuron(burster(), real_cells(), LIMITS), technology).cell, technology


def as_m_elements(spice: str, technology: Technology) -> str:
    """Every transistor with the letter that CDL has for it."""
    models = "|".join((technology.nmos.model, technology.pmos.model))
    whole = spice.replace("\n+ ", " ")
    return re.sub(rf"^X(\w+(?: \w+){{4}} (?:{models}) )", r"M\1", whole, flags=re.MULTILINE)


@needs_netgen
@pytest.mark.parametrize("case", CASES)
def test_cdl_is_the_same_circuit_to_netgen(case: str, tmp_path: Path):
    cell, technology = circuit(case)
    spice = as_m_elements(cell_text(cell, technology), technology)
    cdl = cell_text(cell, technology, dialect=Dialect.CDL)
    check_equal(netgen(tmp_path, (cdl, spice), cell.name, technology, ".cdl"))


@needs_netgen
def test_netgen_finds_swapped_nets_in_cdl(tmp_path: Path):
    cell, technology = circuit("generic")
    cdl = cell_text(cell, technology, dialect=Dialect.CDL)
    wrong = cdl.replace("Xfm0 vm vr_fm0 vm", "Xfm0 vr_fm0 vm vm")
    assert wrong != cdl
    said = netgen(tmp_path, (wrong, cell_text(cell, technology)), cell.name, technology, ".cdl")
    assert UNEQUAL in said


@needs_netgen
@pytest.mark.parametrize("case", CASES)
def test_xyces_is_the_same_circuit_to_netgen(case: str, tmp_path: Path):
    cell, technology = circuit(case)
    texts = (
        cell_text(cell, technology, dialect=Dialect.XYCE),
        cell_text(cell, technology),
    )
    check_equal(netgen(tmp_path, texts, cell.name, technology))


@pytest.mark.parametrize("case", CASES)
def test_xyce_is_told_where_parameters_of_a_subcircuit_begin(case: str):
    cell, technology = circuit(case)
    text = cell_text(cell, technology, dialect=Dialect.XYCE).replace("\n+ ", " ")
    sized = [line for line in text.splitlines() if " w=" in line]
    assert sized
    assert all((" PARAMS: w=" in line) == line.startswith("X") for line in sized)
    assert text.replace("PARAMS: ", "") == cell_text(cell, technology).replace("\n+ ", " ")


@pytest.mark.parametrize("case", CASES)
def test_another_parser_of_spectre_reads_the_same_structure(case: str):
    scs_parser = pytest.importorskip("analogpy.scs_parser", reason="analogpy is not installed")
    cell, technology = circuit(case)
    read = scs_parser.parse_scs(cell_text(cell, technology, ("made", "here"), Dialect.SPECTRE))
    cells = (*cell.cells, cell)
    assert [one.name for one in read.subcircuits] == [one.name for one in cells]
    for found, ours in zip(read.subcircuits, cells, strict=True):
        assert found.ports == [port.name for port in ours.ports]
        assert len(found.instances) == len(ours.parts)
        for instance, part in zip(found.instances, ours.parts, strict=True):
            assert instance.name.endswith(part.name)
            assert tuple(instance.connections) == part.nets
            match part:
                case Transistor():
                    device = technology.device(part.polarity)
                    assert instance.model == device.model
                    sizes = [f"{name}={value}" for name, value in instance.params.items()]
                    assert sizes == size_words(part, device)
                case Capacitor():
                    assert instance.model == "capacitor"
                    assert float(instance.params["c"]) == pytest.approx(part.capacitance, rel=1e-5)
                case Instance():
                    assert (instance.model, instance.params) == (part.cell.name, {})


# What of Spectre's language a cell file may hold: one statement a line, once lines that go on are
# joined.
_NAME = r"[A-Za-z_]\w*"
_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?[fpnumkMG]?"
SPECTRE = re.compile(
    rf"simulator lang=spectre|subckt {_NAME}(?: {_NAME})+|ends {_NAME}"
    rf"|{_NAME} \({_NAME}(?: {_NAME})*\) {_NAME}(?: {_NAME}={_NUMBER})*"
)
# Words that Spectre keeps for itself.
RESERVED = set(
    [
        "ahdl_include",
        "altergroup",
        "analysis",
        "checkpoint",
        "correlate",
        "diagnose",
        "else",
        "end",
        "ends",
        "element",
        "export",
        "finalize",
        "function",
        "global",
        "ic",
        "if",
        "include",
        "info",
        "inline",
        "invisible",
        "library",
        "local",
        "march",
        "mc",
        "model",
        "nodeset",
        "options",
        "parameters",
        "paramset",
        "plot",
        "print",
        "protect",
        "real",
        "return",
        "save",
        "section",
        "sens",
        "set",
        "shell",
        "simulator",
        "stack",
        "statistics",
        "subckt",
        "temper",
        "to",
        "truncate",
        "unprotect",
        "vary",
    ]
)


@pytest.mark.parametrize("case", CASES)
def test_every_line_of_spectre_is_a_statement_of_its_language(case: str):
    cell, technology = circuit(case)
    text = cell_text(cell, technology, ("made", "here"), Dialect.SPECTRE)
    lines = [line for line in text.splitlines() if not line.startswith("//")]
    assert max(map(len, lines)) <= 100
    statements = [s for s in re.sub(r" \\\n\s+", " ", "\n".join(lines)).splitlines() if s]
    assert statements[0] == "simulator lang=spectre"
    for statement in statements:
        assert SPECTRE.fullmatch(statement), statement
    names = {word for s in statements[1:] for word in re.findall(r"\w+", s)[1:]}
    assert not names & RESERVED


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_comment_stays_a_comment_however_long_it_is(dialect: Dialect):
    cell, technology = circuit("generic")
    head = ("x" * 90 + "\nshell rm " + "y " * 90,)
    text = cell_text(cell, technology, head, dialect)
    mark = GRAMMARS[dialect].comment.strip()
    assert "\nshell" not in text
    first = text.splitlines()[0]
    assert first.startswith(mark)
    assert "shell rm" in first
