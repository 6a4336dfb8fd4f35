"""The store against the database: strays and missing bytes are found, whatever lies beside them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs.spec import ItemClaim, ReportFile
from jobs.work_queue import WorkQueue
from storage.kept_objects import put_object, sweep_orphans
from storage.object_keys import object_key
from storage.objects import FolderStore
from storage.store_check import Difference, Found, adopt_strays, compare_store
from tests.integration.jobs.queue_makers import make_job, make_result

pytestmark = pytest.mark.postgres
PDF = "application/pdf"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "objects")


@pytest.fixture
def claim(engine: Engine) -> Iterator[ItemClaim]:
    queue = WorkQueue(engine)
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    yield claim
    queue.close()


def test_strays_and_missing_bytes_are_told_apart_from_what_is_right_or_not_ours(
    engine: Engine, store: FolderStore, claim: ItemClaim, tmp_path: Path
) -> None:
    kept = [put_object(engine, store, "default", data, PDF) for data in (b"one", b"two", b"three")]
    files = tuple(
        ReportFile(f"clip-{number}", it.key, it.sha256, it.size_bytes, "a.pdf", PDF)
        for number, it in enumerate(kept)
    )
    WorkQueue(engine).finish(claim, make_result(claim, files=files))
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
    file = ReportFile("pdf", kept.key, kept.sha256, kept.size_bytes, "a.pdf", PDF)
    WorkQueue(engine).finish(claim, make_result(claim, files=(file,)))
    stray = object_key("default", 64 * "f")
    store.put(stray, b"stray", PDF)

    assert adopt_strays(engine, store) == 1
    assert store.exists(stray)  # for the grace: somebody may be putting it
    sweep_orphans(engine, store, grace_s=0)

    assert not store.exists(stray)
    assert store.exists(kept.key)
    assert list(compare_store(engine, store)) == []
