"""What somebody may have meant who wrote a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable

_OTHER_WORDS = {
    "trim": "calibrate",
    "chips": "mismatch",
    "montecarlo": "mismatch",
    "monte-carlo": "mismatch",
    "--chips": "--samples",
    "epochs": "steps",
    "lr": "learning_rate",
    "hidden": "neurons",
    "hidden_size": "neurons",
    "units": "neurons",
}
"""What was called otherwise before, or is elsewhere, and is not near by its letters."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'tau_slow'?``, to follow a message; empty where no name is near."""
    names = [str(one) for one in known]
    other = _OTHER_WORDS.get(name)
    near = other if other in names else _nearest(name, names)
    return f" Did you mean {near!r}?" if near else ""


def misspelled(missing: str, found: Iterable[str]) -> str:
    """`` Is 'suply' misspelled?``, to follow a message that ``missing`` is; empty where none is."""
    near = _nearest(missing, found)
    return f" Is {near!r} misspelled?" if near else ""


def _nearest(name: str, names: Iterable[str]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)), "")
