# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""Disk, memory or database are away: a worker waits, with one message, and no item pays for it."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from jobs.spec import AttemptEnd, ItemState
from jobs.work_queue import WorkQueue
from storage.database import connect_engine, migrate
from storage.postgres_server import PostgresServer
from tests.fleet_bench import (
    LEASE_S,
    FleetBench,
    FleetThread,
    bench,
    local_ray,
    media_folder,
    the_actor,
    wait_until,
)
from tests.held_items import HeldSite, held
from tests.small_disk import small_disk
from workers.fleet_events import FleetEvent, FleetEventKind
from workers.machine import memory_room

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(300)]
DISK_BYTES = 160 << 20  # fetching leaves 64 MiB free
HELD_BYTES = 6 << 30
N_NAMES = 300  # files and folders that fit on the small disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", DISK_BYTES, N_NAMES) as folder:
        yield folder


def of_kind(fleet: FleetThread, kind: FleetEventKind) -> list[FleetEvent]:
    return [event for event in fleet.events if event.kind is kind]


def assert_nothing_begins(fleet: FleetThread, seconds: float) -> None:
    """Look for a while: not one item is claimed, and the driver's own thread sleeps."""
    n_begun, began = len(of_kind(fleet, FleetEventKind.STARTED)), time.monotonic()
    busy_s = time.process_time()
    time.sleep(seconds)
    busy_s, looked_s = time.process_time() - busy_s, time.monotonic() - began
    assert len(of_kind(fleet, FleetEventKind.STARTED)) == n_begun
    assert busy_s < looked_s / 2, "a worker that waits does not spin"


def test_a_full_disk_stops_items_and_new_actors_until_there_is_room_and_costs_no_attempt(
    bench: FleetBench, media_folder: Path, disk: Path, local_ray: None
) -> None:
    settings = bench.settings.model_copy(update={"temp_folder": disk / "temp", "n_preparers": 1})
    filler = disk / "filler"

    with FleetThread(settings, until_idle=False) as fleet:
        fleet.wait_until_ready()
        fill(filler)
        wait_until(lambda: bool(of_kind(fleet, FleetEventKind.OUTAGE)))
        preparer = the_actor("Preparer", of=os.getpid())
        os.kill(preparer, signal.SIGKILL)  # its successor has but the room that it leaves
        job = bench.submit(media_folder)
        assert_nothing_begins(fleet, 4.0)
        shutil.rmtree(filler)
        bench.wait_until_over(job)

    [outage] = of_kind(fleet, FleetEventKind.OUTAGE)
    assert "short of disk" in outage.text
    assert len(of_kind(fleet, FleetEventKind.BACK)) == 1
    counts = bench.queue.desk.job_status(job.job_id).counts
    assert (counts.done, counts.failed) == (5, 1)
    assert {item.attempt for item in bench.media(job)} == {1}


def test_a_medium_larger_than_the_disk_fails_alone_and_nobody_waits_for_it(
    bench: FleetBench, media_folder: Path, disk: Path, local_ray: None
) -> None:
    with (media_folder / "0 giant.wav").open("wb") as file:
        file.truncate(4 * DISK_BYTES)  # takes no room where it lies
    settings = bench.settings.model_copy(update={"temp_folder": disk / "temp", "n_preparers": 1})
    job = bench.submit(media_folder)
    with FleetThread(settings) as fleet:
        fleet.join()
    counts = bench.queue.desk.job_status(job.job_id).counts
    assert (counts.done, counts.failed) == (5, 2)
    [giant] = [item for item in bench.media(job) if item.title == "0 giant.wav"]
    assert (giant.error_code, giant.attempt) == ("medium_larger_than_disk", 1)
    assert of_kind(fleet, FleetEventKind.OUTAGE) == []


def fill(folder: Path) -> None:
    """Write until a disk is full, to the last byte and the last name."""
    folder.mkdir()
    with suppress(OSError), (folder / "bytes").open("wb", buffering=0) as file:
        while file.write(bytes(1 << 20)):
            continue
    with suppress(OSError):
        for number in range(N_NAMES):
            (folder / str(number)).touch()


def test_a_machine_short_of_memory_begins_nothing_until_there_is_some(
    bench: FleetBench, media_folder: Path, local_ray: None
) -> None:
    # half of it is for the actors, and for what else begins or ends here meanwhile
    kept = memory_room().free_bytes - HELD_BYTES // 2
    settings = bench.settings.model_copy(update={"n_preparers": 1, "free_memory_bytes": kept})
    job = bench.submit(media_folder)

    held = np.ones(HELD_BYTES, np.uint8)
    with FleetThread(settings) as fleet:
        wait_until(lambda: bool(of_kind(fleet, FleetEventKind.OUTAGE)))
        assert_nothing_begins(fleet, 2.5)
        del held
        fleet.join()

    [outage] = of_kind(fleet, FleetEventKind.OUTAGE)
    assert "short of memory" in outage.text
    counts = bench.queue.desk.job_status(job.job_id).counts
    assert (counts.done, counts.failed) == (5, 1)


@pytest.fixture
def own_server(var_folder: Path) -> Iterator[PostgresServer]:
    """Give a server that a test may stop."""
    server = PostgresServer(var_folder / "own", {"fsync": "off"})
    server.hold()
    try:
        yield server
    finally:
        server.remove()
        server.release()


def test_a_database_that_is_away_for_four_leases_costs_no_running_item_its_attempt(
    bench: FleetBench,
    held: HeldSite,
    media_folder: Path,
    local_ray: None,
    own_server: PostgresServer,
) -> None:
    engine = connect_engine(own_server.url)
    migrate(engine)
    away = FleetBench(
        {**bench.environ, "VERITY_DATABASE_URL": own_server.url},
        WorkQueue(engine, LEASE_S, may_listen=False),
        bench.folder,
    )
    job = away.submit(media_folder, held.list_path)

    with FleetThread(away.settings) as fleet:
        held.wait_until_wanted()
        own_server.stop()
        wait_until(lambda: bool(of_kind(fleet, FleetEventKind.OUTAGE)))
        held.let_go()  # what is held goes on
        time.sleep(4 * LEASE_S)
        own_server.hold()  # starts it again
        fleet.join()

    assert len(of_kind(fleet, FleetEventKind.OUTAGE)) == 1
    items = away.media(job)
    assert sorted(item.state for item in items) == [ItemState.DONE] * 6 + [ItemState.FAILED]
    for item in items:
        assert item.attempt == 1
        assert away.causes(item.item_id) in ([AttemptEnd.DONE], [AttemptEnd.FAILED])
    assert len(list(away.queue.desk.reports_of(job.job_id))) == 7
    engine.dispose()
