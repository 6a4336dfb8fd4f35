"""Late attempts change nothing, living ones keep their items; the database's clock is moved by the tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from jobs.spec import AttemptEnd, Beat, ItemResult, ItemState, ReportFile, RetryDecision
from jobs.work_queue import WorkQueue
from pipeline.errors import DatabaseError, ObjectStoreError, StaleClaimError
from storage.database import connect_engine, migrate
from storage.postgres_server import PostgresServer
from tests.conftest import MovedClock
from tests.fleet_bench import wait_until
from tests.integration.jobs.queue_makers import CORRUPT, make_job, make_result

pytestmark = pytest.mark.postgres

LEASE_S = 15.0  # as in production: a machine that pauses the tests does not end a lease
LEASE = timedelta(seconds=LEASE_S)
STEP = LEASE / 5  # between two looks of who tends: four a lease are the least


@pytest.fixture(params=[True, False], ids=["notified", "polling"])
def queue(
    moved_clock: MovedClock, engine: Engine, request: pytest.FixtureRequest
) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine, LEASE_S, may_listen=request.param)
    yield queue
    queue.close()


def count_rows(engine: Engine, *tables: str) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table: connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608
            for table in tables
        }


def tend_until_reclaimed(queue: WorkQueue, clock: MovedClock, most: timedelta = LEASE * 4) -> int:
    """Tend while time passes; return how many items were reclaimed within the time given."""
    clock.stop()  # a machine that pauses is no gap in the tending
    for _ in range(most // STEP):
        if n_reclaimed := queue.tend():
            return n_reclaimed
        clock.go_on(STEP)
    return 0


def is_just_renewed(engine: Engine) -> bool:
    """Tell whether the lease of what runs was renewed since the last step."""
    with engine.connect() as connection:
        left: timedelta = connection.scalar(
            text("SELECT lease_until - clock_timestamp() FROM item WHERE state = 'running'")
        )
    return left > LEASE - STEP / 2


def test_late_attempt_cannot_finish_a_reclaimed_item(
    queue: WorkQueue, moved_clock: MovedClock, database_url: str
) -> None:
    make_job(queue, 1)
    (late,) = queue.claim("stalled")
    assert tend_until_reclaimed(queue, moved_clock) == 1
    other_engine = connect_engine(database_url)
    other = WorkQueue(other_engine, LEASE_S)
    (newer,) = other.claim("healthy")

    with pytest.raises(StaleClaimError):
        queue.finish(late, make_result(late))
    other.finish(newer, make_result(newer))
    with pytest.raises(StaleClaimError):
        queue.finish(late, make_result(late))
    other_engine.dispose()

    (report,) = queue.desk.reports_of(late.job_id)
    assert report.document["attempt"] == 2
    assert queue.desk.job_status(late.job_id).counts.done == 1


def test_late_fail_release_and_heartbeat_change_nothing(
    queue: WorkQueue, moved_clock: MovedClock
) -> None:
    job = make_job(queue, 1)
    (late,) = queue.claim("stalled")
    assert tend_until_reclaimed(queue, moved_clock) == 1
    (newer,) = queue.claim("healthy")

    with pytest.raises(StaleClaimError):
        queue.fail(late, CORRUPT)
    with pytest.raises(StaleClaimError):
        queue.release(late)
    assert queue.heartbeat([Beat(late, "decode")]).lost == {late.item_id}

    assert not queue.heartbeat([Beat(newer, "decode")]).lost
    assert queue.desk.job_status(job.job_id).counts.running == 1


def test_late_attempt_is_refused_before_anybody_claims_again(
    queue: WorkQueue, moved_clock: MovedClock
) -> None:
    make_job(queue, 1)
    (late,) = queue.claim("stalled")
    assert tend_until_reclaimed(queue, moved_clock) == 1
    with pytest.raises(StaleClaimError):
        queue.finish(late, make_result(late))


def test_expired_lease_that_nobody_reclaimed_may_finish(
    queue: WorkQueue, moved_clock: MovedClock, engine: Engine
) -> None:
    job = make_job(queue, 1)
    (slow,) = queue.claim("slow")
    moved_clock.go_on(LEASE * 1.5)
    with engine.connect() as connection:
        assert connection.scalar(
            text("SELECT lease_until < clock_timestamp() FROM item WHERE state = 'running'")
        )

    queue.finish(slow, make_result(slow))

    assert queue.desk.job_status(job.job_id).counts.done == 1


def test_heartbeat_renews_an_expired_lease_that_nobody_reclaimed(
    queue: WorkQueue, moved_clock: MovedClock
) -> None:
    make_job(queue, 1)
    (slow,) = queue.claim("slow")
    moved_clock.go_on(LEASE * 1.5)
    assert not queue.heartbeat([Beat(slow, "decode")]).lost
    assert queue.tend() == 0


def test_heartbeat_keeps_an_item_for_many_leases(queue: WorkQueue, moved_clock: MovedClock) -> None:
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    for _ in range(12):
        moved_clock.go_on(LEASE / 4)
        assert not queue.heartbeat([Beat(claim, "score")]).lost
        assert queue.tend() == 0


def test_finish_twice_is_once(queue: WorkQueue, engine: Engine) -> None:
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker")
    queue.finish(claim, make_result(claim))
    queue.finish(claim, make_result(claim))
    assert queue.desk.job_status(job.job_id).counts.done == 1
    assert count_rows(engine, "report", "analysis", "attempt") == {
        "report": 1,
        "analysis": 1,
        "attempt": 2,  # the listing's and this one
    }


def test_fail_after_finish_changes_nothing(queue: WorkQueue) -> None:
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker")
    queue.finish(claim, make_result(claim))
    with pytest.raises(StaleClaimError):
        queue.fail(claim, CORRUPT)
    assert queue.desk.job_status(job.job_id).counts.done == 1


def test_finish_that_breaks_half_way_leaves_no_row_and_the_claim(
    queue: WorkQueue, engine: Engine
) -> None:
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker")
    whole = make_result(claim)
    broken = ItemResult(whole.report, b"[1]", "f" * 64, ())
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE report ADD CHECK (jsonb_typeof(document) = 'object')"))

    # segments are written by then; who of the two hears of it depends on when the server answers
    with pytest.raises((DBAPIError, psycopg.Error), match="report_document_check"):
        queue.finish(claim, broken)

    assert count_rows(engine, "segment", "analysis", "media", "report") == {
        "segment": 0,
        "analysis": 0,
        "media": 0,
        "report": 0,
    }
    assert queue.desk.job_status(job.job_id).counts.running == 1
    queue.finish(claim, whole)
    assert queue.desk.job_status(job.job_id).counts.done == 1


def test_finish_that_names_an_unknown_object_changes_nothing(queue: WorkQueue) -> None:
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker")
    file = ReportFile("pdf", "default/" + "0" * 64, "0" * 64, 1, "a.pdf", "application/pdf")
    with pytest.raises(ObjectStoreError, match="put them again"):
        queue.finish(claim, make_result(claim, files=(file,)))
    assert queue.desk.job_status(job.job_id).counts.running == 1


def test_late_attempt_sends_no_segment_to_the_database(
    queue: WorkQueue, moved_clock: MovedClock, engine: Engine
) -> None:
    """The fence is asked first: the result of a late attempt is not even looked at."""
    make_job(queue, 1)
    (late,) = queue.claim("stalled")
    tend_until_reclaimed(queue, moved_clock)
    unreadable = ItemResult(make_result(late).report, b"no json", "", ())
    with pytest.raises(StaleClaimError):
        queue.finish(late, unreadable)
    assert count_rows(engine, "segment") == {"segment": 0}


def test_killed_worker_loses_its_item_within_two_leases(
    queue: WorkQueue, moved_clock: MovedClock, engine: Engine, database_url: str
) -> None:
    make_job(queue, 1)
    program = (
        "import sys, time\n"
        "from jobs.spec import Beat\n"
        "from jobs.work_queue import WorkQueue\n"
        "from storage.database import connect_engine\n"
        f"queue = WorkQueue(connect_engine(sys.argv[1]), {LEASE_S})\n"
        "(claim,) = queue.claim('victim')\n"
        "print(claim.item_id, flush=True)\n"
        "while True:\n"
        "    queue.heartbeat([Beat(claim, 'decode')])\n"
        "    time.sleep(0.05)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, database_url], stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        item_id = victim.stdout.readline().strip()
        for _ in range(8):
            moved_clock.go_on(STEP)
            wait_until(lambda: is_just_renewed(engine))
            assert queue.tend() == 0
        os.kill(victim.pid, signal.SIGKILL)
        with engine.begin() as connection:  # a beat that was under way is over
            connection.execute(text("SELECT FROM item FOR UPDATE"))
        assert tend_until_reclaimed(queue, moved_clock, most=LEASE * 2) == 1

    (claim,) = queue.claim("healthy")
    assert (claim.item_id, claim.attempt, claim.tries.n_losses) == (item_id, 2, 1)
    (attempt,) = queue.desk.item_attempts(item_id)
    assert (attempt.worker_id, attempt.cause) == ("victim", AttemptEnd.DRIVER_LOST)


def test_worker_that_was_stopped_and_wakes_learns_that_it_lost(
    queue: WorkQueue, moved_clock: MovedClock, database_url: str
) -> None:
    make_job(queue, 1)
    program = (
        "import os, signal, sys, time\n"
        "from jobs.spec import Beat\n"
        "from jobs.work_queue import WorkQueue\n"
        "from pipeline.errors import StaleClaimError\n"
        "from storage.database import connect_engine\n"
        f"queue = WorkQueue(connect_engine(sys.argv[1]), {LEASE_S})\n"
        "(claim,) = queue.claim('zombie')\n"
        "print('claimed', flush=True)\n"
        "os.kill(os.getpid(), signal.SIGSTOP)\n"  # not amid a transaction, as a signal of ours might be
        "while not queue.heartbeat([Beat(claim, 'decode')]).lost:\n"
        "    time.sleep(0.05)\n"
        "try:\n"
        "    queue.finish(claim)\n"
        "except StaleClaimError:\n"
        "    print('stale', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, database_url], stdout=subprocess.PIPE, text=True
    ) as zombie:
        assert zombie.stdout is not None
        assert zombie.stdout.readline() == "claimed\n"
        _, status = os.waitpid(zombie.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        try:
            assert tend_until_reclaimed(queue, moved_clock) == 1
            (claim,) = queue.claim("healthy")
        finally:
            os.kill(zombie.pid, signal.SIGCONT)
        queue.finish(claim, make_result(claim))
        assert zombie.stdout.readline().strip() == "stale"


def test_reclaiming_waits_one_lease_after_a_gap_in_tending(
    queue: WorkQueue, moved_clock: MovedClock
) -> None:
    make_job(queue, 1)
    queue.tend()
    (claim,) = queue.claim("worker")
    moved_clock.go_on(LEASE * 2)  # as if the database had been away for everybody

    assert queue.tend() == 0
    assert not queue.heartbeat([Beat(claim, "decode")]).lost
    assert queue.tend() == 0


def test_nothing_healthy_is_reclaimed_after_the_database_was_away(var_folder: Path) -> None:
    server = PostgresServer(var_folder / "postgres", {"fsync": "off"})
    server.hold()
    engine = connect_engine(server.url)
    migrate(engine)
    lease_s = 0.4
    queue = WorkQueue(engine, lease_s, may_listen=False)
    job = make_job(queue, 1)
    queue.tend()
    (claim,) = queue.claim("worker")
    server.stop()
    with pytest.raises(DatabaseError):
        queue.heartbeat([Beat(claim, "decode")])
    with pytest.raises(DatabaseError):
        queue.finish(claim, make_result(claim))
    time.sleep(3 * lease_s)
    server.hold()  # starts it again

    assert queue.tend() == 0
    assert not queue.heartbeat([Beat(claim, "decode")]).lost
    queue.finish(claim, make_result(claim))

    assert queue.desk.job_status(job.job_id).counts.done == 1
    engine.dispose()
    server.remove()
    server.release()


def test_item_whose_workers_always_die_is_given_up_in_the_end(
    queue: WorkQueue, moved_clock: MovedClock, engine: Engine
) -> None:
    job = make_job(queue, 1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE item SET n_losses = 19"))
    (claim,) = queue.claim("doomed")
    assert claim.tries.is_alone
    assert tend_until_reclaimed(queue, moved_clock) == 1
    (owed,) = queue.claim("healthy")
    assert owed.owed is not None, "its report is still to be written"
    assert (owed.owed.code, owed.facts) == ("worker_lost", claim.facts)
    queue.fail(owed, owed.owed, AttemptEnd.DRIVER_LOST)
    queue.desk.retry_failed(job.job_id)
    (again,) = queue.claim("healthy")
    assert again.owed is None
    assert again.facts == claim.facts


def test_item_whose_report_cannot_be_written_either_ends_without_one(
    queue: WorkQueue, moved_clock: MovedClock, engine: Engine
) -> None:
    job = make_job(queue, 1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE item SET n_losses = 24"))
    queue.claim("doomed")
    assert tend_until_reclaimed(queue, moved_clock) == 1
    (item,) = [it for it in queue.desk.list_items(job.job_id) if it.state == ItemState.FAILED]
    assert item.error_code == "worker_lost"
    assert queue.desk.job_status(job.job_id).counts.failed == 1


def test_retry_of_a_cancelled_job_ends_the_item(queue: WorkQueue) -> None:
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker")
    queue.desk.cancel(job.job_id)
    assert queue.fail(claim, CORRUPT, retry=RetryDecision(5.0)) == ItemState.CANCELLED
    assert queue.desk.job_status(job.job_id).is_over
