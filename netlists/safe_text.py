"""What may reach ngspice: names, numbers, file names, comments and blocks of SPICE text.

A SPICE deck is also a program: ``.control`` blocks, lines that begin with ``*#`` and decks that
begin with ``*ng_script`` run commands, and some commands run a shell. Everything that comes from
outside passes through one of these functions first.
"""

import math
import re

from neuron_model.errors import InputError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_NODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,510}")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")
_SAVED = re.compile(
    r"[vi]\((?P<in>[^()]*)\)|@(?P<device>[^\[\]]*)\[(?P<parameter>[^\[\]]*)\]|.*", re.IGNORECASE
)
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_LETTERS = str.maketrans({"°": "deg", "µ": "u", "²": "2", "×": "x"})

# Dot cards that describe a circuit and nothing else. Everything else (.control, .lib, .include,
# .option, .save, .end, analyses) is the test bench's to say.
_CELL_CARDS = frozenset(
    (".subckt", ".ends", ".model", ".param", ".params", ".func", ".global")
    + (".if", ".elseif", ".else", ".endif")
)
_MODEL_CARDS = _CELL_CARDS | frozenset((".option", ".options", ".opt"))


def check_name(name: object, what: str) -> str:
    """``name`` if it is a letter or ``_`` followed by letters, digits and ``_``.

    Raises:
        InputError: it is not.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise InputError(
        f"{what} is {_shown(name)}, which is not a name; use letters, digits and '_', "
        "starting with a letter or '_'."
    )


def check_node(node: object, what: str) -> str:
    """``node`` if it consists of letters, digits, ``_`` and (as in ``x1.m``) dots.

    Raises:
        InputError: it does not.
    """
    if isinstance(node, str) and _NODE.fullmatch(node):
        return node
    raise InputError(
        f"{what} is {_shown(node)}, which is not a node; use letters, digits, '_' and '.'."
    )


def check_file_name(name: object, what: str) -> str:
    """``name`` if it is a plain file name, without a folder, blanks or characters with a meaning.

    Raises:
        InputError: it is not.
    """
    if isinstance(name, str) and _FILE_NAME.fullmatch(name):
        return name
    raise InputError(
        f"{what} is {_shown(name)}, which is not a file name that a deck can hold; "
        "use letters, digits, '_', '-' and '.', and no folder."
    )


def check_number(
    value: object, what: str, *, above: float | None = None, least: float | None = None
) -> float:
    """``value`` as a float, if it is finite, greater than ``above`` and no less than ``least``.

    Raises:
        InputError: it is not.
    """
    allowed = "a finite number"
    if above is not None:
        allowed += f" greater than {above:g}"
    if least is not None:
        allowed += f" of at least {least:g}"
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if (
        isinstance(value, (str, bytes, bool))
        or not math.isfinite(number)
        or (above is not None and not number > above)
        or (least is not None and not number >= least)
    ):
        raise InputError(f"{what} is {_shown(value)}; it must be {allowed}.")
    return number


def check_saved(name: object) -> str:
    """``name`` if it is ``all``, ``v(node)``, ``i(source)``, ``@device[parameter]`` or a node.

    Raises:
        InputError: it is not.
    """
    what = "A vector to save"
    text = name if isinstance(name, str) else ""
    found = _SAVED.fullmatch(text)
    if found is None or text == "":
        raise InputError(f"{what} is {_shown(name)}; it must be like v(m), i(vdd) or @m.x1.m1[id].")
    if found["in"] is not None:
        check_node(found["in"], f"{what}, {text!r},")
    elif found["device"] is not None:
        check_node(found["device"], f"{what}, {text!r},")
        check_name(found["parameter"], f"{what}, {text!r},")
    else:
        check_node(text, what)
    return text


def clean_comment(text: str) -> str:
    """``text`` on one line and printable: runs of control characters become one blank, signs of
    units (°, µ, ², ×) letters, for tools that take ASCII alone.

    What is returned is harmless behind ``"* "``, never directly behind ``"*"``: ngspice executes
    a line that begins with ``*#``.
    """
    return _CONTROL_CHARACTERS.sub(" ", text).strip().translate(_LETTERS)


def check_cells(text: str, what: str) -> str:
    """``text`` if it is SPICE of subcircuits and nothing in it is a command or reads a file.

    Raises:
        InputError: there is such a line; it is named.
    """
    return _check_lines(text, what, _CELL_CARDS)


def check_models(text: str, what: str) -> str:
    """As :func:`check_cells`, for a model library with all of its files in it (``.option`` too).

    Raises:
        InputError: there is a line that is a command or reads a file; it is named.
    """
    return _check_lines(text, what, _MODEL_CARDS)


def _check_lines(text: str, what: str, cards: frozenset[str]) -> str:
    if "\0" in text:
        raise InputError(f"{what} holds a zero byte: it is not SPICE text.")
    for number, line in enumerate(text.splitlines(), start=1):
        # ngspice takes leading blanks away, so that is where a line begins.
        stripped = line.strip().lower()
        if not stripped or stripped[0] == "$":
            continue
        word = stripped.split(maxsplit=1)[0]
        if stripped[0] == "*":
            # "*#" runs as a command, "*ng_script" makes a script of what follows.
            bad = stripped.startswith(("*#", "*ng_script"))
        elif "`" in stripped:
            bad = True
        elif stripped[0] == ".":
            bad = word.split("=")[0] not in cards
        else:
            # XSPICE code models (A devices) read files and start processes.
            bad = stripped[0] == "a" or "d_process" in stripped
        if bad:
            raise InputError(
                f"{what}, line {number}, is {_shown(line.strip())}, which does not belong there: "
                "only devices, subcircuits, models and parameters may stand in it, no commands, "
                "includes, analyses or A devices."
            )
    return text


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
