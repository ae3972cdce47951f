"""The order of the packages: each imports only those before it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("neuron_model", "mapping", "circuits", "netlists", "codesign")
# Beside them: they may import any of those, and each other.
AROUND = ("benchmarks", "documentation", "setup", "mtc_codesign", "examples")
# What a package must not know, beyond the packages after it.
FOREIGN = {
    "neuron_model": {"PySpice"},
    "mapping": {"PySpice"},
    "circuits": {"PySpice", "torch"},
}
# The rooms of neuron_model: each imports only those before it, or those on the same line.
ROOMS = (
    {"errors", "suggestion", "atomic", "memory", "lazy_names", "notebook", "html_table"},
    {"cache_folder", "file_format", "text_file", "toml_file", "progress", "shown"}
    | {"small_picture"},
    {"model"},
    {"analysis"},
    {"backends", "fused", "fused_gpu"},
    {"network"},
    {"tasks", "baselines"},
    {"training"},
    {"runs"},
)
# The rooms of codesign, in the order in which they are loaded: at the top of a file each imports
# only those before it, or those on the same line. What a method needs when it is called may be
# later (CODESIGN_ASKS): it is loaded then. The room "commands" is their modules; the list of their
# names, which `--help` needs, is "COMMANDS".
CODESIGN_ROOMS = (
    {"workbench", "doctor", "COMMANDS"},
    {"terminal"},
    {"building", "validation"},
    {"pictures", "networks", "training", "upgrade"},
    {"technologies", "studies", "report", "demo"},
    {"arguments"},
    {"commands"},
    {"command_line", "__main__"},
)
# What is asked of a later room when it is called: a circuit for its whole network, and a network
# for its validation, which is a study.
CODESIGN_ASKS = {("building", "networks"), ("networks", "studies")}
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


Graph = dict[str, set[str]]


def module_graph(sources: dict[str, str]) -> Graph:
    """Which module imports which, also inside of functions; imports for type checkers are none.

    A module brings the packages along that it lies in, but for those that the importer lies in.

    Args:
        sources: text of each module by its full name.
    """
    graph: Graph = {}
    for name, text in sources.items():
        found = set(_imported_modules(text, set(sources)))
        around = {parent for each in found for parent in _packages_around(each)}
        graph[name] = found | {p for p in around - {name, *_packages_around(name)} if p in sources}
    return graph


def _packages_around(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _imported_modules(text: str, known: set[str]) -> Iterator[str]:
    waiting: list[ast.AST] = [ast.parse(text)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                if inside in known or node.module in known:
                    yield inside if inside in known else str(node.module)
        waiting += ast.iter_child_nodes(node)


def circles(graph: Graph) -> list[list[str]]:
    """Groups of modules of which each leads to every other, by Tarjan's algorithm."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in graph[name]:
            if other not in number:
                visit(other)
            if other in stack:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == number[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1 or name in graph[name]:
                found.append(sorted(group))

    for name in graph:
        if name not in number:
            visit(name)
    return found


def sources(package: str) -> dict[str, str]:
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(
            ".__init__"
        ): file.read_text(encoding="utf-8")
        for file in modules(package)
    }


def test_no_modules_import_each_other_in_a_circle():
    texts = {package: sources(package) for package in (*ORDER, *AROUND)}
    assert all(texts.values()), "a package is empty"
    graph = module_graph({name: text for each in texts.values() for name, text in each.items()})
    for package in ORDER:
        assert any(graph[name] for name in texts[package]), f"{package}: no import was seen"
    assert circles(graph) == []


def test_circles_are_seen():
    lazy = "def f():\n    from p.a import g"
    typing = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p import a"
    assert circles(module_graph({"p.a": "import p.b", "p.b": lazy})) == [["p.a", "p.b"]]
    assert circles(module_graph({"p.a": "import p.b", "p.b": typing})) == []
    assert circles(module_graph({"p": "from p import a", "p.a": "from p import x"})) == [
        ["p", "p.a"]
    ]
    assert circles(module_graph({"p.a": "from p.a import x"})) == [["p.a"]]
    around = {"p.q": "import p.q.b", "p.q.b": "import p.a", "p.q.c": "", "p.a": "import p.q.c"}
    assert circles(module_graph(around)) == [["p.a", "p.q", "p.q.b"]]


def test_rooms_of_the_model_know_only_those_before_them():
    level = {room: index for index, rooms in enumerate(ROOMS) for room in rooms}

    def room(name: str) -> int:
        return level[name.split(".")[1]]

    graph = module_graph(sources("neuron_model"))
    graph.pop("neuron_model")
    found = [f"{a} -> {b}" for a in graph for b in graph[a] if room(b) > room(a)]
    assert found == []


def codesign_room(name: str) -> str:
    """Of a module by its full name."""
    return "COMMANDS" if name == "codesign.commands" else name.split(".")[1]


def loaded_too_early(texts: dict[str, str], rooms: tuple[set[str], ...]) -> list[str]:
    """Imports at the top of modules from a room that is loaded later; of texts by their names."""
    level = {room: index for index, each in enumerate(rooms) for room in each}
    found = []
    for name, text in texts.items():
        top = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)]
        for node in top:
            if not node.module or not node.module.startswith("codesign."):
                continue
            here, there = codesign_room(name), codesign_room(node.module)
            if level[there] > level[here]:
                found.append(f"{name} ({here}) imports {node.module} ({there})")
    return found


def test_rooms_of_codesign_are_loaded_in_their_order():
    texts = sources("codesign")
    texts.pop("codesign")
    assert loaded_too_early(texts, CODESIGN_ROOMS) == []


def test_only_two_rooms_of_codesign_ask_a_later_one():
    level = {room: index for index, each in enumerate(CODESIGN_ROOMS) for room in each}
    graph = module_graph(sources("codesign"))
    graph.pop("codesign")
    arrows = {
        (codesign_room(one), codesign_room(other))
        for one, others in graph.items()
        for other in others - {"codesign"}
    }
    assert {(a, b) for a, b in arrows if level[b] > level[a]} == CODESIGN_ASKS


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from codesign.studies.study import run", True),
        ("def f():\n    from codesign.studies.study import run", False),
        ("from codesign.workbench import Workbench", False),
        ("from codesign.validation.validation import Validation", False),
    ],
)
def test_a_room_that_is_loaded_too_early_is_seen(source: str, found: bool):
    assert bool(loaded_too_early({"codesign.building.x": source}, CODESIGN_ROOMS)) is found


# Kernels take what the machine takes: pointers and sizes, one by one.
KERNELS = ("fused", "fused_gpu")
MOST_PARAMETERS = 7


def parameter_counts(tree: ast.Module) -> Iterator[tuple[int, str, int]]:
    """Line, name and number of parameters of every public function, method and constructor.

    Options of a constructor that have to be named are not counted: torch's modules have as many.
    """

    def visit(body: list[ast.stmt], prefix: str) -> Iterator[tuple[int, str, int]]:
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from visit(node.body, f"{node.name}.")
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            constructor = node.name == "__init__"
            if node.name.startswith("_") and not constructor:
                continue
            named = [] if constructor else node.args.kwonlyargs
            every = (*node.args.posonlyargs, *node.args.args, *named)
            count = sum(argument.arg not in ("self", "cls") for argument in every)
            yield node.lineno, f"{prefix}{node.name}", count

    yield from visit(tree.body, "")


@pytest.mark.parametrize("package", [*ORDER, *AROUND])
def test_no_public_function_has_more_than_seven_parameters(package: str):
    found = [
        f"{file.relative_to(ROOT)}:{line} {name} has {count}"
        for file in modules(package)
        if not set(KERNELS) & set(file.parts)
        for line, name, count in parameter_counts(ast.parse(file.read_text(encoding="utf-8")))
        if count > MOST_PARAMETERS
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a, b, /, c, *, d): ...", [("f", 4)]),
        ("def _f(a, b): ...", []),
        ("class A:\n    def f(self, a): ...\n    def _g(self, a): ...", [("A.f", 1)]),
        ("class A:\n    @classmethod\n    async def f(cls, a, *, b): ...", [("A.f", 2)]),
        ("class A:\n    def __init__(self, a, *, b): ...", [("A.__init__", 1)]),
        ("class _A:\n    def f(self, a): ...", []),
        ("def f(a):\n    def g(b, c): ...", [("f", 1)]),
    ],
)
def test_parameters_are_counted(source: str, expected: list[tuple[str, int]]):
    assert [found[1:] for found in parameter_counts(ast.parse(source))] == expected
