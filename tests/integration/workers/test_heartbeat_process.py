"""A process of its own keeps leases alive while its driver lives, and not a moment longer."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from jobs.progress_desk import ProgressDesk
from jobs.spec import ItemClaim, ItemKind, JobSpec
from jobs.work_queue import WorkQueue
from tests.cards import make_card, make_scores
from tests.claims import CLAIM
from tests.fleet_bench import ROOT, wait_until
from workers.fleet_trace import FleetTrace
from workers.heartbeat import Event, EventKind, Orders
from workers.heartbeat_link import HeartbeatLink, LinkSettings
from workers.held import Held
from workers.settings import StageDeadlines
from workers.sketch import Sketch

pytestmark = [pytest.mark.postgres]
LEASE_S = 2.0  # as heartbeats renew it
CLAIM_S = 120.0  # the lease of a claim, until the first of them
PATIENCE_S = 60.0  # of a heartbeat with its driver, and of that with it
HOLD = """
import sys, time
from workers.heartbeat import Orders
from workers.heartbeat_link import HeartbeatLink, LinkSettings
orders = Orders(sys.argv[1], 2.0, 0.5, 60.0)
with HeartbeatLink(LinkSettings(orders, 0.3, 20.0, {}), print) as link:
    print(link.process_id, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine, CLAIM_S, may_listen=False)
    yield queue
    queue.close()


@pytest.fixture
def claim(queue: WorkQueue) -> ItemClaim:
    queue.desk.submit(JobSpec(sources=("/nowhere",)))
    [claim] = queue.claim("me", kind=ItemKind.LIST)
    return claim


def open_link(url: str, on_event: Callable[[Event], None]) -> HeartbeatLink:
    orders = Orders(url, LEASE_S, LEASE_S / 4, driver_silence_s=PATIENCE_S)
    return HeartbeatLink(LinkSettings(orders, 0.3, PATIENCE_S, {}), on_event)


def state_of(queue: WorkQueue, claim: ItemClaim) -> str:
    [item] = queue.desk.list_items(claim.job_id)
    return item.state


def test_a_held_item_outlives_its_lease_and_a_dropped_one_does_not(
    engine: Engine, database_url: str
) -> None:
    queue = WorkQueue(engine, LEASE_S, may_listen=False)
    queue.desk.submit(JobSpec(sources=("/nowhere",)))
    with open_link(database_url, lambda _: None) as link:
        [claim] = queue.claim("me", kind=ItemKind.LIST)
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


def test_what_was_scored_so_far_travels_with_the_beat_until_something_newer_does(
    engine: Engine, database_url: str, claim: ItemClaim
) -> None:
    sketch = Sketch(make_card())
    facts = make_scores([1.0, -1.0]).facts

    def n_shown() -> int:
        found = ProgressDesk(engine).items([claim.item_id])[claim.item_id].provisional
        return 0 if found is None else len(found.cells)

    with open_link(database_url, lambda _: None) as link, FleetTrace(None) as trace:
        held = Held(claim, link, StageDeadlines(), trace)
        held.begin()
        sketch.add(facts, np.array([1.0, -1.0], np.float32))
        held.show(sketch)
        held.moved("score", 0.1)  # carries it on
        wait_until(lambda: n_shown() == 2)

        later = dataclasses.replace(facts, start_s=facts.start_s + 2, end_s=facts.end_s + 2)
        sketch.add(later, np.array([1.0, -1.0], np.float32))
        held.show(sketch)
        wait_until(lambda: n_shown() == 4)


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
        try:
            assert driver.stdout is not None
            pid = int(driver.stdout.readline())
            assert Path(f"/proc/{pid}").exists()
        finally:
            driver.kill()

    wait_until(lambda: not Path(f"/proc/{pid}").exists())


def replaced(link: HeartbeatLink, first: int) -> bool:
    link.check()
    return link.process_id != first
