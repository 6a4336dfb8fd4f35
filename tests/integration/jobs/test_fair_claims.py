"""Who is served next: nobody starves, caps and hosts' limits hold in the whole fleet."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from jobs.fair_claim import ClaimRules
from jobs.retry import GIVE_UP_AFTER_LOSSES
from jobs.spec import AttemptEnd, ItemKind, JobSpec, NewItem, Priority
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import Failure
from storage.host_rows import HostPace
from storage.job_rows import awaited_detectors
from tests.integration.jobs.queue_makers import AWAY, make_items, make_job, make_result

pytestmark = pytest.mark.postgres

STORE_AWAY = Failure("object_store_failed", "no answer", "write", retryable=True)


@pytest.fixture(params=[True, False], ids=["notified", "polling"])
def queue(engine: Engine, request: pytest.FixtureRequest) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine, may_listen=request.param)
    yield queue
    queue.close()


def add_account(engine: Engine, account_id: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES (:a)"), {"a": account_id})


def make_listed(
    queue: WorkQueue, items: list[NewItem], spec: JobSpec | None = None, account: str = "default"
) -> str:
    job = queue.desk.submit(spec or JobSpec(sources=("list",)), account)
    [listing] = [
        claim for claim in queue.claim("l", 9, ItemKind.LIST) if claim.job_id == job.job_id
    ]
    queue.add_items(listing, items)
    queue.finish(listing)
    return job.job_id


def serve(queue: WorkQueue, n_items: int) -> list[str]:
    """Work off items one at a time, as a fleet with one slot does; return their jobs."""
    served = []
    for _ in range(n_items):
        for claim in queue.claim("worker"):
            queue.finish(claim)
            served.append(claim.job_id)
    return served


def local(n_items: int) -> list[NewItem]:
    return [NewItem(f"/media/{n}.wav", f"{n}", f"key-{n}") for n in range(n_items)]


def test_a_fleet_of_one_slot_serves_two_accounts_in_turn(queue: WorkQueue, engine: Engine) -> None:
    add_account(engine, "small")
    big = make_listed(queue, local(30))
    small = make_listed(queue, local(3), account="small")

    served = serve(queue, 8)

    assert Counter(served[:6]) == {big: 3, small: 3}
    assert served[6:] == [big, big]


def test_many_small_jobs_of_one_account_do_not_bury_the_others(
    queue: WorkQueue, engine: Engine
) -> None:
    add_account(engine, "other")
    for _ in range(6):
        make_listed(queue, local(1))
    patient = make_listed(queue, local(6), account="other")

    assert serve(queue, 8).count(patient) == 4


def test_a_fleet_of_one_slot_serves_the_jobs_of_an_account_in_turn(queue: WorkQueue) -> None:
    first, second = make_listed(queue, local(10)), make_listed(queue, local(10))
    assert Counter(serve(queue, 6)) == {first: 3, second: 3}


def test_a_sweep_that_waits_long_enough_is_served_once_beside_live_work(
    queue: WorkQueue, engine: Engine
) -> None:
    sweep = make_listed(queue, local(5), JobSpec(sources=("s",), priority=Priority.SWEEP))
    live = make_listed(queue, local(50), JobSpec(sources=("l",), priority=Priority.LIVE))
    assert set(serve(queue, 3)) == {live}
    let_time_pass(engine, "job", "created_at", 2 * ClaimRules().ageing_s)  # two classes

    served = [claim.job_id for claim in queue.claim("worker", limit=6)]

    assert served.count(sweep) == 1
    assert serve(queue, 1) == [live]


def let_time_pass(engine: Engine, table: str, column: str, seconds: float) -> None:
    """Shift what was noted into the past, as if so much time had gone by since."""
    statement = f"UPDATE {table} SET {column} = {column} - make_interval(secs => :s)"  # noqa: S608
    with engine.begin() as connection:
        connection.execute(text(statement), {"s": seconds})


def test_a_cap_holds_however_many_workers_claim_at_once(queue: WorkQueue) -> None:
    capped = make_listed(queue, local(40), JobSpec(sources=("c",), max_running=3))
    with ThreadPoolExecutor(6) as pool:
        claims = [
            claim
            for some in pool.map(lambda n: queue.claim(f"worker-{n}", limit=2), range(12))
            for claim in some
        ]
    assert len(claims) == 3
    assert queue.desk.job_status(capped).max_running == 3

    queue.finish(claims[0])
    assert len(queue.claim("worker", limit=5)) == 1


def web(n_items: int, host: str = "slow.example") -> list[NewItem]:
    return [NewItem(f"https://{host}/{n}.mp3", f"{n}", f"{host}-{n}") for n in range(n_items)]


def test_the_whole_fleet_asks_a_host_no_more_often_than_it_may(engine: Engine) -> None:
    rules = ClaimRules(host=HostPace(rate_per_s=0.01, burst=3.0))
    fleet = [WorkQueue(engine, rules=rules) for _ in range(2)]
    make_listed(fleet[0], [*web(30), *web(2, "other.example")])

    def claim_often() -> Counter[str]:
        for queue in fleet:
            queue.tend()
        return Counter(claim.host for _ in range(4) for q in fleet for claim in q.claim("w"))

    assert claim_often() == {"slow.example": 3, "other.example": 2}
    assert claim_often() == {}
    let_time_pass(engine, "host_turn", "filled_at", 200)
    assert claim_often() == {"slow.example": 2}
    let_time_pass(engine, "host_turn", "filled_at", 10_000)
    assert claim_often() == {"slow.example": 3}, "a bucket holds no more than a burst"


def test_a_host_that_asks_for_a_pause_gets_it_from_every_worker(queue: WorkQueue) -> None:
    make_listed(queue, [*web(3), *local(1)])
    (asked,) = queue.claim("one")
    assert asked.host == "slow.example"
    retry = queue.decide_retry(asked, AWAY, retry_after_s=7200)
    queue.fail(asked, AWAY, retry=retry)

    [left] = queue.claim("two", limit=5)

    assert left.source_uri.startswith("/media/")
    assert queue.claim("two", limit=5) == []
    queue.tend()
    assert queue.claim("two", limit=5) == [], "a full bucket does not end the pause"


def test_thirty_outages_give_no_item_up_and_one_lost_worker_after_them_neither(
    queue: WorkQueue, engine: Engine
) -> None:
    job_id = make_listed(queue, local(1))
    for n_outages in range(GIVE_UP_AFTER_LOSSES + 10):
        (claim,) = queue.claim("worker")
        assert claim.tries.n_outages == n_outages
        assert claim.tries.n_losses == claim.tries.n_failures == 0
        retry = queue.decide_retry(claim, STORE_AWAY)
        assert retry is not None
        queue.fail(claim, STORE_AWAY, retry=retry)
        with engine.begin() as connection:  # instead of waiting for minutes
            connection.execute(text("UPDATE item SET available_at = clock_timestamp()"))
    (claim,) = queue.claim("worker")
    assert not claim.tries.is_alone
    assert queue.decide_retry(claim, AWAY, AttemptEnd.DRIVER_LOST) is not None
    queue.finish(claim, make_result(claim))
    assert queue.desk.job_status(job_id).counts.done == 1


def test_workers_leave_items_of_a_newer_version_alone_and_do_the_others(
    queue: WorkQueue, engine: Engine
) -> None:
    newer = make_job(queue, 2)
    with engine.begin() as connection:
        connection.execute(text("UPDATE job SET item_version = 99, options = '{\"new\": 1}'"))
    assert queue.claim("old worker", limit=5) == []
    assert not queue.desk.has_open_work(), "a worker that runs until idle may leave"

    known = make_job(queue, 1)

    assert [claim.job_id for claim in queue.claim("old worker", limit=5)] == [known.job_id]
    assert queue.desk.job_status(newer.job_id).counts.waiting == 2


def test_jobs_that_ask_for_a_detector_are_left_to_workers_that_have_it(
    queue: WorkQueue, engine: Engine
) -> None:
    asks, plain = make_job(queue, 1), make_job(queue, 1)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE job SET detector = 'abc' WHERE job_id = :id"), {"id": int(asks.job_id)}
        )
    assert [one.job_id for one in queue.claim("other", 5, detectors=["xyz"])] == [plain.job_id]
    with engine.begin() as connection:
        connection.execute(text("UPDATE item SET state = 'done' WHERE state = 'running'"))
        assert awaited_detectors(connection, ["xyz"]) == ["abc"]
        assert awaited_detectors(connection, ["abc", "xyz"]) == []
    assert not queue.desk.has_open_work(["xyz"]), "a worker that runs until idle may leave"
    assert queue.desk.has_open_work(["abc"])
    (claim,) = queue.claim("able", 5, detectors=["abc", "xyz"])
    assert (claim.job_id, claim.detector) == (asks.job_id, "abc")


def test_a_list_says_which_of_its_items_go_first(queue: WorkQueue) -> None:
    first, second, third = make_items(3)
    ranked = [
        NewItem(first.source_uri, "a", "a", {"priority": "sweep"}),
        NewItem(second.source_uri, "b", "b"),
        NewItem(third.source_uri, "c", "c", {"priority": "live"}),
    ]
    make_listed(queue, ranked)
    titles = [claim.title for _ in range(3) for claim in queue.claim("worker")]
    assert titles == ["c", "b", "a"]
