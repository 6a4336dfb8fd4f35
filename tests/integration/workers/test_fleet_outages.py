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
    FleetBench,
    FleetThread,
    actor_pids,
    bench,
    local_ray,
    long_folder,
    media_folder,
    the_actor,
    wait_until,
)
from tests.small_disk import small_disk
from workers.fleet_events import FleetEvent, FleetEventKind
from workers.machine import memory_room

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(300)]
DISK_BYTES = 160 << 20  # fetching leaves 64 MiB free
N_NAMES = 300  # files and folders that fit on the small disk
HELD_BYTES = 6 << 30


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", DISK_BYTES, N_NAMES) as folder:
        yield folder


def of_kind(fleet: FleetThread, kind: FleetEventKind) -> list[FleetEvent]:
    return [event for event in fleet.events if event.kind is kind]


def assert_nothing_begins(fleet: FleetThread, seconds: float) -> None:
    """Look for a while: not one item is claimed, and the driver's own thread sleeps."""
    n_begun, busy_s = len(of_kind(fleet, FleetEventKind.STARTED)), time.process_time()
    time.sleep(seconds)
    assert len(of_kind(fleet, FleetEventKind.STARTED)) == n_begun
    assert time.process_time() - busy_s < seconds / 2, "a worker that waits does not spin"


def test_a_full_disk_stops_items_and_new_actors_until_there_is_room_and_costs_no_attempt(
    bench: FleetBench, media_folder: Path, disk: Path, local_ray: None
) -> None:
    settings = bench.settings.model_copy(update={"temp_folder": disk / "temp", "n_preparers": 1})
    filler = disk / "filler"

    with FleetThread(settings, until_idle=False) as fleet:
        wait_until(lambda: bool(of_kind(fleet, FleetEventKind.READY)))
        fill(filler)
        wait_until(lambda: bool(of_kind(fleet, FleetEventKind.OUTAGE)))
        preparer = the_actor("Preparer", of=os.getpid())
        os.kill(preparer, signal.SIGKILL)  # nobody can replace it on a full disk
        job = bench.submit(media_folder)
        assert_nothing_begins(fleet, 4.0)
        shutil.rmtree(filler)
        wait_until(lambda: bench.queue.desk.job_status(job.job_id).is_over, 200)

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
    with FleetThread(settings, until_idle=True) as fleet:
        job = bench.submit(media_folder)
        wait_until(lambda: bench.queue.desk.job_status(job.job_id).is_over, 200)
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
    kept = (
        memory_room().free_bytes - HELD_BYTES // 2
    )  # actors, and what else runs here, take the rest
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


def test_a_database_that_is_away_for_four_leases_costs_no_running_item_its_attempt(
    bench: FleetBench, long_folder: Path, media_folder: Path, local_ray: None, var_folder: Path
) -> None:
    server = PostgresServer(var_folder / "own", {"fsync": "off"})
    server.hold()
    engine = connect_engine(server.url)
    migrate(engine)
    lease_s = 2.0
    away = FleetBench(
        {**bench.environ, "VERITY_DATABASE_URL": server.url, "VERITY_LEASE_S": str(lease_s)},
        WorkQueue(engine, lease_s, may_listen=False),
        bench.folder,
    )
    (long_folder / "long.flac").rename(media_folder / "a long one.flac")
    job = away.submit(media_folder)

    with FleetThread(away.settings) as fleet:
        wait_until(lambda: bool(actor_pids("Preparer.prepare", of=os.getpid())))
        server.stop()
        wait_until(lambda: bool(of_kind(fleet, FleetEventKind.OUTAGE)))
        time.sleep(4 * lease_s)
        server.hold()  # starts it again
        fleet.join()

    assert len(of_kind(fleet, FleetEventKind.OUTAGE)) == 1
    items = away.media(job)
    assert sorted(item.state for item in items) == [ItemState.DONE] * 6 + [ItemState.FAILED]
    for item in items:
        assert item.attempt == 1
        assert away.causes(item.item_id) in ([AttemptEnd.DONE], [AttemptEnd.FAILED])
    assert len(list(away.queue.desk.reports_of(job.job_id))) == 7
    engine.dispose()
    server.remove()
    server.release()
