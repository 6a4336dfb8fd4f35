# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""Whole workers are killed, stopped and ended; another one finishes, and nothing is done twice."""

import json
import os
import signal
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.spec import AttemptEnd, ItemState
from tests.fleet_bench import (
    END_S,
    FleetBench,
    FleetThread,
    actor_pids,
    bench,
    command_of,
    local_ray,
    marked_pids,
    marked_servers,
    media_folder,
    standing_still,
    wait_until,
)
from tests.held_items import HeldSite, held
from workers.running_workers import stop_workers

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(300)]

HAVE_FOLDERS = ("Preparer", "Lister")
GONE_S = 20.0  # Ray's agents would look for their server for a minute


def is_running(bench: FleetBench, job_id: str) -> bool:
    return bench.queue.desk.job_status(job_id).counts.running > 0


def test_a_second_worker_finishes_what_a_killed_one_left_with_one_report_for_each_item(
    bench: FleetBench, media_folder: Path, held: HeldSite, local_ray: None, tmp_path: Path
) -> None:
    job = bench.submit(media_folder, held.list_path)

    with bench.start_process(tmp_path / "first.log") as first:
        held.wait_until_wanted()
        of_first = [pid for kind in HAVE_FOLDERS for pid in actor_pids(kind, of=first.pid)]
        first.send_signal(signal.SIGKILL)
    # what lies in the folders of living actors is theirs
    wait_until(lambda: not any(command_of(pid).startswith("ray::") for pid in of_first), END_S)
    held.let_go()
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
    bench: FleetBench, held: HeldSite, local_ray: None, tmp_path: Path
) -> None:
    job = bench.submit(held.list_path)
    log = tmp_path / "late.log"

    with bench.start_process(log) as late:
        held.wait_until_wanted()
        with standing_still([late.pid]):
            held.let_go()
            with FleetThread(bench.settings) as other:
                other.join()
            [report] = bench.queue.desk.reports_of(job.job_id)
        assert late.wait(END_S) == 0, log.read_text()[-6000:]

    [item] = bench.media(job)
    assert bench.causes(item.item_id) == [AttemptEnd.DRIVER_LOST, AttemptEnd.DONE]
    assert list(bench.queue.desk.reports_of(job.job_id)) == [report]
    assert f"lost item {item.item_id} attempt 1" in log.read_text()


def test_a_worker_whose_raylet_is_killed_gives_back_and_ends_and_another_one_does_it_once(
    bench: FleetBench, held: HeldSite, local_ray: None, tmp_path: Path
) -> None:
    job = bench.submit(held.list_path)
    log = tmp_path / "worker.log"

    with bench.start_process(log, BENCH_MARK=(mark := uuid4().hex)) as worker:
        held.wait_until_wanted()
        [raylet] = marked_servers(mark, "raylet/raylet")
        os.kill(raylet, signal.SIGKILL)
        # by itself: 60 s later Ray would end it, items and all, and not with this
        assert worker.wait(END_S) == 75, log.read_text()[-6000:]  # start it again later
    assert not is_running(bench, job.job_id)
    wait_until(lambda: marked_pids(mark) == [])
    held.let_go()
    with FleetThread(bench.settings) as other:
        other.join()

    [item] = bench.media(job)
    assert bench.causes(item.item_id) == [AttemptEnd.RELEASED, AttemptEnd.DONE]
    assert len(list(bench.queue.desk.reports_of(job.job_id))) == 1


def test_a_second_sigterm_makes_a_worker_give_back_at_once_and_leave_no_process_and_no_file(
    bench: FleetBench, held: HeldSite, tmp_path: Path
) -> None:
    job = bench.submit(held.list_path)
    mark = uuid4().hex
    log = tmp_path / "worker.log"

    with bench.start_process(log, VERITY_GRACE_S="100", BENCH_MARK=mark) as worker:
        held.wait_until_wanted()
        assert len(marked_pids(mark)) > 5  # Ray, its actors, the heartbeat
        worker.send_signal(signal.SIGTERM)
        wait_until(lambda: "leaving" in log.read_text())
        assert stop_workers(bench.settings.storage) == 1  # by SIGTERM, as `make clean` does
        assert worker.wait(END_S) == 0

    [item] = bench.media(job)
    assert item.state == ItemState.READY
    assert bench.causes(item.item_id) == [AttemptEnd.RELEASED]
    wait_until(lambda: marked_pids(mark) == [], GONE_S)
    assert list((bench.folder / "temp").iterdir()) == []
    assert json.loads((bench.folder / "trace.json").read_text())[-1]["name"] == "end"
