"""Jobs and their counters in SQL: typed values in, typed values out.

Counters are deltas, appended by whoever changes an item, in the same transaction; one folder adds
them to the job's row; a read is the row plus its deltas, in one snapshot, and therefore exact.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, text

from pipeline.vocabulary import AnalysisOptions
from storage import notice_rows
from storage.states import ITEM_VERSION, PLAIN_VERSION
from storage.stored_text import storable
from storage.tables import JobDelta, JobRow

FOLD_LOCK = 7_105_332_187  # any number: one folder at a time
JOBS_A_FOLD = 500


@dataclass(frozen=True, slots=True)
class CountChange:
    """By how much a job's counters change; listings that succeed are counted nowhere else."""

    n_listing: int = 0
    n_total: int = 0
    n_done: int = 0
    n_failed: int = 0
    n_cancelled: int = 0
    outcome: str = ""  # of what was done or failed: a finding, or `failed_as(code)`


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A job's row with its exact counters."""

    job_id: int
    account_id: str
    name: str
    sources: tuple[str, ...]
    priority: int
    created_at: datetime
    paused_at: datetime | None
    cancelled_at: datetime | None
    closed_at: datetime | None
    n_listing: int
    n_total: int
    n_done: int
    n_failed: int
    n_cancelled: int
    n_running: int  # media only
    max_running: int | None
    may_reuse: bool


@dataclass(frozen=True, slots=True)
class NewJobFacts:
    """A job that is to be queued."""

    account_id: str
    name: str
    sources: Sequence[str]
    priority: int
    options: AnalysisOptions
    max_running: int | None = None
    may_reuse: bool = True
    keep_media_days: int | None = None  # as the installation says
    keep_report_days: int | None = None
    key_id: str | None = None  # that asked for it
    detector: str = ""  # SHA-256 of the one that is to be used; "": the worker's own


def insert_job(connection: Connection, job: NewJobFacts) -> int:
    """Write a job's row and return its id."""
    job_id: int = connection.execute(
        insert(JobRow)
        .values(
            account_id=job.account_id,
            key_id=job.key_id,
            name=storable(job.name),
            sources=[storable(source) for source in job.sources],
            priority=job.priority,
            options=_stored_options(job.options),
            max_running=job.max_running,
            may_reuse=job.may_reuse,
            keep_media_days=job.keep_media_days,
            keep_report_days=job.keep_report_days,
            detector=job.detector,
            item_version=ITEM_VERSION if job.detector else PLAIN_VERSION,
        )
        .returning(JobRow.job_id)
    ).scalar_one()
    return job_id


def owner_of_job(connection: Connection, job_id: int) -> tuple[str, str | None]:
    """Return the account and the key that asked for a job."""
    row = connection.execute(
        text("SELECT account_id, key_id FROM job WHERE job_id = :job_id"), {"job_id": job_id}
    ).one()
    return row.account_id, row.key_id


def awaited_detectors(connection: Connection, known: Collection[str]) -> list[str]:
    """Return the SHA-256 of detectors that open jobs ask for and a worker has not got."""
    rows = connection.scalars(
        text(
            "SELECT DISTINCT detector FROM job WHERE closed_at IS NULL AND cancelled_at IS NULL"
            " AND detector <> '' AND detector <> ALL(:known) ORDER BY detector"
        ),
        {"known": list(known)},
    )
    return list(rows)


def failed_as(code: str) -> str:
    """Return the outcome of an item that failed with a code."""
    return f"failed:{code}"


def append_change(connection: Connection, job_id: int, change: CountChange) -> None:
    """Append a change of a job's counters; it counts from this transaction's commit."""
    connection.execute(insert(JobDelta).values(job_id=job_id, **asdict(change)))


# A job's counters are `j.n + d.n`: what was folded, and what came since.
JOBS_AND_CHANGES = """
FROM job j CROSS JOIN LATERAL (
    SELECT coalesce(sum(n_listing), 0) AS n_listing, coalesce(sum(n_total), 0) AS n_total,
           coalesce(sum(n_done), 0) AS n_done, coalesce(sum(n_failed), 0) AS n_failed,
           coalesce(sum(n_cancelled), 0) AS n_cancelled
    FROM job_delta WHERE job_delta.job_id = j.job_id
) d"""
_READ = f"""
SELECT j.job_id, j.account_id, j.name, j.sources, j.priority, j.created_at, j.paused_at,
       j.cancelled_at, j.closed_at, j.max_running, j.may_reuse,
       j.n_listing + d.n_listing AS n_listing, j.n_total + d.n_total AS n_total,
       j.n_done + d.n_done AS n_done, j.n_failed + d.n_failed AS n_failed,
       j.n_cancelled + d.n_cancelled AS n_cancelled,
       (SELECT count(*) FROM item i WHERE i.account_id = j.account_id AND i.job_id = j.job_id
           AND i.state = 'running' AND i.kind = 'media') AS n_running
{JOBS_AND_CHANGES}
"""  # noqa: S608 (nothing but our own constants)
_READ_ONE = text(f"{_READ} WHERE j.job_id = :job_id")
_READ_MANY = text(f"{_READ} WHERE j.job_id = ANY(:job_ids)")
_READ_ACCOUNT = text(
    f"{_READ} WHERE j.account_id = :account_id AND (CAST(:before AS bigint) IS NULL OR j.job_id < :before)"
    " ORDER BY j.job_id DESC LIMIT :most"
)


def read_job(connection: Connection, job_id: int) -> JobFacts | None:
    """Return a job, or None."""
    row = connection.execute(_READ_ONE, {"job_id": job_id}).mappings().one_or_none()
    return None if row is None else _facts(dict(row))


def read_jobs_by_id(connection: Connection, job_ids: Sequence[int]) -> list[JobFacts]:
    """Return those of the jobs that are there."""
    rows = connection.execute(_READ_MANY, {"job_ids": list(job_ids)}).mappings()
    return [_facts(dict(row)) for row in rows]


def read_jobs(
    connection: Connection, account_id: str, most: int, before: int | None = None
) -> list[JobFacts]:
    """Return an account's jobs, newest first, those before a job id where one is given."""
    rows = connection.execute(
        _READ_ACCOUNT, {"account_id": account_id, "most": most, "before": before}
    )
    return [_facts(dict(row)) for row in rows.mappings()]


def lock_job(connection: Connection, job_id: int) -> JobRow | None:
    """Lock a job's row until the transaction's end; the folder waits for it."""
    found: int | None = connection.scalar(
        text("SELECT job_id FROM job WHERE job_id = :job_id FOR NO KEY UPDATE"), {"job_id": job_id}
    )
    if found is None:
        return None
    row = connection.execute(JobRow.__table__.select().where(JobRow.job_id == job_id)).one()
    return JobRow(**row._mapping)


def set_priority(connection: Connection, job_id: int, priority: int) -> None:
    """Give a job another priority; claims after this transaction follow it."""
    connection.execute(
        text("UPDATE job SET priority = :priority WHERE job_id = :job_id"),
        {"job_id": job_id, "priority": priority},
    )


def mark_job(
    connection: Connection,
    job_id: int,
    *,
    cancelled: bool | None = None,
    paused: bool | None = None,
) -> None:
    """Set or clear a job's marks; the first time of cancelling and pausing stays."""
    for column, wanted in (("cancelled_at", cancelled), ("paused_at", paused)):
        if wanted is not None:
            value = f"coalesce({column}, clock_timestamp())" if wanted else "NULL"
            connection.execute(
                text(f"UPDATE job SET {column} = {value} WHERE job_id = :job_id"),  # noqa: S608
                {"job_id": job_id},
            )


def reopen_job(connection: Connection, job_id: int) -> None:
    """Let workers see a job again whose items had all ended."""
    connection.execute(
        text("UPDATE job SET closed_at = NULL WHERE job_id = :job_id"), {"job_id": job_id}
    )


def fold_changes(connection: Connection) -> int:
    """Add appended changes to their jobs and close the jobs that ended; return how many changes.

    One folder at a time; another one finds the lock taken and does nothing. The jobs' rows are
    locked by a statement of their own, so that the next one sees every change that was committed
    before the lock was had.
    """
    if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": FOLD_LOCK}):
        return 0
    jobs = list(
        connection.scalars(
            text(
                "SELECT job_id FROM job WHERE job_id IN"
                " (SELECT DISTINCT job_id FROM job_delta LIMIT :most)"
                " ORDER BY job_id FOR NO KEY UPDATE"
            ),
            {"most": JOBS_A_FOLD},
        )
    )
    if not jobs:
        return 0
    folded: int = connection.execute(_FOLD, {"jobs": jobs}).scalar_one()
    notice_rows.insert_closed(connection, jobs)
    return folded


_FOLD = text("""
WITH gone AS (
    DELETE FROM job_delta WHERE job_id = ANY(:jobs) RETURNING *
), change AS (
    SELECT job_id, count(*) AS n, sum(n_listing) AS n_listing, sum(n_total) AS n_total,
           sum(n_done) AS n_done, sum(n_failed) AS n_failed, sum(n_cancelled) AS n_cancelled
    FROM gone GROUP BY job_id
), tallied AS (
    INSERT INTO job_tally (job_id, outcome, n)
    SELECT job_id, outcome, sum(n_done + n_failed) FROM gone WHERE outcome <> '' GROUP BY 1, 2
    ON CONFLICT (job_id, outcome) DO UPDATE SET n = job_tally.n + excluded.n
), folded AS (
    UPDATE job SET
        n_listing = job.n_listing + change.n_listing,
        n_total = job.n_total + change.n_total,
        n_done = job.n_done + change.n_done,
        n_failed = job.n_failed + change.n_failed,
        n_cancelled = job.n_cancelled + change.n_cancelled,
        closed_at = CASE
            WHEN job.n_listing + change.n_listing = 0
             AND job.n_total + change.n_total = job.n_done + change.n_done
                 + job.n_failed + change.n_failed + job.n_cancelled + change.n_cancelled
            THEN coalesce(job.closed_at, clock_timestamp()) END
    FROM change WHERE job.job_id = change.job_id
    RETURNING change.n
)
SELECT coalesce(sum(n), 0)::bigint FROM folded
""")


def _facts(row: dict[str, Any]) -> JobFacts:
    row["sources"] = tuple(row["sources"])
    for name in ("n_listing", "n_total", "n_done", "n_failed", "n_cancelled"):
        row[name] = int(row[name])  # sums come as Decimal
    return JobFacts(**row)


def _stored_options(options: AnalysisOptions) -> dict[str, Any]:
    """Return options as older workers can read them: what they do not know is there only if asked for."""
    stored = asdict(options)
    for name in ("keep_clips", "explain"):
        if not stored[name]:
            del stored[name]
    return stored
