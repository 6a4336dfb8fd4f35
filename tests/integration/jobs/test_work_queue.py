from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from jobs.spec import (
    AttemptEnd,
    Beat,
    ItemKind,
    ItemState,
    JobSpec,
    JobState,
    Priority,
    RetryDecision,
)
from jobs.work_queue import WorkQueue
from pipeline.errors import InputError, SourceNotFoundError, StaleClaimError
from tests.conftest import MovedClock
from tests.integration.jobs.queue_makers import (
    AWAY,
    CORRUPT,
    make_items,
    make_job,
    make_result,
)

pytestmark = pytest.mark.postgres


@pytest.fixture(params=[True, False], ids=["notified", "polling"])
def queue(engine: Engine, request: pytest.FixtureRequest) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine, may_listen=request.param)
    yield queue
    queue.close()


def test_job_walks_from_listing_to_done(queue: WorkQueue) -> None:
    job = queue.desk.submit(JobSpec(sources=("folder:/media",), name="first"))
    assert (job.state, job.name, job.counts.listing) == (JobState.LISTING, "first", 1)

    (listing,) = queue.claim("worker", limit=3)
    assert listing.kind == ItemKind.LIST
    assert queue.add_items(listing, make_items(3)) == 3
    queue.finish(listing)
    assert queue.desk.job_status(job.job_id).state == JobState.RUNNING
    for claim in queue.claim("worker", limit=5):
        queue.finish(claim, make_result(claim))

    job = queue.desk.job_status(job.job_id)
    assert (job.state, job.counts.done, job.counts.total) == (JobState.DONE, 3, 3)
    assert job.is_over


def test_first_items_are_claimed_while_the_rest_is_listed(queue: WorkQueue) -> None:
    job = queue.desk.submit(JobSpec(sources=("s3://bucket/prefix",)))
    (listing,) = queue.claim("lister")
    queue.add_items(listing, make_items(2), cursor="page-1")

    claimed = queue.claim("worker", limit=5)

    assert [claim.kind for claim in claimed] == [ItemKind.MEDIA, ItemKind.MEDIA]
    assert claimed[0].facts == {"etag": "e0"}
    assert queue.desk.job_status(job.job_id).state == JobState.LISTING


def test_listing_that_is_tried_again_adds_nothing_twice(queue: WorkQueue) -> None:
    job = queue.desk.submit(JobSpec(sources=("s3://bucket/prefix",)))
    (first,) = queue.claim("lister")
    queue.add_items(first, make_items(3), cursor="page-1")
    queue.release(first)

    (second,) = queue.claim("lister", kind=ItemKind.LIST)
    assert second.cursor == "page-1"
    assert queue.add_items(second, make_items(5)) == 2
    queue.finish(second)

    assert queue.desk.job_status(job.job_id).counts.total == 5


def test_late_listing_adds_nothing(queue: WorkQueue) -> None:
    job = queue.desk.submit(JobSpec(sources=("s3://bucket/prefix",)))
    (late,) = queue.claim("lister")
    queue.release(late)
    queue.claim("other")

    with pytest.raises(StaleClaimError):
        queue.add_items(late, make_items(3))

    assert queue.desk.job_status(job.job_id).counts.total == 0


def test_failed_listing_is_shown_as_a_failed_item(queue: WorkQueue) -> None:
    job = queue.desk.submit(JobSpec(sources=("s3://no-such-bucket", "folder")))
    broken, fine = queue.claim("lister", limit=2)
    queue.fail(broken, CORRUPT)
    queue.add_items(fine, make_items(1))
    queue.finish(fine)
    (media,) = queue.claim("worker")
    queue.finish(media, make_result(media))

    job = queue.desk.job_status(job.job_id)
    assert (job.state, job.counts.done, job.counts.failed) == (JobState.DONE, 1, 1)
    failed = next(it for it in queue.desk.list_items(job.job_id) if it.state == ItemState.FAILED)
    assert (failed.title, failed.error_code) == ("s3://no-such-bucket", "media_corrupt")


def test_job_with_a_bad_item_ends_done_with_one_failed(queue: WorkQueue) -> None:
    job = make_job(queue, 2)
    good, bad = queue.claim("worker", limit=2)
    queue.finish(good, make_result(good))
    state = queue.fail(bad, CORRUPT, result=make_result(bad, failure=CORRUPT))

    job = queue.desk.job_status(job.job_id)
    assert state == ItemState.FAILED
    assert (job.state, job.counts.done, job.counts.failed) == (JobState.DONE, 1, 1)
    assert [report.document["title"] for report in queue.desk.reports_of(job.job_id)] == [
        "Item 0",
        "Item 1",
    ]


def test_items_show_verdict_and_error(queue: WorkQueue) -> None:
    job = make_job(queue, 2)
    good, bad = queue.claim("worker", limit=2)
    queue.finish(good, make_result(good))
    queue.fail(bad, CORRUPT)

    rows = [item for item in queue.desk.list_items(job.job_id) if item.kind == ItemKind.MEDIA]

    assert [(row.verdict, row.llr, row.voiced_s) for row in rows] == [
        ("partly_synthetic", -3.5, 4.0),
        ("", None, None),
    ]
    assert rows[1].error_message == "The file is damaged: send it again."


def test_transient_failure_is_tried_again_after_its_pause(
    moved_clock: MovedClock, queue: WorkQueue
) -> None:
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker")
    decision = queue.decide_retry(claim, AWAY)
    assert decision is not None
    assert decision.delay_s > 1

    assert queue.fail(claim, AWAY, retry=RetryDecision(60.0)) == ItemState.DEFERRED

    assert queue.claim("worker") == []
    assert queue.desk.job_status(job.job_id).counts.waiting == 1
    moved_clock.go_on(timedelta(seconds=60))
    (again,) = queue.claim("worker")
    assert (again.attempt, again.tries.n_failures) == (2, 1)


def test_third_crash_is_final_and_the_third_try_runs_alone(queue: WorkQueue) -> None:
    make_job(queue, 1)
    alone = []
    for _ in range(3):
        (claim,) = queue.claim("worker")
        alone.append(claim.tries.is_alone)
        decision = queue.decide_retry(claim, CORRUPT, AttemptEnd.CRASHED_IN_STAGE)
        retry = None if decision is None else RetryDecision(0.0)
        state = queue.fail(claim, CORRUPT, AttemptEnd.CRASHED_IN_STAGE, retry)

    assert state == ItemState.FAILED
    assert alone == [False, False, True]


def test_attempts_tell_worker_stage_cause_and_code(queue: WorkQueue) -> None:
    make_job(queue, 1)
    (claim,) = queue.claim("worker-1")
    queue.heartbeat([Beat(claim, "decode", 0.25)])
    queue.release(claim)
    (claim,) = queue.claim("worker-2")
    queue.fail(claim, AWAY, AttemptEnd.STALLED)

    first, second = queue.desk.item_attempts(claim.item_id)

    assert (first.worker_id, first.cause, first.stage) == (
        "worker-1",
        AttemptEnd.RELEASED,
        "decode",
    )
    assert (second.worker_id, second.cause, second.code) == (
        "worker-2",
        AttemptEnd.STALLED,
        "fetch_failed",
    )
    assert second.started_at is not None
    assert second.started_at <= second.ended_at


def test_retry_failed_gives_a_finished_job_its_failed_items_back(queue: WorkQueue) -> None:
    job = make_job(queue, 2)
    good, bad = queue.claim("worker", limit=2)
    queue.finish(good, make_result(good))
    queue.fail(bad, CORRUPT, result=make_result(bad, failure=CORRUPT))
    queue.tend()

    job = queue.desk.retry_failed(job.job_id)
    assert (job.state, job.counts.waiting, job.counts.failed) == (JobState.RUNNING, 1, 0)
    (again,) = queue.claim("worker")
    queue.finish(again, make_result(again))

    job = queue.desk.job_status(job.job_id)
    assert (job.state, job.counts.done, job.counts.failed) == (JobState.DONE, 2, 0)
    assert [report.document["attempt"] for report in queue.desk.reports_of(job.job_id)] == [1, 2]


def test_failed_listing_can_be_retried(queue: WorkQueue) -> None:
    job = queue.desk.submit(JobSpec(sources=("s3://bucket",)))
    (listing,) = queue.claim("lister")
    queue.fail(listing, AWAY)
    assert queue.desk.job_status(job.job_id).counts.failed == 1

    queue.desk.retry_failed(job.job_id)

    counts = queue.desk.job_status(job.job_id).counts
    assert (counts.listing, counts.total, counts.failed) == (1, 0, 0)
    assert len(queue.claim("lister")) == 1


def test_cancel_ends_what_waits_and_reaches_what_runs_at_its_heartbeat(queue: WorkQueue) -> None:
    job = make_job(queue, 3)
    (running,) = queue.claim("worker")

    job = queue.desk.cancel(job.job_id)

    assert (job.state, job.counts.cancelled, job.counts.running) == (JobState.CANCELLED, 2, 1)
    reply = queue.heartbeat([Beat(running, "decode")])
    assert reply.cancelled == {running.item_id}
    assert queue.release(running) == ItemState.CANCELLED
    assert queue.desk.job_status(job.job_id).is_over
    assert queue.claim("worker") == []


def test_a_job_that_is_over_is_not_cancelled_and_its_failed_items_can_be_retried(
    queue: WorkQueue,
) -> None:
    job = make_job(queue, 2)
    good, bad = queue.claim("worker", limit=2)
    queue.finish(good, make_result(good))
    queue.fail(bad, CORRUPT)

    with pytest.raises(InputError, match="already over") as raised:
        queue.desk.cancel(job.job_id)

    assert raised.value.code == "job_over"
    assert queue.desk.job_status(job.job_id).state == JobState.DONE
    queue.desk.retry_failed(job.job_id)
    queue.desk.cancel(job.job_id)
    assert queue.desk.cancel(job.job_id).state == JobState.CANCELLED, "twice is once"


def test_items_listed_after_cancelling_are_cancelled_too(queue: WorkQueue) -> None:
    job = queue.desk.submit(JobSpec(sources=("s3://bucket",)))
    (listing,) = queue.claim("lister")
    queue.desk.cancel(job.job_id)
    queue.add_items(listing, make_items(3))
    queue.release(listing)

    queue.tend()

    job = queue.desk.job_status(job.job_id)
    assert job.is_over
    assert job.counts.cancelled == 3


def test_cancelled_job_is_not_retried(queue: WorkQueue) -> None:
    job = make_job(queue, 1)
    queue.desk.cancel(job.job_id)
    with pytest.raises(InputError, match="cancelled"):
        queue.desk.retry_failed(job.job_id)


def test_paused_job_is_not_claimed_until_it_is_resumed(queue: WorkQueue) -> None:
    job = make_job(queue, 2)
    (running,) = queue.claim("worker")
    queue.desk.pause(job.job_id)

    assert queue.claim("worker") == []
    assert queue.heartbeat([Beat(running, "decode")]).paused == {running.item_id}
    queue.desk.resume(job.job_id)
    assert len(queue.claim("worker")) == 1


def test_unknown_job_is_named(queue: WorkQueue) -> None:
    for job_id in ("99", "x", "", "1" * 30, "١"):
        with pytest.raises(SourceNotFoundError, match="no job"):
            queue.desk.job_status(job_id)


def test_unknown_account_is_named(queue: WorkQueue) -> None:
    with pytest.raises(InputError, match="no account"):
        queue.desk.submit(JobSpec(sources=("a",)), "nobody")


def test_outside_text_that_no_database_holds_is_stored_readably(queue: WorkQueue) -> None:
    job = queue.desk.submit(JobSpec(sources=("a\x00b",), name="n\x00ame"))
    (listing,) = queue.claim("lister")
    (item,) = make_items(1)
    odd = type(item)(item.source_uri, "ti\x00tle\n🎧\udc80", "key\x00", {"guid": "g\x00"})
    queue.add_items(listing, [odd])
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    queue.finish(claim, make_result(claim))

    assert claim.title == "ti\ufffdtle\n🎧\ufffd"
    assert queue.desk.job_status(job.job_id).name == "n\ufffdame"


def test_accounts_share_the_fleet_whatever_their_jobs_sizes(
    queue: WorkQueue, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('small')"))
    big = make_job(queue, 50)
    small = make_job(queue, 2, "small")

    claimed = [queue.claim("worker")[0].job_id for _ in range(4)]

    assert claimed.count(small.job_id) == 2
    assert claimed.count(big.job_id) == 2


def test_open_work_is_what_waits_or_runs_in_any_account(queue: WorkQueue, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    assert not queue.desk.has_open_work()
    job = make_job(queue, 1, "other")
    assert queue.desk.has_open_work()
    queue.desk.pause(job.job_id)
    assert not queue.desk.has_open_work(), "a paused job waits for people"
    queue.desk.resume(job.job_id)

    (claim,) = queue.claim("worker")
    assert queue.desk.has_open_work()
    queue.fail(claim, AWAY, retry=RetryDecision(60))
    assert queue.desk.has_open_work(), "it is tried again later"
    queue.desk.cancel(job.job_id)
    assert not queue.desk.has_open_work()


def test_jobs_of_one_account_share_its_part(queue: WorkQueue) -> None:
    first, second = make_job(queue, 10), make_job(queue, 10)
    claimed = [claim.job_id for claim in queue.claim("worker", limit=6)]
    assert (claimed.count(first.job_id), claimed.count(second.job_id)) == (3, 3)


def test_live_job_goes_before_a_batch(queue: WorkQueue) -> None:
    make_job(queue, 10)
    live = queue.desk.submit(JobSpec(sources=("upload",), priority=Priority.LIVE))
    assert [claim.job_id for claim in queue.claim("worker")] == [live.job_id]


def test_jobs_are_listed_newest_first_page_by_page(queue: WorkQueue) -> None:
    made = [queue.desk.submit(JobSpec(sources=("a",))).job_id for _ in range(5)]
    first = queue.desk.list_jobs(most=3)
    rest = queue.desk.list_jobs(most=3, before=first[-1].job_id)
    assert [job.job_id for job in first + rest] == made[::-1]


def test_folding_changes_no_count(queue: WorkQueue) -> None:
    job = make_job(queue, 5)
    for claim in queue.claim("worker", limit=3):
        queue.finish(claim, make_result(claim))
    before = queue.desk.job_status(job.job_id).counts

    queue.tend()
    queue.tend()

    assert queue.desk.job_status(job.job_id).counts == before
