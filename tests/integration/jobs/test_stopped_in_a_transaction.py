"""Who is stopped in the middle of a transaction holds its locks for seconds, not until it wakes or dies."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import Connection, Engine, text

from jobs.spec import ItemClaim
from jobs.work_queue import WorkQueue
from pipeline.errors import DatabaseError
from storage.audit_rows import AuditEntry, append_audit
from storage.claim_rows import lock_expired, lock_held
from storage.database import transaction
from tests.fleet_bench import wait_until
from tests.integration.jobs.queue_makers import make_job

pytestmark = pytest.mark.postgres

LEASE_S = 4.0  # a gap of a quarter in the tending of leases gives those who hold them another one


def add_to_listing(connection: Connection, claim: ItemClaim) -> None:
    assert lock_held(connection, int(claim.item_id), claim.fence)


def reclaim(connection: Connection, claim: ItemClaim) -> None:
    assert int(claim.item_id) in [it.item_id for it in lock_expired(connection, 10)]


def audit(connection: Connection, claim: ItemClaim) -> None:
    row = AuditEntry("attempt_ended", claim.account_id, int(claim.job_id), int(claim.item_id))
    append_audit(connection, [row])


WORKS = (add_to_listing, reclaim, audit)


@contextmanager
def that_is_lost(engine: Engine) -> Iterator[Connection]:
    """Give a transaction whose session the server has ended before it could commit."""
    with pytest.raises(DatabaseError), transaction(engine) as connection:  # noqa: PT012
        yield connection
        connection.execute(text("SELECT 1"))  # it wakes


def test_what_somebody_stopped_holds_is_free_again(engine: Engine) -> None:
    queue = WorkQueue(engine, LEASE_S, may_listen=False)
    make_job(queue, n_items=len(WORKS))
    claims = queue.claim("stopped", limit=len(WORKS))
    time.sleep(LEASE_S)  # by the database's clock
    n_reclaimed = 0

    def are_reclaimed() -> bool:
        nonlocal n_reclaimed
        n_reclaimed += queue.tend()  # waits for the audit log, which one of them holds
        return n_reclaimed == len(WORKS)

    with ExitStack() as stopped:
        for work, claim in zip(WORKS, claims, strict=True):
            work(stopped.enter_context(that_is_lost(engine)), claim)
        wait_until(are_reclaimed)
    queue.close()
