"""Sweeps: each tick once, missed ticks, overlap, digests; the tests move the database's clock."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from jobs.digest import Digest
from jobs.job_desk import JobDesk
from jobs.spec import ItemKind, JobSpec, Priority
from jobs.sweep_clock import digest_ended, run_due
from jobs.sweep_desk import SweepDesk
from jobs.sweep_spec import Sweep, SweepSpec
from jobs.work_queue import WorkQueue
from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import VerdictKind
from storage.database import connect_engine
from tests.conftest import MovedClock
from tests.integration.jobs.queue_makers import CORRUPT, make_items, make_result

pytestmark = pytest.mark.postgres
N_SCHEDULERS = 5
# amid the ticks of ten minutes and of one: none comes by itself; after what columns say by default
BEGUN = datetime(2099, 11, 20, 12, 5, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(moved_clock: MovedClock) -> MovedClock:
    """Give the clock of the sweeps, at the same moment for each test."""
    moved_clock.set(BEGUN)
    return moved_clock


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine)
    yield queue
    queue.close()


def make_sweep(engine: Engine, cron: str = "*/10 * * * *") -> Sweep:
    job = JobSpec(sources=("https://media.example/feed",), priority=Priority.SWEEP)
    return SweepDesk(engine).add(SweepSpec(cron=cron, timezone="Europe/Berlin", job=job))


def tick_at(minute: int) -> datetime:
    """Return a tick by its minutes after the hour in which the tests begin."""
    return BEGUN.replace(minute=0, second=0) + timedelta(minutes=minute)


def run_jobs(queue: WorkQueue, verdicts: list[VerdictKind], n_failed: int = 0) -> None:
    """Walk everything that waits: one listing, its items, the folding of counters."""
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.add_items(listing, make_items(len(verdicts) + n_failed))
    queue.finish(listing)
    claims = queue.claim("worker", limit=100, kind=ItemKind.MEDIA)
    for claim, kind in zip(claims, verdicts, strict=False):
        queue.finish(claim, make_result(claim, kind=kind))
    for claim in claims[len(verdicts) :]:
        queue.fail(claim, CORRUPT)
    queue.tend()


def test_nothing_runs_before_its_tick(engine: Engine) -> None:
    sweep = make_sweep(engine)
    assert sweep.next_at == tick_at(10)
    assert run_due(engine) == []


def test_a_tick_submits_the_job_once_and_names_the_next_tick(
    engine: Engine, clock: MovedClock
) -> None:
    sweep = make_sweep(engine)
    clock.go_on(timedelta(minutes=10))
    (run,) = run_due(engine)
    assert run_due(engine) == []
    job = JobDesk(engine).job_status(run.job_id or "")
    assert (job.sources, job.priority) == (sweep.job.sources, Priority.SWEEP)
    assert SweepDesk(engine).sweep_status(sweep.sweep_id).next_at == tick_at(20)


def test_each_tick_has_one_run_though_five_schedulers_look(
    engine: Engine, clock: MovedClock, database_url: str, queue: WorkQueue
) -> None:
    sweep = make_sweep(engine, "* * * * *")
    engines = [connect_engine(database_url) for _ in range(N_SCHEDULERS)]
    n_rounds = 6
    try:
        with ThreadPoolExecutor(N_SCHEDULERS) as threads:
            for round_number in range(n_rounds):
                clock.set(BEGUN + timedelta(minutes=3 * (round_number + 1)))
                runs = [run for found in threads.map(run_due, engines) for run in found]
                assert len(runs) == 1, round_number
                run_jobs(queue, [])
                digest_ended(engine)
    finally:
        for one in engines:
            one.dispose()
    assert len(JobDesk(engine).list_jobs()) == n_rounds
    ticks = [run.due_at for run in SweepDesk(engine).runs(sweep.sweep_id)]
    assert len(set(ticks)) == n_rounds


def test_a_tick_that_had_its_run_has_no_second_one_when_the_clock_goes_back(
    engine: Engine, clock: MovedClock, queue: WorkQueue
) -> None:
    sweep = make_sweep(engine)
    clock.go_on(timedelta(minutes=10))
    (run,) = run_due(engine)
    run_jobs(queue, [])
    with engine.begin() as connection:
        connection.execute(text("UPDATE sweep SET next_at = :tick"), {"tick": run.due_at})
    assert run_due(engine) == []
    assert SweepDesk(engine).sweep_status(sweep.sweep_id).next_at == tick_at(20)


def test_missed_ticks_have_one_run_that_counts_them(engine: Engine, clock: MovedClock) -> None:
    make_sweep(engine)
    clock.go_on(timedelta(hours=1))
    (run,) = run_due(engine)
    assert run.n_missed == 5
    assert len(JobDesk(engine).list_jobs()) == 1


def test_a_tick_during_the_run_before_is_left_out_and_written_down(
    engine: Engine, clock: MovedClock, queue: WorkQueue
) -> None:
    sweep = make_sweep(engine)
    for back in (10, 10):
        clock.go_on(timedelta(minutes=back))
        run_due(engine)
    left_out, first = SweepDesk(engine).runs(sweep.sweep_id)
    assert left_out.job_id is None
    assert first.job_id is not None

    run_jobs(queue, [])
    digest_ended(engine)
    again = SweepDesk(engine).run_now(sweep.sweep_id)
    assert again.job_id not in (None, first.job_id)


def test_a_sweep_that_runs_is_not_started_beside_itself(engine: Engine) -> None:
    sweep = make_sweep(engine)
    desk = SweepDesk(engine)
    desk.run_now(sweep.sweep_id)
    with pytest.raises(InputError, match="still running"):
        desk.run_now(sweep.sweep_id)


def test_a_paused_sweep_has_no_run_and_does_not_make_up_for_it(
    engine: Engine, clock: MovedClock
) -> None:
    sweep = make_sweep(engine)
    desk = SweepDesk(engine)
    desk.pause(sweep.sweep_id)
    clock.go_on(timedelta(hours=1))
    assert run_due(engine) == []
    desk.resume(sweep.sweep_id)
    assert run_due(engine) == []
    assert desk.sweep_status(sweep.sweep_id).next_at == tick_at(70)


def test_a_removed_sweep_is_gone_and_its_jobs_stay(engine: Engine, clock: MovedClock) -> None:
    sweep = make_sweep(engine)
    desk = SweepDesk(engine)
    run = desk.run_now(sweep.sweep_id)
    desk.remove(sweep.sweep_id)
    clock.go_on(timedelta(hours=1))
    assert run_due(engine) == []
    assert desk.list_sweeps() == []
    assert JobDesk(engine).job_status(run.job_id or "").job_id == run.job_id
    with pytest.raises(SourceNotFoundError):
        desk.remove(sweep.sweep_id)


def test_another_accounts_sweep_is_not_there(engine: Engine) -> None:
    sweep = make_sweep(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    desk = SweepDesk(engine)
    for act in (desk.sweep_status, desk.runs, desk.pause, desk.resume, desk.run_now, desk.remove):
        with pytest.raises(SourceNotFoundError):
            act(sweep.sweep_id, "other")
    assert desk.list_sweeps("other") == []


def test_a_sweep_whose_job_is_not_understood_is_paused_and_others_run(
    engine: Engine, clock: MovedClock
) -> None:
    odd, well = make_sweep(engine), make_sweep(engine)
    with engine.begin() as connection:
        connection.execute(
            text('UPDATE sweep SET spec = \'{"from": "tomorrow"}\' WHERE sweep_id = :id'),
            {"id": int(odd.sweep_id)},
        )
    clock.go_on(timedelta(minutes=10))
    (run,) = [*run_due(engine), *run_due(engine)]
    assert run.sweep_id == well.sweep_id
    with engine.begin() as connection:
        paused = connection.scalar(
            text("SELECT paused_at IS NOT NULL FROM sweep WHERE sweep_id = :id"),
            {"id": int(odd.sweep_id)},
        )
    assert paused


def test_a_run_has_a_digest_once_its_job_is_over(engine: Engine, queue: WorkQueue) -> None:
    sweep = make_sweep(engine)
    desk = SweepDesk(engine)
    desk.run_now(sweep.sweep_id)
    assert digest_ended(engine) == 0
    run_jobs(queue, [VerdictKind.SYNTHETIC, VerdictKind.NO_EVIDENCE], n_failed=1)
    assert digest_ended(engine) == 1
    assert digest_ended(engine) == 0

    desk.run_now(sweep.sweep_id)
    run_jobs(queue, [VerdictKind.NO_EVIDENCE])
    digest_ended(engine)

    second, first = (Digest.model_validate(run.digest) for run in desk.runs(sweep.sweep_id))
    assert (first.counts.new, first.counts.synthetic, first.counts.failed) == (3, 1, 1)
    assert first.before is None
    assert [item.verdict for item in first.suspect] == ["synthetic"]
    assert [item.error_code for item in first.failures] == [CORRUPT.code]
    assert second.before == first.counts
    assert second.is_quiet
