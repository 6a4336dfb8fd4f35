"""How far jobs are, in SQL: counts by outcome, their pace, and the bell that rings when they change.

The bell is one channel for all jobs. Ring it `committing`: in another transaction that writes,
PostgreSQL holds the lock of all notifiers until its disk has synced. A bell that is not heard costs
time and nothing else: whoever watches looks again anyway.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from storage.database import send

CHANNEL = "verity_progress"
PACE_ITEMS = 200  # the newest that are counted: enough for a steady number, few to read
PACE_S = 1800.0  # and none older: a job that rested overnight has no pace

_TALLY = text("""
SELECT job_id, outcome, sum(n)::bigint AS n_items FROM (
    SELECT job_id, outcome, n FROM job_tally WHERE job_id = ANY(:job_ids)
    UNION ALL
    SELECT job_id, outcome, n_done + n_failed FROM job_delta
    WHERE job_id = ANY(:job_ids) AND outcome <> ''
) counted GROUP BY job_id, outcome HAVING sum(n) <> 0
ORDER BY job_id, n_items DESC, outcome
""")


@dataclass(frozen=True, slots=True)
class TallyFacts:
    """How many items of a job ended so."""

    job_id: int
    outcome: str  # a finding, or `failed:CODE`
    n_items: int


def read_tallies(connection: Connection, job_ids: Sequence[int]) -> list[TallyFacts]:
    """Return how many items of jobs ended with each outcome, the most frequent first."""
    rows = connection.execute(_TALLY, {"job_ids": list(job_ids)}).mappings()
    return [TallyFacts(**row) for row in rows]


_PACE = text("""
SELECT asked.job_id, count(*) AS n_items,
       extract(epoch FROM clock_timestamp() - min(ended.finished_at))::float8 AS within_s
FROM unnest(CAST(:job_ids AS bigint[])) AS asked(job_id) CROSS JOIN LATERAL (
    SELECT finished_at FROM item
    WHERE item.job_id = asked.job_id AND state IN ('done', 'failed') AND kind = 'media'
      AND finished_at > clock_timestamp() - make_interval(secs => :pace_s)
    ORDER BY finished_at DESC LIMIT :most
) ended GROUP BY asked.job_id
""")


@dataclass(frozen=True, slots=True)
class PaceFacts:
    """How many items of a job ended lately, and within how long."""

    job_id: int
    n_items: int
    within_s: float


def read_paces(connection: Connection, job_ids: Sequence[int]) -> list[PaceFacts]:
    """Return the pace of those jobs of which something ended within half an hour."""
    values = {"job_ids": list(job_ids), "pace_s": PACE_S, "most": PACE_ITEMS}
    return [PaceFacts(**row) for row in connection.execute(_PACE, values).mappings()]


_RING = text("SELECT pg_notify(:channel, said) FROM unnest(CAST(:said AS text[])) AS said")


def ring(connection: Connection, changed: Collection[tuple[int, str]]) -> None:
    """Tell whoever watches that jobs have changed, as (job, account)."""
    if changed:
        said = [f"{job_id} {account_id}" for job_id, account_id in sorted(set(changed))]
        send(connection, _RING, {"channel": CHANNEL, "said": said})
