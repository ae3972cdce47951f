"""Versions of file formats: all that are written here, and what brings an older file up to date.

A file says its version as ``format``. Files that people write need not: they are taken to be of
today's, unless they hold a key that has another name by now.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuron_model.errors import InputError
from neuron_model.text_file import read_text

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
        if found is None:
            raise FormatError(
                f"has no field `{KEY}`; a {self.name} needs `{KEY}` {self.version}: {remedy}."
            )
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

    def json_text(self, content: Mapping[str, Any]) -> str:
        """A file of JSON, which says its format first."""
        return json.dumps({KEY: self.version, **content}, indent=1)

    def json_content(self, text: str, source: str, upgraded: str = "") -> dict[str, Any]:
        """The inverse of :meth:`json_text`.

        Args:
            text: of the file.
            source: named in errors.
            upgraded: what the remedy is for, such as the run folder; ``source`` if not given.

        Raises:
            FormatError: it says another format, or none.
            InputError: it is no JSON object.
        """
        with self.reading(source):
            content = json.loads(text)
            if not isinstance(content, dict):
                raise ValueError("it is no JSON object")
            self.check(content.pop(KEY, None), upgraded or source)
        return content

    def optional_json(self, path: Path, upgraded: str = "") -> dict[str, Any] | None:
        """:meth:`json_content` of a file; None where there is none.

        Raises:
            InputError: as :meth:`json_content`, or the file cannot be read.
        """
        if not path.is_file():
            return None
        return self.json_content(read_text(path), str(path), upgraded)

    @contextlib.contextmanager
    def reading(self, source: str) -> Iterator[None]:
        """While the block takes out of a file of this kind what it wants.

        Raises:
            FormatError, InputError: the file is of another version, or holds something else: what
                the block raises, with ``source`` before it.
        """
        try:
            yield
        except FormatError as error:
            raise FormatError(f"{source}: {error}") from error
        except (InputError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._no_such(source, str(error)) from error
        except KeyError as error:
            raise self._no_such(source, f"it has no field {error}") from error

    def _no_such(self, source: str, why: str) -> InputError:
        return InputError(f"{source}: is no {self.name} of format {self.version} ({why}).")

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
CORRECTION = FileFormat("file of a circuit's correction", 2, _MADE_AGAIN.format("train"))
HISTORY = FileFormat("training history", 1)
RESULT = FileFormat("training result", 1)
VARIATION = FileFormat("file of samples' errors", 1)
DESIGN = FileFormat("design file", 1, _MADE_AGAIN.format("export"))
ESTIMATES = FileFormat("file of estimates", 2, _MADE_AGAIN.format("export"))
NETWORK_DESIGN = FileFormat("network's design file", 1, _MADE_AGAIN.format("export"))
NETWORK_ESTIMATES = FileFormat("file of a network's estimates", 1, _MADE_AGAIN.format("export"))
NETWORK_VALIDATION = FileFormat("network's validation", 1, _MADE_AGAIN.format("validate"))
CODES = FileFormat("file of bias codes", 1, _MADE_AGAIN.format("export --quantize"))
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

# Outcomes of studies.
SIZING = FileFormat("outcome of a sizing", 1, _MADE_AGAIN.format("size"))
REFINEMENT = FileFormat("outcome of a refinement", 1, _MADE_AGAIN.format("refine"))
SWEEP_OUTCOME = FileFormat("outcome of a sweep", 1, _MADE_AGAIN.format("sweep"))

# Files of the cache and of `characterize --out`.
CHARACTERISTICS = FileFormat("file of characteristics", 6, _CELLS)
NOISE = FileFormat("file of measured noise", 2, _CELLS)
SENSITIVITIES = FileFormat("file of sensitivities", 2, _CELLS)
SYNAPSES = FileFormat("file of synapses' characteristics", 3, _CELLS)
