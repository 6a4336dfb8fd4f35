"""Workers of a data folder are found by their locks and ended, kindly first."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.settings import StorageSettings
from tests.fleet_bench import ROOT
from workers.running_workers import stop_workers, worker_lock

pytestmark = pytest.mark.timeout(180)
END_S = 60  # of a process that was killed, or has let go of its lock

WORKER = """
import os, signal, sys, threading
from storage.settings import StorageSettings
from workers.running_workers import worker_lock
stop = threading.Event()
signal.signal(signal.SIGTERM, {on_term})
with worker_lock(StorageSettings.from_env(os.environ)):
    print("ready", flush=True)
    stop.wait(600)
"""
KIND = "lambda *_: stop.set()"
DEAF = "signal.SIG_IGN"


@pytest.fixture
def settings(tmp_path: Path) -> StorageSettings:
    return StorageSettings.from_env({"VERITY_VAR": str(tmp_path)})


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Give a list for processes, which are ended whatever happens."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def start_worker(on_term: str, var_folder: Path, started: list[subprocess.Popen[bytes]]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER.format(on_term=on_term)],
        cwd=ROOT,
        env={"PATH": os.defpath, "VERITY_VAR": str(var_folder)},
        stdout=subprocess.PIPE,
    )
    started.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"


def test_workers_end_by_sigterm(
    settings: StorageSettings, started: list[subprocess.Popen[bytes]]
) -> None:
    for _ in range(2):
        start_worker(KIND, settings.var_folder, started)

    assert stop_workers(settings) == 2

    assert [process.wait(END_S) for process in started] == [0, 0]
    assert list((settings.var_folder / "workers").iterdir()) == []


def test_workers_that_are_deaf_to_sigterm_are_killed(
    settings: StorageSettings, started: list[subprocess.Popen[bytes]]
) -> None:
    start_worker(DEAF, settings.var_folder, started)

    assert stop_workers(settings, wait_s=0.5) == 1

    assert [process.wait(END_S) for process in started] == [-9]
    assert list((settings.var_folder / "workers").iterdir()) == []


def test_what_a_dead_worker_left_ends_nobody(
    settings: StorageSettings, started: list[subprocess.Popen[bytes]]
) -> None:
    start_worker(KIND, settings.var_folder, started)
    [dead] = started
    dead.kill()
    dead.wait()
    [lock_path] = (settings.var_folder / "workers").iterdir()
    bystander = subprocess.Popen(["sleep", "600"])
    started.append(bystander)
    lock_path.write_text(lock_path.read_text().replace(str(dead.pid), str(bystander.pid)))

    assert stop_workers(settings) == 0

    assert bystander.poll() is None
    assert not lock_path.exists()


def test_a_worker_does_not_end_itself_and_leaves_no_lock(settings: StorageSettings) -> None:
    with worker_lock(settings):
        assert stop_workers(settings, wait_s=0.1) == 0
        assert len(list((settings.var_folder / "workers").iterdir())) == 1
    assert list((settings.var_folder / "workers").iterdir()) == []
    started_at = time.monotonic()
    assert stop_workers(settings, wait_s=120.0) == 0
    assert time.monotonic() - started_at < 60, "there is nobody to wait for"
