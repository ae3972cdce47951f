"""A technology by its name, as a user says it."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Any

from circuits.technology import Technology as DescribedTechnology
from circuits.technology import load_technology


class Technology(DescribedTechnology):
    """``Technology("sky130")``: a built-in technology by its name, or one of your own by its path.

    It is a :class:`circuits.technology.Technology` with all that its file says.

    Args:
        name: generic, sky130, gf180mcu or the path of a technology file.
        values: of all other fields, where a file is not to be read, as dataclasses.replace does.

    Raises:
        InputError: there is none of that name, or its file is not usable.
    """

    def __init__(self, name: str | os.PathLike[str], **values: Any) -> None:
        if not values:
            loaded = load_technology(os.fspath(name))
            values = {field.name: getattr(loaded, field.name) for field in fields(loaded)}
            name = values.pop("name")
        super().__init__(str(name), **values)

    def __repr__(self) -> str:
        return f"Technology({self.name!r})"
