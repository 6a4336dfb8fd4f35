"""A fleet on a bench: a queue with a fresh database, and workers in a thread or a process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs.spec import ItemStatus, Job, JobSpec
from jobs.work_queue import WorkQueue
from tests.makers import encode, noise, speech_like, tone, write_wav
from tests.models import TINY_DETECTOR, TINY_SEPARATOR
from workers.fleet import run_fleet
from workers.fleet_events import FleetEvent, FleetEventKind, FleetSummary
from workers.ray_folders import sweep_rays
from workers.ray_runtime import open_ray
from workers.settings import FleetSettings

ROOT = Path(__file__).resolve().parent.parent
LEASE_S = 3.0  # short, but a loaded machine must still beat in time
START_S = 120.0  # a worker with a Ray of its own: 10 s, on a loaded machine much longer
END_S = 120.0  # a worker that was told to end: 5 s; also what dies with a killed one


@dataclass
class FleetThread:
    """A fleet that runs in a thread of the test's process, on the session's Ray."""

    settings: FleetSettings
    until_idle: bool = True
    events: list[FleetEvent] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    summary: FleetSummary | None = None

    def __enter__(self) -> "FleetThread":
        self._thread = threading.Thread(target=self._run, name="fleet")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join()

    def _run(self) -> None:
        self.summary = run_fleet(self.settings, self.until_idle, self.stop, self.events.append)

    def join(self) -> FleetSummary:
        self._thread.join()
        assert self.summary is not None
        return self.summary

    def end(self) -> FleetSummary:
        """Tell it to end; return what it did."""
        self.stop.set()
        return self.join()

    def wait_until_ready(self) -> None:
        """Return once its actors work: what is submitted now is begun at once."""
        wait_until(
            lambda: any(event.kind is FleetEventKind.READY for event in self.events), START_S
        )


@dataclass(frozen=True)
class FleetBench:
    """A queue with a fresh database, and how to run a fleet on it."""

    environ: dict[str, str]
    queue: WorkQueue
    folder: Path

    @property
    def settings(self) -> FleetSettings:
        return FleetSettings.from_env(self.environ)

    def submit(self, *sources: Path | str) -> Job:
        return self.queue.desk.submit(JobSpec(sources=tuple(map(str, sources))))

    def causes(self, item_id: str) -> list[str]:
        return [attempt.cause for attempt in self.queue.desk.item_attempts(item_id)]

    @contextmanager
    def start_process(
        self, log: Path, *flags: str, **more: str
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker of its own that ends with the block: `--until-idle`, or with other flags."""
        command = [sys.executable, "-m", "workers", *(flags or ["--until-idle"])]
        environ = {**self.environ, **more}
        with (
            log.open("wb") as output,
            subprocess.Popen(
                command, cwd=ROOT, env=environ, stdout=output, stderr=output
            ) as process,
        ):
            try:
                yield process
            except BaseException:
                process.kill()
                process.wait()
                sweep_rays()  # of its own Ray, agents would stay for a minute
                raise
            process.kill()

    def media(self, job: Job) -> list[ItemStatus]:
        return [item for item in self.queue.desk.list_items(job.job_id) if item.kind == "media"]

    def wait_until_over(self, job: Job, timeout_s: float = 200.0) -> None:
        """Return once nothing of a job is left to do."""
        wait_until(lambda: self.queue.desk.job_status(job.job_id).is_over, timeout_s)


@pytest.fixture
def bench(database_url: str, engine: Engine, var_folder: Path) -> Iterator[FleetBench]:
    """Give a queue, and an environment for workers of it."""
    environ = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(var_folder),
        "OMP_NUM_THREADS": "1",
        "VERITY_VAR": str(var_folder),
        "VERITY_DATABASE_URL": database_url,
        "VERITY_DETECTOR": str(TINY_DETECTOR),
        "VERITY_SEPARATOR": str(TINY_SEPARATOR),
        "VERITY_TEMP": str(var_folder / "temp"),
        "VERITY_TRACE": str(var_folder / "trace.json"),
        "VERITY_LEASE_S": str(LEASE_S),
        "VERITY_PREPARERS": "2",
        "VERITY_SCORE_WAIT_S": "2",
        "VERITY_SCORE_ROWS": "32",  # items share runs, as on a GPU
        "VERITY_LISTEN": os.environ.get("VERITY_LISTEN", "1"),  # 0: the suite by polling alone
    }
    queue = WorkQueue(engine, LEASE_S)
    yield FleetBench(environ, queue, var_folder)
    queue.close()


@pytest.fixture(scope="session")
def local_ray(session_folder: Path) -> Iterator[None]:
    """Keep one local Ray for all fleets that run in this process."""
    settings = FleetSettings.from_env({"VERITY_VAR": str(session_folder / "ray")})
    with open_ray(settings):
        yield


@pytest.fixture
def media_folder(tmp_path: Path) -> Path:
    """Give a folder of six small files; one is broken."""
    folder = tmp_path / "media"
    folder.mkdir()
    for seed in range(3):
        write_wav(folder / f"speech {seed}.wav", speech_like(seed, 6.0 + seed))
    encode(folder / "speech.m4a", speech_like(7, 8.0))
    write_wav(folder / "tone.wav", tone(440.0))
    (folder / "broken.mp3").write_bytes(b"\x00\x01no sound at all" * 300)
    return folder


@pytest.fixture
def long_folder(tmp_path: Path) -> Path:
    """Give a folder with one file that takes some seconds: ten minutes of noise."""
    folder = tmp_path / "long"
    folder.mkdir()
    minute = noise(1, 60.0, level=0.05)
    encode(folder / "long.flac", minute, "-filter:a", "aloop=loop=9:size=960000")
    return folder


def actor_pids(name: str, of: int) -> list[int]:
    """Return the actors whose process title begins so, of the Ray that a process started.

    A child that an actor has just forked bears the actor's title until it runs its own program.
    """
    return [
        pid
        for pid in _process_ids()
        if _read(pid, "cmdline").startswith(f"ray::{name}")
        and of in _ancestors(pid)
        and not _read(next(_ancestors(pid), 0), "cmdline").startswith("ray::")
    ]


def the_actor(title: str, of: int) -> int:
    """Return the one actor of a title, once there is one and no other.

    One look tells both: by a second one it may be in another call. Those of a fleet that has ended take
    a moment to go.
    """
    found: list[int] = []

    def is_alone() -> bool:
        found[:] = actor_pids(title, of)
        return len(found) == 1

    wait_until(is_alone)
    return found[0]


@contextmanager
def standing_still(pids: Iterable[int]) -> Iterator[None]:
    """Stop processes until the block is left: what others wait for from them does not come before."""
    stopped = tuple(pids)
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):  # somebody has killed it
                os.kill(pid, signal.SIGCONT)


def marked_servers(mark: str, program: str) -> list[int]:
    """Return the processes of a program that have inherited a text, without those just forked by them."""
    found = [pid for pid in marked_pids(mark) if program in command_of(pid)]
    return [pid for pid in found if next(_ancestors(pid), 0) not in found]


def command_of(pid: int) -> str:
    """Return a process's command line; nothing: it has ended."""
    return _read(pid, "cmdline").replace("\0", " ")


def marked_pids(mark: str) -> list[int]:
    """Return the processes that have inherited this text in their environment."""
    return [pid for pid in _process_ids() if mark in _read(pid, "environ")]


def _process_ids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        status = _read(pid, "status")
        if "PPid:" not in status:
            return
        pid = int(status.split("PPid:")[1].split()[0])
        yield pid


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
    except OSError:  # it has ended
        return ""


def wait_until(is_true: Callable[[], bool], timeout_s: float = 90.0) -> None:
    """Return once a thing has come true."""
    until = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.05)
