"""Every claim that is checked, document by document, and the text of the documents."""

from pathlib import Path

from benchmarks.claims.claim import Claim
from benchmarks.claims.readme import README, README_CLAIMS
from benchmarks.claims.results import RESULT_CLAIMS
from benchmarks.claims.tables import TABLE_CLAIMS

CLAIMS: tuple[Claim, ...] = (*README_CLAIMS, *RESULT_CLAIMS, *TABLE_CLAIMS)


def document_text(root: Path, file: str) -> str:
    """What a document says; README's goes on in the pages of docs, all but those of results."""
    pages = [root / file]
    if file == README:
        every = sorted((root / "docs").rglob("*.md"))
        pages += [page for page in every if "results" not in page.parts]
    return "\n\n".join(page.read_text(encoding="utf-8") for page in pages)
