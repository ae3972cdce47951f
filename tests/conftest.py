"""What every test shares: one thread per process, no window, and a cache of its own on demand."""

import os
from collections.abc import Iterator
from pathlib import Path

# Before torch, matplotlib or ngspice are loaded: test processes run side by side, and ngspice's
# threads in several processes at once slow each other down forty times (OMP_NUM_THREADS does
# not reach them, the limit does).
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OMP_THREAD_LIMIT"] = "1"
os.environ["MPLBACKEND"] = "Agg"
# Triton's kernels run in its interpreter, without a GPU.
os.environ["TRITON_INTERPRET"] = "1"

import pytest
from hypothesis import settings

# A busy machine is no fault of an example's: no test hangs on a clock.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user cache, in which no PDK is installed."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MTC_CODESIGN_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for the module: each set of cells is measured once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTC_CODESIGN_CACHE", str(folder))
        yield folder
