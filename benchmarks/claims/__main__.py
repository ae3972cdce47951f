"""Run the commands that README and docs quote figures of, and compare.

    python -m benchmarks.claims                  all of them
    python -m benchmarks.claims --recorded       those of recorded files alone, at once
    python -m benchmarks.claims --only temperature

Exit status 1: a figure is not what its source gives, or a document does not say it.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.claims.claim import Claim, compare, is_quoted
from benchmarks.claims.commands import CommandFailedError, files, run_json
from benchmarks.claims.documents import CLAIMS, document_text

ROOT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Check the claims that were asked for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.claims", description=__doc__)
    parser.add_argument("--recorded", action="store_true", help="only those of recorded files")
    parser.add_argument("--only", metavar="WORD", default="", help="only sources that hold WORD")
    options = parser.parse_args(arguments)
    chosen = [
        claim
        for claim in CLAIMS
        if options.only in claim.source and (claim.is_recorded or not options.recorded)
    ]
    if not chosen:
        parser.error("no claim is left; choose another WORD")
    by_source: dict[str, list[Claim]] = defaultdict(list)
    for claim in chosen:
        by_source[claim.source].append(claim)
    misses: list[str] = []
    with tempfile.TemporaryDirectory(prefix="claims-") as folder:
        _prepare(Path(folder), {claim.file for claim in CLAIMS})
        for index, (source, claims) in enumerate(by_source.items(), 1):
            print(f"[{index}/{len(by_source)}] {source}", file=sys.stderr, flush=True)
            started = time.monotonic()
            misses += _check(source, claims, Path(folder))
            print(f"    {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    for miss in misses:
        print(miss)
    print(f"{len(chosen)} claims of {len(by_source)} sources, {len(misses)} misses")
    return 1 if misses else 0


def _prepare(folder: Path, documents: Iterable[str]) -> None:
    """What the documents' commands find in the folder where they run."""
    for name in ("examples", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    for document in documents:
        for name, content in files(document_text(ROOT, document)).items():
            (folder / name).write_text(content)


def _check(source: str, claims: list[Claim], folder: Path) -> list[str]:
    misses = [
        f"{claim.file} does not say: {claim.words}"
        for claim in claims
        if not is_quoted(claim, document_text(ROOT, claim.file))
    ]
    try:
        printed = _document(source, claims[0], folder)
        read = {name: json.loads((folder / name).read_text()) for name in _read_by(claims)}
    except (CommandFailedError, OSError, ValueError) as error:
        return [*misses, str(error)]
    for claim in claims:
        try:
            compared = compare(claim, read[claim.reads] if claim.reads else printed)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            misses.append(f"{claim.file}: {claim.words}: {source} has no such figure ({error!r})")
            continue
        misses += [
            f"{claim.file}: {claim.words}: says {one.quoted}, {source} gives {one.found:.6g}"
            for one in compared
            if not one.agrees
        ]
    return misses


def _read_by(claims: Iterable[Claim]) -> set[str]:
    """The files that the command leaves and claims read."""
    return {claim.reads for claim in claims if claim.reads}


def _document(source: str, claim: Claim, folder: Path) -> Any:
    if claim.is_recorded:
        return json.loads((ROOT / source).read_text())
    return run_json(source, folder)


if __name__ == "__main__":
    sys.exit(main())
