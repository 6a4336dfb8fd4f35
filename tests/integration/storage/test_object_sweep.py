import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import Engine, text

from jobs.spec import ItemClaim
from jobs.work_queue import WorkQueue
from pipeline.errors import ObjectStoreError, StaleClaimError
from storage import object_rows
from storage.kept_objects import put_object, sweep_orphans
from storage.objects import FolderStore
from tests.fleet_bench import wait_until
from tests.integration.jobs.queue_makers import make_job
from tests.integration.storage.object_makers import PDF, count_objects, finish_with

pytestmark = pytest.mark.postgres


def test_orphan_is_swept_after_its_grace(engine: Engine, store: FolderStore) -> None:
    kept = put_object(engine, store, "default", b"orphan", PDF)
    assert kept.key == f"default/{hashlib.sha256(b'orphan').hexdigest()}"
    assert sweep_orphans(engine, store) == 0
    assert store.exists(kept.key)

    assert sweep_orphans(engine, store, grace_s=0) == 1

    assert not store.exists(kept.key)
    assert count_objects(engine) == 0


def test_named_object_stays(engine: Engine, store: FolderStore, claim: ItemClaim) -> None:
    kept = put_object(engine, store, "default", b"report", PDF)
    finish_with(engine, claim, kept)
    assert sweep_orphans(engine, store, grace_s=0) == 0
    assert store.exists(kept.key)


def test_object_put_again_is_touched_and_stays(engine: Engine, store: FolderStore) -> None:
    put_object(engine, store, "default", b"report", PDF)
    with engine.begin() as connection:
        connection.execute(text("UPDATE object SET touched_at = touched_at - interval '2 hours'"))
    put_object(engine, store, "default", b"report", PDF)
    assert sweep_orphans(engine, store) == 0


def test_same_bytes_of_two_accounts_are_two_objects(engine: Engine, store: FolderStore) -> None:
    keys = {put_object(engine, store, account, b"x", PDF).key for account in ("default", "other")}
    assert len(keys) == 2


def test_object_that_was_swept_is_not_named(
    engine: Engine, store: FolderStore, claim: ItemClaim
) -> None:
    kept = put_object(engine, store, "default", b"report", PDF)
    sweep_orphans(engine, store, grace_s=0)
    with pytest.raises(ObjectStoreError, match="put them again"):
        finish_with(engine, claim, kept)

    finish_with(engine, claim, put_object(engine, store, "default", b"report", PDF))
    assert store.exists(kept.key)


@pytest.mark.parametrize("is_late", [False, True], ids=["in time", "after another worker"])
def test_bytes_that_were_put_after_the_sweep_took_their_row_are_swept_too(
    engine: Engine, store: FolderStore, claim: ItemClaim, is_late: bool
) -> None:
    kept = put_object(engine, store, "default", b"report", PDF)
    sweep_orphans(engine, store, grace_s=0)  # while the writer was stopped, before its put
    store.put(kept.key, b"report", PDF)
    if is_late:
        WorkQueue(engine).release(claim)
    with pytest.raises(StaleClaimError if is_late else ObjectStoreError):
        finish_with(engine, claim, kept)
    with engine.begin() as connection:
        assert object_rows.share_objects(connection, [kept.key]) == [kept.key], "never named"

    sweep_orphans(engine, store, grace_s=0)

    assert not store.exists(kept.key)
    assert count_objects(engine) == 0


def test_sweep_leaves_an_object_that_a_commit_is_naming(engine: Engine, store: FolderStore) -> None:
    kept = put_object(engine, store, "default", b"report", PDF)
    with engine.begin() as naming:
        assert object_rows.share_objects(naming, [kept.key]) == []
        assert sweep_orphans(engine, store, grace_s=0) == 0
    assert store.exists(kept.key)


def test_marked_object_can_be_neither_touched_nor_named(engine: Engine, store: FolderStore) -> None:
    kept = put_object(engine, store, "default", b"report", PDF)
    with engine.begin() as sweep:
        assert object_rows.mark_deleting(sweep, kept.key, 0)
    with engine.begin() as writer:
        assert not object_rows.touch_objects(writer, {kept.key: 6})
        assert object_rows.share_objects(writer, [kept.key]) == [kept.key]


def test_writer_waits_for_a_sweep_and_puts_the_object_again(
    engine: Engine, store: FolderStore
) -> None:
    kept = put_object(engine, store, "default", b"report", PDF)
    with engine.begin() as sweep:
        assert object_rows.mark_deleting(sweep, kept.key, 0)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(put_object, engine, store, "default", b"report", PDF)
        time.sleep(0.2)
        assert not writing.done()
        # goes on where a dead one stopped, unless the writer looks at the object just then
        wait_until(lambda: sweep_orphans(engine, store, grace_s=0) == 1)
        writing.result()
    assert store.exists(kept.key)


def test_sweep_that_never_stops_loses_no_named_object(engine: Engine, store: FolderStore) -> None:
    queue = WorkQueue(engine)
    job = make_job(queue, 16)
    stop = Event()

    def sweep() -> int:
        n_swept = 0
        while not stop.is_set():
            # each loss leaves more time: in the end the slowest machine writes between two sweeps
            n_swept += sweep_orphans(engine, store, grace_s=0.02 * (1 + n_swept))
        return n_swept

    def work() -> None:
        while claims := queue.claim("worker"):
            (claim,) = claims
            data = f"report {int(claim.item_id) % 5}".encode()  # some share their bytes
            while True:
                try:
                    finish_with(engine, claim, put_object(engine, store, "default", data, PDF))
                except ObjectStoreError:
                    continue  # the grace took it: put again
                break

    with ThreadPoolExecutor(4) as pool:
        sweeping = [pool.submit(sweep) for _ in range(2)]
        working = [pool.submit(work) for _ in range(2)]
        for future in working:
            future.result()
        stop.set()
        assert sum(future.result() for future in sweeping) >= 0

    files = [file for report in queue.desk.reports_of(job.job_id) for file in report.files]
    assert len(files) == 16
    assert all(hashlib.sha256(store.get(file.key)).hexdigest() == file.sha256 for file in files)
    queue.close()
