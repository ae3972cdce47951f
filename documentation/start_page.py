"""The page Start: what README says under that heading, told once."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def start_page() -> str:
    """Markdown.

    Raises:
        ValueError: README has no such section.
    """
    found = re.search(r"^## Start\n.*?(?=^## )", README.read_text(encoding="utf-8"), re.M | re.S)
    if found is None:
        raise ValueError("README.md has no section Start")
    return found[0].removeprefix("#")
