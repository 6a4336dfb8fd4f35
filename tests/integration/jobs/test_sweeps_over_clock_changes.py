"""Five schedulers over the days on which Europe's clocks change: each tick once, none too many."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from jobs.spec import ItemKind, JobSpec
from jobs.sweep_clock import digest_ended, run_due
from jobs.sweep_desk import SweepDesk
from jobs.sweep_spec import SweepSpec
from jobs.work_queue import WorkQueue
from storage.database import connect_engine
from tests.conftest import MovedClock

pytestmark = pytest.mark.postgres
N_SCHEDULERS = 5
LOOK_EVERY = timedelta(minutes=30)
AUTUMN = datetime(
    2026, 10, 24, 22, 0, tzinfo=UTC
)  # midnight in Berlin; at 01:00 UTC 3:00 becomes 2:00
SPRING = datetime(
    2027, 3, 27, 23, 0, tzinfo=UTC
)  # midnight in Berlin; at 01:00 UTC 2:00 becomes 3:00


@pytest.fixture
def schedulers(moved_clock: MovedClock, database_url: str) -> Iterator[list[Engine]]:
    engines = [connect_engine(database_url) for _ in range(N_SCHEDULERS)]
    yield engines
    for engine in engines:
        engine.dispose()


def ticks_of(
    cron: str, begin: datetime, hours: float, schedulers: list[Engine], clock: MovedClock
) -> list[str]:
    """Let time pass from `begin` on; return the ticks that had a run, hours and minutes of UTC."""
    desk = SweepDesk(schedulers[0])
    clock.set(begin)
    job = JobSpec(sources=("https://media.example/feed",))
    sweep = desk.add(SweepSpec(cron=cron, timezone="Europe/Berlin", job=job))
    queue = WorkQueue(schedulers[0], may_listen=False)
    with ThreadPoolExecutor(N_SCHEDULERS) as threads:
        for step in range(int(timedelta(hours=hours) / LOOK_EVERY) + 1):
            clock.set(begin + step * LOOK_EVERY)
            found = [run for runs in threads.map(run_due, schedulers) for run in runs]
            assert len(found) <= 1
            for listing in queue.claim("lister", kind=ItemKind.LIST):
                queue.finish(listing)
            queue.tend()
            digest_ended(schedulers[0])
    queue.close()
    runs = desk.runs(sweep.sweep_id)
    assert all(run.job_id is not None and run.n_missed == 0 for run in runs)
    return [f"{run.due_at.astimezone(UTC):%H:%M}" for run in reversed(runs)]


@pytest.mark.parametrize(
    ("cron", "begin", "hours", "expected"),
    [
        ("30 2 * * *", AUTUMN, 28, ["00:30", "01:30"]),  # the hour that comes twice: once
        ("0 */2 * * *", AUTUMN, 5, ["00:00", "01:00", "03:00"]),  # 2:00 comes twice
        (
            "*/30 * * * *",
            AUTUMN,
            4,
            ["22:30", "23:00", "23:30", "00:00", "00:30", "01:00", "01:30", "02:00"],
        ),
        ("30 2 * * *", SPRING, 28, ["01:00", "00:30"]),  # after the gap
        ("0 */2 * * *", SPRING, 5, ["02:00", "04:00"]),  # 2:00 does not come
        (
            "*/30 * * * *",
            SPRING,
            4,
            ["23:30", "00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "03:00"],
        ),
    ],
)
def test_each_tick_of_a_day_with_a_change_has_one_run(
    cron: str,
    begin: datetime,
    hours: float,
    expected: list[str],
    schedulers: list[Engine],
    moved_clock: MovedClock,
) -> None:
    assert ticks_of(cron, begin, hours, schedulers, moved_clock) == expected
