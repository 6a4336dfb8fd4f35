"""What the object store holds, in SQL: touched before each put, swept when nobody names it.

The order is what keeps an object from being swept between its put and the commit that names it:
a writer touches the row and commits, puts the bytes, and names the object in a transaction that
shares the row's lock (`share_objects`). The sweep takes only rows that were not touched for its
grace period: it locks a row, asks again whether anybody names it, marks it, commits, deletes the
bytes, and then the row. A marked object can be neither touched nor named. A put that takes longer
than the grace leaves bytes without a row: whoever finds that out leaves them to the sweep with a row
of 0 bytes, which cannot be named (`leave_to_sweep`).
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

_TOUCH = text("""
INSERT INTO object (key, account_id, size_bytes)
SELECT key, split_part(key, '/', 1), size_bytes
FROM unnest(CAST(:keys AS text[]), CAST(:sizes AS bigint[])) AS wanted (key, size_bytes)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET touched_at = clock_timestamp(), size_bytes = excluded.size_bytes
WHERE object.deleting_at IS NULL
RETURNING key
""")


def touch_objects(connection: Connection, sizes: Mapping[str, int]) -> set[str]:
    """Say that objects are about to be put or named; return those that no sweep is taking.

    Args:
        connection: whose commit makes it so.
        sizes: bytes of each, by its key.
    """
    wanted = {"keys": list(sizes), "sizes": list(sizes.values())}
    return set(connection.scalars(_TOUCH, wanted))


def is_there(connection: Connection, key: str) -> bool:
    """Tell whether an object is known, and counted in what its account stores."""
    found = connection.scalar(text("SELECT 1 FROM object WHERE key = :key"), {"key": key})
    return found is not None


_SHARE = text("""
SELECT key FROM object WHERE key = ANY(:keys) AND deleting_at IS NULL AND size_bytes > 0
ORDER BY key FOR SHARE
""")


def share_objects(connection: Connection, keys: Sequence[str]) -> list[str]:
    """Keep objects from the sweep until the transaction's end; return keys that are not there."""
    if not keys:
        return []
    there = set(connection.scalars(_SHARE, {"keys": list(keys)}))
    return [key for key in keys if key not in there]


_LEAVE = text("""
INSERT INTO object (key, account_id, size_bytes)
SELECT key, split_part(key, '/', 1), 0 FROM unnest(CAST(:keys AS text[])) AS key
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


def forget_object(connection: Connection, key: str) -> None:
    """Remove the row of an object whose bytes are gone."""
    connection.execute(text("DELETE FROM object WHERE key = :key"), {"key": key})
