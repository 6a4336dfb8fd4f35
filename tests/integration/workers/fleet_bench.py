"""A fleet on a bench: a queue with a fresh database, and workers in a thread or a process."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from jobs.spec import ItemStatus, Job, JobSpec
from jobs.work_queue import WorkQueue
from workers.fleet import run_fleet
from workers.fleet_events import FleetEvent, FleetSummary
from workers.settings import FleetSettings

LEASE_S = 3.0  # short, but a loaded machine must still beat in time


@dataclass
class FleetThread:
    """A fleet that runs in a thread of the test's process, on the session's Ray."""

    settings: FleetSettings
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
        self.summary = run_fleet(self.settings, True, self.stop, self.events.append)

    def join(self) -> FleetSummary:
        self._thread.join()
        assert self.summary is not None
        return self.summary


@dataclass(frozen=True)
class FleetBench:
    """A queue with a fresh database, and how to run a fleet on it."""

    environ: dict[str, str]
    queue: WorkQueue
    folder: Path

    @property
    def settings(self) -> FleetSettings:
        return FleetSettings.from_env(self.environ)

    def submit(self, source: Path) -> Job:
        return self.queue.submit(JobSpec(sources=(str(source),)))

    def media(self, job: Job) -> list[ItemStatus]:
        return [item for item in self.queue.list_items(job.job_id) if item.kind == "media"]


def wait_until(is_true: Callable[[], bool], timeout_s: float = 40.0) -> None:
    """Return once a thing has come true."""
    until = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.05)
