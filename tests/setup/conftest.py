"""The build's own module: it lies beside setup.py and is no package that could be imported."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def one_name() -> ModuleType:
    spec = importlib.util.spec_from_file_location("one_name", ROOT / "setup/one_name.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
