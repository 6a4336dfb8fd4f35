"""What accounts may use and used, in SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class UsageFacts:
    """What an account used on one day (UTC)."""

    day: date
    n_requests: int
    n_items: int  # that were listed for jobs submitted on that day


def read_requests_a_minute(connection: Connection, account_id: str) -> int | None:
    """Return an account's own limit, or None where it has none of its own."""
    found: int | None = connection.scalar(
        text("SELECT requests_a_minute FROM quota WHERE account_id = :account_id"),
        {"account_id": account_id},
    )
    return found


def put_requests_a_minute(connection: Connection, account_id: str, limit: int | None) -> bool:
    """Give an account a limit of its own, or, with None, none; tell whether there is the account."""
    done = connection.execute(
        text(
            "INSERT INTO quota (account_id, requests_a_minute)"
            " SELECT account_id, CAST(:limit AS integer) FROM account WHERE account_id = :account_id"
            " ON CONFLICT (account_id) DO UPDATE SET requests_a_minute = excluded.requests_a_minute"
        ),
        {"account_id": account_id, "limit": limit},
    )
    return done.rowcount == 1


def add_requests(connection: Connection, counted: Mapping[str, int]) -> None:
    """Add to today's requests of accounts."""
    for account_id in sorted(counted):  # in one order: two servers cannot wait for each other
        connection.execute(
            text(
                "INSERT INTO usage AS u (account_id, day, n_requests)"
                " VALUES (:account_id, (clock_timestamp() AT TIME ZONE 'UTC')::date, :n)"
                " ON CONFLICT (account_id, day) DO UPDATE"
                " SET n_requests = u.n_requests + excluded.n_requests"
            ),
            {"account_id": account_id, "n": counted[account_id]},
        )


_USAGE = text("""
WITH listed AS (
    SELECT (j.created_at AT TIME ZONE 'UTC')::date AS day,
           j.n_total + coalesce((SELECT sum(d.n_total) FROM job_delta d WHERE d.job_id = j.job_id), 0)
               AS n_items
    FROM job j
    WHERE j.account_id = :account_id
      AND j.created_at > clock_timestamp() - make_interval(days => :n_days)
), items AS (SELECT day, sum(n_items)::bigint AS n_items FROM listed GROUP BY day)
SELECT day, coalesce(u.n_requests, 0) AS n_requests, coalesce(i.n_items, 0) AS n_items
FROM (SELECT * FROM usage WHERE account_id = :account_id) u FULL JOIN items i USING (day)
WHERE day > (clock_timestamp() AT TIME ZONE 'UTC')::date - :n_days
ORDER BY day DESC
""")


def read_usage(connection: Connection, account_id: str, n_days: int) -> list[UsageFacts]:
    """Return what an account used, the last day first; days without use are left out."""
    rows = connection.execute(_USAGE, {"account_id": account_id, "n_days": n_days})
    return [UsageFacts(**row) for row in rows.mappings()]
