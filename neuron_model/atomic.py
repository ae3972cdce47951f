"""Files that are either whole or not there."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from neuron_model.errors import InputError


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write ``content`` to ``path`` under a temporary name, then rename it into place.

    Text is written as UTF-8. Missing parent folders are made.

    Raises:
        InputError: the folder cannot be written or the disk is full; whatever stood at
            ``path`` before is still there, whole.
    """
    return write_together({Path(path): content})[0]


def write_together(contents: Mapping[Path, str | bytes]) -> tuple[Path, ...]:
    """Write files that belong together, as :func:`write_atomically`: all of them or none.

    All are written under temporary names before the first is renamed into place, so that a full
    disk leaves nothing behind, no folder either.

    Raises:
        InputError: a folder cannot be written or the disk is full; nothing was changed.
    """
    made: list[Path] = []
    temporary: dict[Path, str] = {}
    target = Path()
    try:
        for target, content in contents.items():
            _make_folders(target.parent, made)
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            descriptor, temporary[target] = tempfile.mkstemp(
                dir=target.parent, prefix=f".{target.name}."
            )
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content.encode() if isinstance(content, str) else content)
                stream.flush()
                os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        for target, name in temporary.items():
            os.chmod(name, 0o666 & ~umask)
            os.replace(name, target)
    except OSError as error:
        for name in temporary.values():
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        reason = error.strerror or str(error)
        raise InputError(f"{target}: cannot be written ({reason}); nothing was changed.") from error
    return tuple(contents)


def _make_folders(folder: Path, made: list[Path]) -> None:
    """Make ``folder`` with its parents; those that were not there are added to ``made``."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        made.append(each)
