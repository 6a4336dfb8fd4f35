"""The database is away for four leases: what is held stays held, and nothing is done again."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.spec import ItemState
from jobs.work_queue import WorkQueue
from storage.database import connect_engine, migrate
from storage.postgres_server import PostgresServer
from tests.fleet_bench import wait_until
from tests.integration.jobs.queue_makers import make_job, make_result
from workers.heartbeat import Event, EventKind, Orders
from workers.heartbeat_link import HeartbeatLink, LinkSettings

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
LEASE_S = 2.0


@pytest.fixture
def server(var_folder: Path) -> Iterator[PostgresServer]:
    """Give a server that a test may stop."""
    server = PostgresServer(var_folder / "postgres", {"fsync": "off"})
    server.hold()
    try:
        yield server
    finally:
        server.remove()
        server.release()


def test_an_item_that_is_held_while_the_database_is_away_for_four_leases_stays_held(
    server: PostgresServer,
) -> None:
    engine = connect_engine(server.url)
    migrate(engine)
    queue = WorkQueue(engine, LEASE_S, may_listen=False)
    job = make_job(queue, 1)
    events: list[Event] = []
    orders = Orders(server.url, LEASE_S, LEASE_S / 4, driver_silence_s=60.0)
    with HeartbeatLink(LinkSettings(orders, 0.3, 60.0, {}), events.append) as link:
        [claim] = queue.claim("worker")
        link.hold(claim, "prepare", deadline_s=120.0)
        pid = link.process_id
        server.stop()
        wait_until(lambda: any(event.kind is EventKind.OUTAGE for event in events))
        time.sleep(4 * LEASE_S)
        server.hold()  # starts it again
        link.note(claim, "score", 120.0, progress=0.5)

        def has_beaten() -> bool:
            [item] = [it for it in queue.desk.list_items(job.job_id) if it.kind == "media"]
            return item.stage == "score"

        wait_until(has_beaten)
        time.sleep(1.5 * LEASE_S)  # long enough for somebody to reclaim it
        link.check()
        assert link.process_id == pid
    queue.finish(claim, make_result(claim))

    [item] = [it for it in queue.desk.list_items(job.job_id) if it.kind == "media"]
    assert (item.state, item.attempt) == (ItemState.DONE, 1)
    assert {event.kind for event in events} <= {EventKind.OUTAGE, EventKind.BEAT}
    assert [event.kind for event in events].count(EventKind.OUTAGE) == 1, "said once"
    engine.dispose()
