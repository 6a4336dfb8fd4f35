"""What accounts and keys may use and used, in SQL.

Whoever uses something of an account that has a limit holds the account's `quota` row, then the key's
`key_quota` row, from the look at what is left to the commit of what is used (`lock_standings`): two
transactions cannot both take the last one. Accounts and keys without limits wait for nobody. Days
and months are those of UTC, by the database's clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, text

from storage.database import send

WARN_SHARE = 0.8  # of a limit: from here on it is told before it bites


class Resource(StrEnum):
    """What is limited."""

    ITEMS = "items"  # media that listings added, and files that were answered at once
    AUDIO = "audio_s"  # seconds of recordings, by their decoded length, once before they are scored
    REQUESTS = "requests"
    STORED = "stored_bytes"  # reports, kept media and uploads, as they lie there now


class Period(StrEnum):
    """Over which time it is counted."""

    DAY = "day"
    MONTH = "month"
    NOW = "now"


class Level(StrEnum):
    """How near a limit is."""

    OK = "ok"
    WARNING = "warning"
    USED_UP = "used_up"


class Subject(StrEnum):
    """Whose limit it is."""

    ACCOUNT = "account"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits; None: no limit."""

    items_a_day: int | None = None
    items_a_month: int | None = None
    audio_s_a_day: float | None = None
    audio_s_a_month: float | None = None
    requests_a_day: int | None = None
    requests_a_month: int | None = None
    stored_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What is used at once."""

    n_items: int = 0
    audio_s: float = 0.0
    n_requests: int = 0
    stored_bytes: int = 0  # that are about to lie there; not added up: `object` has them


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands."""

    subject: Subject
    resource: Resource
    period: Period
    limit: float | None  # None: no limit
    used: float
    resets_at: datetime | None  # None: it falls with what is deleted
    reset_s: float | None  # until then

    @property
    def left(self) -> float | None:
        """Return what may still be used; None: no limit."""
        return None if self.limit is None else max(0.0, self.limit - self.used)

    @property
    def level(self) -> Level:
        """Return how near the limit is."""
        if self.limit is None or self.used < self.limit * WARN_SHARE:
            return Level.OK
        return Level.WARNING if self.used < self.limit else Level.USED_UP


@dataclass(frozen=True, slots=True)
class UsageFacts:
    """What an account used on one day (UTC)."""

    day: date
    n_requests: int
    n_items: int
    audio_s: float


LIMITS: Mapping[str, tuple[Resource, Period]] = {
    "items_a_day": (Resource.ITEMS, Period.DAY),
    "items_a_month": (Resource.ITEMS, Period.MONTH),
    "audio_s_a_day": (Resource.AUDIO, Period.DAY),
    "audio_s_a_month": (Resource.AUDIO, Period.MONTH),
    "requests_a_day": (Resource.REQUESTS, Period.DAY),
    "requests_a_month": (Resource.REQUESTS, Period.MONTH),
    "stored_bytes": (Resource.STORED, Period.NOW),
}
_NAMES = tuple(field.name for field in fields(Quota))
_COLUMNS = ", ".join(_NAMES)
_LIMITED = f"coalesce({', '.join(f'{name}::float' for name in _NAMES)}) IS NOT NULL"
_TABLES = {Subject.ACCOUNT: ("quota", "usage"), Subject.KEY: ("key_quota", "key_usage")}


def read_quota(
    connection: Connection, subject: Subject, subject_id: str, *, locks: bool = False
) -> Quota | None:
    """Return the limits of an account or key, or None where none were ever set.

    Args:
        connection: to read with.
        subject: account or key.
        subject_id: whose.
        locks: hold them until the transaction's end, if any is set.
    """
    table, _ = _TABLES[subject]
    how = f"WHERE {subject}_id = :id"
    if locks:
        how += f" AND {_LIMITED} FOR NO KEY UPDATE"
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM {table} {how}"),  # noqa: S608 (names of ours)
        {"id": subject_id},
    )
    found = row.mappings().one_or_none()
    return None if found is None else Quota(**found)


def put_quota(connection: Connection, subject: Subject, subject_id: str, quota: Quota) -> bool:
    """Set the limits of an account or key; tell whether there is one."""
    table, _ = _TABLES[subject]
    source = "account" if subject is Subject.ACCOUNT else "api_key"
    column = f"{subject}_id"
    values = ", ".join(f"CAST(:{name} AS {_type(name)})" for name in _NAMES)
    changes = ", ".join(f"{name} = excluded.{name}" for name in _NAMES)
    done = connection.execute(
        text(
            f"INSERT INTO {table} ({column}, {_COLUMNS})"  # noqa: S608 (names of ours)
            f" SELECT {column}, {values} FROM {source} WHERE {column} = :id"
            f" ON CONFLICT ({column}) DO UPDATE SET {changes}"
        ),
        {"id": subject_id, **asdict(quota)},
    )
    return done.rowcount == 1


def _type(name: str) -> str:
    return "float" if LIMITS[name][0] is Resource.AUDIO else "bigint"


def lock_standings(connection: Connection, account_id: str, key_id: str | None) -> list[Standing]:
    """Return how the limits that there are stand, held until the transaction's end."""
    return read_limited(connection, account_id, key_id, locks=True)


def read_limited(
    connection: Connection, account_id: str, key_id: str | None, *, locks: bool = False
) -> list[Standing]:
    """Return how the limits that there are stand; what has no limit is not looked up."""
    found: list[Standing] = []
    for subject, subject_id in ((Subject.ACCOUNT, account_id), (Subject.KEY, key_id)):
        quota = (
            None if subject_id is None else read_quota(connection, subject, subject_id, locks=locks)
        )
        if quota is not None and subject_id is not None:
            limited = [name for name in LIMITS if getattr(quota, name) is not None]
            found += _standings(connection, subject, subject_id, quota, limited)
    return found


def read_standings(connection: Connection, subject: Subject, subject_id: str) -> list[Standing]:
    """Return what an account or key used in each period, with limits where there are any."""
    quota = read_quota(connection, subject, subject_id) or Quota()
    return _standings(connection, subject, subject_id, quota, list(LIMITS))


_USED = """
WITH today AS (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day)
SELECT coalesce(sum(n_items) FILTER (WHERE u.day = today.day), 0) AS items_a_day,
       coalesce(sum(n_items), 0) AS items_a_month,
       coalesce(sum(audio_s) FILTER (WHERE u.day = today.day), 0) AS audio_s_a_day,
       coalesce(sum(audio_s), 0) AS audio_s_a_month,
       coalesce(sum(n_requests) FILTER (WHERE u.day = today.day), 0) AS requests_a_day,
       coalesce(sum(n_requests), 0) AS requests_a_month,
       ((today.day + 1)::timestamp AT TIME ZONE 'UTC') AS next_day,
       ((date_trunc('month', today.day::timestamp) + interval '1 month') AT TIME ZONE 'UTC') AS next_month,
       clock_timestamp() AS now
FROM today LEFT JOIN {table} u
    ON u.{column} = :id AND u.day >= date_trunc('month', today.day::timestamp)::date
GROUP BY today.day
"""
# of uploads that are under way what is still to come counts too: their parts are objects
_STORED = {
    Subject.ACCOUNT: """
SELECT (SELECT coalesce(sum(size_bytes), 0) FROM object WHERE account_id = :id)
     + (SELECT coalesce(sum(size_bytes - least(size_bytes, greatest(n_bytes, n_announced))), 0)
        FROM upload WHERE account_id = :id AND finished_at IS NULL)
""",
    Subject.KEY: """
SELECT (SELECT coalesce(sum(f.size_bytes), 0) FROM job j JOIN report r ON r.job_id = j.job_id
        JOIN report_file f ON f.item_id = r.item_id WHERE j.key_id = :id)
     + (SELECT coalesce(sum(k.size_bytes), 0) FROM job j JOIN kept_media k ON k.job_id = j.job_id
        WHERE j.key_id = :id)
     + (SELECT coalesce(sum(size_bytes), 0) FROM upload WHERE key_id = :id)
""",
}


def _standings(
    connection: Connection, subject: Subject, subject_id: str, quota: Quota, names: Sequence[str]
) -> list[Standing]:
    _, table = _TABLES[subject]
    statement = _USED.format(table=table, column=f"{subject}_id")
    used = connection.execute(text(statement), {"id": subject_id}).mappings().one()
    ends = {Period.DAY: used["next_day"], Period.MONTH: used["next_month"], Period.NOW: None}
    found = []
    for name in names:
        resource, period = LIMITS[name]
        limit = getattr(quota, name)
        if resource is Resource.STORED:
            amount = connection.scalar(text(_STORED[subject]), {"id": subject_id})
        else:
            amount = used[name]
        resets_at = ends[period]
        reset_s = None if resets_at is None else (resets_at - used["now"]).total_seconds()
        found.append(Standing(subject, resource, period, limit, float(amount), resets_at, reset_s))
    return found


def add_use(connection: Connection, account_id: str, key_id: str | None, spent: Spending) -> None:
    """Add to what an account, and a key of it, used today."""
    for subject, subject_id in ((Subject.ACCOUNT, account_id), (Subject.KEY, key_id)):
        if subject_id is None:
            continue
        _, table = _TABLES[subject]
        column = f"{subject}_id"
        connection.execute(
            text(
                f"INSERT INTO {table} AS u ({column}, day, n_items, audio_s, n_requests)"  # noqa: S608
                " VALUES (:id, (clock_timestamp() AT TIME ZONE 'UTC')::date,"
                " :n_items, :audio_s, :n_requests)"
                f" ON CONFLICT ({column}, day) DO UPDATE SET n_items = u.n_items + excluded.n_items,"
                " audio_s = u.audio_s + excluded.audio_s,"
                " n_requests = u.n_requests + excluded.n_requests"
            ),
            {"id": subject_id, **asdict(spent)},
        )


_CHARGE_UNLIMITED = text(f"""
WITH held AS (
    SELECT item_id, job_id FROM item
    WHERE item_id = :item_id AND fence = :fence AND state = 'running' FOR NO KEY UPDATE
), asked AS (
    SELECT held.item_id, job.account_id, job.key_id,
        (clock_timestamp() AT TIME ZONE 'UTC')::date AS day,
        EXISTS (SELECT FROM quota q WHERE q.account_id = job.account_id AND {_LIMITED})
        OR EXISTS (SELECT FROM key_quota k WHERE k.key_id = job.key_id AND {_LIMITED}) AS is_limited
    FROM held JOIN job ON job.job_id = held.job_id
), charged AS (
    INSERT INTO audio_charge (item_id, audio_s)
    SELECT item_id, :audio_s FROM asked WHERE NOT is_limited
    ON CONFLICT DO NOTHING RETURNING audio_s
), of_account AS (
    INSERT INTO usage AS u (account_id, day, audio_s)
    SELECT account_id, day, charged.audio_s FROM asked, charged
    ON CONFLICT (account_id, day) DO UPDATE SET audio_s = u.audio_s + excluded.audio_s
), of_key AS (
    INSERT INTO key_usage AS u (key_id, day, audio_s)
    SELECT key_id, day, charged.audio_s FROM asked, charged WHERE key_id IS NOT NULL
    ON CONFLICT (key_id, day) DO UPDATE SET audio_s = u.audio_s + excluded.audio_s
)
SELECT is_limited FROM asked
""")  # noqa: S608 (names of ours)


def ask_unlimited_charge(
    connection: Connection, item_id: int, fence: int, audio_s: float
) -> "Cursor[dict[str, Any]]":
    """Charge the sound of a held item once, where nothing limits its account and key.

    Returns:
        One row, `is_limited`: if so, nothing was charged. No row: the item is not held.
    """
    values = {"item_id": item_id, "fence": fence, "audio_s": audio_s}
    return send(connection, _CHARGE_UNLIMITED, values)


def charge_sound_once(connection: Connection, item_id: int, audio_s: float) -> bool:
    """Note that an item's sound is charged; False: it was before."""
    done = connection.execute(
        text(
            "INSERT INTO audio_charge (item_id, audio_s) VALUES (:item_id, :audio_s)"
            " ON CONFLICT DO NOTHING"
        ),
        {"item_id": item_id, "audio_s": audio_s},
    )
    return done.rowcount == 1


def is_limited(connection: Connection, account_id: str, key_id: str | None) -> bool:
    """Tell whether requests of an account, or of a key of it, are limited by day or month."""
    found = connection.scalar(
        text(
            "SELECT EXISTS (SELECT FROM quota WHERE account_id = :account_id"
            " AND coalesce(requests_a_day, requests_a_month) IS NOT NULL)"
            " OR EXISTS (SELECT FROM key_quota WHERE key_id = :key_id"
            " AND coalesce(requests_a_day, requests_a_month) IS NOT NULL)"
        ),
        {"account_id": account_id, "key_id": key_id},
    )
    return bool(found)


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


def read_usage(connection: Connection, account_id: str, n_days: int) -> Sequence[UsageFacts]:
    """Return what an account used, the last day first; days without use are left out."""
    rows = connection.execute(
        text(
            "SELECT day, n_requests, n_items, audio_s FROM usage WHERE account_id = :account_id"
            " AND day > (clock_timestamp() AT TIME ZONE 'UTC')::date - :n_days ORDER BY day DESC"
        ),
        {"account_id": account_id, "n_days": n_days},
    )
    return [UsageFacts(**row) for row in rows.mappings()]
