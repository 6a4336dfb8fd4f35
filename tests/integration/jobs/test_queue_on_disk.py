"""What a worker was told is on disk: a server that dies the moment after has it when it is back.

Commits of claims and ends are written first and waited for afterwards (`storage.database.committing`),
so that the audit log is not held while a disk syncs. A server without the wait must be caught.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from jobs.spec import Beat, ItemClaim, ItemState
from jobs.work_queue import WorkQueue
from pipeline.errors import DatabaseError
from storage import database
from storage.audit_rows import check_chain
from storage.database import connect_engine, migrate
from storage.postgres_server import PostgresServer
from tests.fleet_bench import wait_until
from tests.integration.jobs.queue_makers import CORRUPT, make_job, make_result

pytestmark = pytest.mark.postgres

# seldom does anything but a commit that waits bring what was written to disk
ONLY_WHEN_ASKED = {"wal_writer_delay": "10000", "autovacuum": "off", "bgwriter_delay": "10000"}
WRITERS = {"postgres: walwriter", "postgres: background writer", "postgres: checkpointer"}


@dataclass
class MortalServer:
    """A server that can be made to die at once, with what it had not written to disk."""

    server: PostgresServer
    engine: Engine
    held: list[int] = field(default_factory=list)

    def hold_writers(self) -> None:
        """Stop who writes every ten seconds, so that it is not just now."""
        pid = self.server.running_pid()
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if Path(f"/proc/{child}/cmdline").read_text().rstrip("\0 ") in WRITERS:
                os.kill(int(child), signal.SIGSTOP)
                self.held.append(int(child))
        assert len(self.held) == len(WRITERS)

    def die_and_come_back(self) -> None:
        pid = self.server.running_pid()
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)  # an immediate stop: no checkpoint, nothing more is written
        while self.held:  # who is stopped hears of no end
            os.kill(self.held.pop(), signal.SIGKILL)
        wait_until(lambda: self.server.running_pid() is None)
        self.server.hold()


@pytest.fixture
def mortal(var_folder: Path) -> Iterator[MortalServer]:
    server = PostgresServer(var_folder / "postgres", ONLY_WHEN_ASKED)
    server.hold()
    engine = connect_engine(server.url)
    migrate(engine)
    yield MortalServer(server, engine)
    engine.dispose()
    server.remove()
    server.release()


def state_of(engine: Engine, claim: ItemClaim) -> tuple[str, int]:
    """Return an item's state and fence, once the server is back."""
    engine.dispose()
    deadline = time.monotonic() + 90
    while True:
        try:
            with database.transaction(engine) as connection:
                row = connection.execute(
                    text("SELECT state, fence FROM item WHERE item_id = :id"),
                    {"id": int(claim.item_id)},
                ).one()
                return row.state, row.fence
        except DatabaseError:
            assert time.monotonic() < deadline, "the server did not come back"
            time.sleep(0.1)


ENDS: dict[str, tuple[Callable[[WorkQueue, ItemClaim], object], ItemState]] = {
    "claimed": (lambda queue, claim: None, ItemState.RUNNING),
    "done": (lambda queue, claim: queue.finish(claim, make_result(claim)), ItemState.DONE),
    "failed": (lambda queue, claim: queue.fail(claim, CORRUPT), ItemState.FAILED),
    "released": (lambda queue, claim: queue.release(claim), ItemState.READY),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_server_that_dies_the_moment_after_has_what_the_worker_was_told(
    mortal: MortalServer, end: str
) -> None:
    queue = WorkQueue(mortal.engine, may_listen=False)
    make_job(queue, 1)
    do, state = ENDS[end]
    (claim,) = queue.claim("worker")
    do(queue, claim)

    mortal.die_and_come_back()

    assert state_of(mortal.engine, claim) == (state, claim.fence)
    assert list(check_chain(mortal.engine)) == []
    if end == "claimed":
        assert not queue.heartbeat([Beat(claim, "fetch")]).lost


def test_without_the_wait_the_end_is_lost_and_the_attempt_may_end_again(
    mortal: MortalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = WorkQueue(mortal.engine, may_listen=False)
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    mortal.hold_writers()
    with monkeypatch.context() as broken:
        broken.setattr(database, "_SYNC", "SELECT 1")
        queue.finish(claim, make_result(claim))

    mortal.die_and_come_back()

    assert state_of(mortal.engine, claim) == (ItemState.RUNNING, claim.fence)
    queue.finish(claim, make_result(claim))  # as a worker does whose call was not answered
    assert state_of(mortal.engine, claim) == (ItemState.DONE, claim.fence)
    assert list(check_chain(mortal.engine)) == []


def test_an_end_that_is_asked_for_again_is_on_disk_once_it_is_confirmed(
    mortal: MortalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = WorkQueue(mortal.engine, may_listen=False)
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    mortal.hold_writers()
    with monkeypatch.context() as broken:
        broken.setattr(database, "_SYNC", "SELECT 1")
        queue.finish(claim)  # as if its answer had been lost
    queue.finish(claim)

    mortal.die_and_come_back()

    assert state_of(mortal.engine, claim) == (ItemState.DONE, claim.fence)
