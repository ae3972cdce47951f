"""Packages below one name: their imports, and nothing else of them, are others."""

import ast
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("neuron_model", "mapping", "circuits", "netlists", "codesign")
FILES = [
    path
    for package in ("mtc_codesign", *PACKAGES)
    for path in sorted((ROOT / package).rglob("*.py*"))
    if path.suffix in (".py", ".pyi")
]


class Below(ast.NodeTransformer):
    """The same on the tree: what the text has to become."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        if not node.level and str(node.module).split(".")[0] in PACKAGES:
            node.module = f"mtc_codesign.{node.module}"
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""  # docstrings are compared line by line
        return self.generic_visit(node)


@pytest.mark.parametrize("package", ["mtc_codesign", *PACKAGES])
def test_of_each_file_imports_become_others_and_nothing_else(one_name: ModuleType, package: str):
    files = [path for path in FILES if path.relative_to(ROOT).parts[0] == package]
    assert files
    for path in files:
        text = path.read_bytes()
        below = one_name.below_one_name(text, path.name)
        wanted = Below().visit(ast.parse(text))
        assert ast.dump(Below().visit(ast.parse(below))) == ast.dump(wanted), path
        assert below.replace(b"mtc_codesign.", b"") == text.replace(b"mtc_codesign.", b""), path


@pytest.mark.parametrize(
    ("source", "below"),
    [
        ("from circuits.ota import Ota\n", "from mtc_codesign.circuits.ota import Ota\n"),
        ("from circuits import (\n    a,\n)\n", "from mtc_codesign.circuits import (\n    a,\n)\n"),
        (
            "é = 1; from netlists import a; from netlists.b import c\n",
            "é = 1; from mtc_codesign.netlists import a; from mtc_codesign.netlists.b import c\n",
        ),
        (
            "def f():\n    from mapping import a\n",
            "def f():\n    from mtc_codesign.mapping import a\n",
        ),
        (
            '"""See :class:`~codesign.a.B`.\n\n>>> from codesign import build\n"""\n',
            '"""See :class:`~mtc_codesign.codesign.a.B`.\n\n'
            '>>> from mtc_codesign.codesign import build\n"""\n',
        ),
        ("from mapping_tools import a\nfrom . import circuits\n", None),
        ("x = 'from circuits import a'\nraise E from mapping\n", None),
        ("import circuit, numpy as circuits\n", None),
        ('"""from circuits to netlists."""\n', None),
    ],
)
def test_what_is_rewritten(one_name: ModuleType, source: str, below: str | None):
    wanted = source if below is None else below
    assert one_name.below_one_name(source.encode(), "m.py").decode() == wanted


@pytest.mark.parametrize("source", ["import circuits.technology", "import os, mapping as m"])
def test_an_import_that_binds_the_package_is_refused(one_name: ModuleType, source: str):
    with pytest.raises(ValueError, match=r"m\.py:2: `import (circuits\.technology|mapping)`"):
        one_name.below_one_name(f"\n{source}\n".encode(), "m.py")


def test_no_module_is_named_in_a_string():
    """It would be looked for outside of mtc_codesign; ``f"{__package__}.worker"`` is found."""
    module = re.compile(rf"({'|'.join(PACKAGES)})(\.[a-z_]+)*\.?")
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.value}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and "." in node.value
        and module.fullmatch(node.value)
    ]
    assert found == []


def test_packages_are_gathered_with_all_that_belongs_to_them(one_name: ModuleType, tmp_path: Path):
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("from neuron_model.a import b\n")
        (tmp_path / package / "__init__.pyi").write_text("from neuron_model.a import b as b\n")
    fused = tmp_path / "neuron_model/fused"
    fused.mkdir()
    (fused / "_kernel.cpython-311-x86_64-linux-gnu.so").write_bytes(b"code")
    (tmp_path / "mtc_codesign").mkdir()
    (tmp_path / "mtc_codesign/__main__.py").write_text("from codesign.command_line import main\n")
    one_name.gather(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["mtc_codesign"]
    below = tmp_path / "mtc_codesign"
    assert (below / "neuron_model/fused/_kernel.so").read_bytes() == b"code"
    assert (below / "mapping/__init__.pyi").read_text().startswith("from mtc_codesign.neuron")
    assert (below / "__main__.py").read_text().startswith("from mtc_codesign.codesign.command")
    one_name.forget(tmp_path)
    assert list(tmp_path.iterdir()) == []
