from collections.abc import Iterator

import pytest

from netlists.engine import Engine


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """With the time that measuring cells takes."""
    with Engine(workers=2) as running:
        yield running
