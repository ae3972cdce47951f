"""The page of all commands: their help, as a terminal of 80 columns shows it."""

from __future__ import annotations

import argparse
import os
from unittest.mock import patch

from codesign.command_line import build_parser
from codesign.commands import GROUPS

_WIDTH = "80"


def command_page() -> str:
    """Markdown, a section for each command below one for each group."""
    lines = [
        "# Commands",
        "",
        "Made from the commands themselves when these pages are built: what `codesign COMMAND "
        "--help` prints. Exit status: 0 done; 1 the circuit does not match the model; 2 bad input "
        "or usage; 3 something outside is missing (ngspice, a PDK); 4 the simulator failed; 128 + "
        "the signal's number: a signal stopped it.",
        "",
    ]
    for group, commands in GROUPS.items():
        lines += [f"## {group.capitalize()}", ""]
        for name, summary in commands.items():
            lines += [f"### codesign {name}", "", f"{summary[0].upper()}{summary[1:]}.", ""]
            lines += ["```text", help_text(name).rstrip(), "```", ""]
    return "\n".join(lines)


def help_text(name: str) -> str:
    """What ``codesign NAME --help`` prints on 80 columns."""
    with patch.dict(os.environ, {"COLUMNS": _WIDTH}):
        parser = build_parser([name])
        (commands,) = (
            action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
        )
        text: str = commands.choices[name].format_help()
    return text
