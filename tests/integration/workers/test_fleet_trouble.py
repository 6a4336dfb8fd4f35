# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""An actor dies or stalls, a job is cancelled, a worker is told to end: nothing is lost."""

import os
import signal
import time
from pathlib import Path

import pytest
import ray
from ray.exceptions import RayActorError
from sqlalchemy import Engine, text

from jobs.spec import AttemptEnd, ItemKind, ItemState, JobState, NewItem
from pipeline.score import Detector
from tests.fleet_bench import (
    FleetBench,
    FleetThread,
    bench,
    local_ray,
    long_folder,
    wait_until,
)
from tests.held_items import held_in_prepare
from tests.makers import speech_like, write_wav
from tests.models import sha256_of
from tests.slow_detector import four_rows, write_slow_detector
from workers.actors import Needs, spawn
from workers.settings import StageDeadlines

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.timeout(240)]


class Victim:
    """An actor that notes each start and each call, and dies in its calls."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes
        self._note("start")

    def die(self) -> None:
        self._note("call")
        os.kill(os.getpid(), signal.SIGKILL)

    def _note(self, text: str) -> None:
        with self._notes.open("a") as file:
            file.write(f"{text}\n")


def cpu_ticks(pid: int) -> int:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_an_item_whose_actor_is_killed_is_tried_again_and_done_once(
    bench: FleetBench, long_folder: Path, local_ray: None
) -> None:
    with FleetThread(bench.settings, until_idle=False) as fleet:
        with held_in_prepare(bench, fleet, long_folder) as (job, preparer):
            os.kill(preparer, signal.SIGKILL)
        bench.wait_until_over(job)
        summary = fleet.end()

    [item] = bench.media(job)
    assert (item.state, item.attempt) == (ItemState.DONE, 2)
    assert bench.causes(item.item_id) == [AttemptEnd.CRASHED_IN_STAGE, AttemptEnd.DONE]
    assert (summary.n_retried, summary.n_done) == (1, 1)
    assert len(list(bench.queue.desk.reports_of(job.job_id))) == 1


def test_an_actor_that_is_stopped_is_ended_as_stalled_and_its_item_done_by_another(
    bench: FleetBench, long_folder: Path, local_ray: None
) -> None:
    update = {"deadlines": StageDeadlines(prepare_s=8), "cancel_grace_s": 0.5}

    with FleetThread(bench.settings.model_copy(update=update), until_idle=False) as fleet:
        with held_in_prepare(bench, fleet, long_folder) as (job, preparer):
            os.kill(preparer, signal.SIGSTOP)
        bench.wait_until_over(job)
        wait_until(lambda: not Path(f"/proc/{preparer}").exists())

    [item] = bench.media(job)
    assert item.state == ItemState.DONE
    assert bench.causes(item.item_id)[0] == AttemptEnd.STALLED


def test_cancelling_a_job_reaches_its_running_item(
    bench: FleetBench, long_folder: Path, local_ray: None
) -> None:
    with FleetThread(bench.settings, until_idle=False) as fleet:
        with held_in_prepare(bench, fleet, long_folder) as (job, _):
            bench.queue.desk.cancel(job.job_id)
            bench.wait_until_over(job)  # it would not end by itself
        summary = fleet.end()

    [item] = bench.media(job)
    assert item.state == ItemState.CANCELLED
    assert bench.queue.desk.job_status(job.job_id).state == JobState.CANCELLED
    assert summary.n_cancelled == 1


def test_a_worker_that_is_told_to_end_gives_back_what_it_cannot_finish(
    bench: FleetBench, long_folder: Path, local_ray: None
) -> None:
    settings = bench.settings.model_copy(update={"grace_s": 0.5})

    with (
        FleetThread(settings, until_idle=False) as fleet,
        held_in_prepare(bench, fleet, long_folder) as (job, _),
    ):
        summary = fleet.end()

    [item] = bench.media(job)
    assert item.state == ItemState.READY
    assert bench.causes(item.item_id) == [AttemptEnd.RELEASED]
    assert (summary.n_given_back, summary.is_idle) == (1, False)


def test_an_item_that_lost_too_many_workers_is_not_touched_again_but_gets_its_report(
    bench: FleetBench, engine: Engine, local_ray: None
) -> None:
    bench.submit(Path("/nowhere"))
    [listing] = bench.queue.claim("doomed", kind=ItemKind.LIST)
    bench.queue.add_items(listing, [NewItem("/nowhere/deadly.wav", "deadly", "key")])
    bench.queue.finish(listing)
    with engine.begin() as connection:
        connection.execute(text("UPDATE item SET n_losses = 19 WHERE kind = 'media'"))
    [claim] = bench.queue.claim("doomed")

    with FleetThread(bench.settings) as fleet:
        summary = fleet.join()

    [report] = bench.queue.desk.reports_of(claim.job_id)
    assert report.document["failure"]["code"] == "worker_lost"
    assert {"json", "pdf", "csv"} <= {file.kind for file in report.files}
    assert (summary.n_failed, summary.n_done) == (1, 0)
    assert bench.causes(claim.item_id) == [AttemptEnd.DRIVER_LOST] * 2


def test_one_run_of_the_model_may_outlast_several_leases(
    bench: FleetBench, local_ray: None, tmp_path: Path
) -> None:
    lease_s = 2.5  # of a driver that stands still, items are others' after three
    n_rounds = 200
    trial = write_slow_detector(tmp_path / "trial.onnx", n_rounds)
    detector = Detector(trial, sha256_of(trial))
    began = time.process_time()  # whatever else runs now, and not then: it takes this at the least
    detector.score(four_rows())
    n_rounds = int(n_rounds * 5 * lease_s / (time.process_time() - began))
    slow = write_slow_detector(tmp_path / "slow.onnx", n_rounds)
    (tmp_path / "media").mkdir()
    write_wav(tmp_path / "media" / "speech.wav", speech_like(1, 3.0))
    job = bench.submit(tmp_path / "media")
    settings = bench.settings.model_copy(
        update={"detector": str(slow), "lease_s": lease_s, "n_preparers": 1}
    )

    with FleetThread(settings) as fleet:
        fleet.join()

    [item] = bench.media(job)
    [attempt] = bench.queue.desk.item_attempts(item.item_id)
    assert (item.state, attempt.cause) == (ItemState.DONE, AttemptEnd.DONE)
    assert attempt.started_at is not None
    assert attempt.ended_at is not None
    assert (attempt.ended_at - attempt.started_at).total_seconds() > 2 * lease_s


def test_a_scorer_that_does_not_answer_stops_its_preparer_after_a_few_blocks(
    bench: FleetBench, long_folder: Path, local_ray: None
) -> None:
    settings = bench.settings.model_copy(update={"batches_in_flight": 1, "n_preparers": 1})

    with FleetThread(settings, until_idle=False) as fleet:
        with held_in_prepare(bench, fleet, long_folder) as (job, preparer):
            wait_until(lambda: [item.stage for item in bench.media(job)] == ["score"])
            wait_until(lambda: is_at_rest(preparer))
            [item] = bench.media(job)
        bench.wait_until_over(job)

    assert item.progress < 0.5, "ten minutes are twenty blocks; a few are in memory"
    [item] = bench.media(job)
    assert (item.state, item.attempt) == (ItemState.DONE, 1)


def is_at_rest(pid: int) -> bool:
    """Tell whether a process does next to nothing for a while."""
    before = cpu_ticks(pid)
    time.sleep(1.5)
    return cpu_ticks(pid) - before < 15


def test_ray_neither_restarts_an_actor_nor_repeats_its_call(
    local_ray: None, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    handle = spawn("victim", Victim, notes, Needs(0))
    for _ in range(2):
        with pytest.raises(RayActorError):
            ray.get(handle.die.remote(), timeout=120)
    time.sleep(1.0)  # a restart would come by now
    assert notes.read_text().split() == ["start", "call"]
