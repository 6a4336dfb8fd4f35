"""A process of its own keeps leases alive while its driver lives, and not a moment longer."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs.spec import ItemClaim, ItemKind, JobSpec
from jobs.work_queue import WorkQueue
from tests.claims import CLAIM
from tests.fleet_bench import ROOT, wait_until
from workers.heartbeat import Event, EventKind, Orders
from workers.heartbeat_link import HeartbeatLink, LinkSettings

pytestmark = [pytest.mark.postgres]
LEASE_S = 2.0
HOLD = """
import sys, time
from workers.heartbeat import Orders
from workers.heartbeat_link import HeartbeatLink, LinkSettings
orders = Orders(sys.argv[1], 2.0, 0.5, 10.0)
with HeartbeatLink(LinkSettings(orders, 0.3, 20.0, {}), print) as link:
    print(link.process_id, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine, LEASE_S, may_listen=False)
    yield queue
    queue.close()


@pytest.fixture
def claim(queue: WorkQueue) -> ItemClaim:
    queue.desk.submit(JobSpec(sources=("/nowhere",)))
    [claim] = queue.claim("me", kind=ItemKind.LIST)
    return claim


def open_link(url: str, on_event: Callable[[Event], None]) -> HeartbeatLink:
    orders = Orders(url, LEASE_S, LEASE_S / 4, driver_silence_s=10.0)
    return HeartbeatLink(LinkSettings(orders, 0.3, 20.0, {}), on_event)


def state_of(queue: WorkQueue, claim: ItemClaim) -> str:
    [item] = queue.desk.list_items(claim.job_id)
    return item.state


def test_a_held_item_outlives_its_lease_and_a_dropped_one_does_not(
    queue: WorkQueue, database_url: str, claim: ItemClaim
) -> None:
    with open_link(database_url, lambda _: None) as link:
        link.hold(claim, "list", deadline_s=60.0)
        time.sleep(2 * LEASE_S)  # the process tends the queue too: it would reclaim it
        assert state_of(queue, claim) == "running"

        link.drop(claim)

        wait_until(lambda: state_of(queue, claim) == "ready")


def test_cancelling_reaches_the_driver_and_progress_reaches_the_queue(
    queue: WorkQueue, database_url: str, claim: ItemClaim
) -> None:
    events: list[Event] = []
    with open_link(database_url, events.append) as link:
        link.hold(claim, "list", deadline_s=60.0)
        link.note(claim, "list", 60.0, progress=0.5)
        wait_until(lambda: next(queue.desk.list_items(claim.job_id)).progress == 0.5)

        queue.desk.cancel(claim.job_id)

        wait_until(lambda: any(event.kind is EventKind.CANCELLED for event in events))
    assert events[-1].item_id == claim.item_id


def test_an_item_that_another_worker_owns_is_reported_lost(database_url: str) -> None:
    events: list[Event] = []
    with open_link(database_url, events.append) as link:
        link.hold(CLAIM, "fetch", deadline_s=60.0)  # no such item: nobody holds it

        wait_until(lambda: any(event.kind is EventKind.LOST for event in events))


def test_an_item_without_progress_is_reported_stalled(database_url: str, claim: ItemClaim) -> None:
    events: list[Event] = []
    with open_link(database_url, events.append) as link:
        link.hold(claim, "list", deadline_s=0.5)

        wait_until(lambda: any(event.kind is EventKind.STALLED for event in events))


def test_a_heartbeat_that_was_killed_is_replaced_and_goes_on(
    queue: WorkQueue, database_url: str, claim: ItemClaim
) -> None:
    with open_link(database_url, lambda _: None) as link:
        link.hold(claim, "list", deadline_s=60.0)
        first = link.process_id
        os.kill(first, signal.SIGKILL)

        wait_until(lambda: replaced(link, first))

        link.note(claim, "list", 60.0, progress=0.7)
        wait_until(lambda: next(queue.desk.list_items(claim.job_id)).progress == 0.7)


def test_a_heartbeat_dies_with_its_driver(database_url: str) -> None:
    command = [sys.executable, "-c", HOLD, database_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        pid = int(driver.stdout.readline())
        assert Path(f"/proc/{pid}").exists()

        driver.kill()

    wait_until(lambda: not Path(f"/proc/{pid}").exists(), timeout_s=10)


def replaced(link: HeartbeatLink, first: int) -> bool:
    link.check()
    return link.process_id != first
