"""Every claim that is checked, document by document."""

from benchmarks.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = ()
