"""Earlier analyses of the same bytes, in SQL: of one account, with the same basis.

Accounts are walls (DESIGN.md §8): every statement asks for one account, through indexes that begin
with it, so that neither an answer nor its time tells anything about another one's media.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from storage.report_rows import StoredFile


@dataclass(frozen=True, slots=True)
class EarlierFacts:
    """An analysis of an earlier item, with its report."""

    analysis_id: int
    item_id: int
    job_id: int
    llr: float | None  # not rounded
    llr_limit: float | None
    voiced_s: float | None
    separated_llr: float | None
    document: dict[str, Any]
    findings_sha256: str
    files: tuple[StoredFile, ...]


# a copy is no source: what is used again is an analysis that was made
_FIND = text("""
SELECT a.analysis_id FROM media m
JOIN analysis a ON a.media_id = m.media_id AND a.basis_sha256 = :basis_sha256
WHERE m.account_id = :account_id AND m.sha256 = :media_sha256 AND a.account_id = :account_id
  AND a.basis_sha256 IS NOT NULL AND a.reused_item_id IS NULL AND a.verdict IS NOT NULL
ORDER BY a.analysis_id DESC LIMIT 1
""")


def find_earlier(
    connection: Connection, account_id: str, media_sha256: str, basis_sha256: str
) -> int | None:
    """Return the newest analysis of these bytes in this account with this basis, or None."""
    found: int | None = connection.scalar(
        _FIND,
        {"account_id": account_id, "media_sha256": media_sha256, "basis_sha256": basis_sha256},
    )
    return found


_READ = text("""
SELECT a.analysis_id, a.item_id, a.job_id, a.llr, a.llr_limit, a.voiced_s, a.separated_llr,
       r.document, r.findings_sha256,
       coalesce((SELECT jsonb_agg(to_jsonb(f) - 'item_id' ORDER BY f.kind)
                 FROM report_file f WHERE f.item_id = r.item_id), '[]'::jsonb) AS files
FROM analysis a JOIN report r ON r.item_id = a.item_id AND r.account_id = a.account_id
WHERE a.analysis_id = :analysis_id AND a.account_id = :account_id
""")


def read_earlier(connection: Connection, account_id: str, analysis_id: int) -> EarlierFacts | None:
    """Return an analysis and its report; None: they are gone, or another account's."""
    row = (
        connection.execute(_READ, {"analysis_id": analysis_id, "account_id": account_id})
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    files = tuple(StoredFile(**file) for file in row["files"])
    return EarlierFacts(**{**row, "files": files})
