"""Which job is served next, in SQL: class with ageing, then account, then job (DESIGN.md §7)."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, TextClause, text

from storage.claim_rows import ClaimOrder
from storage.database import send
from storage.states import ITEM_VERSION, ItemKind, Priority


@dataclass(frozen=True, slots=True)
class ClaimRoom:
    """A job with items to claim, and how much of the fleet it has."""

    job_id: int
    account_id: str
    own_priority: int
    priority: int  # a job that nobody served for long stands in a better class
    account_running: int
    job_running: int
    max_running: int | None
    account_served_at: datetime
    job_served_at: datetime


# A job is as old as its last claim: a class up for each `ageing_s` without one. Of hundreds of jobs only
# those are sent whose turn may come: the first groups (an account's jobs of a class), and of each group
# the first jobs. Whether a job has anything ready is asked in that order, and no further than needed:
# what a claim costs does not grow with the accounts that wait behind.
_ROOM_OF = """
WITH running AS (
    SELECT account_id, job_id, count(*) AS n FROM item WHERE state = 'running' GROUP BY 1, 2
), account_running AS (
    SELECT account_id, sum(n) AS n FROM running GROUP BY 1
), room AS MATERIALIZED (
    SELECT j.job_id, j.account_id, j.priority AS own_priority,
           greatest(j.priority - floor(extract(epoch FROM
               clock_timestamp() - coalesce(j.served_at, j.created_at)) / :ageing_s), 0)::int
               AS priority,
           coalesce(a.n, 0)::int AS account_running, coalesce(r.n, 0)::int AS job_running,
           j.max_running,
           coalesce(account.served_at, account.created_at) AS account_served_at,
           coalesce(j.served_at, j.created_at) AS job_served_at
    FROM job j
    JOIN account ON account.account_id = j.account_id
    LEFT JOIN running r ON r.job_id = j.job_id
    LEFT JOIN account_running a ON a.account_id = j.account_id
    WHERE j.closed_at IS NULL AND j.cancelled_at IS NULL AND j.paused_at IS NULL
      AND j.item_version <= :item_version
      AND (j.detector = '' OR j.detector = ANY(:detectors))
      AND (j.max_running IS NULL OR j.max_running > coalesce(r.n, 0))
), room_group AS MATERIALIZED (
    SELECT array_agg(job_id ORDER BY job_running, job_served_at, job_id) AS jobs
    FROM room GROUP BY priority, account_running, account_served_at, account_id
    ORDER BY priority, account_running, account_served_at, account_id
), next_group AS (
    SELECT next_job.jobs FROM room_group CROSS JOIN LATERAL (
        SELECT array_agg(job_id) AS jobs FROM (
            SELECT turn.job_id FROM unnest(room_group.jobs) AS turn(job_id)
            -- ordered, so that the planner walks the index of ready items however many there are;
            -- a LATERAL is looked up row by row, so that groups and jobs stay in their order
            CROSS JOIN LATERAL (
                SELECT FROM item i WHERE i.job_id = turn.job_id AND i.state = 'ready' {kind}
                ORDER BY i.priority, i.item_id LIMIT 1
            ) ready
            LIMIT :most_jobs
        ) has_ready HAVING count(*) > 0
    ) next_job
    LIMIT :most_groups
)
SELECT room.* FROM room WHERE job_id IN (SELECT unnest(jobs) FROM next_group)
"""
_ROOM: dict[ItemKind | None, TextClause] = {
    None: text(_ROOM_OF.format(kind="")),
    **{kind: text(_ROOM_OF.format(kind=f"AND kind = '{kind}'")) for kind in ItemKind},
}
ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RoomsAsked:
    """How many jobs a claim asks for at most: groups, and jobs of a group."""

    most_groups: int
    most_jobs: int

    @classmethod
    def for_items(cls, most: int) -> "RoomsAsked":
        """Return what is enough for so many items if each job has as many, and tells of a rival."""
        # an account has a group a class, and each item it gets lets its other groups wait longer
        return cls(len(Priority) * most, most + 1)

    def are_all_in(self, rooms: Sequence[ClaimRoom]) -> bool:
        """Tell whether what was found is all that there is."""
        sizes = Counter((room.account_id, room.priority) for room in rooms)
        return len(sizes) < self.most_groups and all(n < self.most_jobs for n in sizes.values())


EVERYTHING = RoomsAsked(ALL, ALL)


def ask_claim_room(
    connection: Connection, order: ClaimOrder, ageing_s: float, asked: RoomsAsked = EVERYTHING
) -> "Cursor[dict[str, Any]]":
    """Ask for the jobs that have something for a claim and room for one more: rows of `ClaimRoom`.

    Args:
        connection: of a transaction.
        order: which kind, and which detectors the worker has.
        ageing_s: a job that got nothing for so long goes a class up.
        asked: how many of them, the next ones first.
    """
    values = {
        "ageing_s": ageing_s,
        "item_version": ITEM_VERSION,
        "detectors": list(order.detectors),
        "most_groups": asked.most_groups,
        "most_jobs": asked.most_jobs,
    }
    return send(connection, _ROOM[order.kind], values)


_LOCK_ROOM = "SELECT job_id FROM job WHERE job_id = :job_id FOR NO KEY UPDATE"


def lock_room(connection: Connection, room: ClaimRoom, *, may_wait: bool) -> int:
    """Lock a job with a cap until the claim's end; return how many items it may still get.

    Only the first job of a claim may be waited for, or two claims could wait for each other.
    """
    assert room.max_running is not None, "only jobs with a cap are locked"
    statement = _LOCK_ROOM if may_wait else f"{_LOCK_ROOM} SKIP LOCKED"
    if connection.execute(text(statement), {"job_id": room.job_id}).first() is None:
        return 0
    n_running: int = connection.execute(  # a statement of its own: it sees what others committed
        text(
            "SELECT count(*) FROM item WHERE account_id = :account_id AND job_id = :job_id"
            " AND state = 'running'"
        ),
        {"account_id": room.account_id, "job_id": room.job_id},
    ).scalar_one()
    return max(0, room.max_running - n_running)


# Rows that another claim holds are left alone: it notes the same time.
_SERVED = """
UPDATE {table} SET served_at = clock_timestamp() WHERE {key} IN (
    SELECT {key} FROM {table} WHERE {key} = ANY(:keys)
    ORDER BY {key} FOR NO KEY UPDATE SKIP LOCKED)
"""


_SERVED_ACCOUNT = text(_SERVED.format(table="account", key="account_id"))


_SERVED_JOB = text(_SERVED.format(table="job", key="job_id"))


def mark_served(
    connection: Connection, account_ids: Collection[str], jobs: Collection[int]
) -> None:
    """Note that accounts and jobs had their turn now."""
    send(connection, _SERVED_ACCOUNT, {"keys": list(account_ids)})
    send(connection, _SERVED_JOB, {"keys": list(jobs)})
