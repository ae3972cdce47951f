"""Every claim that is checked, document by document."""

from benchmarks.claims.claim import Claim
from benchmarks.claims.readme import README_CLAIMS
from benchmarks.claims.results import RESULT_CLAIMS

CLAIMS: tuple[Claim, ...] = (*README_CLAIMS, *RESULT_CLAIMS)
