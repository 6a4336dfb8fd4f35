"""Provisional segments in SQL: replaced by heartbeats, gone with the attempt, never a result.

`replace` and `forget` belong to transactions that have locked the item under its fence before
(`claim_rows`), so that no late heartbeat brings back what an ended attempt has left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from storage.database import send
from storage.stored_text import storable

MOST_BYTES = 16 << 10  # of one item: a row that is written again with every heartbeat


@dataclass(frozen=True, slots=True)
class ProvisionalFacts:
    """What a running attempt has scored so far, as `jobs.provisional` writes it."""

    item_id: int
    fence: int
    cells: str


# what did not change is not written again
_REPLACE = text("""
INSERT INTO provisional (item_id, fence, cells)
SELECT * FROM unnest(CAST(:items AS bigint[]), CAST(:fences AS bigint[]), CAST(:cells AS text[]))
ON CONFLICT (item_id) DO UPDATE
SET fence = excluded.fence, cells = excluded.cells, updated_at = clock_timestamp()
WHERE (provisional.fence, provisional.cells) IS DISTINCT FROM (excluded.fence, excluded.cells)
""")


def replace(connection: Connection, rows: Sequence[ProvisionalFacts]) -> None:
    """Store what attempts have scored so far, in place of what they said before.

    Args:
        connection: whose transaction has renewed these attempts' leases.
        rows: of items that are held; what is larger than `MOST_BYTES` is left out.
    """
    kept = [row for row in rows if len(row.cells.encode()) <= MOST_BYTES]
    if kept:
        values = {
            "items": [row.item_id for row in kept],
            "fences": [row.fence for row in kept],
            "cells": [storable(row.cells) for row in kept],
        }
        send(connection, _REPLACE, values)


_FORGET = text("DELETE FROM provisional WHERE item_id = :item_id AND fence <= :fence")


def forget(connection: Connection, item_id: int, fence: int) -> None:
    """Remove what an attempt that has just ended had scored."""
    # a statement of its own: as a part of the fenced update it would not see a row that a heartbeat
    # wrote while that update waited for the item's lock
    send(connection, _FORGET, {"item_id": item_id, "fence": fence})


_READ = text("""
SELECT p.item_id, p.fence, p.cells FROM provisional p JOIN item USING (item_id)
WHERE p.item_id = ANY(:item_ids) AND p.fence = item.fence AND item.state = 'running'
""")


def read(connection: Connection, item_ids: Sequence[int]) -> list[ProvisionalFacts]:
    """Return what the attempts that hold these items have scored so far."""
    rows = connection.execute(_READ, {"item_ids": list(item_ids)}).mappings()
    return [ProvisionalFacts(**row) for row in rows]
