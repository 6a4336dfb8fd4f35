"""Opinions of examiners in SQL: each one makes a version of its item's report; none is overwritten."""

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
    """The JSON of an item's newest version."""

    job_id: int
    account_id: str
    version: int
    key: str
    sha256: str
    base_name: str  # of the first version's files, without an ending


_NEWEST = text("""
SELECT r.job_id, r.account_id, coalesce(v.version, 1) AS version, coalesce(v.key, f.key) AS key,
       coalesce(v.sha256, f.sha256) AS sha256, regexp_replace(f.file_name, '\\.json$', '') AS base_name
FROM report r JOIN report_file f ON f.item_id = r.item_id AND f.kind = 'json'
LEFT JOIN LATERAL (
    SELECT version, key, sha256 FROM review JOIN review_file USING (review_id)
    WHERE review.item_id = r.item_id AND kind = 'json' ORDER BY version DESC LIMIT 1
) v ON true
WHERE r.item_id = :item_id
""")


def newest_json(connection: Connection, item_id: int) -> NewestJson | None:
    """Return where an item's newest JSON lies; None: there is no report."""
    row = connection.execute(_NEWEST, {"item_id": item_id}).mappings().one_or_none()
    return None if row is None else NewestJson(**row)


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
