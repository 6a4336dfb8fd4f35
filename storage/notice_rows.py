"""Subscriptions and notices in SQL: who wants to be told, what is to be sent, what became of it.

A notice is written in the transaction that makes it true, and sent afterwards by whoever claims it.
A claim counts a try and pushes the next one back; what a late sender reports is then ignored.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, text

from storage.stored_text import storable
from storage.sweep_tables import SubscriptionRow

JOB_DONE = "job.done"  # the event that the folder of counters writes


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """Who is told of what, and where."""

    subscription_id: int
    account_id: str
    channel: str
    target: str
    events: tuple[str, ...]
    secret: bytes | None  # sealed
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice that this process is to send."""

    notice_id: int
    account_id: str
    event: str
    body: dict[str, Any]
    created_at: datetime
    age_s: float  # by the database's clock, which made it; ours may be another
    n_tries: int  # with this one
    channel: str
    target: str
    secret: bytes | None  # sealed


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """A notice as people see it."""

    notice_id: int
    event: str
    subject: str
    sweep_id: str  # of a digest; "": something else
    channel: str
    target: str
    state: str
    n_tries: int
    last_error: str
    created_at: datetime
    next_at: datetime
    ended_at: datetime | None


def insert_subscription(
    connection: Connection,
    account_id: str,
    channel: str,
    target: str,
    events: Sequence[str],
    secret: bytes | None,
) -> int:
    """Write a subscription and return its id."""
    found: int = connection.execute(
        insert(SubscriptionRow)
        .values(
            account_id=account_id,
            channel=channel,
            target=target,
            events=list(events),
            secret=secret,
        )
        .returning(SubscriptionRow.subscription_id)
    ).scalar_one()
    return found


def read_subscriptions(connection: Connection, account_id: str) -> list[SubscriptionFacts]:
    """Return an account's subscriptions that were not removed, oldest first."""
    rows = connection.execute(
        text(
            "SELECT subscription_id, account_id, channel, target, events, secret, created_at"
            " FROM subscription WHERE account_id = :account_id AND removed_at IS NULL"
            " ORDER BY subscription_id"
        ),
        {"account_id": account_id},
    )
    return [SubscriptionFacts(**{**row, "events": tuple(row["events"])}) for row in rows.mappings()]


def remove_subscription(connection: Connection, account_id: str, subscription_id: int) -> bool:
    """End a subscription; tell whether it was there. What waits for it is not sent any more."""
    done = connection.execute(
        text(
            "UPDATE subscription SET removed_at = clock_timestamp()"
            " WHERE subscription_id = :id AND account_id = :account_id AND removed_at IS NULL"
        ),
        {"id": subscription_id, "account_id": account_id},
    )
    return done.rowcount == 1


_INSERT = text("""
INSERT INTO notice (subscription_id, account_id, event, subject, body)
SELECT subscription_id, account_id, :event, :subject, CAST(:body AS jsonb) FROM subscription
WHERE account_id = :account_id AND removed_at IS NULL AND :event = ANY(events)
ON CONFLICT DO NOTHING
""")


def insert_notices(
    connection: Connection, account_id: str, event: str, subject: str, body: Mapping[str, Any]
) -> None:
    """Write a notice for everybody in the account who wants to be told; twice is once."""
    connection.execute(
        _INSERT,
        {
            "account_id": account_id,
            "event": event,
            "subject": subject,
            "body": storable(json.dumps(body, ensure_ascii=False)),
        },
    )


_CLOSED = text("""
INSERT INTO notice (subscription_id, account_id, event, subject, body)
SELECT s.subscription_id, j.account_id, :event,
       'job:' || j.job_id || ':' || floor(extract(epoch FROM j.closed_at) * 1000)::bigint,
       jsonb_build_object('job_id', j.job_id::text, 'name', j.name,
           'was_cancelled', j.cancelled_at IS NOT NULL, 'n_items', j.n_total,
           'n_done', j.n_done, 'n_failed', j.n_failed, 'n_cancelled', j.n_cancelled)
FROM job j JOIN subscription s USING (account_id)
WHERE j.job_id = ANY(:jobs) AND j.closed_at IS NOT NULL
  AND s.removed_at IS NULL AND :event = ANY(s.events)
ON CONFLICT DO NOTHING
""")


def insert_closed(connection: Connection, jobs: Sequence[int]) -> None:
    """Write notices for those of the jobs that are over; a job that was opened again counts anew."""
    connection.execute(_CLOSED, {"event": JOB_DONE, "jobs": list(jobs)})


_CLAIM = text("""
WITH due AS (
    SELECT notice_id FROM notice WHERE state = 'waiting' AND next_at <= clock_timestamp()
    ORDER BY next_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE notice n SET n_tries = n.n_tries + 1,
    next_at = clock_timestamp() + make_interval(secs => :lease_s)
FROM due, subscription s
WHERE n.notice_id = due.notice_id AND s.subscription_id = n.subscription_id
RETURNING n.notice_id, n.account_id, n.event, n.body, n.created_at,
          extract(epoch FROM clock_timestamp() - n.created_at)::float AS age_s,
          n.n_tries, s.channel, s.target, s.secret
""")
_DROP_REMOVED = text("""
UPDATE notice n SET state = 'dead', ended_at = clock_timestamp(), last_error = :why
FROM subscription s
WHERE s.subscription_id = n.subscription_id AND s.removed_at IS NOT NULL AND n.state = 'waiting'
  AND n.next_at <= clock_timestamp()
""")


def claim_notices(connection: Connection, most: int, lease_s: float) -> list[DueNotice]:
    """Take notices that are due; nobody else gets them for `lease_s`."""
    connection.execute(_DROP_REMOVED, {"why": "The subscription was removed."})
    rows = connection.execute(_CLAIM, {"most": most, "lease_s": lease_s})
    return [DueNotice(**row) for row in rows.mappings()]


def end_try(
    connection: Connection,
    notice: DueNotice,
    state: str,
    error: str = "",
    delay_s: float = 0.0,
) -> bool:
    """Write how a try ended; False: somebody else has tried since, and nothing was changed."""
    done = connection.execute(
        text(
            "UPDATE notice SET state = :state, last_error = :error,"
            " next_at = clock_timestamp() + make_interval(secs => :delay_s),"
            " ended_at = CASE WHEN :state = 'waiting' THEN NULL ELSE clock_timestamp() END"
            " WHERE notice_id = :notice_id AND n_tries = :n_tries AND state = 'waiting'"
        ),
        {
            "notice_id": notice.notice_id,
            "n_tries": notice.n_tries,
            "state": state,
            "error": storable(error),
            "delay_s": delay_s,
        },
    )
    return done.rowcount == 1


def read_notices(
    connection: Connection, account_id: str, state: str | None, most: int, before: int | None = None
) -> list[NoticeFacts]:
    """Return an account's notices, newest first, of one state, and before one, where these are named."""
    rows = connection.execute(
        text(
            "SELECT n.notice_id, n.event, n.subject, s.channel, s.target, n.state, n.n_tries,"
            " n.last_error, n.created_at, n.next_at, n.ended_at,"
            " coalesce(n.body->>'sweep_id', '') AS sweep_id"
            " FROM notice n JOIN subscription s USING (subscription_id)"
            " WHERE n.account_id = :account_id"
            " AND (CAST(:state AS text) IS NULL OR n.state = :state)"
            " AND (CAST(:before AS bigint) IS NULL OR n.notice_id < :before)"
            " ORDER BY n.notice_id DESC LIMIT :most"
        ),
        {"account_id": account_id, "state": state, "most": most, "before": before},
    )
    return [NoticeFacts(**row) for row in rows.mappings()]


def replay(connection: Connection, account_id: str, notice_id: int | None) -> int:
    """Send an ended notice again, or, without an id, all dead ones; return how many.

    Those whose subscription was removed stay as they are.
    """
    done = connection.execute(
        text(
            "UPDATE notice n SET state = 'waiting', n_tries = 0, next_at = clock_timestamp(),"
            " ended_at = NULL FROM subscription s"
            " WHERE s.subscription_id = n.subscription_id AND s.removed_at IS NULL"
            " AND n.account_id = :account_id"
            " AND (n.notice_id = :notice_id AND n.state <> 'waiting'"
            "      OR CAST(:notice_id AS bigint) IS NULL AND n.state = 'dead')"
        ),
        {"account_id": account_id, "notice_id": notice_id},
    )
    return done.rowcount
