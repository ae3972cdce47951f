"""MkDocs calls these while it builds: pages made from the code join those that are written.

``docs/`` holds what people write; ``start.md`` (of README), ``reference/commands.md``,
``reference/formats.md``, ``reference/api`` and ``concepts/schematics.md`` are made here, so that
they cannot go stale, and the pages of ``tutorials`` are what their scripts give.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[1]))


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made from the code."""
    import nbformat

    from documentation import tutorials
    from documentation.api_pages import PACKAGES, api_page
    from documentation.circuit_pages import circuit_page
    from documentation.command_pages import command_page
    from documentation.format_pages import format_page
    from documentation.start_page import start_page

    made: dict[str, str | bytes] = {
        "start.md": start_page(),
        "reference/commands.md": command_page(),
        "reference/formats.md": format_page(),
        "concepts/schematics.md": circuit_page(),
        **{f"reference/api/{package}.md": api_page(package) for package in PACKAGES},
    }
    for tutorial in tutorials.names():
        book = tutorials.kept(tutorial)
        page = tutorials.page(tutorial, book)
        made |= {f"tutorials/{tutorial}.md": page.text}
        made |= {f"tutorials/{tutorial}.ipynb": nbformat.writes(book)}
        made |= {f"tutorials/{name}": picture for name, picture in page.pictures.items()}
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Docstrings name what they refer to as Sphinx has it; here the name alone is enough."""
    return _ROLE.sub("", html)


_ROLE = re.compile(r":(?:func|meth|class|mod|data|attr|exc):(?=<code>)")
