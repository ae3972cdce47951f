"""The parser of a command line: help that fits the terminal, values that begin with a minus sign,
errors of one line that say what may have been meant."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, NoReturn

from neuron_model.suggestion import suggestion

if TYPE_CHECKING:
    Group = argparse._ArgumentGroup

WIDEST_HELP = 100
"""Letters of a line of help, however wide the terminal is."""

_SECTIONS = ("input", "circuit", "variation", "simulation", "study", "output")

_PROGRAMS = ("codesign ", "cd ", "python ", "torchrun ")
_LIKE_A_NUMBER = re.compile(r"-\.?\d")
_INVALID_CHOICE = re.compile(r"argument (.+): invalid choice: '(.*)' \(choose from (.*)\)")
_REQUIRED = re.compile(r"the following arguments are required: (.*)")


class CommandParser(argparse.ArgumentParser):
    """One command's parser, or that of the program."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("formatter_class", HelpFormatter)
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        # a list such as -2.4,0 is a value as well, not only a number
        self._negative_number_matcher = _LIKE_A_NUMBER
        self._given: list[str] = []

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does; an error can then say what of the words may have been meant."""
        self._given = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how to get help, and leave with exit status 2."""
        parser = self._chosen()
        print(f"error: {parser._better(message)}", file=sys.stderr)
        print(f"`{parser.prog} --help` shows how it is called.", file=sys.stderr)
        sys.exit(2)

    def _chosen(self) -> CommandParser:
        """The parser of the command that was given, where there is one."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                for word in self._given:
                    if not word.startswith("-"):
                        found: CommandParser = action.choices.get(word, self)
                        return found if found is self else found._chosen()
        return self

    def _better(self, message: str) -> str:
        """argparse's message, as a sentence, with what may have been meant."""
        unknown = re.match(r"unrecognized arguments: (.*)", message)
        if unknown:
            return self._not_known(unknown.group(1).split()[0])
        required = _REQUIRED.match(message)
        if required:
            # a required option is missing where it was misspelled
            for word in self._given:
                name = word.partition("=")[0]
                if re.match(r"--[a-z]", name) and name not in self._option_string_actions:
                    return self._not_known(word)
            return f"{required.group(1)} is missing."
        choice = _INVALID_CHOICE.match(message)
        if choice:
            where, found, known = choice.groups()
            names = [name.strip(" '") for name in known.split(",")]
            meant = suggestion(found, names)
            if where == "COMMAND":
                return f"there is no command {found!r}.{meant}"
            return f"{where}: {found!r} is none of {', '.join(names)}.{meant}"
        return message + ("" if message.endswith(".") else ".")

    def _not_known(self, word: str) -> str:
        name = word.partition("=")[0]
        if not name.startswith("-"):
            return f"{name!r} is one word too many."
        return f"{name} is not known here.{suggestion(name, self._option_string_actions)}"


def section(parser: argparse.ArgumentParser, title: str) -> Group:
    """The group of options under this title, one of _SECTIONS, in a command's help."""
    for group in parser._action_groups:
        if group.title == title:
            return group
    made = parser.add_argument_group(title)
    parser._action_groups.sort(
        key=lambda group: _SECTIONS.index(group.title) if group.title in _SECTIONS else -1
    )
    return made


class HelpFormatter(argparse.HelpFormatter):
    """Wraps text between words to the terminal; lines that are indented stay lines.

    Command lines of examples are broken as a shell allows it, with a backslash.
    """

    def __init__(self, prog: str) -> None:
        columns = min(shutil.get_terminal_size().columns, WIDEST_HELP)
        super().__init__(prog, max_help_position=26, width=columns - 1)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _wrapped(" ".join(text.split()), width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines: list[str] = []
        paragraph: list[str] = []
        for line in [*text.splitlines(), ""]:
            if line and not line[0].isspace():
                paragraph.append(line)
                continue
            if paragraph:
                lines += _wrapped(" ".join(paragraph), width)
                paragraph = []
            if not line:
                lines.append("")
            elif line.strip().startswith(_PROGRAMS):
                lines += _command_line(line, width)
            else:
                lines += _wrapped(line, width, " " * _hanging(line))
        return "\n".join(lines).rstrip("\n")


def _hanging(line: str) -> int:
    """Where the second line begins: below the text that follows a word in a list."""
    word = re.match(r"\s+\S+\s{2,}(?=\S)", line)
    return word.end() if word else 4


def _wrapped(text: str, width: int, subsequent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=subsequent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _command_line(line: str, width: int) -> list[str]:
    """A command line that a shell takes as it stands."""
    if len(line) <= width:
        return [line]
    # an option and its value stay together
    parts = re.sub(r" (--?[a-z][\w-]*)(?: (?=[^-\s]))", " \\1\0", line.strip()).split(" ")
    lines, current = [], "  " + parts[0]
    for part in parts[1:]:
        if len(current) + 1 + len(part) + 2 > width:
            lines.append(f"{current} \\")
            current = "      " + part
        else:
            current += " " + part
    return [each.replace("\0", " ") for each in (*lines, current)]
