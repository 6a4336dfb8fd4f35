# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""A server of a worker's own Ray dies or does not come: nothing is held, nothing is counted."""

import os
import signal
import time
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.spec import AttemptEnd, ItemState
from tests.fleet_bench import (
    FleetBench,
    bench,
    command_of,
    long_folder,
    marked_pids,
    marked_servers,
    wait_until,
)

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(300)]
RAYLET = "raylet/raylet"
START_S = 120.0  # a worker with a Ray of its own: 10 s, on a loaded machine much longer
GONE_S = 20.0  # Ray's agents look for their server for a minute
BACK_S = 30.0  # it looks every 5 s; Ray itself would end the process after 60, items and all


@pytest.mark.parametrize("server", ["gcs_server", RAYLET])
def test_a_worker_whose_ray_has_died_gives_its_item_back_and_ends_to_be_started_again(
    bench: FleetBench, long_folder: Path, tmp_path: Path, server: str
) -> None:
    job = bench.submit(long_folder)
    mark = uuid4().hex
    log = tmp_path / "worker.log"

    with bench.start_process(log, BENCH_MARK=mark) as worker:
        wait_until(lambda: bench.queue.desk.job_status(job.job_id).counts.running > 0, START_S)
        [pid] = marked_servers(mark, server)
        spare = ("log_monitor.py", "monitor.py", "dashboard.py")  # nobody would see what they say
        assert not [one for one in marked_pids(mark) if any(map(command_of(one).count, spare))]
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        wait_until(lambda: bench.queue.desk.job_status(job.job_id).counts.running == 0, BACK_S)
        assert worker.wait(60) == 75, log.read_text()[-6000:]

    assert time.monotonic() - began < 60.0
    [item] = bench.media(job)
    assert item.state == ItemState.READY
    assert bench.causes(item.item_id) == [AttemptEnd.RELEASED]
    assert "Ray has died on this machine" in log.read_text()
    wait_until(lambda: marked_pids(mark) == [], GONE_S)


def test_a_worker_whose_ray_does_not_start_in_time_ends_to_be_started_again(
    bench: FleetBench, tmp_path: Path
) -> None:
    mark = uuid4().hex
    log = tmp_path / "worker.log"

    with bench.start_process(log, BENCH_MARK=mark) as worker:
        wait_until(lambda: bool(marked_servers(mark, RAYLET)), START_S)
        for pid in marked_servers(mark, RAYLET):
            os.kill(pid, signal.SIGSTOP)  # as on a machine with far too much to do
        assert worker.wait(START_S) == 75, log.read_text()[-6000:]

    assert "Ray does not start here" in log.read_text()
    wait_until(lambda: marked_pids(mark) == [])
