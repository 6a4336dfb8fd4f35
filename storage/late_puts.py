"""Finds bytes that were put after the sweep had taken their row, without listing the store.

A writer that is stopped between touching a row and putting its bytes, for longer than the sweep's
grace, puts them where no row tells of them. It leaves them to the sweep as soon as it learns of
that; one that is killed before cannot. So each swept key is watched: some process looks whether
bytes are there again, first a grace after the sweep, then at distances that double, and for the
last time WATCH_S after somebody was last about to put them. What is found is left to the sweep, and
its key is watched from the beginning.

A store that others use too is never listed: only keys that we have put ourselves are looked at.
"""

import logging
from threading import Event

from sqlalchemy import Engine

from storage import object_rows
from storage.database import transaction
from storage.objects import ObjectStore

WATCH_S = 7 * 86_400.0  # a put that begins later is one of a process that was stopped for a week
MOST_WATCHED = 1_000_000  # keys, of about 350 bytes with their indexes
KEYS_A_LOOK = 500

_log = logging.getLogger(__name__)


def look_again(
    engine: Engine,
    store: ObjectStore,
    grace_s: float,
    watch_s: float = WATCH_S,
    most_watched: int = MOST_WATCHED,
    stop: Event | None = None,
) -> int:
    """Leave to the sweep what was put on swept keys; return how many objects that are.

    Args:
        engine: of the database.
        store: where the objects lie.
        grace_s: of the sweep; the first look is that long after it.
        watch_s: how long after its last touch a swept key is looked at.
        most_watched: keys beyond it are looked at once more, the oldest first, and forgotten.
        stop: ends it between two objects.

    Raises:
        ObjectStoreError, AccessError: the store does not answer; the next look asks again.
        DatabaseError: the database does not answer.
    """
    n_found = 0
    while stop is None or not stop.is_set():
        with transaction(engine) as connection:
            look = object_rows.due_look(connection, grace_s, watch_s, most_watched, KEYS_A_LOOK)
        found: list[str] = []
        for key in look.keys:
            if stop is not None and stop.is_set():
                return n_found
            if store.exists(key):
                found.append(key)
        with transaction(engine) as connection:
            object_rows.note_look(connection, look, found)
        n_found += len(found)
        if look.n_due < KEYS_A_LOOK:
            break
    if n_found:
        _log.info("late puts left to the sweep", extra={"n_objects": n_found})
    return n_found
