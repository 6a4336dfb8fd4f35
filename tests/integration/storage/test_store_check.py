"""The store against the database: strays and missing bytes are found, whatever lies beside them."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs.spec import ItemClaim
from storage.kept_objects import put_object, sweep_orphans
from storage.object_keys import object_key
from storage.objects import FolderStore
from storage.store_check import Difference, Found, adopt_strays, compare_store
from tests.integration.storage.object_makers import PDF, finish_with

pytestmark = pytest.mark.postgres


def test_strays_and_missing_bytes_are_told_apart_from_what_is_right_or_not_ours(
    engine: Engine, store: FolderStore, claim: ItemClaim, tmp_path: Path
) -> None:
    kept = [put_object(engine, store, "default", data, PDF) for data in (b"one", b"two", b"three")]
    finish_with(engine, claim, *kept)
    unnamed = put_object(engine, store, "default", b"about to be named", PDF)
    # accounts whose names sort otherwise with the slash than without
    strays = [object_key(account, 64 * "0") for account in ("default", "default-2", "a")]
    for key in strays:
        store.put(key, b"stray", PDF)
    (tmp_path / "objects" / "default" / "notes.txt").write_text("somebody else's")
    store.delete(kept[1].key)
    store.delete(unnamed.key)  # nobody names it: nothing is missed

    found = list(compare_store(engine, store))

    assert {it.key for it in found if it.difference is Difference.STRAY} == set(strays)
    assert Found(kept[1].key, Difference.LOST) in found
    assert len(found) == len(strays) + 1


def test_adopted_strays_go_with_the_next_sweep_and_nothing_else_does(
    engine: Engine, store: FolderStore, claim: ItemClaim
) -> None:
    kept = put_object(engine, store, "default", b"named", PDF)
    finish_with(engine, claim, kept)
    stray = object_key("default", 64 * "f")
    store.put(stray, b"stray", PDF)

    assert adopt_strays(engine, store) == 1
    assert store.exists(stray)  # for the grace: somebody may be putting it
    sweep_orphans(engine, store, grace_s=0)

    assert not store.exists(stray)
    assert store.exists(kept.key)
    assert list(compare_store(engine, store)) == []


def test_bytes_that_a_look_will_find_are_no_strays(engine: Engine, store: FolderStore) -> None:
    kept = put_object(engine, store, "default", b"late", PDF)
    sweep_orphans(engine, store, grace_s=0)
    store.put(kept.key, b"late", PDF)

    assert list(compare_store(engine, store)) == []
