# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""A server of a worker's own Ray dies or does not come: nothing is held, nothing is counted."""

import os
import signal
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.spec import AttemptEnd, ItemState
from tests.fleet_bench import (
    END_S,
    START_S,
    FleetBench,
    bench,
    command_of,
    marked_pids,
    marked_servers,
    standing_still,
    wait_until,
)
from tests.held_items import HeldSite, held

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(300)]
RAYLET = "raylet/raylet"
# as on a machine with far too much to do; Ray waits 30 s for it
NEVER_REGISTERED = {
    "RAY_testing_asio_delay_us": "NodeInfoGcsService.grpc_server.RegisterNode=600000000:600000000"
}
GONE_S = 20.0  # Ray's agents look for their server for a minute


@pytest.mark.parametrize("server", ["gcs_server", RAYLET])
def test_a_worker_whose_ray_has_died_gives_its_item_back_and_ends_to_be_started_again(
    bench: FleetBench, held: HeldSite, tmp_path: Path, server: str
) -> None:
    job = bench.submit(held.list_path)
    mark = uuid4().hex
    log = tmp_path / "worker.log"

    with bench.start_process(log, BENCH_MARK=mark) as worker:
        held.wait_until_wanted()
        [pid] = marked_servers(mark, server)
        spare = ("log_monitor.py", "monitor.py", "dashboard.py")  # nobody would see what they say
        wait_until(lambda: not any(is_one_of(spare, one) for one in marked_pids(mark)), END_S)
        os.kill(pid, signal.SIGKILL)
        # by itself: 60 s later Ray would end it, items and all, and not with this
        assert worker.wait(END_S) == 75, log.read_text()[-6000:]

    [item] = bench.media(job)
    assert item.state == ItemState.READY
    assert bench.causes(item.item_id) == [AttemptEnd.RELEASED]
    assert "Ray has died on this machine" in log.read_text()
    wait_until(lambda: marked_pids(mark) == [], GONE_S)


def is_one_of(programs: tuple[str, ...], pid: int) -> bool:
    return any(map(command_of(pid).count, programs))


def test_a_worker_whose_ray_does_not_start_in_time_ends_to_be_started_again(
    bench: FleetBench, tmp_path: Path
) -> None:
    mark = uuid4().hex
    log = tmp_path / "worker.log"

    with bench.start_process(log, BENCH_MARK=mark, **NEVER_REGISTERED) as worker:
        wait_until(lambda: bool(marked_servers(mark, RAYLET)), START_S)
        with standing_still(marked_servers(mark, RAYLET)):  # it does not end by itself either
            assert worker.wait(START_S) == 75, log.read_text()[-6000:]

    assert "Ray does not start here" in log.read_text()
    wait_until(lambda: marked_pids(mark) == [])
