"""Whether output goes to the cells of a notebook."""

from __future__ import annotations

import sys


def in_notebook() -> bool:
    """Whether this is Jupyter's kernel."""
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"
