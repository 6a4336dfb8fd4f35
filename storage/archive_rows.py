"""Items of jobs that ended long ago, in SQL: out of the queue's table, and back for another try.

The view `any_item` reads both tables. An item is in exactly one of them: each move is one statement,
done while the job's row is locked, so that neither the folder nor a retry sees half a job. A late
attempt finds no row with its fence in `item` and changes nothing, as it does with an ended item.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from storage.tables import ArchivedItemRow

_COLUMNS = ", ".join(column.name for column in ArchivedItemRow.__table__.columns)


@dataclass(frozen=True, slots=True)
class ArchivedBatch:
    """What one step of archiving did."""

    job_id: int
    n_items: int
    is_last: bool  # the job's last items


_NEXT_JOB = text("""
SELECT job_id FROM job
WHERE closed_at < clock_timestamp() - make_interval(secs => :age_s) AND archived_at IS NULL
ORDER BY closed_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
""")
_MOVE = text(f"""
WITH moved AS (
    DELETE FROM item WHERE item_id = ANY(ARRAY(  -- an array: each is one step in the key's index
        SELECT item_id FROM item
        WHERE job_id = :job_id AND state IN ('done', 'failed', 'cancelled')
        ORDER BY item_id LIMIT :most FOR UPDATE))
    RETURNING {_COLUMNS}
)
INSERT INTO item_archive ({_COLUMNS}) SELECT {_COLUMNS} FROM moved
""")  # noqa: S608 (names of our own)
_MARK = text("UPDATE job SET archived_at = clock_timestamp() WHERE job_id = :job_id")


def archive_batch(connection: Connection, age_s: float, most: int) -> ArchivedBatch | None:
    """Move up to `most` items of the job that ended first, at least `age_s` ago; None: no such job.

    Several at once share the work: a job that another one moves is passed over.
    """
    job_id: int | None = connection.scalar(_NEXT_JOB, {"age_s": age_s})
    if job_id is None:
        return None
    n_items = connection.execute(_MOVE, {"job_id": job_id, "most": most}).rowcount
    is_last = n_items < most
    if is_last:
        connection.execute(_MARK, {"job_id": job_id})
    return ArchivedBatch(job_id, n_items, is_last)


_RESTORE = text(f"""
WITH back AS (
    DELETE FROM item_archive WHERE job_id = :job_id AND state = 'failed' RETURNING {_COLUMNS}
)
INSERT INTO item ({_COLUMNS}) SELECT {_COLUMNS} FROM back
""")  # noqa: S608
_UNMARK = text("UPDATE job SET archived_at = NULL WHERE job_id = :job_id")


def restore_failed(connection: Connection, job_id: int) -> int:
    """Bring a job's failed items back to the queue's table; return how many.

    The job's row is locked by the caller, and reopened by it if anything came back.
    """
    n_items = connection.execute(_RESTORE, {"job_id": job_id}).rowcount
    if n_items:
        connection.execute(_UNMARK, {"job_id": job_id})
    return n_items
