"""Items in SQL: added, cancelled, tried again, shown; claims are in `storage.end_rows`."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from storage.database import send
from storage.end_rows import REPORT_OWED
from storage.states import ITEM_VERSION, ItemKind, Priority
from storage.stored_text import storable

LISTING_FIRST = 0  # priority of listings within their job: items appear early


MEDIA_AFTER = 1  # is added to the priority that a list gives an item within its job


@dataclass(frozen=True, slots=True)
class NewItemFacts:
    """An item that is to be added."""

    kind: ItemKind
    source_uri: str
    title: str
    source_key: str
    facts: dict[str, str]
    host: str = ""  # that is asked for it, as far as hosts have limits
    priority: int = Priority.BATCH  # within its job


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """An item as people see it; `files` are rows of report_file."""

    item_id: int
    job_id: int
    kind: str
    source_uri: str
    title: str
    state: str
    attempt: int
    stage: str
    progress: float
    verdict: str
    reason: str
    llr: float | None
    voiced_s: float | None
    error_code: str
    error_message: str
    labels: str  # as its list gave them; "" = none
    list_priority: str  # that its list gave it; "" = none
    reused_item_id: int | None  # whose analysis its report shows
    files: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """How one attempt of an item ended."""

    attempt: int
    fence: int
    worker_id: str
    started_at: datetime | None
    ended_at: datetime
    stage: str
    cause: str
    code: str
    message: str


_INSERT = text("""
INSERT INTO item
    (job_id, account_id, kind, state, priority, source_uri, title, source_key, facts, host)
SELECT :job_id, :account_id, n.kind, 'ready',
       CASE n.kind WHEN 'list' THEN :listing_first ELSE :media_after + n.priority END,
       n.source_uri, n.title, n.source_key, n.facts::jsonb, n.host
FROM unnest(CAST(:kinds AS text[]), CAST(:uris AS text[]), CAST(:titles AS text[]),
            CAST(:keys AS text[]), CAST(:facts AS text[]), CAST(:hosts AS text[]),
            CAST(:priorities AS int[]))
     WITH ORDINALITY AS n(kind, source_uri, title, source_key, facts, host, priority, place)
-- a listing that is tried again long after its job ended: what it found then lies in the archive
WHERE NOT EXISTS (SELECT FROM item_archive a
                  WHERE a.job_id = :job_id AND a.source_key = n.source_key)
ORDER BY n.place
ON CONFLICT (job_id, source_key) DO NOTHING
RETURNING item_id
""")


def insert_items(
    connection: Connection, job_id: int, account_id: str, items: Sequence[NewItemFacts]
) -> list[int]:
    """Add items in order and return the ids of new ones; a known source key is left alone."""
    if not items:
        return []
    done = connection.scalars(
        _INSERT,
        {
            "job_id": job_id,
            "account_id": account_id,
            "listing_first": LISTING_FIRST,
            "media_after": MEDIA_AFTER,
            "kinds": [item.kind.value for item in items],
            "uris": [storable(item.source_uri) for item in items],
            "titles": [storable(item.title) for item in items],
            "keys": [storable(item.source_key) for item in items],
            "facts": [
                json.dumps({k: storable(v) for k, v in item.facts.items()}) for item in items
            ],
            "hosts": [storable(item.host) for item in items],
            "priorities": [int(item.priority) for item in items],
        },
    )
    return sorted(done)


_REFUSE = text("""
UPDATE item SET state = 'failed', finished_at = clock_timestamp(), error_code = :code,
    error_message = :message
WHERE item_id = ANY(CAST(:items AS bigint[]))
""")


def refuse_items(connection: Connection, item_ids: Sequence[int], code: str, message: str) -> None:
    """End items that were just added and may not be worked on; no attempt at them was made."""
    if item_ids:
        values = {"items": list(item_ids), "code": code, "message": storable(message)}
        connection.execute(_REFUSE, values)


_CANCEL = text("""
WITH picked AS (
    SELECT item_id FROM item WHERE job_id = :job_id AND state IN ('ready', 'deferred')
    LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE item SET state = 'cancelled', available_at = NULL, finished_at = clock_timestamp()
FROM picked WHERE item.item_id = picked.item_id
RETURNING item.kind
""")


def cancel_waiting(connection: Connection, job_id: int, most: int) -> list[ItemKind]:
    """Cancel up to `most` items of a job that nobody holds; return their kinds."""
    rows = connection.scalars(_CANCEL, {"job_id": job_id, "most": most})
    return [ItemKind(kind) for kind in rows]


_COUNT_REFUSED = text(
    "SELECT count(*) FROM item WHERE job_id = :job_id AND state = 'failed' AND kind = 'media'"
    " AND attempt = 0 AND (:code = '' OR error_code = :code)"
)


def count_refused(connection: Connection, job_id: int, code: str = "") -> int:
    """Return how many of a job's items ended (with a code) before any attempt: never paid for."""
    values = {"job_id": job_id, "code": code}
    return int(connection.execute(_COUNT_REFUSED, values).scalar_one())


_RETRY = text("""
WITH picked AS (
    SELECT item_id, kind, error_code FROM item WHERE job_id = :job_id AND state = 'failed'
        AND (:code = '' OR error_code = :code) AND (attempt > 0 OR kind = 'list' OR item_id IN (
            SELECT item_id FROM item WHERE job_id = :job_id AND state = 'failed' AND kind = 'media'
                AND attempt = 0 AND (:code = '' OR error_code = :code)
            ORDER BY item_id LIMIT :most_refused))
    ORDER BY item_id FOR NO KEY UPDATE
), again AS (
    UPDATE item SET state = 'ready', finished_at = NULL, n_crashes = 0, n_failures = 0,
        n_losses = 0, n_outages = 0,
        error_code = '', error_message = '', stage = '', progress = 0, facts = facts - :owed_key
    FROM picked WHERE item.item_id = picked.item_id
    RETURNING picked.kind, picked.error_code
)
SELECT kind, error_code, count(*) AS n_items FROM again GROUP BY kind, error_code
""")


@dataclass(frozen=True, slots=True)
class RetriedFacts:
    """Items of one kind that had failed for one reason and are ready again."""

    kind: str
    error_code: str
    n_items: int


def retry_failed(
    connection: Connection, job_id: int, most_refused: int, code: str = ""
) -> list[RetriedFacts]:
    """Make a job's failed items ready with a clean count; return how many of them had failed how.

    Args:
        connection: with the job locked.
        job_id: whose.
        most_refused: how many of those that were refused before any attempt (`refuse_items`).
        code: only those that failed with it; "" = all.
    """
    values = {
        "job_id": job_id,
        "owed_key": REPORT_OWED,
        "most_refused": most_refused,
        "code": code,
    }
    rows = connection.execute(_RETRY, values)
    return [RetriedFacts(**row) for row in rows.mappings()]


_CANCELLED_JOBS = text("""
SELECT job_id FROM job CROSS JOIN LATERAL (
    (SELECT FROM item WHERE item.job_id = job.job_id AND state = 'ready'
     ORDER BY priority, item_id LIMIT 1)
    UNION ALL
    (SELECT FROM item WHERE item.job_id = job.job_id AND state = 'deferred'
     ORDER BY available_at LIMIT 1)
    LIMIT 1
) waiting
WHERE closed_at IS NULL AND cancelled_at IS NOT NULL
""")


def cancelled_jobs_with_work(connection: Connection) -> list[int]:
    """Return cancelled jobs that got ready items after the cancelling: late adds, gave-backs."""
    return list(connection.scalars(_CANCELLED_JOBS))


_OPEN_WORK = text("""
SELECT EXISTS (
    SELECT FROM item JOIN job USING (job_id)
    WHERE state = 'running' AND paused_at IS NULL AND item_version <= :item_version
      AND (detector = '' OR detector = ANY(:detectors))
) OR EXISTS (
    SELECT FROM item JOIN job USING (job_id)
    WHERE state = 'deferred' AND paused_at IS NULL AND item_version <= :item_version
      AND (detector = '' OR detector = ANY(:detectors))
) OR EXISTS (
    -- by job, so that each look is one step in the index of ready items
    SELECT FROM job CROSS JOIN LATERAL (
        SELECT FROM item WHERE item.job_id = job.job_id AND state = 'ready'
        ORDER BY item.priority, item_id LIMIT 1
    ) ready
    WHERE closed_at IS NULL AND paused_at IS NULL AND item_version <= :item_version
      AND (detector = '' OR detector = ANY(:detectors))
)
""")


def has_open_work(connection: Connection, detectors: Collection[str] = ()) -> bool:
    """Tell whether any item of any account waits or runs.

    Those of paused jobs are left out, and those that wait for newer workers than we are, or for one
    with another detector.
    """
    values = {"item_version": ITEM_VERSION, "detectors": list(detectors)}
    return bool(connection.execute(_OPEN_WORK, values).scalar_one())


_ITEM = """
SELECT i.item_id, i.job_id, i.kind, i.source_uri, i.title, i.state, i.attempt, i.stage, i.progress,
       i.verdict, i.reason, i.llr, i.voiced_s, i.error_code, i.error_message,
       coalesce(i.facts->>'labels', '') AS labels,
       coalesce(i.facts->>'priority', '') AS list_priority,
       (SELECT reused_item_id FROM analysis
        WHERE analysis.item_id = i.item_id AND i.state = 'done') AS reused_item_id,
       coalesce(f.files, '[]'::jsonb) AS files
FROM any_item i LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('kind', kind, 'key', key, 'sha256', sha256,
        'size_bytes', size_bytes, 'file_name', file_name, 'content_type', content_type)
        ORDER BY kind) AS files
    FROM (
        SELECT kind, key, sha256, size_bytes, file_name, content_type FROM report_file
        WHERE report_file.item_id = i.item_id
        -- versions with an examiner's opinion: v2-json, v2-pdf; on what an earlier analysis found:
        -- 0a1b2c3d-v2-json, and v2-reviewed-json, once the report that it was about gave way
        UNION ALL SELECT
            CASE WHEN v.findings_sha256 = r.findings_sha256 THEN ''
                 ELSE left(v.findings_sha256, 8) || '-' END
            || substring(f.file_name FROM '\\.(v[0-9]+)\\.') || '-' || f.kind,
            f.key, f.sha256, f.size_bytes, f.file_name, f.content_type
        FROM review v JOIN review_file f USING (review_id) JOIN report r USING (item_id)
        WHERE v.item_id = i.item_id AND NOT (f.kind LIKE 'reviewed-%' AND EXISTS (
            SELECT FROM report_file own WHERE own.item_id = i.item_id AND own.key = f.key))
    ) files WHERE i.state IN ('done', 'failed')
) f ON true
"""
_ONE_ITEM = text(f"{_ITEM} WHERE i.item_id = :item_id")
_ITEMS = text(
    f"{_ITEM} WHERE i.job_id = :job_id AND i.item_id > :after ORDER BY i.item_id LIMIT :most"
)

_ITEMS_BY_ID = text(f"{_ITEM} WHERE i.item_id = ANY(:item_ids)")


def read_item(connection: Connection, item_id: int) -> ItemFacts | None:
    """Return one item, or None."""
    row = connection.execute(_ONE_ITEM, {"item_id": item_id}).mappings().one_or_none()
    return None if row is None else _item(dict(row))


def read_items(connection: Connection, job_id: int, after: int, most: int) -> list[ItemFacts]:
    """Return a page of a job's items, in the order in which they were listed."""
    rows = connection.execute(_ITEMS, {"job_id": job_id, "after": after, "most": most}).mappings()
    return [_item(dict(row)) for row in rows]


def read_items_by_id(connection: Connection, item_ids: Sequence[int]) -> list[ItemFacts]:
    """Return those of the items that are there, in the order of their ids in `item_ids`."""
    rows = connection.execute(_ITEMS_BY_ID, {"item_ids": list(item_ids)}).mappings()
    found = {row["item_id"]: _item(dict(row)) for row in rows}
    return [found[item_id] for item_id in item_ids if item_id in found]


_ATTEMPTS = text("""
SELECT attempt, fence, worker_id, started_at, ended_at, stage, cause, code, message
FROM attempt WHERE item_id = :item_id ORDER BY fence
""")


def read_attempts(connection: Connection, item_id: int) -> list[AttemptFacts]:
    """Return an item's ended attempts, oldest first."""
    rows = connection.execute(_ATTEMPTS, {"item_id": item_id}).mappings()
    return [AttemptFacts(**row) for row in rows]


_RING = text("SELECT pg_notify('verity_work', '')")


def ring(connection: Connection) -> None:
    """Wake idle workers when this transaction commits."""
    send(connection, _RING)


def _item(row: dict[str, Any]) -> ItemFacts:
    return ItemFacts(**{**row, "files": tuple(row["files"])})
