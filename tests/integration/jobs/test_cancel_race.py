"""A job is cancelled while its items end: each item ends once, one way, and all rows agree."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from jobs.spec import AttemptEnd, Beat, ItemClaim, ItemKind, ItemState, Job
from jobs.work_queue import WorkQueue
from pipeline.errors import InputError, StaleClaimError
from pipeline.vocabulary import Failure
from tests.fleet_bench import wait_until
from tests.integration.jobs.queue_makers import AWAY, CORRUPT, make_job, make_result

pytestmark = pytest.mark.postgres

N_ITEMS = 60
N_WORKERS = 4
CANCELLED = Failure("cancelled", "The job was cancelled.", "fetch")


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine, may_listen=False)
    yield queue
    queue.close()


def test_items_that_end_while_their_job_is_cancelled_end_once_and_the_rows_agree(
    queue: WorkQueue, engine: Engine
) -> None:
    job = make_job(queue, N_ITEMS)
    (held,) = queue.claim("slow", kind=ItemKind.MEDIA)  # not all is over, however quick others are
    begin = threading.Barrier(N_WORKERS + 1)

    def work(worker: int) -> None:
        begin.wait()
        while claims := queue.claim(f"worker-{worker}", 3, ItemKind.MEDIA):
            for claim in claims:
                _end(queue, claim)

    def cancel() -> None:
        begin.wait()
        # in the midst: some have ended, some run, some wait
        wait_until(lambda: queue.desk.job_status(job.job_id).counts.done > N_ITEMS // 6)
        queue.desk.cancel(job.job_id)
        _end(queue, held)

    with ThreadPoolExecutor(N_WORKERS + 1) as threads:
        running = [threads.submit(work, number) for number in range(N_WORKERS)]
        running.append(threads.submit(cancel))
        for one in running:
            one.result()
    queue.tend()

    _check_rows_agree(queue, engine, job)


def _end(queue: WorkQueue, claim: ItemClaim) -> None:
    """End an attempt one of the ways in which walks end; a late word about it changes nothing."""
    reply = queue.heartbeat([Beat(claim, "fetch")])
    way = int(claim.item_id) % 4
    if claim.item_id in reply.cancelled:
        assert queue.fail(claim, CANCELLED, AttemptEnd.CANCELLED) is ItemState.CANCELLED
    elif way == 0 and claim.attempt == 1:
        queue.release(claim)
    elif way == 1 and claim.attempt == 1:
        queue.fail(claim, AWAY, retry=queue.decide_retry(claim, AWAY, AttemptEnd.NODE_LOST))
    elif way == 2:
        queue.fail(claim, CORRUPT, result=make_result(claim, failure=CORRUPT))
    else:
        queue.finish(claim, make_result(claim))
        with pytest.raises(StaleClaimError):
            queue.fail(claim, CANCELLED, AttemptEnd.CANCELLED)


def _check_rows_agree(queue: WorkQueue, engine: Engine, job: Job) -> None:
    job = queue.desk.job_status(job.job_id)
    statement = (
        "SELECT item.state, attempt.cause, report.item_id IS NOT NULL AS has_report"
        " FROM item LEFT JOIN attempt USING (item_id, fence) LEFT JOIN report USING (item_id)"
        " WHERE item.kind = 'media'"
    )
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(statement))]
    states = Counter(state for state, _, _ in rows)

    assert job.is_over
    assert (job.counts.done, job.counts.failed) == (states["done"], states["failed"])
    assert job.counts.cancelled == states["cancelled"]
    assert states.total() == N_ITEMS
    assert {state for state, _, has_report in rows if has_report} == {"done", "failed"}
    assert all(has_report for state, _, has_report in rows if state != "cancelled")
    assert {cause for state, cause, _ in rows if state == "done"} == {"done"}
    assert "done" not in {cause for state, cause, _ in rows if state == "cancelled"}


def test_a_cancelled_item_is_never_finished_by_a_worker_that_comes_late(queue: WorkQueue) -> None:
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    queue.desk.cancel(job.job_id)
    queue.release(claim)

    with pytest.raises(StaleClaimError):
        queue.finish(claim, make_result(claim))

    counts = queue.desk.job_status(job.job_id).counts
    assert (counts.cancelled, counts.done) == (1, 0)
    assert list(queue.desk.reports_of(job.job_id)) == []


def test_an_item_that_finished_before_the_cancelling_keeps_its_report(queue: WorkQueue) -> None:
    job = make_job(queue, 2)
    first, second = queue.claim("worker", 2, ItemKind.MEDIA)
    queue.finish(first, make_result(first))
    queue.desk.cancel(job.job_id)
    queue.release(second)
    queue.tend()

    counts = queue.desk.job_status(job.job_id).counts
    assert (counts.cancelled, counts.done) == (1, 1)
    assert [report.item_id for report in queue.desk.reports_of(job.job_id)] == [int(first.item_id)]
    with pytest.raises(InputError):
        queue.desk.retry_failed(job.job_id)
