"""What the object store holds, in SQL: touched before each put, swept when nobody names it.

The order is what keeps an object from being swept between its put and the commit that names it:
a writer touches the row and commits, puts the bytes, says that they are there (`confirm_put`), and
names the object in a transaction that shares the row's lock (`share_objects`). The sweep takes only
rows that were not touched for its grace period: it locks a row, asks again whether anybody names it,
marks it, commits, deletes the bytes, and then the row. A marked object can be neither touched nor
named, and neither can one that no put has confirmed. Only the row that a writer touched can be
confirmed by it: one that took its place belongs to a put that may not have been made.

A put that takes longer than the grace leaves bytes without a row. A writer that finds that out
leaves them to the sweep with a row of 0 bytes (`leave_to_sweep`); for one that is killed before,
the swept key is watched (`forget_object`, `storage.late_puts`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, text

from storage.database import STEADY, one_trip, send

_TOUCH = text("""
INSERT INTO object (key, account_id, size_bytes, born_at, put_at)
SELECT key, split_part(key, '/', 1), size_bytes, clock_timestamp(), NULL
FROM unnest(CAST(:keys AS text[]), CAST(:sizes AS bigint[])) AS wanted (key, size_bytes)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET touched_at = clock_timestamp(), size_bytes = excluded.size_bytes
WHERE object.deleting_at IS NULL
RETURNING key, born_at
""")


def touch_objects(connection: Connection, sizes: Mapping[str, int]) -> dict[str, datetime]:
    """Say that objects are about to be put or named; return those that no sweep is taking.

    Args:
        connection: whose commit makes it so.
        sizes: bytes of each, by its key.

    Returns:
        When the row of each was made: what `confirm_put` asks for.
    """
    wanted = {"keys": list(sizes), "sizes": list(sizes.values())}
    with one_trip(connection):
        send(connection, STEADY)
        touched = send(connection, _TOUCH, wanted)
    return {row["key"]: row["born_at"] for row in touched}


_CONFIRM = text("""
WITH mine AS (
    SELECT object.key
    FROM unnest(CAST(:keys AS text[]), CAST(:births AS timestamptz[])) AS touched (key, born_at)
    JOIN object USING (key, born_at)
    WHERE object.deleting_at IS NULL ORDER BY object.key FOR NO KEY UPDATE OF object
)
UPDATE object SET put_at = clock_timestamp(), touched_at = clock_timestamp()
FROM mine WHERE object.key = mine.key
RETURNING object.key
""")


def confirm_put(connection: Connection, births: Mapping[str, datetime]) -> list[str]:
    """Say that objects are there; return those that a sweep took since they were touched.

    Args:
        connection: whose commit makes it so.
        births: what `touch_objects` returned before the put.
    """
    facts = {"keys": list(births), "births": list(births.values())}
    with one_trip(connection):
        send(connection, STEADY)
        confirmed = send(connection, _CONFIRM, facts)
    there = {row["key"] for row in confirmed}
    return [key for key in births if key not in there]


def is_there(connection: Connection, key: str) -> bool:
    """Tell whether an object is known, and counted in what its account stores."""
    found = connection.scalar(text("SELECT 1 FROM object WHERE key = :key"), {"key": key})
    return found is not None


_SHARE = text("""
SELECT key FROM object
WHERE key = ANY(:keys) AND deleting_at IS NULL AND put_at IS NOT NULL AND size_bytes > 0
ORDER BY key FOR SHARE
""")


def ask_shared(connection: Connection, keys: Sequence[str]) -> "Cursor[dict[str, Any]]":
    """Ask as `share_objects` does, after `STEADY`: a row, `key`, of each that is there."""
    return send(connection, _SHARE, {"keys": list(keys)})


def share_objects(connection: Connection, keys: Sequence[str]) -> list[str]:
    """Keep objects from the sweep until the transaction's end; return keys that are not there."""
    if not keys:
        return []
    there = set(connection.scalars(_SHARE, {"keys": list(keys)}))
    return [key for key in keys if key not in there]


_LEAVE = text("""
INSERT INTO object (key, account_id, size_bytes, born_at, put_at)
SELECT key, split_part(key, '/', 1), 0, clock_timestamp(), NULL FROM unnest(CAST(:keys AS text[])) AS key
ORDER BY key ON CONFLICT (key) DO NOTHING
""")


def leave_to_sweep(connection: Connection, keys: Sequence[str]) -> None:
    """Let the sweep take objects after their grace, whose rows may be gone though bytes are there."""
    if keys:
        connection.execute(_LEAVE, {"keys": list(keys)})


_IDLE = text("""
SELECT key FROM object
WHERE touched_at < clock_timestamp() - make_interval(secs => :grace_s)
  AND (deleting_at IS NOT NULL
       OR NOT (EXISTS (SELECT FROM report_file f WHERE f.key = object.key)
               OR EXISTS (SELECT FROM review_file f WHERE f.key = object.key)
               OR EXISTS (SELECT FROM kept_media k WHERE k.key = object.key)
               OR EXISTS (SELECT FROM upload_part u WHERE u.key = object.key)))
ORDER BY touched_at LIMIT :most
""")
_LOCK = text("""
SELECT key FROM object WHERE key = :key
  AND touched_at < clock_timestamp() - make_interval(secs => :grace_s)
FOR UPDATE SKIP LOCKED
""")
_IS_NAMED = text("""
SELECT EXISTS (SELECT FROM report_file WHERE key = :key)
    OR EXISTS (SELECT FROM review_file WHERE key = :key)
    OR EXISTS (SELECT FROM kept_media WHERE key = :key)
    OR EXISTS (SELECT FROM upload_part WHERE key = :key)
""")
_MARK = text("UPDATE object SET deleting_at = clock_timestamp() WHERE key = :key")


def idle_objects(connection: Connection, grace_s: float, most: int) -> list[str]:
    """Return keys that nobody names and nobody touched for the grace period."""
    return list(connection.scalars(_IDLE, {"grace_s": grace_s, "most": most}))


def mark_deleting(connection: Connection, key: str, grace_s: float) -> bool:
    """Mark an object for deletion; False: it was touched, named or locked meanwhile."""
    locked = connection.execute(_LOCK, {"key": key, "grace_s": grace_s}).first()
    # a statement of its own, begun after the lock was had: it sees names committed until then
    if locked is None or is_named(connection, key):
        return False
    connection.execute(_MARK, {"key": key})
    return True


def is_named(connection: Connection, key: str) -> bool:
    """Tell whether a report, an opinion or a kept medium needs an object."""
    return bool(connection.scalar(_IS_NAMED, {"key": key}))


def lock_deleting(connection: Connection, key: str) -> bool:
    """Lock a marked object's row for its deletion; False: another sweep has it or it is gone."""
    row = connection.execute(
        text(
            "SELECT key FROM object WHERE key = :key AND deleting_at IS NOT NULL"
            " FOR UPDATE SKIP LOCKED"
        ),
        {"key": key},
    )
    return row.first() is not None


_FORGET = text("""
WITH gone AS (DELETE FROM object WHERE key = :key RETURNING key, touched_at)
INSERT INTO swept_object (key, touched_at)
SELECT key, touched_at FROM gone
WHERE touched_at > clock_timestamp() - make_interval(secs => :watch_s)
ON CONFLICT (key) DO UPDATE SET touched_at = excluded.touched_at,
    swept_at = clock_timestamp(), looked_at = clock_timestamp()
""")


def forget_object(connection: Connection, key: str, watch_s: float) -> None:
    """Remove the row of an object whose bytes are gone; watch its key if a put may be under way."""
    connection.execute(_FORGET, {"key": key, "watch_s": watch_s})


@dataclass(frozen=True, slots=True)
class Look:
    """Swept keys of which it is time to ask whether bytes are there again."""

    asked_at: datetime | None  # by the database's clock; None: there are no keys
    keys: tuple[str, ...]  # to ask the store for
    last: tuple[str, ...]  # those that are not watched any longer, and those that have a row again
    n_due: int


# Each look is twice as long after the sweep as the one before, and the last one comes when no put
# from before is to be expected any more, or when too many keys are watched.
_DUE = text("""
WITH ended AS (
    SELECT greatest(
        clock_timestamp() - make_interval(secs => :watch_s),
        (SELECT touched_at FROM swept_object ORDER BY touched_at DESC OFFSET :most_watched LIMIT 1)
    ) AS touched_at
)
SELECT key, swept.touched_at <= ended.touched_at AS is_last, clock_timestamp() AS asked_at,
    EXISTS (SELECT FROM object WHERE object.key = swept.key) AS is_put_again
FROM swept_object swept, ended
WHERE swept.touched_at <= ended.touched_at
   OR looked_at < clock_timestamp() - make_interval(secs => :grace_s)
  AND clock_timestamp() - looked_at >= looked_at - swept_at
ORDER BY looked_at LIMIT :most
""")


def due_look(
    connection: Connection, grace_s: float, watch_s: float, most_watched: int, most: int
) -> Look:
    """Return which swept keys to look at now.

    Args:
        connection: nothing is locked: to look twice does no harm.
        grace_s: until the first look after a sweep.
        watch_s: until the last one, after somebody was about to put the object.
        most_watched: keys beyond it have their last look now, the oldest first.
        most: keys of one look.
    """
    facts = {"grace_s": grace_s, "watch_s": watch_s, "most_watched": most_watched, "most": most}
    rows = connection.execute(_DUE, facts).all()
    return Look(
        min((row.asked_at for row in rows), default=None),
        tuple(row.key for row in rows if not row.is_put_again),
        tuple(row.key for row in rows if row.is_last or row.is_put_again),
        len(rows),
    )


# a key that was swept again meanwhile is watched from the beginning
_LOOKED = text("""
UPDATE swept_object SET looked_at = :asked_at WHERE key = ANY(:keys) AND swept_at <= :asked_at
""")
_UNWATCH = text("DELETE FROM swept_object WHERE key = ANY(:keys) AND swept_at <= :asked_at")


def note_look(connection: Connection, look: Look, found: Sequence[str]) -> None:
    """Note that a look was made, and leave what it found to the sweep."""
    leave_to_sweep(connection, found)
    connection.execute(_LOOKED, {"keys": list(look.keys), "asked_at": look.asked_at})
    connection.execute(_UNWATCH, {"keys": list(look.last), "asked_at": look.asked_at})
