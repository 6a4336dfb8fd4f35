"""Bytes that are put after the sweep took their row are found, without listing the store."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from jobs.spec import ItemClaim
from pipeline.errors import ObjectStoreError
from storage import object_rows
from storage.kept_objects import KeptObject, check_kept, put_object, sweep_orphans
from storage.late_puts import WATCH_S, look_again
from storage.objects import FolderStore, ObjectStore, object_key
from tests.conftest import S3Server
from tests.integration.storage.object_makers import (
    PDF,
    count_objects,
    finish_with,
    watched_keys,
)

pytestmark = pytest.mark.postgres

# stops before the put until it is told to go on, and dies after it
STOPPED_WRITER = """
import os, signal, sys
from storage.database import connect_engine
from storage.kept_objects import put_object
from storage.s3_objects import S3Store
from storage.settings import StorageSettings

class StoppingStore(S3Store):
    def put(self, key, data, content_type):
        os.kill(os.getpid(), signal.SIGSTOP)
        super().put(key, data, content_type)
        os.kill(os.getpid(), signal.SIGKILL)

store = StoppingStore(StorageSettings.from_env(os.environ))
put_object(connect_engine(sys.argv[1]), store, "default", b"late", "application/pdf")
"""


def put_late(engine: Engine, store: ObjectStore, data: bytes = b"late") -> KeptObject:
    """Put an object, and again after its sweep."""
    kept = put_object(engine, store, "default", data, PDF)
    sweep_orphans(engine, store, grace_s=0)
    store.put(kept.key, data, PDF)
    return kept


def age(engine: Engine, table: str, seconds: Mapping[str, float]) -> None:
    """Make a table's times older."""
    changes = ", ".join(
        f"{column} = {column} - interval '{by_s} seconds'" for column, by_s in seconds.items()
    )
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET {changes}"))  # noqa: S608 (our own words)


@pytest.mark.s3
def test_what_a_writer_put_that_was_stopped_over_the_sweep_and_killed_is_found(
    engine: Engine, database_url: str, s3_server: S3Server, s3_store: ObjectStore
) -> None:
    others = object_key("default", 64 * "0")  # of an installation that shares the bucket
    s3_store.put(others, b"not ours", PDF)
    environ = {**s3_server.environ, "VERITY_OBJECTS": f"s3://{s3_server.bucket}"}
    command = [sys.executable, "-c", STOPPED_WRITER, database_url]
    with subprocess.Popen(command, env={**os.environ, **environ}) as writer:
        try:
            os.waitpid(writer.pid, os.WUNTRACED)
            assert sweep_orphans(engine, s3_store, grace_s=0) == 1
            writer.send_signal(signal.SIGCONT)
            assert writer.wait() == -signal.SIGKILL
        finally:
            writer.kill()
    (late,) = set(s3_store.list_keys()) - {others}
    assert count_objects(engine) == 0

    assert look_again(engine, s3_store, grace_s=0) == 1
    assert sweep_orphans(engine, s3_store, grace_s=0) == 1

    assert list(s3_store.list_keys()) == [others]
    assert watched_keys(engine) == {late}, "once more, from the beginning"


def test_a_swept_key_is_looked_at_after_the_grace_and_not_before(
    engine: Engine, store: FolderStore
) -> None:
    put_late(engine, store)

    assert look_again(engine, store, grace_s=60) == 0
    age(engine, "swept_object", {"swept_at": 61, "looked_at": 61})
    assert look_again(engine, store, grace_s=60) == 1


@pytest.mark.parametrize(
    ("swept_s", "looked_s", "is_due"),
    [(7200, 3601, True), (7200, 3000, False), (40_000, 21_000, True), (40_000, 19_000, False)],
    ids=["twice the grace", "less than the grace", "twice as old", "less than twice as old"],
)
def test_looks_come_at_distances_that_double(
    engine: Engine, store: FolderStore, swept_s: float, looked_s: float, is_due: bool
) -> None:
    put_late(engine, store)
    age(engine, "swept_object", {"swept_at": swept_s, "looked_at": looked_s})

    assert look_again(engine, store, grace_s=3600) == is_due


def test_the_last_look_finds_what_was_put_and_ends_the_watch(
    engine: Engine, store: FolderStore
) -> None:
    kept = put_late(engine, store)
    put_object(engine, store, "default", b"never late", PDF)
    sweep_orphans(engine, store, grace_s=0)
    age(engine, "swept_object", {"touched_at": WATCH_S})

    assert look_again(engine, store, grace_s=3600) == 1

    assert watched_keys(engine) == set()
    sweep_orphans(engine, store, grace_s=0)
    assert not store.exists(kept.key)


def test_an_object_that_nobody_put_for_longer_than_the_watch_is_not_watched(
    engine: Engine, store: FolderStore
) -> None:
    put_object(engine, store, "default", b"old", PDF)
    age(engine, "object", {"touched_at": WATCH_S})

    assert sweep_orphans(engine, store) == 1

    assert watched_keys(engine) == set()


def test_of_too_many_keys_the_oldest_are_looked_at_once_more_and_forgotten(
    engine: Engine, store: FolderStore
) -> None:
    oldest = put_late(engine, store, b"0")
    newer = [put_late(engine, store, bytes([number])) for number in (1, 2, 3)]

    assert look_again(engine, store, grace_s=3600, most_watched=2) == 2

    assert watched_keys(engine) == {it.key for it in newer[1:]}
    sweep_orphans(engine, store, grace_s=0)
    assert not store.exists(oldest.key)
    assert store.exists(newer[2].key)


def test_an_object_that_is_needed_again_stays(
    engine: Engine, store: FolderStore, claim: ItemClaim
) -> None:
    put_late(engine, store)
    kept = put_object(engine, store, "default", b"late", PDF)
    finish_with(engine, claim, kept)

    assert look_again(engine, store, grace_s=0) == 0
    sweep_orphans(engine, store, grace_s=0)

    assert store.get(kept.key) == b"late"
    assert watched_keys(engine) == set(), "its row is swept, and watched, when nobody names it"


def test_a_key_that_is_swept_again_while_it_is_looked_at_stays_watched(
    engine: Engine, store: FolderStore
) -> None:
    kept = put_late(engine, store)
    with engine.begin() as connection:
        look = object_rows.due_look(connection, 0, 0, 1, 10)
    put_late(engine, store)
    with engine.begin() as connection:
        object_rows.note_look(connection, look, [])

    assert look.last == (kept.key,)
    assert watched_keys(engine) == {kept.key}


def test_a_writer_learns_that_its_put_took_longer_than_the_grace(
    engine: Engine, tmp_path: Path
) -> None:
    class SweptStore(FolderStore):
        def put(self, key: str, data: bytes, content_type: str) -> None:
            sweep_orphans(engine, self, grace_s=0)
            super().put(key, data, content_type)

    store = SweptStore(tmp_path)
    with pytest.raises(ObjectStoreError, match="put them again"):
        put_object(engine, store, "default", b"late", PDF)

    sweep_orphans(engine, store, grace_s=0)
    assert list(store.list_keys()) == []


def test_what_tries_the_store_goes_with_the_sweep_where_it_could_not_be_deleted(
    engine: Engine, tmp_path: Path
) -> None:
    class AnswerlessStore(FolderStore):
        def put(self, key: str, data: bytes, content_type: str) -> None:
            super().put(key, data, content_type)
            raise ObjectStoreError("The object store did not answer.")

    store = AnswerlessStore(tmp_path)
    with pytest.raises(ObjectStoreError):
        check_kept(engine, store)
    assert len(list(store.list_keys())) == 1

    sweep_orphans(engine, store, grace_s=0)

    assert list(store.list_keys()) == []


def test_an_object_that_is_announced_and_not_yet_put_cannot_be_named(
    engine: Engine, claim: ItemClaim
) -> None:
    key = object_key("default", 64 * "a")
    with engine.begin() as writer:
        object_rows.touch_objects(writer, {key: 4})

    with pytest.raises(ObjectStoreError, match="put them again"):
        finish_with(engine, claim, KeptObject(key, 64 * "a", 4))


def test_a_put_from_before_a_sweep_does_not_confirm_what_another_writer_has_announced(
    engine: Engine, store: FolderStore
) -> None:
    key = object_key("default", 64 * "a")
    with engine.begin() as first:
        births = object_rows.touch_objects(first, {key: 4})
    store.put(key, b"late", PDF)
    sweep_orphans(engine, store, grace_s=0)
    with engine.begin() as second:
        object_rows.touch_objects(second, {key: 4})

    with engine.begin() as first:
        assert object_rows.confirm_put(first, births) == [key]
        assert object_rows.share_objects(first, [key]) == [key], "its bytes are gone"


def test_what_a_worker_of_the_version_before_has_put_can_be_named(engine: Engine) -> None:
    key = object_key("default", 64 * "a")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO object (key, account_id, size_bytes) VALUES (:key, 'default', 4)"),
            {"key": key},
        )
        assert object_rows.share_objects(connection, [key]) == []
