"""Compares what lies in the object store with what the database says lies there, in one pass.

They differ after the database was restored from a backup, or after somebody removed objects by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from sqlalchemy import Engine, text

from storage import object_rows
from storage.database import transaction
from storage.object_keys import is_key
from storage.objects import ObjectStore

ROWS_AT_ONCE = 2000


class Difference(StrEnum):
    """What is wrong with a key."""

    STRAY = "stray"  # bytes without a row: no sweep ever takes them
    LOST = "missing"  # a report, an opinion or a medium is named, and its bytes are gone


@dataclass(frozen=True, slots=True)
class Found:
    """One difference."""

    key: str
    difference: Difference


# what is put or swept at this moment is neither: the rows are asked again
_ROWS = text("""
SELECT key FROM object WHERE deleting_at IS NULL AND size_bytes > 0 ORDER BY key COLLATE "C"
""")
_HAS_ROW = text("""
SELECT EXISTS (SELECT FROM object WHERE key = :key)
    OR EXISTS (SELECT FROM swept_object WHERE key = :key)
""")  # a swept key is watched: what was put there late will be found


def compare_store(engine: Engine, store: ObjectStore) -> Iterator[Found]:
    """Yield every difference, in the order of the keys; memory does not grow with their number.

    Args:
        engine: of the database.
        store: whose keys that are none of ours are passed over.

    Raises:
        ObjectStoreError, AccessError: the store cannot be listed.
        DatabaseError: the database does not answer.
    """
    keys = filter(is_key, store.list_keys())
    with transaction(engine) as connection:
        rows = connection.execution_options(yield_per=ROWS_AT_ONCE).scalars(_ROWS)
        key, row = next(keys, None), next(rows, None)
        while key is not None or row is not None:
            if row is None or (key is not None and key < row):
                assert key is not None
                with transaction(engine) as now:
                    is_stray = not now.scalar(_HAS_ROW, {"key": key})
                if is_stray:
                    yield Found(key, Difference.STRAY)
                key = next(keys, None)
            elif key is None or row < key:
                if _is_missed(engine, store, row):
                    yield Found(row, Difference.LOST)
                row = next(rows, None)
            else:
                key, row = next(keys, None), next(rows, None)


def _is_missed(engine: Engine, store: ObjectStore, key: str) -> bool:
    """Tell whether somebody names an object that is not there: one that is being put is not named."""
    with transaction(engine) as now:
        return object_rows.is_named(now, key) and not store.exists(key)


def adopt_strays(engine: Engine, store: ObjectStore) -> int:
    """Let the sweep take strays after its grace; return how many there are.

    Only where no other installation keeps its objects in the same place: its objects are strays here.
    """
    strays = (
        found.key for found in compare_store(engine, store) if found.difference is Difference.STRAY
    )
    n_adopted = 0
    while some := list(islice(strays, ROWS_AT_ONCE)):
        with transaction(engine) as connection:
            object_rows.leave_to_sweep(connection, some)
        n_adopted += len(some)
    return n_adopted
