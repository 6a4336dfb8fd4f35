"""What the fleet's bench runs on: PostgreSQL, an S3 server, buckets of media, and one worker at a time."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, text

from bench.process_times import cpu_by_role
from bench.tiny_objects import Bounds, fill_tiny
from console.demo.local_s3 import LocalS3, serve_s3
from jobs.spec import Job, JobSpec
from jobs.work_queue import WorkQueue
from storage.database import connect_engine, migrate
from storage.postgres_server import PostgresServer
from tests.fleet_bench import ROOT
from tests.makers import encode, synthetic_sample

MEDIA, REPORTS = "media", "reports"  # buckets
LOOK_S = 0.25  # between looks at counts and CPU times
N_SOUNDS = 12
END_S = 60.0  # for a worker to end when it is told to
IDLE_S = 15.0  # in which a worker without work is looked at


class DidNotEndError(Exception):
    """The job was not over in time, or its worker ended before; the log's end says why."""


@dataclass(slots=True)
class Run:
    """One job from its first finished item to its last."""

    n_items: int = 0  # finished within the time
    wall_s: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)  # by role
    idle_share: dict[str, float] = field(default_factory=dict)  # of a core, by role, without work
    stages_s: dict[str, float] = field(default_factory=dict)  # summed over the whole job
    broken: list[str] = field(default_factory=list)
    job: Job | None = None
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class FleetSite:
    """The servers and where they keep things."""

    folder: Path
    engine: Engine
    postgres: PostgresServer
    s3: LocalS3

    def fill(self, prefix: str, n_items: int, seconds: float) -> None:
        """Put MP3 files with speech under a prefix, each with bytes of its own."""
        folder = self.folder / "s3" / MEDIA / prefix
        folder.mkdir(parents=True)
        speech = synthetic_sample()
        sounds = []
        for number in range(min(N_SOUNDS, n_items)):
            turned = np.roll(speech, -number * 16_000)
            path = self.folder / f"{prefix}-{number}.mp3"
            sounds.append(encode(path, np.resize(turned, round(seconds * 16_000)), "-b:a", "64k"))
        contents = [path.read_bytes() for path in sounds]
        for number in range(n_items):
            tag = b"TAG" + f"{prefix} {number}".encode().ljust(125, b"\0")  # ID3v1: 128 bytes
            (folder / f"{number:05}.mp3").write_bytes(contents[number % len(contents)] + tag)

    def fill_tiny(self, prefix: str, n_items: int) -> None:
        """Put tiny objects under a prefix, see `bench.tiny_objects`."""
        fill_tiny(self.folder / "s3" / MEDIA / prefix, n_items, self.folder)

    def run(
        self,
        prefix: str,
        n_items: int,
        within_s: float,
        *,
        may_fail: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> Run:
        """Submit a prefix as a job, let one worker do it, and measure.

        Args:
            prefix: that was filled.
            n_items: how many there are.
            within_s: for all of them.
            may_fail: an item that ends as failed, with its report, is no broken promise.
            environ: of the worker, beside its own.

        Raises:
            DidNotEndError: see there.
        """
        queue = WorkQueue(self.engine, may_listen=False)
        job = queue.desk.submit(JobSpec(sources=(f"s3://{MEDIA}/{prefix}/",), fresh=True))
        trace, log = self.folder / f"{prefix}.json", self.folder / f"{prefix}.log"
        command = [
            sys.executable,
            "-m",
            "workers",
        ]  # told to end: its actors must be there to the last look
        with log.open("wb") as output:
            worker = subprocess.Popen(  # noqa: S603 (our own module)
                command,
                cwd=ROOT,
                env={**self._environ(trace), **(environ or {})},
                stdout=output,
                stderr=output,
            )
        try:
            run = self._watch(queue, job, worker, time.monotonic() + within_s)
            run.idle_share = self._idle_share()
            worker.terminate()
            worker.wait(END_S)
        except (DidNotEndError, subprocess.TimeoutExpired) as error:
            tail = log.read_text(errors="replace")[-2000:]
            raise DidNotEndError(f"{prefix}: {error}\n{tail}") from error
        finally:
            worker.kill()  # unless it has ended
            worker.wait()
            queue.close()
        run.stages_s = _stage_times(trace)
        run.broken = self._broken(job, n_items, may_fail=may_fail)
        run.job = job
        return run

    def _watch(
        self, queue: WorkQueue, job: Job, worker: "subprocess.Popen[bytes]", until: float
    ) -> Run:
        """Look at counts and CPU times until all is done."""
        nothing: tuple[float, int, dict[str, float]] = time.monotonic(), 0, {}
        first: tuple[float, int, dict[str, float]] | None = None
        bounds = Bounds()
        while time.monotonic() < until:
            used = self._cpu_by_role()
            counts, now = queue.desk.job_status(job.job_id).counts, time.monotonic()
            n_ended = counts.done + counts.failed
            if worker.poll() is None:
                bounds.look(worker.pid, self.folder / "temp", counts)
            if not n_ended:
                nothing = now, 0, used
            elif first is None:  # all at one look: from the last one at which there was none
                first = (now, n_ended, used) if n_ended < counts.total else nothing
            if first is not None and n_ended == counts.total and not counts.listing:
                began, n_before, before = first
                spent = {role: cpu_s - before.get(role, 0.0) for role, cpu_s in used.items()}
                return Run(n_ended - n_before, now - began, spent, bounds=bounds)
            if worker.poll() is not None:
                raise DidNotEndError(f"the worker ended with {worker.returncode}")
            time.sleep(LOOK_S)
        raise DidNotEndError("it was not over in time")

    def _idle_share(self) -> dict[str, float]:
        """Return the share of a core that each role takes while there is nothing to do."""
        before = self._cpu_by_role()
        time.sleep(IDLE_S)
        used = self._cpu_by_role()
        return {role: (used[role] - before.get(role, 0.0)) / IDLE_S for role in used}

    def _cpu_by_role(self) -> dict[str, float]:
        postgres = self.postgres.running_pid()
        return cpu_by_role([os.getpid()] + ([postgres] if postgres else []))

    def _broken(self, job: Job, n_items: int, *, may_fail: bool) -> list[str]:
        """Return which promises do not hold: all items final, exactly one current report each."""
        final = (
            "SELECT count(*) FROM item WHERE job_id = :job AND kind = 'media'"
            " AND state IN ('done', :other)"
        )
        reports = (
            "SELECT count(*) FROM item LEFT JOIN report USING (item_id)"
            " WHERE item.job_id = :job AND item.kind = 'media'"
            " GROUP BY item_id HAVING count(report.item_id) <> 1"
        )
        with self.engine.connect() as connection:
            states = {"job": job.job_id, "other": "failed" if may_fail else "done"}
            n_done = connection.execute(text(final), states).scalar_one()
            n_odd = len(connection.execute(text(reports), {"job": job.job_id}).all())
        broken = [] if n_done == n_items else [f"{n_done} of {n_items} items are done"]
        return broken + ([f"{n_odd} items have not exactly one report"] if n_odd else [])

    def _environ(self, trace: Path) -> dict[str, str]:
        return {
            **self.s3.environ(),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "VERITY_VAR": str(self.folder / "var"),
            "VERITY_DATABASE_URL": self.postgres.url,
            "VERITY_OBJECTS": f"s3://{REPORTS}",
            "VERITY_TEMP": str(self.folder / "temp"),
            "VERITY_TRACE": str(trace),
        }


@contextmanager
def open_site() -> Iterator[FleetSite]:
    """Give the servers, in a folder that the embedded PostgreSQL can use; all of it goes again."""
    root = Path("/var/lib/verity") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    root.mkdir(mode=0o755, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet-", dir=root)))
        folder.chmod(0o755)
        server = PostgresServer(folder / "postgres")
        server.hold()
        stack.callback(server.release)
        stack.callback(server.remove)
        engine = connect_engine(server.url)
        stack.callback(engine.dispose)
        migrate(engine)
        for bucket in (MEDIA, REPORTS):
            (folder / "s3" / bucket).mkdir(parents=True)
        s3 = stack.enter_context(serve_s3(folder / "s3", folder / "s3.log"))
        yield FleetSite(folder, engine, server, s3)


def _stage_times(trace: Path) -> dict[str, float]:
    """Return the seconds of each stage, summed over all lanes of a worker's trace."""
    totals: dict[str, float] = {}
    for line in trace.read_text().splitlines():
        if not line.startswith("{"):
            continue
        event = json.loads(line.rstrip(","))
        if event["ph"] == "X":
            name = event["name"]
            totals[name] = totals.get(name, 0.0) + event["dur"] / 1e6
    return totals
