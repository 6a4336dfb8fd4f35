"""Opinions of examiners in SQL: each one makes a version of its item's report; none is overwritten.

An opinion is about findings. Where an item was analysed again and the findings are others, the next
opinion begins anew at the machine's new report; earlier ones stay beside it, with what they were about.
`review.version` counts all opinions of an item, whatever they are about.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert

from storage.evidence_tables import ReviewFileRow, ReviewRow
from storage.report_rows import StoredFile
from storage.stored_text import storable


@dataclass(frozen=True, slots=True)
class NewReview:
    """An opinion that is to be written."""

    item_id: int
    job_id: int
    account_id: str
    version: int
    opinion: str
    text: str
    examiner: str
    at: datetime
    jws: str
    reviewed_sha256: str
    findings_sha256: str


@dataclass(frozen=True, slots=True)
class NewestJson:
    """The JSON of the newest version of what an item's last analysis found."""

    job_id: int
    account_id: str
    key: str
    sha256: str
    base_name: str  # of the first version's files, without an ending
    is_reviewed: bool
    next_version: int  # of all opinions on the item
    has_earlier: bool  # opinions on what an earlier analysis found


_NEWEST = text("""
SELECT r.job_id, r.account_id, coalesce(v.key, f.key) AS key, coalesce(v.sha256, f.sha256) AS sha256,
       regexp_replace(f.file_name, '\\.json$', '') AS base_name, v.key IS NOT NULL AS is_reviewed,
       coalesce(n.version, 1) + 1 AS next_version, coalesce(n.has_earlier, false) AS has_earlier
FROM report r JOIN report_file f ON f.item_id = r.item_id AND f.kind = 'json'
LEFT JOIN LATERAL (
    SELECT key, sha256 FROM review JOIN review_file USING (review_id)
    WHERE review.item_id = r.item_id AND review.findings_sha256 = r.findings_sha256
      AND kind = 'json' ORDER BY version DESC LIMIT 1
) v ON true
LEFT JOIN LATERAL (
    SELECT max(version) AS version, bool_or(findings_sha256 <> r.findings_sha256) AS has_earlier
    FROM review WHERE review.item_id = r.item_id
) n ON true
WHERE r.item_id = :item_id
""")
_REVIEWED = text("""
SELECT kind, key, sha256, size_bytes, file_name, content_type FROM report_file
WHERE item_id = :item_id AND (kind = 'json' OR kind = 'jws' OR kind LIKE 'tsr%')
ORDER BY kind
""")


def newest_json(connection: Connection, item_id: int) -> NewestJson | None:
    """Return where an item's newest JSON lies; None: there is no report."""
    row = connection.execute(_NEWEST, {"item_id": item_id}).mappings().one_or_none()
    return None if row is None else NewestJson(**row)


def reviewed_files(connection: Connection, item_id: int) -> list[StoredFile]:
    """Return the machine's own JSON, its signature and stamps: what a first opinion is about."""
    rows = connection.execute(_REVIEWED, {"item_id": item_id}).mappings()
    return [StoredFile(**row) for row in rows]


def write_review(connection: Connection, review: NewReview, files: Sequence[StoredFile]) -> bool:
    """Write an opinion and name its files; False: there is a version of this number, or no report.

    The files' objects must be known and not on their way out (`object_rows.share_objects`).
    """
    there = connection.execute(
        text("SELECT FROM report WHERE item_id = :item_id FOR SHARE"), {"item_id": review.item_id}
    )
    if there.first() is None:  # deleted meanwhile
        return False
    values = {
        name: storable(value) if isinstance(value, str) else value
        for name, value in asdict(review).items()
    }
    statement = upsert(ReviewRow).values(values).on_conflict_do_nothing(constraint="review_version")
    review_id = connection.execute(statement.returning(ReviewRow.review_id)).scalar_one_or_none()
    if review_id is None:
        return False
    connection.execute(
        insert(ReviewFileRow), [{"review_id": review_id, **asdict(file)} for file in files]
    )
    return True
