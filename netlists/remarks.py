"""Which of the lines that ngspice writes are remarks, and which are complaints."""

import re
from collections.abc import Iterable

# What ngspice says on standard error when nothing is wrong.
_REMARK = re.compile(
    r"""\s* ( $ | warning | note\b | trying\ gmin | supplies\ reduced | using\ (sparse|klu)
      | (dynamic|true|one|source|last|further|gmin)\b .* (completed|successful|increment|step)
      | reducing\ trtol | reference\ value | transient\ op | no\.\ of\ data\ rows
      | original\ line | \*\* | --> | %
      | unrecognized\ parameter\ \(\S+\)\ -\ ignored | \.model\ .*\ \.\.\.$ )""",
    re.IGNORECASE | re.VERBOSE,
)
_IGNORED = re.compile(r"\s*unrecognized parameter \((\S+)\) - ignored", re.IGNORECASE)

# What it says besides its complaints, before and after them.
_NOISE = re.compile(
    r"doing analysis|circuit:|please check|.*cannot recover|netlist line no|simulation interrupted"
    r"|initial transient solution|last node voltages|-+[- ]*$|error on line"
    r"|(node|a|[-\w.#]+)\s+((last )?voltage|[-+\d.e]+)\b",
    re.IGNORECASE,
)

_BROKEN_OFF = re.compile(r"tran:.*\btime = ([\d.e+-]+).*?(?:trouble with (.*?))?$", re.IGNORECASE)

_NO_SOLUTION = re.compile(
    r"(time)?step too small|converge|singular|iteration limit|solution failed|trouble with",
    re.IGNORECASE,
)


def is_remark(line: str) -> bool:
    """Whether a line of ngspice's standard error is no complaint."""
    return _REMARK.match(line) is not None


def complaints(lines: Iterable[str]) -> list[str]:
    """The lines that say what went wrong: those that are neither remarks nor noise."""
    return [line for line in lines if not is_remark(line) and not _NOISE.match(line.strip())]


def ignored_parameters(lines: Iterable[str]) -> tuple[str, ...]:
    """The parameters of models that ngspice says it does not know, each once, in their order."""
    found = (_IGNORED.match(line) for line in lines)
    return tuple(dict.fromkeys(match.group(1).lower() for match in found if match))


def is_no_solution(lines: Iterable[str]) -> bool:
    """Whether ngspice failed because it found no solution, rather than at the circuit's text."""
    return any(_NO_SOLUTION.search(line) for line in lines)


def broken_off(lines: Iterable[str]) -> tuple[float, str] | None:
    """Where a transient analysis came to a stop on its way, in seconds, and what ngspice has
    trouble with, or ""; None where it did not."""
    found = next((match for line in lines if (match := _BROKEN_OFF.search(line))), None)
    return None if found is None else (float(found.group(1)), found.group(2) or "")
