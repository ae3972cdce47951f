"""The order of the packages: each imports only those before it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("neuron_model", "mapping", "circuits", "netlists", "codesign")
# What a package must not know, beyond the packages after it.
FOREIGN = {
    "neuron_model": {"PySpice"},
    "mapping": {"PySpice"},
    "circuits": {"PySpice", "torch"},
}
# Only one package writes SPICE; elsewhere no string may hold one of its statements.
SPICE_STATEMENTS = (
    ".subckt",
    ".ends",
    ".model ",
    ".tran ",
    ".dc ",
    ".lib ",
    ".include ",
    ".control",
)


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and top-level name of every import, also those inside of functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.split(".")[0]


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is not a docstring."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
        ):
            yield node.lineno, node.value


def violations(package: str, source: str, name: str) -> list[str]:
    tree = ast.parse(source, name)
    forbidden = set(ORDER[ORDER.index(package) + 1 :]) | FOREIGN.get(package, set())
    forbidden |= {"tests", "examples", "benchmarks"}
    found = [f"{name}:{line} imports {top}" for line, top in imported(tree) if top in forbidden]
    if package != "netlists":
        found += [
            f"{name}:{line} writes SPICE ({statement.strip()})"
            for line, text in strings(tree)
            for statement in SPICE_STATEMENTS
            if any(row.lstrip().lower().startswith(statement) for row in text.splitlines())
        ]
    return found


@pytest.mark.parametrize("package", ORDER)
def test_package_knows_only_what_comes_before_it(package: str):
    files = modules(package)
    assert files, f"{package} is empty"
    found = [
        violation
        for file in files
        for violation in violations(
            package, file.read_text(encoding="utf-8"), str(file.relative_to(ROOT))
        )
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("package", "source", "expected"),
    [
        ("neuron_model", "import mapping", "m.py:1 imports mapping"),
        ("mapping", "def f():\n    from netlists.writer import write", "m.py:2 imports netlists"),
        ("circuits", "import PySpice.Spice.Netlist", "m.py:1 imports PySpice"),
        ("codesign", "from tests import conftest", "m.py:1 imports tests"),
        ("circuits", "x = f'* cell\\n.subckt {name} a b'", "m.py:1 writes SPICE (.subckt)"),
        ("codesign", "import netlists, neuron_model", None),
        ("netlists", "x = '.subckt'", None),
        ("circuits", '""".subckt is written elsewhere."""', None),
    ],
)
def test_violations_are_seen(package: str, source: str, expected: str | None):
    assert violations(package, source, "m.py") == ([expected] if expected else [])
