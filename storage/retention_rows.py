"""Deletion in SQL: rows first, then objects, and a tombstone in their place.

A medium goes with the last item of its account that claims it: `kept_media` holds a claim for each
item, and the sweep (`object_rows`) takes an object that nobody names. Nothing here touches an object.
All functions write inside the caller's transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert as upsert

from storage.evidence_tables import KeptMediaRow, TombstoneRow

DELETED = "deleted"  # what stands for an item's verdict
_FINAL = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Deletion:
    """Why something goes, and who says so."""

    why: str  # request, rule
    asked_by: str


@dataclass(frozen=True, slots=True)
class MediaClaim:
    """An item's claim on the bytes that it was analysed from."""

    item_id: int
    job_id: int
    account_id: str
    key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left."""

    item_id: int
    job_id: int
    account_id: str
    what: str  # media, report
    keys: tuple[str, ...]  # of objects that one name less names now
    media_sha256: str | None
    findings_sha256: str | None
    files: Mapping[str, str]  # file name -> SHA-256


def claim_media(connection: Connection, kept: MediaClaim) -> None:
    """Write an item's claim, in place of an earlier attempt's; the object must be shared before."""
    values = {
        "item_id": kept.item_id,
        "job_id": kept.job_id,
        "account_id": kept.account_id,
        "key": kept.key,
        "sha256": kept.sha256,
        "size_bytes": kept.size_bytes,
    }
    statement = upsert(KeptMediaRow).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["item_id"], set_=values))


_KEPT = text("""
SELECT item_id, job_id, account_id, key, sha256, size_bytes FROM kept_media
WHERE account_id = :account_id AND key = :key ORDER BY item_id = :item_id DESC, item_id LIMIT 1
""")


def read_kept(connection: Connection, account_id: str, key: str, item_id: int) -> MediaClaim | None:
    """Return a claim of an account on a medium, the item's own if it has one; None: it is not kept."""
    values = {"account_id": account_id, "key": key, "item_id": item_id}
    row = connection.execute(_KEPT, values).mappings().one_or_none()
    return None if row is None else MediaClaim(**row)


_BURIED = text("SELECT deleted_at FROM tombstone WHERE item_id = :item_id AND what = :what")


def read_deleted_at(connection: Connection, item_id: int, what: str) -> datetime | None:
    """Return when an item's medium or report was deleted; None: it was not."""
    deleted_at: datetime | None = connection.scalar(_BURIED, {"item_id": item_id, "what": what})
    return deleted_at


_KEPT_OF_ITEM = text("""
SELECT k.item_id, k.job_id, k.account_id, k.key, k.sha256, k.size_bytes FROM (
    SELECT key FROM kept_media WHERE item_id = :item_id
    UNION SELECT a.account_id || '/' || m.sha256
    FROM analysis a JOIN media m USING (media_id) WHERE a.item_id = :item_id
) own JOIN kept_media k USING (key)
ORDER BY k.item_id = :item_id DESC, k.item_id LIMIT 1
""")


def kept_of_item(connection: Connection, item_id: int) -> MediaClaim | None:
    """Return what an item's account keeps of its bytes, claimed by it or by another; None: nothing."""
    row = connection.execute(_KEPT_OF_ITEM, {"item_id": item_id}).mappings().one_or_none()
    return None if row is None else MediaClaim(**row)


def lock_final(connection: Connection, item_id: int) -> bool | None:
    """Lock an item that is to be deleted; False: it is still worked on; None: there is none."""
    state: str | None = connection.scalar(
        text("SELECT state FROM item WHERE item_id = :item_id FOR NO KEY UPDATE"),
        {"item_id": item_id},
    )
    if state is None:  # in the archive lie only items that ended
        state = connection.scalar(
            text("SELECT state FROM item_archive WHERE item_id = :item_id FOR NO KEY UPDATE"),
            {"item_id": item_id},
        )
    return None if state is None else state in _FINAL


_DROP_MEDIA = text("""
DELETE FROM kept_media WHERE item_id = :item_id
RETURNING job_id, account_id, key, sha256, size_bytes
""")
_CUSTODY = text("SELECT custody FROM analysis WHERE item_id = :item_id")


def delete_media(connection: Connection, item_id: int, deletion: Deletion) -> Tombstone | None:
    """Drop an item's claim on its medium; None: it had none."""
    row = connection.execute(_DROP_MEDIA, {"item_id": item_id}).mappings().one_or_none()
    if row is None:
        return None
    custody = connection.scalar(_CUSTODY, {"item_id": item_id})
    tombstone = Tombstone(
        item_id, row["job_id"], row["account_id"], "media", (row["key"],), row["sha256"], None, {}
    )
    _bury(connection, tombstone, deletion, row["size_bytes"], custody)
    return tombstone


_REPORT = text("""
SELECT r.job_id, r.account_id, r.findings_sha256, a.custody, m.sha256, m.size_bytes,
       coalesce(f.files, '{}'::jsonb) AS files, coalesce(f.keys, '{}') AS keys
FROM report r
LEFT JOIN analysis a ON a.item_id = r.item_id LEFT JOIN media m ON m.media_id = a.media_id
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(file_name, sha256) AS files, array_agg(key) AS keys FROM (
        SELECT file_name, sha256, key FROM report_file WHERE report_file.item_id = r.item_id
        UNION ALL SELECT file_name, sha256, key FROM review JOIN review_file USING (review_id)
        WHERE review.item_id = r.item_id
    ) named
) f ON true
WHERE r.item_id = :item_id FOR UPDATE OF r
""")
_DROP = (
    "DELETE FROM feedback WHERE item_id = :item_id",
    "DELETE FROM review WHERE item_id = :item_id",
    "DELETE FROM report WHERE item_id = :item_id",
    "DELETE FROM analysis WHERE item_id = :item_id",
    # the counts of findings forget it too; before the folder has come by, they go below zero
    "INSERT INTO job_tally (job_id, outcome, n) SELECT job_id, verdict, -1 FROM any_item"
    " WHERE item_id = :item_id AND state = 'done' AND verdict <> ''"
    " ON CONFLICT (job_id, outcome) DO UPDATE SET n = job_tally.n - 1",
    "UPDATE item SET verdict = '', reason = :deleted, llr = NULL, voiced_s = NULL"
    " WHERE item_id = :item_id",
    "UPDATE item_archive SET verdict = '', reason = :deleted, llr = NULL, voiced_s = NULL"
    " WHERE item_id = :item_id",
)


def delete_report(connection: Connection, item_id: int, deletion: Deletion) -> Tombstone | None:
    """Drop all that was found of an item, opinions too; None: there is no report."""
    row = connection.execute(_REPORT, {"item_id": item_id}).mappings().one_or_none()
    if row is None:
        return None
    tombstone = Tombstone(
        item_id,
        row["job_id"],
        row["account_id"],
        "report",
        tuple(row["keys"]),
        row["sha256"],
        row["findings_sha256"],
        row["files"],
    )
    for statement in _DROP:
        connection.execute(text(statement), {"item_id": item_id, "deleted": DELETED})
    _bury(connection, tombstone, deletion, row["size_bytes"], row["custody"])
    return tombstone


_ITEMS = text("""
SELECT item_id FROM any_item WHERE job_id = :job_id AND kind = 'media' AND item_id > :after
ORDER BY item_id LIMIT :most
""")


def items_of_job(connection: Connection, job_id: int, after: int, most: int) -> list[int]:
    """Return a page of a job's media items."""
    values = {"job_id": job_id, "after": after, "most": most}
    return list(connection.scalars(_ITEMS, values))


_DUE = """
SELECT due.item_id FROM job j CROSS JOIN LATERAL (
    SELECT t.item_id FROM {table} t
    WHERE t.job_id = j.job_id AND t.item_id > :after AND t.{since} < clock_timestamp()
        - make_interval(days => coalesce(j.{days}, CAST(:days AS integer)))
    ORDER BY t.item_id LIMIT :most
) due
WHERE coalesce(j.{days}, CAST(:days AS integer)) IS NOT NULL ORDER BY due.item_id LIMIT :most
"""
_DUE_MEDIA = text(_DUE.format(table="kept_media", since="kept_at", days="keep_media_days"))
_DUE_REPORTS = text(_DUE.format(table="report", since="created_at", days="keep_report_days"))


def due_media(connection: Connection, days: int | None, after: int, most: int) -> list[int]:
    """Return items whose medium has been kept long enough; `days` where their job says nothing."""
    return list(connection.scalars(_DUE_MEDIA, {"days": days, "after": after, "most": most}))


def due_reports(connection: Connection, days: int | None, after: int, most: int) -> list[int]:
    """Return items whose report has been kept long enough; `days` where their job says nothing."""
    return list(connection.scalars(_DUE_REPORTS, {"days": days, "after": after, "most": most}))


def _bury(
    connection: Connection,
    tombstone: Tombstone,
    deletion: Deletion,
    size_bytes: int | None,
    custody: dict[str, Any] | None,
) -> None:
    """Write a tombstone; one of an earlier deletion of a retried item gives way."""
    values = {
        "item_id": tombstone.item_id,
        "what": tombstone.what,
        "job_id": tombstone.job_id,
        "account_id": tombstone.account_id,
        "why": deletion.why,
        "asked_by": deletion.asked_by,
        "deleted_at": text("clock_timestamp()"),
        "media_sha256": tombstone.media_sha256,
        "size_bytes": size_bytes,
        "findings_sha256": tombstone.findings_sha256,
        "files": dict(tombstone.files),
        "custody": custody,
    }
    statement = upsert(TombstoneRow).values(values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["item_id", "what"], set_=values)
    )
