"""Puts objects so that the sweep cannot take them, and sweeps those that nobody names.

The protocol between the two is told in `storage.object_rows`.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic, sleep

from sqlalchemy import Engine

from pipeline.errors import ObjectStoreError
from storage import object_rows
from storage.database import transaction
from storage.object_keys import OnBytes
from storage.objects import ObjectStore, object_key

GRACE_S = 3600.0  # between a put and the commit that names it lies one attempt's end
DELETING_WAIT_S = 10.0  # how long a writer waits for a sweep that has the object
DELETING_POLL_S = 0.05
KEYS_A_SWEEP = 500

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptObject:
    """Bytes that lie in the object store."""

    key: str
    sha256: str
    size_bytes: int


def put_object(
    engine: Engine, store: ObjectStore, account_id: str, data: bytes, content_type: str
) -> KeptObject:
    """Store bytes under their hash; they stay for the grace period, and once named, for good.

    Raises:
        ObjectStoreError: the store does not answer, or a sweep holds the object for too long.
        AccessError: the store refuses us.
        DatabaseError: the database does not answer.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    key = object_key(account_id, sha256)
    deadline = monotonic() + DELETING_WAIT_S
    while not _touch(engine, key, account_id, len(data)):
        if monotonic() > deadline:
            raise ObjectStoreError(f"The object {key} is being swept: try again.", "object_swept")
        sleep(DELETING_POLL_S)
    store.put(key, data, content_type)
    return KeptObject(key, sha256, len(data))


def put_media(
    engine: Engine,
    store: ObjectStore,
    media: KeptObject,
    path: Path,
    on_bytes: OnBytes = lambda _: None,
) -> None:
    """Store a file under its hash, unless the account has its bytes already.

    Args:
        engine: of the database.
        store: where the objects lie.
        media: where the file goes, by its own hash.
        path: the file.
        on_bytes: told how many bytes were sent so far.

    Raises:
        ObjectStoreError: the store does not answer, or a sweep holds the object for too long.
        AccessError: the store refuses us.
        DatabaseError: the database does not answer.
    """
    account_id = media.key.partition("/")[0]
    deadline = monotonic() + DELETING_WAIT_S
    while not _touch(engine, media.key, account_id, media.size_bytes):
        if monotonic() > deadline:
            raise ObjectStoreError(f"{media.key} is being swept: try again.", "object_swept")
        sleep(DELETING_POLL_S)
    # touched: no sweep takes what is there now
    if not store.exists(media.key):
        store.put_file(media.key, path, "application/octet-stream", on_bytes)


def get_object(store: ObjectStore, key: str) -> bytes:
    """Return an object's bytes, checked against the hash in its key.

    Raises:
        ObjectStoreError: there is none, or its bytes are not what was put (`object_corrupt`).
    """
    data = store.get(key)
    if hashlib.sha256(data).hexdigest() != key.rpartition("/")[2]:
        raise ObjectStoreError(f"The object {key} is damaged.", "object_corrupt")
    return data


def sweep_orphans(
    engine: Engine, store: ObjectStore, grace_s: float = GRACE_S, stop: Event | None = None
) -> int:
    """Delete objects that nobody names and nobody touched for the grace period; return how many.

    Several sweeps at once share the work; one that dies leaves marks, and the next one goes on.

    Args:
        engine: of the database.
        store: where the objects lie.
        grace_s: how long an object may lie unnamed.
        stop: ends the sweep between two objects.
    """
    with transaction(engine) as connection:
        idle = object_rows.idle_objects(connection, grace_s, KEYS_A_SWEEP)
    n_deleted = 0
    for key in idle:
        if stop is not None and stop.is_set():
            break
        with transaction(engine) as connection:
            marked = object_rows.mark_deleting(connection, key, grace_s)
        # the mark is committed: nobody can name or touch the object from here on
        if marked and _delete_marked(engine, store, key):
            n_deleted += 1
    if n_deleted:
        _log.info("orphaned objects swept", extra={"n_objects": n_deleted})
    return n_deleted


def _touch(engine: Engine, key: str, account_id: str, size_bytes: int) -> bool:
    with transaction(engine) as connection:
        return object_rows.touch_object(connection, key, account_id, size_bytes)


def _delete_marked(engine: Engine, store: ObjectStore, key: str) -> bool:
    with transaction(engine) as connection:
        if not object_rows.lock_deleting(connection, key):
            return False
        store.delete(key)
        object_rows.forget_object(connection, key)
    return True
