"""The queue's tables stay small: updates stay in their page, and what ended leaves."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from jobs.archive import archive_old_items
from jobs.spec import Beat
from jobs.work_queue import WorkQueue
from tests.fleet_bench import wait_until
from tests.integration.jobs.queue_makers import make_job

pytestmark = pytest.mark.postgres


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine)
    yield queue
    queue.close()


def do_all(queue: WorkQueue) -> None:
    while claims := queue.claim("worker", limit=50):
        for _ in range(3):
            queue.heartbeat([Beat(claim, "prepare", 0.5) for claim in claims])
        for claim in claims:
            queue.finish(claim)
        queue.tend()


def size_of(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT pg_relation_size(:table)"), {"table": table})
        assert isinstance(found, int)
        return found


def test_the_table_of_items_does_not_grow_with_what_was_done(
    queue: WorkQueue, engine: Engine
) -> None:
    sizes = []
    for _ in range(4):
        make_job(queue, 50)
        make_job(queue, 50)
        do_all(queue)
        archive_old_items(engine, 0.0)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM item, job, job_delta"))  # as autovacuum does
        sizes.append(size_of(engine, "item") + size_of(engine, "job_delta"))
    assert sizes[-1] <= sizes[1]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM item_archive")) == 4 * 102


def updates_of(engine: Engine) -> dict[str, tuple[int, int]]:
    """Return table -> (updates, those that changed no index)."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables")
        )
        return {row.relname: (row.n_tup_upd, row.n_tup_hot_upd) for row in rows}


def test_heartbeats_and_counters_change_no_index(queue: WorkQueue, engine: Engine) -> None:
    make_job(queue, 50)
    make_job(queue, 50)
    do_all(queue)
    engine.dispose()  # a backend tells its counts when it ends
    wait_until(lambda: updates_of(engine)["item"][0] >= 5 * 100)

    updates = updates_of(engine)

    shares = {name: updates[name][1] / updates[name][0] for name in ("item", "job", "account")}
    # an item changes its state, and with it an index, twice; its three heartbeats change none
    assert shares["item"] > 0.4, shares
    assert min(shares["job"], shares["account"]) > 0.6, shares


def test_busy_tables_are_loosely_filled_and_vacuumed_early(engine: Engine) -> None:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL")
        )
        options = {row.relname: set(row.reloptions) for row in rows}
    assert {"fillfactor=70", "autovacuum_vacuum_scale_factor=0.01"} <= options["item"]
    assert "fillfactor=50" in options["job"] & options["account"] & options["host_turn"]
    assert "autovacuum_vacuum_threshold=2000" in options["job_delta"]
