# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""Whole workers are killed, stopped and ended; another one finishes, and nothing is done twice."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.spec import AttemptEnd, ItemState
from tests.fleet_bench import (
    LEASE_S,
    FleetBench,
    FleetThread,
    actor_pids,
    bench,
    local_ray,
    long_folder,
    marked_pids,
    marked_servers,
    media_folder,
    wait_until,
)
from workers.running_workers import stop_workers

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(200)]
START_S = 120.0  # a worker with a Ray of its own: 10 s, on a loaded machine much longer


def is_running(bench: FleetBench, job_id: str) -> bool:
    return bench.queue.desk.job_status(job_id).counts.running > 0


def test_a_second_worker_finishes_what_a_killed_one_left_with_one_report_for_each_item(
    bench: FleetBench, media_folder: Path, long_folder: Path, local_ray: None, tmp_path: Path
) -> None:
    shutil.copy(long_folder / "long.flac", media_folder / "a long one.flac")
    job = bench.submit(media_folder)

    with bench.start_process(tmp_path / "first.log") as first:
        wait_until(lambda: is_running(bench, job.job_id), START_S)
        first.send_signal(signal.SIGKILL)
    with FleetThread(bench.settings) as second:
        second.join()

    counts = bench.queue.desk.job_status(job.job_id).counts
    assert (counts.total, counts.done, counts.failed) == (7, 6, 1)
    reports = [report.item_id for report in bench.queue.desk.reports_of(job.job_id)]
    assert sorted(reports) == sorted(int(item.item_id) for item in bench.media(job))
    causes = [bench.causes(item.item_id) for item in bench.media(job)]
    assert [AttemptEnd.DRIVER_LOST, AttemptEnd.DONE] in causes
    assert list((bench.folder / "temp").iterdir()) == []  # what the killed one left is swept


def test_a_worker_that_was_stopped_too_long_comes_too_late_and_changes_nothing(
    bench: FleetBench, long_folder: Path, local_ray: None, tmp_path: Path
) -> None:
    job = bench.submit(long_folder)
    log = tmp_path / "late.log"

    with bench.start_process(log) as late:
        wait_until(lambda: is_running(bench, job.job_id), START_S)
        late.send_signal(signal.SIGSTOP)
        try:
            with FleetThread(bench.settings) as other:
                other.join()
            [report] = bench.queue.desk.reports_of(job.job_id)
        finally:
            late.send_signal(signal.SIGCONT)
        assert late.wait(60) == 0, log.read_text()[-6000:]

    [item] = bench.media(job)
    assert bench.causes(item.item_id) == [AttemptEnd.DRIVER_LOST, AttemptEnd.DONE]
    assert list(bench.queue.desk.reports_of(job.job_id)) == [report]
    assert f"lost item {item.item_id} attempt 1" in log.read_text()


def test_a_worker_whose_raylet_is_killed_gives_back_and_ends_and_another_one_does_it_once(
    bench: FleetBench, long_folder: Path, local_ray: None, tmp_path: Path
) -> None:
    job = bench.submit(long_folder)
    log = tmp_path / "worker.log"

    with bench.start_process(log, BENCH_MARK=(mark := uuid4().hex)) as worker:
        wait_until(lambda: bool(actor_pids("Preparer.prepare", of=worker.pid)), START_S)
        [raylet] = marked_servers(mark, "raylet/raylet")
        os.kill(raylet, signal.SIGKILL)
        killed_at = time.monotonic()
        wait_until(lambda: not is_running(bench, job.job_id), 60)
        took_s = time.monotonic() - killed_at
        assert worker.wait(60) == 75, log.read_text()[-6000:]  # start it again later
    wait_until(lambda: marked_pids(mark) == [])
    with FleetThread(bench.settings) as other:
        other.join()

    assert took_s < 2 * LEASE_S + 4, "two leases, and what a loaded machine needs"
    [item] = bench.media(job)
    assert bench.causes(item.item_id) in (
        [AttemptEnd.RELEASED, AttemptEnd.DONE],
        [AttemptEnd.DRIVER_LOST, AttemptEnd.DONE],
    )
    assert len(list(bench.queue.desk.reports_of(job.job_id))) == 1


def test_a_second_sigterm_makes_a_worker_give_back_at_once_and_leave_no_process_and_no_file(
    bench: FleetBench, long_folder: Path, tmp_path: Path
) -> None:
    job = bench.submit(long_folder)
    mark = uuid4().hex
    log = tmp_path / "worker.log"

    with bench.start_process(log, VERITY_GRACE_S="100", BENCH_MARK=mark) as worker:
        wait_until(lambda: is_running(bench, job.job_id), START_S)
        assert len(marked_pids(mark)) > 5  # Ray, its actors, the heartbeat
        worker.send_signal(signal.SIGTERM)
        wait_until(lambda: "leaving" in log.read_text())
        assert stop_workers(bench.settings.storage) == 1  # by SIGTERM, as `make clean` does
        assert worker.wait(60) == 0

    [item] = bench.media(job)
    assert item.state == ItemState.READY
    assert bench.causes(item.item_id) == [AttemptEnd.RELEASED]
    assert marked_pids(mark) == []
    assert list((bench.folder / "temp").iterdir()) == []
    assert json.loads((bench.folder / "trace.json").read_text())[-1]["name"] == "end"
