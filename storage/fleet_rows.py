"""What the whole fleet has before it and in its hands, in SQL; no count of waiting items is taken."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from storage.job_rows import JOBS_AND_CHANGES

MOST_COUNTED = 100_000  # of deferred items; beyond that they are "at least so many"


@dataclass(frozen=True, slots=True)
class ClassDepth:
    """What is left of the jobs of one class that are neither paused nor cancelled."""

    priority: int
    n_jobs: int
    n_listing: int  # sources
    n_open: int  # items that wait, are deferred or run


@dataclass(frozen=True, slots=True)
class RunningFacts:
    """One item that a worker holds."""

    item_id: int
    job_id: int
    account_id: str
    priority: int
    kind: str
    title: str
    stage: str
    progress: float
    attempt: int
    worker_id: str
    claimed_at: datetime
    is_overdue: bool  # its lease ran out, and nobody has reclaimed it yet


_DEPTHS = text(f"""
SELECT j.priority, count(*) AS n_jobs,
       sum(j.n_listing + d.n_listing)::bigint AS n_listing,
       sum(j.n_total + d.n_total - j.n_done - d.n_done - j.n_failed - d.n_failed
           - j.n_cancelled - d.n_cancelled)::bigint AS n_open
{JOBS_AND_CHANGES}
WHERE j.closed_at IS NULL AND j.cancelled_at IS NULL AND j.paused_at IS NULL
GROUP BY j.priority ORDER BY j.priority
""")


def read_depths(connection: Connection) -> list[ClassDepth]:
    """Return how much of each class is open; exact, and as quick for a million items."""
    return [ClassDepth(**row) for row in connection.execute(_DEPTHS).mappings()]


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly items ended of late."""

    n_ended: int  # done or failed
    busy_s: float  # over which they ended, without the time when nothing was to be done


# the log's last rows, by its key: as quick for a million items
_PACE = text("""
WITH ended AS (
    SELECT at, extract(epoch FROM at - lag(at) OVER (ORDER BY number)) AS gap_s
    FROM (SELECT number, at, event, facts FROM audit ORDER BY number DESC LIMIT :most) latest
    WHERE event = 'attempt_ended' AND facts ->> 'state' IN ('done', 'failed')
      AND at > clock_timestamp() - interval '1 hour'
)
SELECT count(gap_s) AS n_ended, coalesce(sum(least(gap_s, :idle_s)), 0)::float8 AS busy_s
FROM ended
""")
PACE_ROWS = 5000  # of the log: begins and ends
IDLE_S = 120.0  # between two ends: longer, and there was nothing to do


def read_pace(connection: Connection) -> Pace:
    """Return how quickly items, listings among them, ended within the last hour."""
    row = connection.execute(_PACE, {"most": PACE_ROWS, "idle_s": IDLE_S}).mappings().one()
    return Pace(**row)


_RUNNING = text("""
SELECT i.item_id, i.job_id, i.account_id, j.priority, i.kind, i.title, i.stage, i.progress,
       i.attempt, i.worker_id, i.claimed_at, i.lease_until < clock_timestamp() AS is_overdue
FROM item i JOIN job j ON j.job_id = i.job_id
WHERE i.state = 'running' ORDER BY i.claimed_at LIMIT :most
""")


def read_running(connection: Connection, most: int) -> list[RunningFacts]:
    """Return what is held, oldest claims first."""
    rows = connection.execute(_RUNNING, {"most": most}).mappings()
    return [RunningFacts(**row) for row in rows]


_DEFERRED = text("""
SELECT count(*) FROM (SELECT FROM item WHERE state = 'deferred' LIMIT :most) AS waiting
""")


def count_deferred(connection: Connection) -> int:
    """Return how many items wait for their next try, at most `MOST_COUNTED`."""
    return int(connection.execute(_DEFERRED, {"most": MOST_COUNTED}).scalar_one())


_DEFERRED_BY_CLASS = text("""
SELECT j.priority, count(*) AS n
FROM (SELECT job_id FROM item WHERE state = 'deferred' LIMIT :most) d JOIN job j USING (job_id)
GROUP BY j.priority
""")


def count_deferred_by_class(connection: Connection) -> dict[int, int]:
    """Return how many items of each class wait for their next try, `MOST_COUNTED` in all at most."""
    rows = connection.execute(_DEFERRED_BY_CLASS, {"most": MOST_COUNTED})
    return {row.priority: row.n for row in rows}
