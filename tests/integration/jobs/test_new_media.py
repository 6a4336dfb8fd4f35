"""Only what is new, what was left out, sealed secrets and cooled hosts, in the queue itself."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from jobs.retry import RetryDecision
from jobs.source_options import SourceOptions
from jobs.spec import ItemClaim, ItemKind, JobSpec, NewItem
from jobs.work_queue import WorkQueue
from pipeline.errors import AccessError, ConfigError
from pipeline.vocabulary import Failure
from storage import secret_rows, seen_rows
from storage.database import transaction
from storage.sealing import Sealer
from storage.secret_rows import SealedSecret
from tests.integration.jobs.queue_makers import make_items

pytestmark = pytest.mark.postgres

FEED = "https://media.example/feed"
COOKIES = "# Netscape HTTP Cookie File\n.media.example\tTRUE\t/\tTRUE\t0\tSID\tsecretword\n"


@pytest.fixture
def queue(engine: Engine) -> WorkQueue:
    return WorkQueue(engine, may_listen=False)


def listing_of(queue: WorkQueue, account_id: str = "default", **said: object) -> ItemClaim:
    """Return the listing of a new job, held."""
    options = SourceOptions.model_validate({"only_new": True} | said)
    queue.desk.submit(JobSpec(sources=(FEED,), source_options=options), account_id)
    (claim,) = queue.claim("lister", kind=ItemKind.LIST)
    return claim


def sweep(queue: WorkQueue, items: list[NewItem]) -> int:
    """List the items for a job of new media alone; return how many it got."""
    listing = listing_of(queue)
    n_new = queue.add_items(listing, items)
    queue.finish(listing)
    return n_new


def fail(queue: WorkQueue, code: str, *, retryable: bool) -> None:
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    queue.fail(claim, Failure(code, "It failed.", "fetch", retryable))


def an_hour_passes(engine: Engine, hours: float = 1) -> None:
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE seen SET seen_at = seen_at - make_interval(secs => :s)"),
            {"s": hours * 3_600 + 1},
        )


def test_a_second_sweep_gets_only_what_is_new_or_changed(queue: WorkQueue) -> None:
    assert sweep(queue, make_items(5)) == 5
    assert sweep(queue, make_items(5)) == 0, "the items are still waiting: runs do not pile up"
    assert sweep(queue, make_items(3, start=4)) == 2
    changed = NewItem("s3://media/0.wav", "Item 0", "key-0-of-another-etag", {})
    assert sweep(queue, [*make_items(5), changed]) == 1


def test_a_page_that_is_added_again_adds_nothing(queue: WorkQueue) -> None:
    listing = listing_of(queue)
    assert queue.add_items(listing, make_items(3)) == 3
    assert queue.add_items(listing, make_items(4)) == 1
    assert queue.desk.job_status(listing.job_id).counts.total == 4


def test_an_ordinary_job_gets_everything(queue: WorkQueue) -> None:
    sweep(queue, make_items(3))
    listing = listing_of(queue, only_new=False)
    assert queue.add_items(listing, make_items(3)) == 3


def test_accounts_see_for_themselves(queue: WorkQueue, engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    assert sweep(queue, make_items(2)) == 2
    listing = listing_of(queue, "other")
    assert queue.add_items(listing, make_items(2)) == 2


def test_what_failed_for_good_is_not_tried_by_every_sweep(queue: WorkQueue, engine: Engine) -> None:
    sweep(queue, make_items(1))
    fail(queue, "video_private", retryable=False)
    an_hour_passes(engine, 1000)
    assert sweep(queue, make_items(1)) == 0


def test_what_may_pass_is_met_again_after_growing_pauses(queue: WorkQueue, engine: Engine) -> None:
    sweep(queue, make_items(1))
    fail(queue, "premiere", retryable=False)
    assert sweep(queue, make_items(1)) == 0, "not at once"
    an_hour_passes(engine)
    assert sweep(queue, make_items(1)) == 1
    fail(queue, "premiere", retryable=False)
    an_hour_passes(engine)
    assert sweep(queue, make_items(1)) == 0, "the second pause is two hours"
    an_hour_passes(engine)
    assert sweep(queue, make_items(1)) == 1
    for _ in range(seen_rows.MOST_TRIES):
        if not queue.claim("worker", kind=ItemKind.MEDIA):
            break
    with transaction(engine) as connection:
        connection.execute(text("UPDATE item SET state = 'failed', error_code = 'premiere'"))
        connection.execute(text("UPDATE seen SET n_tries = 8"))
    an_hour_passes(engine, 1000)
    assert sweep(queue, make_items(1)) == 0, "given up"


def test_two_sweeps_at_once_share_the_new_media(queue: WorkQueue) -> None:
    one, other = listing_of(queue), listing_of(queue)
    n_one = queue.add_items(one, make_items(4))
    n_other = queue.add_items(other, make_items(6))
    assert (n_one, n_other) == (4, 2)


def test_what_was_left_out_is_kept_with_its_reason(queue: WorkQueue) -> None:
    listing = listing_of(queue)
    skipped = [("a.zip", "archive"), ("x/\x00", "folder_marker")]
    queue.add_items(listing, (), None, skipped)
    queue.add_items(listing, (), None, skipped)
    assert queue.desk.skipped(listing.job_id) == [
        ("a.zip", "archive"),
        ("x/\N{REPLACEMENT CHARACTER}", "folder_marker"),
    ]


def test_cookies_are_sealed_in_the_database_and_opened_for_their_own_job(
    queue: WorkQueue, engine: Engine, tmp_path: Path
) -> None:
    sealer = Sealer(None, tmp_path / "keys" / "sources.key")
    sealed = sealer.seal(COOKIES, "id-1")
    spec = JobSpec(sources=(FEED,), source_options=SourceOptions(cookies_id="id-1"))
    queue.desk.submit(spec, secrets=[SealedSecret("id-1", "cookies", sealed)])
    (claim,) = queue.claim("lister", kind=ItemKind.LIST)
    assert claim.sealed == {"id-1": sealed}
    assert sealer.open(claim.sealed["id-1"], "id-1") == COOKIES
    assert "secretword" not in repr(claim)
    queue.add_items(claim, [NewItem(FEED, "t", "k", spec.source_options.fetch_facts())])
    (medium,) = queue.claim("worker", kind=ItemKind.MEDIA)
    assert medium.sealed == {"id-1": sealed}
    with transaction(engine) as connection:
        rows = connection.execute(
            text("SELECT s::text, encode(sealed, 'escape') FROM source_secret s")
        )
        assert "secretword" not in str(rows.all())
    assert (tmp_path / "keys" / "sources.key").stat().st_mode & 0o777 == 0o600


def test_another_accounts_cookies_are_not_handed_out(queue: WorkQueue, engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    spec = JobSpec(sources=(FEED,), source_options=SourceOptions(cookies_id="id-1"))
    queue.desk.submit(spec, "default", [SealedSecret("id-1", "cookies", b"x")])
    queue.desk.submit(spec, "other")
    claims = {claim.account_id: claim.sealed for claim in queue.claim("lister", 9, ItemKind.LIST)}
    assert claims == {"default": {"id-1": b"x"}, "other": {}}


def test_secrets_go_some_days_after_their_job(queue: WorkQueue, engine: Engine) -> None:
    spec = JobSpec(sources=(FEED,), source_options=SourceOptions(cookies_id="id-1"))
    job = queue.desk.submit(spec, secrets=[SealedSecret("id-1", "cookies", b"x")])
    with transaction(engine) as connection:
        assert secret_rows.forget_old(connection) == 0
        connection.execute(
            text("UPDATE job SET closed_at = clock_timestamp() - interval '8 days'"),
            {"job_id": job.job_id},
        )
        assert secret_rows.forget_old(connection) == 1


def test_a_seal_opens_only_with_its_key_and_in_its_place(tmp_path: Path) -> None:
    one, other = Sealer(SecretStr("a" * 64)), Sealer(SecretStr("b" * 64))
    sealed = one.seal("word", "here")
    assert one.seal("word", "here") != sealed, "a nonce of its own each time"
    assert one.open(sealed, "here") == "word"
    for sealer, place in ((other, "here"), (one, "there")):
        with pytest.raises(AccessError):
            sealer.open(sealed, place)
    with pytest.raises(AccessError):
        one.open(b"short", "here")
    with pytest.raises(ConfigError, match="VERITY_SECRET_KEY"):
        Sealer(None, tmp_path / "nothing").open(sealed, "here")
    with pytest.raises(ConfigError, match="64 hexadecimal"):
        Sealer(SecretStr("hunter2")).seal("word", "here")


def test_a_wall_cools_a_site_down_for_every_job_under_all_its_names(queue: WorkQueue) -> None:
    watch = "https://www.youtube.com/watch?v="
    first = listing_of(queue, only_new=False)
    queue.add_items(first, [NewItem(f"{watch}{n}", "t", f"k{n}") for n in range(3)])
    queue.finish(first)
    (claim,) = queue.claim("one", kind=ItemKind.MEDIA)
    wall = Failure("bot_wall", "A wall.", "fetch", retryable=True)
    queue.fail(claim, wall, retry=RetryDecision(3_600, asked_pause_s=3_600))
    assert not queue.claim("two", 9, ItemKind.MEDIA), "the other items wait too"
    queue.desk.submit(
        JobSpec(sources=("https://youtu.be/x", "ytsearch5:words", "https://other.example/feed"))
    )
    listings = queue.claim("three", 9, ItemKind.LIST)
    assert [claim.source_uri for claim in listings] == ["https://other.example/feed"]


def test_a_wall_before_the_listing_cools_the_site_down_as_well(queue: WorkQueue) -> None:
    queue.desk.submit(JobSpec(sources=("https://m.youtube.com/@news",)))
    (listing,) = queue.claim("one", kind=ItemKind.LIST)
    slow = Failure("rate_limited", "Slow down.", "list", retryable=True)
    queue.fail(listing, slow, retry=RetryDecision(60, asked_pause_s=60))
    queue.desk.submit(JobSpec(sources=("https://youtube.com/playlist?list=x",)))
    assert not queue.claim("two", 9, ItemKind.LIST)
