"""What a library makes of the sizes that are written: ``.option scale``.

ngspice multiplies the widths, lengths, areas and perimeters of MOS elements by it before it looks
for a bin; of several the first counts, and it takes a number alone. With 1u sizes are written as
plain micrometres. With 0.9 (or 0.9u) they are written as they are drawn and are nine tenths of that
on silicon, as foundries shrink a process.
"""

import re

from netlists.model_statements import Scope, Statement
from netlists.spice_numbers import number
from neuron_model.errors import InputError

_SCALE = re.compile(r"(?<![\w.])scale\s*=\s*('[^']*'|\{[^}]*\}|[^\s,()]+)", re.IGNORECASE)
# Metres of what is written as 1, where sizes are in metres and where they are in micrometres.
_UNITS = (1.0, 1e-6)
_SHRUNK = (0.5, 1.5)


def length_shrink(library: Scope) -> float:
    """Micrometres on silicon of a micrometre that is drawn: 1 but where the library shrinks.

    Raises:
        InputError: ``.option scale`` is no number, or makes neither metres nor micrometres.
    """
    first = scale_option(library)
    if first is None:
        return 1.0
    statement, text = first
    value = number(text)
    if value is None:
        raise InputError(
            f"{statement.place}: ngspice takes a number alone as .option scale, not {text}; write "
            "its value."
        )
    for unit in _UNITS:
        if _SHRUNK[0] <= value / unit <= _SHRUNK[1]:
            return value / unit
    raise InputError(
        f"{statement.place}: with .option scale={text} sizes are written in units of "
        f"{1e6 * value:g} um, where only metres (scale=1) and micrometres (scale=1u), or these "
        "shrunk by less than half (scale=0.9), can be written; take a copy of the library without "
        "it, or with one of these."
    )


def scale_option(library: Scope) -> tuple[Statement, str] | None:
    """The statement that sets it, and to what; None where none does."""
    for statement in library.statements:
        found = _SCALE.search(statement.text) if statement.keyword == ".option" else None
        if found is not None:
            return statement, found.group(1)
    return None
