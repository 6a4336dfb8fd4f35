# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""On a Ray cluster of two nodes: who may join, what stays on its node, what dies with what."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs.spec import AttemptEnd, Job
from storage.worker_rows import read_workers
from tests.fleet_bench import (
    END_S,
    ROOT,
    START_S,
    FleetBench,
    bench,
    long_folder,
    marked_pids,
    standing_still,
    wait_until,
)
from tests.held_items import held_site
from tests.makers import speech_like, write_wav
from tests.ray_cluster import RayCluster, ray_cluster

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(300)]
N_CORES = {"a": 3, "b": 4}  # five preparers and the rest ask for 6.6: some on each node

FOREIGN = """
import os, subprocess, sys
from pathlib import Path
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from workers.path_guard import guard_paths
from workers.ray_runtime import open_ray
from workers.settings import FleetSettings, NodePlace
from workers.temp_folders import ProcessFolder

@ray.remote(num_cpus=0)
class Keeper:
    def __init__(self):
        self.folder = ProcessFolder(NodePlace(Path("/none"), may_differ=True).here(os.environ))
        guard_paths()
    def fetch(self):
        self.item = self.folder.item_folder()
        path = self.item.__enter__() / "media.wav"
        path.write_bytes(b"RIFF")
        return str(path)
    def tried(self, path):
        return [attempt(path) for attempt in (read, listed, named)]

def attempt_of(action):
    def tried(path):
        try:
            action(path)
        except Exception as error:
            return type(error).__name__
        return "done"
    return tried

read = attempt_of(lambda path: Path(path).read_bytes())
listed = attempt_of(lambda path: os.listdir(os.path.dirname(path)))
named = attempt_of(lambda path: subprocess.run(["cat", f"file:{path}"], capture_output=True))

with open_ray(FleetSettings.from_env(os.environ)):
    one, other = [
        Keeper.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote()
        for node in ray.nodes()
    ]
    path = ray.get(one.fetch.remote())
    print(path, *ray.get(one.tried.remote(path)), *ray.get(other.tried.remote(path)))
"""


@pytest.fixture(scope="module")
def cluster(session_folder: Path) -> Iterator[RayCluster]:
    """Keep one cluster for this file."""
    roots = {session_folder / f"node {name}": cores for name, cores in N_CORES.items()}
    with ray_cluster(roots) as running:
        yield running


@pytest.fixture(autouse=True)
def _nobody_else_is_there(cluster: RayCluster) -> None:
    """Begin once the actors of the test before are gone, those of a driver that was killed too."""
    wait_until(lambda: not ours(cluster), END_S)


@pytest.fixture
def speech_folder(tmp_path: Path) -> Path:
    """Give a folder of a dozen short files."""
    folder = tmp_path / "speech"
    folder.mkdir()
    for seed in range(12):
        write_wav(folder / f"speech {seed}.wav", speech_like(seed, 5.0))
    return folder


@pytest.fixture
def six_long_ones(long_folder: Path) -> Path:
    """Give a folder of files each of which is more than a preparer is ahead of a scorer that stands still."""
    for number in range(5):
        shutil.copy(long_folder / "long.flac", long_folder / f"a long one {number}.flac")
    return long_folder


def run_on(cluster: RayCluster, bench: FleetBench, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**bench.environ, **cluster.environ},
        capture_output=True,
        text=True,
        check=True,
    )


def ours(cluster: RayCluster) -> set[int]:
    """Return the processes of all actors of all fleets."""
    titles = ("Preparer", "Scorer", "Writer", "Lister")
    return {pid for title in titles for pid in cluster.actors(title)}


def at_work(engine: Engine, kind: str) -> list[str]:
    """Return the nodes of all actors of a kind that work, as their drivers say every five seconds."""
    with engine.connect() as connection:
        workers = read_workers(connection)
    actors = [one for worker in workers for one in worker.actors if kind in one["lane"]]
    return [one["node"] for one in actors if one["node"]]


def assert_each_is_done_once(bench: FleetBench, job: Job, n_items: int) -> None:
    counts = bench.queue.desk.job_status(job.job_id).counts
    assert (counts.total, counts.done, counts.failed) == (n_items, n_items, 0)
    reported = sorted(report.item_id for report in bench.queue.desk.reports_of(job.job_id))
    assert reported == sorted(int(item.item_id) for item in bench.media(job))


@pytest.mark.parametrize("token", [None, "0" * 64], ids=["missing", "wrong"])
def test_a_driver_without_the_cluster_s_token_is_refused(
    cluster: RayCluster, bench: FleetBench, tmp_path: Path, token: str | None
) -> None:
    log = tmp_path / "refused.log"
    known = {} if token is None else {"RAY_AUTH_TOKEN": token}

    with bench.start_process(log, RAY_ADDRESS=cluster.address, **known) as driver:
        assert driver.wait(START_S) == 78  # the settings are wrong

    assert "refuses us: RAY_AUTH_TOKEN is missing or not the cluster's" in log.read_text()


def test_a_path_of_one_node_is_refused_on_the_other(cluster: RayCluster, bench: FleetBench) -> None:
    path, *answers = run_on(cluster, bench, FOREIGN).stdout.splitlines()[-1].rsplit(" ", 6)

    assert any(Path(path).is_relative_to(root) for root in cluster.raylets)
    assert answers == ["done"] * 3 + ["ForeignPathError"] * 3


def test_media_lie_under_the_private_root_of_the_node_that_analyses_them(
    cluster: RayCluster, bench: FleetBench, engine: Engine, tmp_path: Path
) -> None:
    log = tmp_path / "driver.log"
    more = {**cluster.environ, "VERITY_PREPARERS": "5"}

    with held_site(tmp_path, 6) as held:
        more["VERITY_FETCH_ALLOW"] = held.site.host
        with bench.start_process(log, "--log-json", **more) as driver:
            wait_until(lambda: len(at_work(engine, "preparer")) == 5, START_S)
            job = bench.submit(held.list_path)
            # each preparer has one: none is done before it may come
            wait_until(lambda: all(map(n_media_under, cluster.raylets)), START_S)
            assert sum(map(n_media_under, cluster.raylets)) <= 5
            held.let_go()
            bench.wait_until_over(job)
            driver.send_signal(signal.SIGTERM)
            assert driver.wait(END_S) == 0, log.read_text()[-4000:]

    assert_each_is_done_once(bench, job, 6)
    assert not any(map(n_media_under, cluster.raylets))
    assert list((bench.folder / "temp").glob("*")) == []  # of the driver: nothing is kept there


def n_media_under(root: Path) -> int:
    return len(list(root.glob("*/verity-item-*/**/media.bin")))


def test_a_driver_begins_with_some_actors_and_takes_over_what_a_killed_one_leaves(
    cluster: RayCluster, bench: FleetBench, engine: Engine, six_long_ones: Path, tmp_path: Path
) -> None:
    more = {**cluster.environ, "BENCH_MARK": (mark := os.urandom(8).hex())}
    own = {**cluster.environ, "VERITY_TEMP": str(bench.folder / "second")}
    log = tmp_path / "second.log"

    # both stay though there is nothing to do: the job comes once both are there
    with bench.start_process(
        tmp_path / "first.log", "--log-json", **more, VERITY_PREPARERS="2"
    ) as first:
        wait_until(lambda: len(at_work(engine, "")) == 5, START_S)
        of_first = ours(cluster)
        with bench.start_process(log, "--log-json", **own, VERITY_PREPARERS="3") as second:
            # 3.4 cores are left: the least crew takes 2.6 of them
            wait_until(lambda: len(at_work(engine, "")) == 9, START_S)
            assert len(cluster.actors("Preparer")) == 3
            with standing_still(cluster.actors("Scorer")):  # so nobody is done with anything
                job = bench.submit(six_long_ones)
                wait_until(lambda: bool(of_first & {*cluster.actors("Preparer.prepare")}), START_S)
                first.send_signal(signal.SIGKILL)
            wait_until(lambda: not of_first & ours(cluster), END_S)
            wait_until(lambda: not marked_pids(mark), END_S)  # nor does its heartbeat live
            wait_until(lambda: len(cluster.actors("Preparer")) == 3, START_S)
            bench.wait_until_over(job)
            second.send_signal(signal.SIGTERM)
            assert second.wait(END_S) == 0, log.read_text()[-4000:]

    assert_each_is_done_once(bench, job, 6)
    causes = [bench.causes(item.item_id) for item in bench.media(job)]
    assert {cause for ends in causes for cause in ends} == {AttemptEnd.DONE, AttemptEnd.DRIVER_LOST}
    assert [AttemptEnd.DRIVER_LOST, AttemptEnd.DONE] in causes


def test_a_driver_without_room_for_all_that_it_needs_holds_no_part_of_it(
    cluster: RayCluster, bench: FleetBench, engine: Engine, speech_folder: Path, tmp_path: Path
) -> None:
    log = tmp_path / "second.log"

    # 6.6 of 7 cores: there would be no room for the second one's scorer, for its lister there would
    with bench.start_process(
        tmp_path / "first.log", "--log-json", **cluster.environ, VERITY_PREPARERS="5"
    ) as first:
        # a scorer, a writer and a lister are with them
        wait_until(lambda: len(at_work(engine, "")) == 8, START_S)
        of_first = ours(cluster)
        own = {**cluster.environ, "VERITY_TEMP": str(bench.folder / "second")}
        with bench.start_process(log, "--log-json", **own, VERITY_PREPARERS="1") as second:
            wait_until(lambda: "has no room yet" in log.read_text(), START_S)
            assert ours(cluster) <= of_first
            first.send_signal(signal.SIGKILL)
            job = bench.submit(speech_folder)
            bench.wait_until_over(job)
            second.send_signal(signal.SIGTERM)
            assert second.wait(END_S) == 0, log.read_text()[-4000:]

    assert_each_is_done_once(bench, job, 12)


def test_a_node_that_dies_costs_no_item_and_no_driver(
    cluster: RayCluster, bench: FleetBench, engine: Engine, six_long_ones: Path, tmp_path: Path
) -> None:
    log = tmp_path / "driver.log"
    [_, root] = cluster.raylets

    with bench.start_process(log, "--log-json", **cluster.environ, VERITY_PREPARERS="5") as driver:
        wait_until(lambda: len(at_work(engine, "")) == 8, START_S)
        with standing_still(cluster.actors("Scorer")):  # so nobody is done with anything
            job = bench.submit(six_long_ones)
            wait_until(lambda: bool(cluster.actors("Preparer.prepare", root)), START_S)
            cluster.kill_node(root)
        bench.wait_until_over(job)
        driver.send_signal(signal.SIGTERM)
        assert driver.wait(END_S) == 0, log.read_text()[-6000:]

    assert_each_is_done_once(bench, job, 6)
    causes = [bench.causes(item.item_id) for item in bench.media(job)]
    assert {cause for ends in causes for cause in ends} == {AttemptEnd.DONE, AttemptEnd.NODE_LOST}
    assert max(len(ends) for ends in causes) == 2, "once is enough"
