"""What failed and how long stages take, in SQL; of one account or, with None, of all."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

MOST_JOBS = 5  # that are named beside a code


@dataclass(frozen=True, slots=True)
class FailureFacts:
    """Items of the queue's table that failed with one code."""

    code: str
    n_items: int
    last_at: datetime | None
    job_ids: list[int]  # the newest ones


@dataclass(frozen=True, slots=True)
class StageFacts:
    """How long a stage took in the newest analyses."""

    stage: str
    n: int
    median_s: float
    p95_s: float


_FAILURES = text("""
WITH by_job AS (
    SELECT error_code, job_id, count(*) AS n_items, max(finished_at) AS last_at
    FROM item WHERE state = 'failed' AND (CAST(:account_id AS text) IS NULL OR account_id = :account_id)
    GROUP BY error_code, job_id
)
SELECT error_code AS code, sum(n_items)::bigint AS n_items, max(last_at) AS last_at,
       (array_agg(job_id ORDER BY job_id DESC))[1 : :most] AS job_ids
FROM by_job GROUP BY error_code ORDER BY 2 DESC, 1
""")


def read_failures(connection: Connection, account_id: str | None) -> list[FailureFacts]:
    """Return what failed by code, the most frequent first; items in the archive are left out."""
    rows = connection.execute(_FAILURES, {"account_id": account_id, "most": MOST_JOBS})
    return [FailureFacts(**row) for row in rows.mappings()]


def jobs_with_failure(connection: Connection, account_id: str | None, code: str) -> list[int]:
    """Return the jobs that have items which failed with a code, and were not cancelled."""
    rows = connection.scalars(
        text(
            "SELECT DISTINCT i.job_id FROM item i JOIN job j USING (job_id)"
            " WHERE i.state = 'failed' AND i.error_code = :code AND j.cancelled_at IS NULL"
            " AND (CAST(:account_id AS text) IS NULL OR i.account_id = :account_id)"
            " ORDER BY i.job_id"
        ),
        {"code": code, "account_id": account_id},
    )
    return list(rows)


_STAGES = text("""
SELECT stage, count(*) AS n,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY took.seconds::float) AS median_s,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY took.seconds::float) AS p95_s
FROM (SELECT timings_s FROM analysis WHERE reused_item_id IS NULL
      ORDER BY analysis_id DESC LIMIT :most) newest
     CROSS JOIN LATERAL jsonb_each_text(newest.timings_s) AS took(stage, seconds)
GROUP BY stage ORDER BY 3 DESC
""")


def read_stages(connection: Connection, most: int) -> list[StageFacts]:
    """Return how long stages took in the newest analyses, the longest first."""
    return [StageFacts(**row) for row in connection.execute(_STAGES, {"most": most}).mappings()]
