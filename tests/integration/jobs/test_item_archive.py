"""Items of jobs that ended long ago leave the queue's table, stay readable, and may come back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from jobs.archive import DAY_S, archive_old_items
from jobs.settings import JobsSettings
from jobs.spec import ItemState, Job, JobState
from jobs.work_queue import WorkQueue
from pipeline.errors import StaleClaimError
from storage.archive_rows import archive_batch
from storage.database import transaction
from tests.fleet_bench import wait_until
from tests.integration.jobs.queue_makers import CORRUPT, make_items, make_job, make_result
from workers.housekeeper import Housekeeper

pytestmark = pytest.mark.postgres

ROWS = """
INSERT INTO TABLE (item_id, job_id, account_id, kind, state, priority, source_uri, source_key)
SELECT n + :start, :job_id, 'default', 'media', 'done', 1, 'x', n::text
FROM generate_series(1, 10000) n
"""


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine)
    yield queue
    queue.close()


def make_ended_job(queue: WorkQueue, n_items: int = 6) -> Job:
    """Return a job whose first item failed and whose others have a verdict."""
    job = make_job(queue, n_items)
    for number, claim in enumerate(queue.claim("worker", limit=n_items)):
        if number == 0:
            queue.fail(claim, CORRUPT, result=make_result(claim, failure=CORRUPT))
        else:
            queue.finish(claim, make_result(claim, n_segments=2))
    queue.tend()  # folds, and closes the job
    return queue.desk.job_status(job.job_id)


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        found = connection.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
        assert isinstance(found, int)
        return found


def test_archived_items_are_shown_as_before(queue: WorkQueue, engine: Engine) -> None:
    job = make_ended_job(queue)
    desk = queue.desk
    items, reports = list(desk.list_items(job.job_id)), list(desk.reports_of(job.job_id))
    history = [desk.item_attempts(item.item_id) for item in items]

    assert archive_old_items(engine, 0.0) == 7  # with the listing

    assert count(engine, "item") == 0
    assert list(desk.list_items(job.job_id)) == items
    assert list(desk.reports_of(job.job_id)) == reports
    assert [desk.item_attempts(item.item_id) for item in items] == history
    assert desk.item_status(items[3].item_id) == items[3]
    assert desk.job_status(job.job_id) == job  # counters too
    assert job.state is JobState.DONE


def test_young_and_open_jobs_stay_where_they_are(queue: WorkQueue, engine: Engine) -> None:
    make_ended_job(queue, 2)
    make_job(queue, 3)

    assert archive_old_items(engine, DAY_S) == 0
    assert archive_old_items(engine, 0.0) == 3
    assert count(engine, "item") == 4


def test_a_long_job_moves_in_small_batches(queue: WorkQueue, engine: Engine) -> None:
    job = make_ended_job(queue, 10)
    sizes = []
    while True:
        with transaction(engine) as connection:
            batch = archive_batch(connection, 0.0, 4)
        if batch is None:
            break
        sizes.append((batch.n_items, batch.is_last))
        assert len(list(queue.desk.list_items(job.job_id))) == 11

    assert sizes == [(4, False), (4, False), (3, True)]


def test_several_archivers_move_each_item_once(queue: WorkQueue, engine: Engine) -> None:
    for _ in range(6):
        make_ended_job(queue, 5)
    with ThreadPoolExecutor(4) as pool:
        moved = list(pool.map(lambda _: archive_old_items(engine, 0.0), range(4)))

    assert sum(moved) == count(engine, "item_archive") == 36
    assert count(engine, "item") == 0


def test_a_worker_archives_beside_its_other_chores(queue: WorkQueue, engine: Engine) -> None:
    job = make_ended_job(queue, 3)
    young = make_ended_job(queue, 2)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE job SET closed_at = closed_at - interval '8 days' WHERE job_id = :job_id"),
            {"job_id": int(job.job_id)},
        )

    with Housekeeper(engine, JobsSettings(archive_after_days=7.0), every_s=0.05):
        wait_until(lambda: count(engine, "item_archive") == 4)

    assert count(engine, "item") == 3
    assert len(list(queue.desk.list_items(young.job_id))) == 3


def test_a_late_attempt_at_an_archived_item_changes_nothing(
    queue: WorkQueue, engine: Engine
) -> None:
    make_job(queue, 1)
    (late,) = queue.claim("stalled")
    with engine.begin() as connection:  # its lease runs out, and another worker does the item
        connection.execute(text("UPDATE item SET lease_until = '2020-01-01' WHERE kind = 'media'"))
        connection.execute(
            text("UPDATE queue_pulse SET beat_at = clock_timestamp() + interval '1 h'")
        )
    assert queue.reclaim_expired() == 1
    (claim,) = queue.claim("other")
    queue.finish(claim, make_result(claim))
    queue.tend()
    archive_old_items(engine, 0.0)
    before = queue.desk.item_status(claim.item_id)

    with pytest.raises(StaleClaimError):
        queue.finish(late, make_result(late))
    with pytest.raises(StaleClaimError):
        queue.release(late)
    queue.finish(claim, make_result(claim))  # its own answer was lost: twice is once

    assert queue.desk.item_status(claim.item_id) == before
    assert len(list(queue.desk.reports_of(claim.job_id))) == 1


def test_retry_brings_the_failed_items_back(queue: WorkQueue, engine: Engine) -> None:
    job = make_ended_job(queue)
    archive_old_items(engine, 0.0)

    again = queue.desk.retry_failed(job.job_id)

    assert (again.counts.waiting, again.counts.done, again.counts.failed) == (1, 5, 0)
    assert count(engine, "item") == 1
    (claim,) = queue.claim("worker")
    assert claim.fence == claim.attempt == 2
    queue.finish(claim, make_result(claim))
    queue.tend()
    assert queue.desk.job_status(job.job_id).counts.done == 6
    assert archive_old_items(engine, 0.0) == 1
    states = {item.state for item in queue.desk.list_items(job.job_id)}
    assert states == {ItemState.DONE}
    assert [one.cause for one in queue.desk.item_attempts(claim.item_id)] == ["failed", "done"]


def test_a_listing_that_is_tried_again_doubles_nothing_that_was_archived(
    queue: WorkQueue, engine: Engine
) -> None:
    job = make_job(queue, 0)
    with engine.begin() as connection:
        connection.execute(text("UPDATE job SET closed_at = NULL"))
        connection.execute(text("UPDATE item SET state = 'ready'"))
        connection.execute(text("INSERT INTO job_delta (job_id, n_listing) VALUES (1, 1)"))
    (listing,) = queue.claim("lister")
    queue.add_items(listing, make_items(2))
    queue.fail(listing, CORRUPT)
    for claim in queue.claim("worker", limit=2):
        queue.finish(claim, make_result(claim))
    queue.tend()
    assert archive_old_items(engine, 0.0) == 3

    queue.desk.retry_failed(job.job_id)
    (listing,) = queue.claim("lister")

    assert queue.add_items(listing, make_items(3)) == 1
    assert queue.desk.job_status(job.job_id).counts.total == 3


def test_archive_and_its_readers_scan_no_table(queue: WorkQueue, engine: Engine) -> None:
    job = make_ended_job(queue, 2)
    with engine.begin() as connection:
        for table in ("item", "item_archive"):
            connection.execute(
                text(ROWS.replace("TABLE", table)),
                {"job_id": int(job.job_id), "start": 10_000 if table == "item" else 30_000},
            )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE item"))
        connection.execute(text("ANALYZE item_archive"))
    from storage import archive_rows, item_rows, report_rows

    statements = [
        (archive_rows._MOVE, {"job_id": 1, "most": 500}),
        (item_rows._ONE_ITEM, {"item_id": 3}),
        (item_rows._ITEMS, {"job_id": 1, "after": 0, "most": 500}),
        (report_rows._REPORTS, {"job_id": 1, "after": 0, "most": 50}),
    ]
    with engine.connect() as connection:
        for statement, values in statements:
            rows = connection.execute(text(f"EXPLAIN {statement.text}"), values)
            plan = "\n".join(rows.scalars())
            assert "Seq Scan on item" not in plan, plan
