"""Named tuples that a module returns, so that ``torch.export.save`` can write them."""

from __future__ import annotations

from typing import Any

import torch


def known_to_export(kind: Any) -> Any:
    """``kind``, a named tuple, after torch was told what it is called in a file."""
    # torch has no public word for it; without it such modules export, but cannot be saved
    register = getattr(torch.utils._pytree, "_register_namedtuple", None)
    if register is not None:
        # the same name in a checkout and where the packages are installed below mtc_codesign
        module = kind.__module__.removeprefix("mtc_codesign.")
        register(kind, serialized_type_name=f"{module}.{kind.__name__}")
    return kind
