"""Versions of file formats: all that are written here, and what brings an older file up to date.

A file says its version as ``format``. Files that people write need not: they are taken to be of
today's, unless they hold a key that has another name by now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neuron_model.errors import InputError

KEY = "format"

UPGRADE = "`codesign upgrade PATH` brings it up to date"
"""Said of files that are rewritten without loss; PATH is put in by who knows it."""


class FormatError(InputError):
    """A file of another version: what it is, and what to do."""


@dataclass(frozen=True)
class FileFormat:
    """A kind of file.

    name: as messages have it. version: that is written, and read. remedy: what to do with an older
    one; oldest: from which version on ``codesign upgrade`` does it. renamed: dotted keys of before
    and what they are called now (in JSON: names, wherever they stand). values: by dotted key, texts
    of before and what is said now. beyond: what to do with one from before ``oldest``.
    """

    name: str
    version: int
    remedy: str = UPGRADE
    oldest: int = 1
    renamed: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    beyond: str = ""

    def check(self, found: object, source: str = "PATH") -> None:
        """Refuse any version but this one; ``source`` is what the remedy is for.

        Raises:
            FormatError: ``found``, what a file says as its format, is another.
        """
        remedy = self._remedy(source)
        if isinstance(found, int) and not isinstance(found, bool):
            if found == self.version:
                return
            if found < self.oldest and self.beyond:
                remedy = self.beyond
            if found > self.version:
                raise FormatError(
                    f"is a {self.name} of format {found}, which a later version wrote; this one "
                    f"reads format {self.version}: bring mtc-codesign up to date."
                )
        raise FormatError(
            f"is a {self.name} of format {found!r:.20}; this version reads format {self.version}: "
            f"{remedy}."
        )

    def check_document(self, document: Mapping[str, Any], source: str = "PATH") -> dict[str, Any]:
        """A parsed file without its ``format``, if it is of this version.

        Raises:
            FormatError: it says another, or holds a key or a value of before.
        """
        rest = dict(document)
        if KEY in rest:
            self.check(rest.pop(KEY), source)
        for before, now in self.older(rest).items():
            raise FormatError(
                f"is a {self.name} of before format {self.version}: {before} is {now} now; "
                f"{self._remedy(source)}."
            )
        return rest

    def _remedy(self, source: str) -> str:
        return self.remedy.replace("PATH", source)

    def older(self, document: Mapping[str, Any]) -> dict[str, str]:
        """What a file of people has that is called otherwise now, and how."""
        found = {
            before: now
            for before, now in self.renamed.items()
            if _get(document, before) is not None
        }
        for key, texts in self.values.items():
            said = _get(document, key)
            if isinstance(said, str) and said in texts:
                found[f'{key} = "{said}"'] = f'"{texts[said]}"'
        return found


def _get(document: Mapping[str, Any], dotted: str) -> Any:
    value: Any = document
    for key in dotted.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


_MADE_AGAIN = "`codesign {}` makes it again"
_CELLS = "cells are measured again, as if there were no such file"

# Files that people write.
NEURON = FileFormat("neuron file", 1)
TECHNOLOGY = FileFormat("technology file", 1)
RUN_CONFIGURATION = FileFormat(
    "run configuration",
    2,
    renamed={"training.optimiser": "training.optimizer", "chips": "variation"},
)
SWEEP = FileFormat(
    "sweep configuration",
    2,
    values={"backend": {"as_built": "macromodel", "as_built_detail": "macromodel_detail"}},
)

# Files of a run folder.
MODEL = FileFormat("model file", 1, "`codesign train` makes it again")
CURRENTS = FileFormat("file of input currents", 1)
FORECAST = FileFormat("file of a forecast", 1)
CIRCUIT = FileFormat("file of a training through a circuit", 1, _MADE_AGAIN.format("train"))
HISTORY = FileFormat("training history", 1)
DESIGN = FileFormat("design file", 1, _MADE_AGAIN.format("export"))
ESTIMATES = FileFormat("file of estimates", 2, _MADE_AGAIN.format("export"))
NETWORK_DESIGN = FileFormat("network's design file", 1, _MADE_AGAIN.format("export"))
NETWORK_ESTIMATES = FileFormat("file of a network's estimates", 1, _MADE_AGAIN.format("export"))
NETWORK_VALIDATION = FileFormat("network's validation", 1, _MADE_AGAIN.format("validate"))
NETWORK_SAMPLES = FileFormat(
    "file of a network's samples", 1, _MADE_AGAIN.format("validate --mismatch")
)
VALIDATION = FileFormat(
    "validation",
    3,
    oldest=2,
    beyond="`codesign validate` makes it again",
    renamed={
        "as_built": "macromodel",
        "nrmse_as_built": "nrmse_macromodel",
        "interval_error": "isi_error",
        "pause_error": "ibi_error",
    },
)

# Files of the cache and of `characterize --out`.
CHARACTERISTICS = FileFormat("file of characteristics", 6, _CELLS)
NOISE = FileFormat("file of measured noise", 2, _CELLS)
SENSITIVITIES = FileFormat("file of sensitivities", 2, _CELLS)
SYNAPSES = FileFormat("file of synapses' characteristics", 2, _CELLS)
