"""What each package exports, how it says what it is, and that saying so costs nothing."""

import doctest
import importlib
import pkgutil
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neuron_model.lazy_names import names_in_stub

ROOT = Path(__file__).parents[1]
PACKAGES = ("neuron_model", "mapping", "circuits", "netlists", "codesign")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_and_is_what_its_module_defines(package: str):
    module = importlib.import_module(package)
    names = names_in_stub(package)
    assert names
    assert module.__all__ == sorted(names)
    assert set(names) <= set(dir(module))
    for name, where in names.items():
        assert where.startswith(f"{package}.")
        value = getattr(module, name)
        assert value is getattr(importlib.import_module(where), name)
        assert getattr(value, "__module__", where) == where, "exported from where it is defined"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_is_that_of_a_module(package: str):
    module = importlib.import_module(package)
    inside = {found.name for found in pkgutil.iter_modules(module.__path__)}
    assert not inside & set(names_in_stub(package))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_that_is_not_public_is_an_attribute_error(package: str):
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        importlib.import_module(package).nothing  # noqa: B018


@pytest.mark.parametrize("package", PACKAGES)
def test_the_example_in_the_docstring_is_true(package: str):
    module = importlib.import_module(package)
    tests = doctest.DocTestFinder(recurse=False).find(module, package)
    assert sum(len(test.examples) for test in tests) >= 3
    for test in tests:
        result = doctest.DocTestRunner().run(test)
        assert not result.failed


@pytest.mark.parametrize("package", PACKAGES)
def test_help_shows_the_public_names(package: str):
    shown = pydoc.plain(pydoc.render_doc(package))
    for name in names_in_stub(package):
        assert name in shown
    overview = importlib.import_module(package).__doc__
    assert overview is not None
    left_out = [n for n in names_in_stub(package) if not re.search(rf"\b{n}\b", overview)]
    assert not left_out, "the overview names all that is public"
    first_screen = "\n".join(shown.splitlines()[:30])
    assert f">>> from {package} import" in first_screen


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_typed(package: str):
    assert (ROOT / package / "py.typed").is_file()


def test_importing_the_packages_loads_no_library():
    heavy = {"torch", "numpy", "scipy", "sympy", "matplotlib", "PySpice", "pandas"}
    program = (
        f"import sys, {', '.join(PACKAGES)}\n"
        "from neuron_model import NeuronParameters, Stimulus, preset, simulate\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not (heavy - {"numpy", "scipy"}) & set(done.stdout.split())
    program = f"import sys, {', '.join(PACKAGES)}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert not heavy & set(done.stdout.split())
