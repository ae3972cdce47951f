"""Where the toolkit keeps what it can make again: the user's cache folder."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder of the user's cache.

    It is ``$MTC_CODESIGN_CACHE``, else ``$XDG_CACHE_HOME/mtc-codesign``, else
    ``~/.cache/mtc-codesign``. The folder need not exist; writers make it.
    """
    chosen = os.environ.get("MTC_CODESIGN_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    # The XDG specification says that a relative path there is to be ignored.
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return root / "mtc-codesign"
