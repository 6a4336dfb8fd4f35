"""Quotas: charged in the transaction that uses, refused by name, the job goes on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, text

from jobs.quota import QuotaDesk, require_room
from jobs.source_options import SourceOptions
from jobs.spec import ItemClaim, ItemKind, ItemState, JobSpec, JobState, ReportFile
from jobs.work_queue import WorkQueue
from pipeline.errors import AccessError, SourceNotFoundError, StaleClaimError
from storage.database import transaction
from storage.kept_objects import KeptObject, put_media
from storage.objects import FolderStore, object_key
from storage.quota_rows import Level, Period, Quota, Resource, Standing, Subject
from tests.conftest import MovedClock
from tests.integration.jobs.queue_makers import AWAY, CORRUPT, make_items, make_job, make_result

pytestmark = pytest.mark.postgres
KEY = "0123456789ab"


@pytest.fixture(autouse=True)
def noon(moved_clock: MovedClock) -> None:
    """Let it be tomorrow's noon: no day ends meanwhile, and it is after what columns say by default."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    moved_clock.set(tomorrow.replace(hour=12, minute=0))


@pytest.fixture
def queue(engine: Engine) -> WorkQueue:
    with transaction(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO api_key (key_id, account_id, name, secret_sha256, role)"
                " VALUES (:key, 'default', 'script', '', 'analyst')"
            ),
            {"key": KEY},
        )
    return WorkQueue(engine, may_listen=False)


def standing(
    queue: WorkQueue, resource: Resource, period: Period, subject: Subject = Subject.ACCOUNT
) -> Standing:
    found = queue.quota.standings("default", KEY)
    (one,) = (
        it for it in found if (it.subject, it.resource, it.period) == (subject, resource, period)
    )
    return one


def submit(queue: WorkQueue, *, key_id: str | None = None, only_new: bool = False) -> ItemClaim:
    """Submit a job and return its listing, claimed."""
    options = SourceOptions(only_new=only_new)
    spec = JobSpec(sources=("https://media.example/feed",), source_options=options)
    queue.desk.submit(spec, key_id=key_id)
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    return listing


def test_items_over_the_quota_are_refused_by_name_and_the_job_goes_on(queue: WorkQueue) -> None:
    queue.quota.set_quota(Quota(items_a_day=3), "default")
    listing = submit(queue)
    assert queue.add_items(listing, make_items(2)) == 2
    assert queue.add_items(listing, make_items(3, 2)) == 3
    queue.finish(listing)
    items = list(queue.desk.list_items(listing.job_id))
    media = [one for one in items if one.kind is ItemKind.MEDIA]
    assert [one.state for one in media] == [ItemState.READY] * 3 + [ItemState.FAILED] * 2
    assert {one.error_code for one in media[3:]} == {"quota_used_up"}
    assert "3 items a day" in media[4].error_message
    for claim in queue.claim("worker", limit=9, kind=ItemKind.MEDIA):
        queue.finish(claim, make_result(claim))
    job = queue.desk.job_status(listing.job_id)
    assert (job.state, job.counts.done, job.counts.failed) == (JobState.DONE, 3, 2)
    assert standing(queue, Resource.ITEMS, Period.DAY).level is Level.USED_UP


def test_two_listings_at_once_take_no_more_than_there_is(queue: WorkQueue) -> None:
    queue.quota.set_quota(Quota(items_a_month=25), "default")
    listings = [submit(queue) for _ in range(4)]
    together = Barrier(4)

    def add(listing: ItemClaim) -> None:
        together.wait()
        for start in range(0, 20, 5):
            queue.add_items(listing, make_items(5, start))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, listings))
    jobs = [queue.desk.job_status(one.job_id) for one in listings]
    assert sum(job.counts.total for job in jobs) == 80
    assert sum(job.counts.failed for job in jobs) == 55
    assert standing(queue, Resource.ITEMS, Period.MONTH).used == 25


def test_the_same_page_again_costs_nothing(queue: WorkQueue) -> None:
    listing = submit(queue)
    queue.add_items(listing, make_items(4))
    assert queue.add_items(listing, make_items(5)) == 1
    assert standing(queue, Resource.ITEMS, Period.DAY).used == 5


def test_a_job_is_refused_where_nothing_is_left(queue: WorkQueue) -> None:
    queue.quota.set_quota(Quota(items_a_day=2), "default")
    queue.add_items(submit(queue), make_items(2))
    with pytest.raises(AccessError, match="0 items left") as caught:
        submit(queue)
    assert caught.value.code == "quota_used_up"
    assert 0 < (caught.value.retry_after_s or 0) <= 86_400


def test_refused_items_are_taken_up_by_a_retry_as_far_as_there_is_room(queue: WorkQueue) -> None:
    queue.quota.set_quota(Quota(items_a_day=1), "default")
    listing = submit(queue)
    queue.add_items(listing, make_items(4))
    queue.finish(listing)
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    queue.finish(claim, make_result(claim))
    with pytest.raises(AccessError) as caught:
        queue.desk.retry_failed(listing.job_id)
    assert caught.value.code == "quota_used_up"
    queue.quota.set_quota(Quota(items_a_day=3), "default")
    assert queue.desk.retry_failed(listing.job_id).counts.waiting == 2
    assert standing(queue, Resource.ITEMS, Period.DAY).used == 3
    assert len(queue.claim("worker", limit=9, kind=ItemKind.MEDIA)) == 2


def test_an_item_that_failed_is_tried_again_for_nothing(queue: WorkQueue) -> None:
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    queue.fail(claim, CORRUPT)
    queue.quota.set_quota(Quota(items_a_day=1), "default")
    assert queue.desk.retry_failed(job.job_id).counts.waiting == 1
    assert standing(queue, Resource.ITEMS, Period.DAY).used == 1


def test_a_sweep_of_new_media_meets_refused_items_again(queue: WorkQueue, engine: Engine) -> None:
    queue.quota.set_quota(Quota(items_a_day=1), "default")
    queue.add_items(submit(queue, only_new=True), make_items(3))
    queue.quota.set_quota(Quota(), "default")
    with transaction(engine) as connection:
        connection.execute(text("UPDATE seen SET seen_at = seen_at - interval '2 hours'"))
    again = submit(queue, only_new=True)
    assert queue.add_items(again, make_items(3)) == 2


def test_a_keys_limits_hold_beside_its_accounts(queue: WorkQueue) -> None:
    queue.quota.set_quota(Quota(items_a_day=5), "default")
    queue.quota.set_quota(Quota(items_a_day=2), "default", KEY)
    by_key = submit(queue, key_id=KEY)
    queue.add_items(by_key, make_items(4))
    assert queue.desk.job_status(by_key.job_id).counts.failed == 2
    with pytest.raises(AccessError, match="This key may use 2 items a day"):
        submit(queue, key_id=KEY)
    by_person = submit(queue)
    queue.add_items(by_person, make_items(4))
    assert queue.desk.job_status(by_person.job_id).counts.failed == 1
    assert standing(queue, Resource.ITEMS, Period.DAY, Subject.KEY).used == 2
    assert standing(queue, Resource.ITEMS, Period.DAY).used == 5


def test_sound_is_charged_once_however_often_an_item_is_tried(queue: WorkQueue) -> None:
    make_job(queue, 1)
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    queue.quota.charge_sound(claim, 90.0)
    queue.fail(claim, AWAY, retry=queue.decide_retry(claim, AWAY, retry_after_s=0.001))
    with pytest.raises(StaleClaimError):
        queue.quota.charge_sound(claim, 90.0)
    assert standing(queue, Resource.AUDIO, Period.DAY).used == 90.0


def test_sound_that_goes_over_is_refused_whole(queue: WorkQueue) -> None:
    queue.quota.set_quota(Quota(audio_s_a_day=100.0), "default")
    make_job(queue, 3)
    first, second, third = queue.claim("worker", limit=3, kind=ItemKind.MEDIA)
    queue.quota.charge_sound(first, 70.0)
    with pytest.raises(AccessError, match=r"0\.01 hours of sound left"):
        queue.quota.charge_sound(second, 31.0)
    queue.quota.charge_sound(third, 30.0)
    queue.quota.charge_sound(third, 30.0)
    assert standing(queue, Resource.AUDIO, Period.DAY).used == 100.0
    with pytest.raises(AccessError):
        submit(queue)


def test_of_two_workers_at_once_one_gets_the_last_sound(queue: WorkQueue) -> None:
    queue.quota.set_quota(Quota(audio_s_a_day=100.0), "default")
    make_job(queue, 6)
    claims = queue.claim("worker", limit=6, kind=ItemKind.MEDIA)
    together = Barrier(6)

    def charge(claim: ItemClaim) -> bool:
        together.wait()
        try:
            queue.quota.charge_sound(claim, 40.0)
        except AccessError:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(charge, claims)) == 2
    assert standing(queue, Resource.AUDIO, Period.DAY).used == 80.0


def test_a_full_store_lets_nothing_new_begin(queue: WorkQueue, engine: Engine) -> None:
    make_job(queue, 2)
    claim, other = queue.claim("worker", limit=2, kind=ItemKind.MEDIA)
    with transaction(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO object (key, account_id, size_bytes) VALUES ('default/a', 'default',"
                " 700), ('default/b', 'default', 300), ('other/a', 'other', 5000)"
            )
        )
    queue.quota.set_quota(Quota(stored_bytes=1001), "default")
    queue.quota.charge_sound(claim, 1.0)
    assert standing(queue, Resource.STORED, Period.NOW).level is Level.WARNING
    queue.quota.set_quota(Quota(stored_bytes=1000), "default")
    for begin in (lambda: submit(queue), lambda: queue.quota.charge_sound(other, 1.0)):
        with pytest.raises(AccessError, match="delete some"):
            begin()


def test_a_medium_without_room_is_not_kept(
    queue: WorkQueue, engine: Engine, tmp_path: Path
) -> None:
    make_job(queue, 1)
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    path = tmp_path / "sound"
    path.write_bytes(b"sound")
    kept = KeptObject(object_key("default", "0" * 64), "0" * 64, 5)

    def keep(most_bytes: int) -> None:
        queue.quota.set_quota(Quota(stored_bytes=most_bytes), "default")
        put_media(
            engine,
            FolderStore(tmp_path / "objects"),
            kept,
            path,
            admit=lambda connection: require_room(connection, claim, kept.key, 5),
        )

    with pytest.raises(AccessError):
        keep(4)
    assert standing(queue, Resource.STORED, Period.NOW).used == 0
    keep(5)
    keep(5)
    assert standing(queue, Resource.STORED, Period.NOW).used == 5


def test_a_key_stores_what_its_jobs_wrote(queue: WorkQueue, engine: Engine) -> None:
    listing = submit(queue, key_id=KEY)
    queue.add_items(listing, make_items(1))
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    key = "default/" + "0" * 64
    with transaction(engine) as connection:
        connection.execute(
            text("INSERT INTO object (key, account_id, size_bytes) VALUES (:key, 'default', 12)"),
            {"key": key},
        )
    file = ReportFile("pdf", key, "0" * 64, 12, "a.pdf", "application/pdf")
    queue.finish(claim, make_result(claim, files=(file,)))
    assert standing(queue, Resource.STORED, Period.NOW, Subject.KEY).used == 12


def test_limits_of_nobody_cannot_be_set(engine: Engine) -> None:
    desk = QuotaDesk(engine)
    with pytest.raises(SourceNotFoundError):
        desk.set_quota(Quota(), "nobody")
    with pytest.raises(SourceNotFoundError):
        desk.standings("default", "nobody")
