"""Media that listings of new media alone have met, in SQL.

Two listings that meet the same medium at the same moment are told apart by the primary key: one of
them gets it. What failed for a reason that may pass is met anew after a growing pause.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, text

FIRST_PAUSE_S = 3_600.0  # before what failed is taken again; doubles with each try
MOST_TRIES = 8  # about five days
MEDIA_KEY = "media:"  # how `item.source_key` begins for media

# in one order, so that two listings cannot wait for each other
_MEET = text("""
INSERT INTO seen AS s (account_id, source_key)
SELECT :account_id, k FROM unnest(CAST(:keys AS text[])) k GROUP BY k ORDER BY k
ON CONFLICT DO NOTHING
RETURNING source_key
""")
_MEET_AGAIN = text("""
UPDATE seen s SET n_tries = s.n_tries + 1, seen_at = clock_timestamp(), item_id = NULL
FROM (
    SELECT source_key FROM seen
    WHERE account_id = :account_id AND source_key = ANY(CAST(:keys AS text[]))
    ORDER BY source_key FOR NO KEY UPDATE
) locked
JOIN seen old ON old.account_id = :account_id AND old.source_key = locked.source_key
JOIN any_item i ON i.item_id = old.item_id
WHERE s.account_id = :account_id AND s.source_key = locked.source_key
  AND (i.state = 'cancelled'
       OR (i.state = 'failed' AND i.error_code = ANY(CAST(:passing_codes AS text[]))
           AND old.n_tries < :most_tries
           AND old.seen_at < clock_timestamp()
               - make_interval(secs => :first_pause_s * power(2, old.n_tries - 1))))
RETURNING s.source_key
""")
_NAME = text("""
UPDATE seen SET item_id = i.item_id FROM item i
WHERE i.job_id = :job_id AND i.source_key = ANY(CAST(:item_keys AS text[]))
  AND seen.account_id = :account_id AND seen.source_key = substr(i.source_key, :key_starts)
""")


def meet(
    connection: Connection,
    account_id: str,
    keys: Sequence[str],
    passing_codes: Collection[str],
    first_pause_s: float = FIRST_PAUSE_S,
) -> set[str]:
    """Return the keys that are new, and take them: the next call does not return them.

    A key is new where it was never met; or its item was cancelled; or its item failed for a reason
    that may pass and its pause is over.

    Args:
        connection: in the transaction that adds the items.
        account_id: whose.
        keys: source keys of a page.
        passing_codes: of failures that may pass.
        first_pause_s: before what failed is taken again.
    """
    if not keys:
        return set()
    values = {"account_id": account_id, "keys": list(keys)}
    new = set(connection.scalars(_MEET, values))
    known = [key for key in keys if key not in new]
    if known:
        again = values | {
            "keys": known,
            "passing_codes": list(passing_codes),
            "most_tries": MOST_TRIES,
            "first_pause_s": first_pause_s,
        }
        new |= set(connection.scalars(_MEET_AGAIN, again))
    return new


def name_items(connection: Connection, account_id: str, job_id: int, keys: Collection[str]) -> None:
    """Note which item of the job each key has now."""
    if keys:
        values = {
            "account_id": account_id,
            "job_id": job_id,
            "item_keys": [MEDIA_KEY + key for key in keys],
            "key_starts": len(MEDIA_KEY) + 1,
        }
        connection.execute(_NAME, values)


def forget(connection: Connection, account_id: str, keys: Sequence[str]) -> int:
    """Forget keys, so that they are new again; return how many were known."""
    done = connection.execute(
        text(
            "DELETE FROM seen WHERE account_id = :account_id"
            " AND source_key = ANY(CAST(:keys AS text[]))"
        ),
        {"account_id": account_id, "keys": list(keys)},
    )
    return done.rowcount
