"""Puts objects so that the sweep cannot take them, and sweeps those that nobody names.

The protocol between the two is told in `storage.object_rows`; what is put after the sweep took its
row is found by `storage.late_puts`.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event
from time import monotonic, sleep

from sqlalchemy import Connection, Engine

from pipeline.errors import DatabaseError, ObjectStoreError
from storage import object_rows
from storage.database import transaction
from storage.late_puts import WATCH_S
from storage.object_keys import OnBytes
from storage.objects import ObjectStore, check_object_store, object_key

GRACE_S = 3600.0  # between a put and the commit that names it lies one attempt's end
DELETING_WAIT_S = 10.0  # how long a writer waits for a sweep that has the object
DELETING_POLL_S = 0.05
KEYS_A_SWEEP = 500
PUTS_AT_ONCE = 4  # a store far away takes its time for each

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptObject:
    """Bytes that lie in the object store."""

    key: str
    sha256: str
    size_bytes: int


def put_object(
    engine: Engine,
    store: ObjectStore,
    account_id: str,
    data: bytes,
    content_type: str,
    note: Callable[[Connection], None] = lambda _: None,
) -> KeptObject:
    """Store bytes under their hash; arguments, errors and promises as of `put_objects`."""
    return put_objects(engine, store, account_id, [(data, content_type)], note)[0]


def put_objects(
    engine: Engine,
    store: ObjectStore,
    account_id: str,
    contents: Sequence[tuple[bytes, str]],
    note: Callable[[Connection], None] = lambda _: None,
) -> list[KeptObject]:
    """Store bytes under their hashes, several at once; they stay for the grace period, once named for good.

    Args:
        engine: of the database.
        store: where the objects lie.
        account_id: whose they are.
        contents: bytes and content type of each.
        note: called at the end of the transaction that notes what is about to be put.

    Raises:
        ObjectStoreError: the store does not answer, or a sweep holds an object for too long.
        AccessError: the store refuses us.
        DatabaseError: the database does not answer.
    """
    kept = [_named(account_id, data) for data, _ in contents]
    sizes = {it.key: it.size_bytes for it in kept}
    with _announced(engine, sizes, note=note), ThreadPoolExecutor(PUTS_AT_ONCE) as threads:
        list(threads.map(lambda it, content: store.put(it.key, *content), kept, contents))
    return kept


def put_media(
    engine: Engine,
    store: ObjectStore,
    media: KeptObject,
    path: Path,
    on_bytes: OnBytes = lambda _: None,
    admit: Callable[[Connection], None] = lambda _: None,
) -> None:
    """Store a file under its hash, unless the account has its bytes already.

    Args:
        engine: of the database.
        store: where the objects lie.
        media: where the file goes, by its own hash.
        path: the file.
        on_bytes: told how many bytes were sent so far.
        admit: may refuse, in the transaction that notes what is about to be put.

    Raises:
        ObjectStoreError: the store does not answer, or a sweep holds the object for too long.
        AccessError: the store refuses us, or `admit` did.
        DatabaseError: the database does not answer.
    """
    with _announced(engine, {media.key: media.size_bytes}, admit):
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


def check_kept(engine: Engine, store: ObjectStore) -> None:
    """Try the object store; what is put for that goes with the sweep if we are killed meanwhile.

    Raises:
        DatabaseError: the database does not answer.
        AccessError, ConfigError, ObjectStoreError: as of `check_object_store`.
    """

    def announce(key: str) -> None:
        with transaction(engine) as connection:
            object_rows.leave_to_sweep(connection, [key])

    check_object_store(store, announce)


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


def _named(account_id: str, data: bytes) -> KeptObject:
    sha256 = hashlib.sha256(data).hexdigest()
    return KeptObject(object_key(account_id, sha256), sha256, len(data))


@contextmanager
def _announced(
    engine: Engine,
    sizes: Mapping[str, int],
    admit: Callable[[Connection], None] = lambda _: None,
    note: Callable[[Connection], None] = lambda _: None,
) -> Iterator[None]:
    """Touch objects before they are put, and say afterwards that they are there.

    Raises:
        ObjectStoreError: the put took longer than the sweep's grace: `object_swept`.
    """
    births = _touch(engine, sizes, admit, note)
    try:
        yield
        _confirm(engine, births)
    except BaseException:
        with suppress(DatabaseError), transaction(engine) as connection:
            # some are there, and their rows may be gone if this took longer than the grace
            object_rows.leave_to_sweep(connection, list(sizes))
        raise


def _touch(
    engine: Engine,
    sizes: Mapping[str, int],
    admit: Callable[[Connection], None],
    note: Callable[[Connection], None],
) -> dict[str, datetime]:
    """Touch objects; wait for a sweep that is taking one of them; return when their rows were made."""
    left = dict(sizes)
    births: dict[str, datetime] = {}
    deadline = monotonic() + DELETING_WAIT_S
    while True:
        with transaction(engine) as connection:
            admit(connection)
            births |= object_rows.touch_objects(connection, left)
            note(connection)
        left = {key: size for key, size in left.items() if key not in births}
        if not left:
            return births
        if monotonic() > deadline:
            raise ObjectStoreError(f"{min(left)} is being swept: try again.", "object_swept")
        sleep(DELETING_POLL_S)


def _confirm(engine: Engine, births: Mapping[str, datetime]) -> None:
    with transaction(engine) as connection:
        swept = object_rows.confirm_put(connection, births)
    if swept:
        raise ObjectStoreError(
            f"{len(swept)} objects were swept while they were put: put them again.", "object_swept"
        )


def _delete_marked(engine: Engine, store: ObjectStore, key: str) -> bool:
    with transaction(engine) as connection:
        if not object_rows.lock_deleting(connection, key):
            return False
        store.delete(key)
        object_rows.forget_object(connection, key, WATCH_S)
    return True
