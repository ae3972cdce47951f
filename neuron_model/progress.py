"""How work that takes long reports how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Called with (done, of how many, what)."""

    def __call__(self, done: int, total: int, what: str, /) -> None: ...


def silent(done: int, total: int, what: str, /) -> None:
    """Progress that nobody is told of."""
