"""What of a model library this project's ngspice cannot read, or has no device for.

ngspice says of such statements that there is "no valid modelname", takes them for something else
(a level above 98 for level 1), or never comes to the end of them: here they are refused by name,
with file and line. What it knows was asked of ngspice 39.3 as Debian builds it, without OSDI.
"""

import re

from netlists.model_statements import Statement
from netlists.spice_numbers import number
from neuron_model.errors import InputError

MOSFET_LEVELS = frozenset((0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 14, 49, 54, 55, 56, 57, 58, 60, 68, 73))
"""The levels of .model cards of type nmos and pmos that there are."""

_MOSFETS = frozenset(("nmos", "pmos", "nsoi", "psoi"))
_TYPES = _MOSFETS.union(
    ("r", "res", "c", "l", "d", "npn", "pnp", "njf", "pjf", "nmf", "pmf", "nhfet", "phfet"),
    ("sw", "csw", "urc", "ltra", "txl", "cpl", "vdmos", "vdmosn", "vdmosp"),
    ("numos", "numd", "numd2", "nbjt", "nbjt2"),
)
_TYPE = re.compile(r"\.model\s+\S+?\s+([a-z_]\w*)", re.IGNORECASE)
_LEVEL = re.compile(r"\blevel\s*=\s*[{'\"]?\s*([^\s(){}'\",]+)", re.IGNORECASE)
_VERSION = re.compile(r"\bversion\s*=\s*([^\s(){}'\",]+)", re.IGNORECASE)
_VERSIONS = {
    **dict.fromkeys((8, 49), ("BSIM3", ("3.0", "3.1", "3.2", "3.3"))),
    **dict.fromkeys((14, 54), ("BSIM4", tuple(f"4.{minor}" for minor in range(9)))),
}
_BSIM3 = "if its parameters are BSIM3's, it is level 49 to ngspice: write that"
_BULK = (
    "only an ngspice with OSDI has such models, compiled from Verilog-A, which this one is not; "
    "use the foundry's BSIM3 or BSIM4 models if it has some, or another process"
)
# What other simulators mean by it, and what would help.
_OTHER_LEVELS = {
    7: ("PSpice's BSIM3", _BSIM3),
    11: ("Spectre's BSIM3", _BSIM3),
    47: ("HSPICE's BSIM3 of version 2", "use BSIM3 models of version 3"),
    53: ("HSPICE's and Eldo's BSIM3", _BSIM3),
    69: ("PSP", _BULK),
    70: ("BSIM-SOI 4", "that is level 58 to ngspice, where the version is 4"),
    72: ("BSIM-CMG", _BULK),
    74: ("MOS model 20", _BULK),
    76: ("UTSOI", _BULK),
    77: ("BSIM-BULK", _BULK),
    78: ("BSIM-IMG", _BULK),
    **dict.fromkeys((101, 102, 103, 1020, 1021, 1030, 1031), ("PSP", _BULK)),
}
_HELP = "use BSIM3 (level 49) or BSIM4 (level 54) models of the process if there are some"

_PROTECT = frozenset((".prot", ".protect"))
_UNPROTECT = frozenset((".unprot", ".unprotect"))
# In statements nothing of this stands: words, numbers, expressions and texts do without.
_GARBLED = re.compile(r"[#@`\\%\x80-\xff]|^[^A-Za-z.]")

_NESTED = re.compile(r"\([^()]*\)")
_TEXT = re.compile(r"\"[^\"]*\"")
_EXPRESSION = re.compile(r"\{[^{}]*\}|'[^']*'")
_ASSIGNMENT = re.compile(r"(?<![=!<>])=(?!=)")
_COMMA_BEHIND_VALUE = re.compile(r"(?<![=!<>])=\s*([^\s,=]+),")


def check_readable(statement: Statement) -> None:
    """Refuse a statement that ngspice cannot read or has no device for.

    Raises:
        InputError: it is one; file, line, name and what would help are in the message.
    """
    keyword = statement.keyword
    if keyword[0] == "n":
        raise InputError(
            f"{statement.place}: the element {keyword} is a Verilog-A device (OSDI): {_BULK}."
        )
    if keyword == ".model":
        _check_model(statement)
    _check_commas(statement)


class ProtectedText:
    """Follows .prot and .unprot: text between them is plain in some libraries, garbled in most."""

    def __init__(self) -> None:
        self._since: Statement | None = None

    def check(self, statement: Statement) -> None:
        """Take the next statement.

        Raises:
            InputError: it is encrypted.
        """
        if statement.keyword in _PROTECT:
            self._since = statement
        elif statement.keyword in _UNPROTECT:
            self._since = None
        elif self._since is not None and _GARBLED.search(statement.text):
            raise InputError(
                f"{statement.place}: what follows {self._since.keyword} (line {self._since.line}) "
                "is encrypted, and only the simulator that it was encrypted for can read it; ask "
                "the foundry for the models as plain text, or for ngspice."
            )


def _check_model(statement: Statement) -> None:
    found = _TYPE.match(statement.text)
    kind = found.group(1).lower() if found else ""
    if kind and kind not in _TYPES:
        raise InputError(
            f"{statement.place}: the model {statement.name} is of type {kind}, which ngspice does "
            f"not have: {_BULK}."
        )
    if kind not in _MOSFETS:
        return
    level = _value(_LEVEL, statement)
    if level is None:
        return
    if level not in MOSFET_LEVELS:
        what, help_ = _OTHER_LEVELS.get(int(level), ("", _HELP))
        named = f" ({what})" if what else ""
        raise InputError(
            f"{statement.place}: the model {statement.name} is of level {level:g}{named}, which "
            f"ngspice does not have: {help_}."
        )
    version = _VERSION.search(statement.text)
    name, known = _VERSIONS.get(int(level), ("", ()))
    wanted = version.group(1) if version else ""
    if known and number(wanted) is not None and not wanted.startswith(known):
        raise InputError(
            f"{statement.place}: the model {statement.name} is {name} of version {wanted}, which "
            f"ngspice does not have; it has {known[0]} to {known[-1]}: write the one that it was "
            "made for."
        )


def _value(pattern: re.Pattern[str], statement: Statement) -> float | None:
    found = pattern.search(statement.text)
    return number(found.group(1)) if found else None


def _check_commas(statement: Statement) -> None:
    text = _TEXT.sub("t", statement.text)
    while True:
        shorter = _NESTED.sub("", text) if statement.keyword != ".model" else text
        if shorter == text:
            break
        text = shorter
    if statement.keyword in (".param", ".subckt"):
        if len(_ASSIGNMENT.findall(text)) < 2:
            return
        inside = [part for part in _EXPRESSION.findall(text) if "," in part and part[0] == "{"]
        found = _COMMA_BEHIND_VALUE.search(_EXPRESSION.sub("e", text))
        if inside or found:
            shown = inside[0] if inside else found.group().strip() if found else ""
            raise InputError(
                f"{statement.place}: ngspice never comes to the end of a {statement.keyword} "
                f"statement with a comma right behind a value ({shown!r}); put a blank "
                "instead of the comma."
            )
    elif statement.is_element or statement.keyword == ".model":
        for value in _COMMA_BEHIND_VALUE.findall(_EXPRESSION.sub("0", text)):
            if number(value.strip("(")) is None and "(" not in value:
                raise InputError(
                    f"{statement.place}: ngspice does not read a name with a comma right behind "
                    f"it ({value + ','!r}); put a blank instead of the comma."
                )
