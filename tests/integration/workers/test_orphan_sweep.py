"""The driver's sweep takes what nobody names, goes on after errors, and ends when told."""

import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from storage import object_rows
from storage.kept_objects import put_object, sweep_orphans
from storage.objects import FolderStore
from tests.fleet_bench import wait_until
from workers.orphan_sweep import OrphanSweep

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


def put_old_orphan(engine: Engine, store: FolderStore, content: bytes) -> str:
    """Return the key of an object that has lain unnamed for two hours."""
    kept = put_object(engine, store, "default", content, "application/pdf")
    with engine.begin() as connection:
        connection.execute(text("UPDATE object SET touched_at = touched_at - interval '2 hours'"))
    return kept.key


def test_orphans_are_swept_at_the_start_and_again_later(engine: Engine, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    first = put_old_orphan(engine, store, b"first")
    fresh = put_object(engine, store, "other", b"fresh", "application/pdf").key
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE object SET touched_at = clock_timestamp() WHERE key = :key"),
            {"key": fresh},
        )

    with OrphanSweep(engine, store, every_s=0.2):
        wait_until(lambda: not store.exists(first))
        second = put_old_orphan(engine, store, b"second")
        wait_until(lambda: not store.exists(second))


def test_what_was_put_late_is_found_and_goes_with_a_later_sweep(
    engine: Engine, tmp_path: Path
) -> None:
    store = FolderStore(tmp_path)
    key = put_old_orphan(engine, store, b"late")
    sweep_orphans(engine, store)
    store.put(key, b"late", "application/pdf")
    with engine.begin() as connection:
        made_older = (
            "swept_at = swept_at - interval '2 hours', looked_at = looked_at - interval '2 hours'"
        )
        connection.execute(text(f"UPDATE swept_object SET {made_older}"))  # noqa: S608 (our own words)

    with OrphanSweep(engine, store, every_s=0.1):
        wait_until(lambda: _is_left_to_sweep(engine, key))
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE object SET touched_at = touched_at - interval '2 hours'")
            )
        wait_until(lambda: not store.exists(key))


def _is_left_to_sweep(engine: Engine, key: str) -> bool:
    with engine.connect() as connection:
        return object_rows.is_there(connection, key)


def test_a_sweep_goes_on_once_a_store_is_back(engine: Engine, tmp_path: Path) -> None:
    folder, away = tmp_path / "objects", tmp_path / "away"
    store = FolderStore(folder)
    key = put_old_orphan(engine, store, b"orphan")
    folder.rename(away)
    folder.write_bytes(b"a file, no folder: every delete fails")

    with OrphanSweep(engine, store, every_s=0.1):
        time.sleep(0.5)
        folder.unlink()
        away.rename(folder)
        wait_until(lambda: not store.exists(key))


def test_who_ends_it_does_not_wait_for_the_next_sweep(engine: Engine, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    key = put_old_orphan(engine, store, b"orphan")
    with OrphanSweep(engine, store, every_s=3600.0):
        wait_until(lambda: not store.exists(key))
