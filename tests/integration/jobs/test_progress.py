"""How far a job is: what its items came to, how quickly, and how long the rest may take."""

import pytest
from sqlalchemy import Engine, text

from jobs.progress_desk import JobProgress, ProgressDesk
from jobs.retention import delete_item
from jobs.spec import ItemKind, Job, JobSpec
from jobs.work_queue import WorkQueue
from pipeline.errors import SourceNotFoundError
from pipeline.vocabulary import VerdictKind
from storage.database import transaction
from storage.states import Priority
from tests.conftest import MovedClock
from tests.integration.jobs.queue_makers import AWAY, CORRUPT, make_job, make_result

pytestmark = pytest.mark.postgres


@pytest.fixture
def queue(engine: Engine) -> WorkQueue:
    return WorkQueue(engine, may_listen=False)


def progress(engine: Engine, job: Job) -> JobProgress:
    return ProgressDesk(engine).job(job.job_id)


def half_done(queue: WorkQueue) -> Job:
    """Return a job of six: two inconclusive, one synthetic, one that failed, two that wait."""
    job = make_job(queue, 6)
    kinds = [VerdictKind.INCONCLUSIVE, VerdictKind.INCONCLUSIVE, VerdictKind.SYNTHETIC]
    claims = queue.claim("worker", 4, ItemKind.MEDIA)
    for claim, kind in zip(claims, kinds, strict=False):
        queue.finish(claim, make_result(claim, kind=kind))
    queue.fail(claims[3], CORRUPT)
    return job


def test_findings_and_failures_are_counted_the_most_frequent_first(
    queue: WorkQueue, engine: Engine
) -> None:
    found = progress(engine, half_done(queue))
    assert list(found.findings.items()) == [("inconclusive", 2), ("synthetic", 1)]
    assert found.failures == {"media_corrupt": 1}


def test_folding_changes_no_count(queue: WorkQueue, engine: Engine) -> None:
    job = half_done(queue)
    before = progress(engine, job)
    queue.tend()
    after = progress(engine, job)
    assert (after.findings, after.failures) == (before.findings, before.failures)
    (claim,) = queue.claim("worker", 1, ItemKind.MEDIA)
    queue.finish(claim, make_result(claim, kind=VerdictKind.SYNTHETIC))
    assert progress(engine, job).findings == {"inconclusive": 2, "synthetic": 2}


@pytest.mark.parametrize("folded", [False, True])
def test_a_failure_that_is_tried_again_is_no_longer_counted(
    queue: WorkQueue, engine: Engine, folded: bool
) -> None:
    job = half_done(queue)
    if folded:
        queue.tend()
    queue.desk.retry_failed(job.job_id)
    found = progress(engine, job)
    assert found.failures == {}
    assert (found.job.counts.failed, found.job.counts.waiting) == (0, 3)


def test_an_attempt_that_will_be_tried_again_is_no_failure_yet(
    queue: WorkQueue, engine: Engine
) -> None:
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker", 1, ItemKind.MEDIA)
    queue.fail(claim, AWAY, retry=queue.decide_retry(claim, AWAY))
    assert progress(engine, job).failures == {}


def test_a_listing_that_failed_is_counted_among_the_failures(
    queue: WorkQueue, engine: Engine
) -> None:
    again = queue.desk.submit(JobSpec(sources=("https://media.example/feed",)))
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.fail(listing, CORRUPT)
    assert progress(engine, again).failures == {"media_corrupt": 1}


def test_a_deleted_finding_is_not_counted_any_more(queue: WorkQueue, engine: Engine) -> None:
    job = half_done(queue)
    queue.tend()
    item_id = next(
        item.item_id for item in queue.desk.list_items(job.job_id) if item.verdict == "synthetic"
    )
    list(delete_item(engine, item_id, "ada", only_media=False))
    assert progress(engine, job).findings == {"inconclusive": 2}


def test_the_rest_takes_as_long_as_the_pace_so_far_says(
    moved_clock: MovedClock, queue: WorkQueue, engine: Engine
) -> None:
    job = half_done(queue)
    moved_clock.stop()
    with transaction(engine) as connection:  # the four that ended took two minutes
        connection.execute(
            text(
                "UPDATE item SET finished_at = clock_timestamp() - interval '2 min'"
                " WHERE kind = 'media' AND finished_at IS NOT NULL"
            )
        )
    found = progress(engine, job)
    assert found.items_a_minute == pytest.approx(2.0, rel=0.05)
    assert found.left_s == pytest.approx(60.0, rel=0.05)


def test_what_ended_yesterday_is_no_pace(queue: WorkQueue, engine: Engine) -> None:
    job = half_done(queue)
    with transaction(engine) as connection:
        connection.execute(
            text(
                "UPDATE item SET finished_at = finished_at - interval '1 d'"
                " WHERE finished_at IS NOT NULL"
            )
        )
    found = progress(engine, job)
    assert (found.items_a_minute, found.left_s) == (None, None)


def test_a_job_that_is_over_or_rests_has_no_time_left(queue: WorkQueue, engine: Engine) -> None:
    job = half_done(queue)
    queue.desk.pause(job.job_id)
    assert progress(engine, job).left_s is None
    queue.desk.resume(job.job_id)
    queue.desk.cancel(job.job_id)
    assert progress(engine, job).left_s is None


def test_a_job_with_another_priority_is_served_accordingly(queue: WorkQueue) -> None:
    first, second = make_job(queue, 1), make_job(queue, 1)
    assert queue.desk.set_priority(second.job_id, Priority.LIVE).priority is Priority.LIVE
    (claim,) = queue.claim("worker", 1, ItemKind.MEDIA)
    assert claim.job_id == second.job_id
    with pytest.raises(SourceNotFoundError):
        queue.desk.set_priority("999999", Priority.LIVE)
    assert queue.desk.job_status(first.job_id).priority is Priority.BATCH
