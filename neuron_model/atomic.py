"""Files that are either whole or not there."""

import contextlib
import os
import tempfile
from pathlib import Path

from neuron_model.errors import InputError


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write ``content`` to ``path`` under a temporary name, then rename it into place.

    Text is written as UTF-8. Missing parent folders are made.

    Raises:
        InputError: the folder cannot be written or the disk is full; whatever stood at
            ``path`` before is still there, whole.
    """
    target = Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        reason = error.strerror or str(error)
        raise InputError(f"{target}: cannot be written ({reason}); nothing was changed.") from error
    return target
