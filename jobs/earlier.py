"""Finds what an account has analysed before, so that the same bytes are not analysed twice.

Only within one account, only the same bytes (SHA-256), and only where everything else that the
numbers rest on is the same too: the caller says that as one checksum, the basis.
"""

from sqlalchemy import Engine

from jobs.spec import ItemClaim
from storage import reuse_rows
from storage.database import transaction
from storage.reuse_rows import EarlierFacts


class EarlierAnalyses:
    """Looks for earlier analyses; holds no state but its database."""

    def __init__(self, engine: Engine) -> None:
        """Use a migrated database."""
        self._engine = engine

    def find(self, claim: ItemClaim, media_sha256: str, basis_sha256: str) -> int | None:
        """Return the id of an analysis that this item may show as its own, or None.

        Raises:
            DatabaseError: the database does not answer.
        """
        if not claim.may_reuse:
            return None
        with transaction(self._engine) as connection:
            return reuse_rows.find_earlier(connection, claim.account_id, media_sha256, basis_sha256)

    def read(self, claim: ItemClaim, analysis_id: int) -> EarlierFacts | None:
        """Return an analysis that `find` named, or None: it is gone meanwhile.

        Raises:
            DatabaseError: the database does not answer.
        """
        with transaction(self._engine) as connection:
            return reuse_rows.read_earlier(connection, claim.account_id, analysis_id)
