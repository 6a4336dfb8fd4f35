import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from jobs.retry import RetryDecision
from jobs.spec import ItemClaim, ItemKind
from jobs.work_queue import WorkQueue
from storage.claim_rows import ClaimOrder
from storage.database import connect_engine
from storage.room_rows import ask_claim_room
from storage.work_bell import POLL_S
from tests.integration.jobs.queue_makers import (
    AWAY,
    CORRUPT,
    N_MANY,
    make_job,
    make_many,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine)
    yield queue
    queue.close()


def test_claiming_is_as_quick_among_twenty_thousand_items(queue: WorkQueue, engine: Engine) -> None:
    def claim_s(n_claims: int) -> float:
        times = []
        for _ in range(n_claims):
            started = time.perf_counter()
            (claim,) = queue.claim("worker")
            times.append(time.perf_counter() - started)
            queue.release(claim)
        return min(times)  # what else the machine does adds to some, more items would to each

    make_many(engine, queue, 10)
    few_s = claim_s(30)
    make_many(engine, queue, N_MANY)
    assert claim_s(30) < 4 * few_s + 0.01


def test_counters_are_exact_while_many_threads_change_them(
    queue: WorkQueue, engine: Engine
) -> None:
    job = make_job(queue, 120)

    def work(worker: int) -> None:
        while claims := queue.claim(f"worker-{worker}", limit=3):
            for number, claim in enumerate(claims):
                end_somehow(queue, claim, (int(claim.item_id) + number) % 4)
            if worker == 0:
                queue.tend()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    counts = queue.desk.job_status(job.job_id).counts
    with engine.connect() as connection:
        rows = {
            row.state: row.n
            for row in connection.execute(
                text("SELECT state, count(*) AS n FROM item WHERE kind = 'media' GROUP BY state")
            )
        }
    assert counts.done == rows.get("done", 0)
    assert counts.failed == rows.get("failed", 0)
    assert counts.cancelled == rows.get("cancelled", 0)
    assert counts.done + counts.failed + counts.cancelled == counts.total == 120
    assert queue.desk.job_status(job.job_id).is_over


def end_somehow(queue: WorkQueue, claim: ItemClaim, way: int) -> None:
    if way == 0 and claim.attempt == 1:
        queue.release(claim)
    elif way == 1 and claim.attempt == 1:
        queue.fail(claim, AWAY, retry=RetryDecision(0.0))
    elif way == 2:
        queue.fail(claim, CORRUPT)
    else:
        queue.finish(claim)


def test_two_claimers_never_get_one_item(queue: WorkQueue, database_url: str) -> None:
    make_job(queue, 200)
    program = (
        "import sys\n"
        "from jobs.work_queue import WorkQueue\n"
        "from storage.database import connect_engine\n"
        "queue = WorkQueue(connect_engine(sys.argv[1]))\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "while claims := queue.claim('worker', limit=2):\n"
        "    print(*(claim.item_id for claim in claims), flush=True)\n"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        print(file=worker.stdin, flush=True)  # all at once
    claimed = [item for worker in workers for item in worker.communicate()[0].split()]

    assert len(claimed) == len(set(claimed)) == 200


def test_five_hundred_accounts_get_their_turn(queue: WorkQueue, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO account (account_id) SELECT 'a' || n FROM generate_series(1, 500) n")
        )
        connection.execute(
            text(
                "INSERT INTO job (account_id, sources, priority, options)"
                " SELECT 'a' || n, '{x}', 1, '{}' FROM generate_series(1, 500) n"
            )
        )
        connection.execute(
            text(
                "INSERT INTO item"
                " (job_id, account_id, kind, state, priority, source_uri, source_key)"
                " SELECT job_id, account_id, 'media', 'ready', 1, 'x', n::text"
                " FROM job, generate_series(1, 4) n"
            )
        )
    claims = [claim for _ in range(10) for claim in queue.claim("worker", limit=50)]
    assert len({claim.account_id for claim in claims}) == 500


def test_idle_worker_is_woken_by_a_submit(queue: WorkQueue, database_url: str) -> None:
    engine = connect_engine(database_url)
    idle = WorkQueue(engine)
    idle.wait_for_work(0)
    idle.wait_for_work(0.1)  # listens from here on
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(idle.wait_for_work, 60.0)
        time.sleep(1.5 * POLL_S)
        assert not waiting.done(), "it listens: who asks again and again would have been back"
        make_job(queue, 1)
        assert waiting.result()  # not the end of its time
    idle.close()
    engine.dispose()


def test_polling_alone_finds_work(engine: Engine) -> None:
    queue = WorkQueue(engine, may_listen=False)
    make_job(queue, 1)
    assert queue.wait_for_work(3_600.0), "it asks long before that"
    assert queue.claim("worker", kind=ItemKind.MEDIA)


def test_jobs_without_ready_items_are_not_asked(queue: WorkQueue, engine: Engine) -> None:
    make_job(queue, 0)
    full = make_job(queue, 1)
    with engine.connect() as connection:
        rooms = ask_claim_room(connection, ClaimOrder("worker", 15.0, 1), 300)
        assert [str(room["job_id"]) for room in rooms] == [full.job_id]
