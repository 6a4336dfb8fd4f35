"""Kill everything at random, and count: no item lost, none twice, no healthy one given up.

    .venv/bin/python -m bench.chaos --kills 20 --items 150 --lease 2

A PostgreSQL, an S3 server and workers of its own; a bucket of short recordings, some damaged. While
the workers analyse it: SIGKILL of workers' drivers, of Ray's actors and raylets, SIGSTOP for longer
than the lease and SIGCONT, PostgreSQL stopped at once and started again, the S3 server away, slow,
answering 500 or 503 or half, and orphans swept with one second of grace all the while. Actors are
not killed while an item has died twice: the third time is what quarantine is for.

Prints its counts; exits with 1 where a promise is broken, with 2 where it did not come to an end.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from sqlalchemy import Engine, text

from bench.chaos_checks import GRACE_S, broken_promises
from bench.fault_proxy import Fault, FaultProxy
from jobs.spec import JobSpec
from jobs.work_queue import WorkQueue
from pipeline.errors import VerityError
from storage.database import connect_engine, migrate
from storage.kept_objects import sweep_orphans
from storage.objects import ObjectStore, open_object_store
from storage.postgres_server import PostgresServer
from storage.settings import StorageSettings
from tests.fleet_bench import actor_pids
from tests.makers import speech_like, write_wav
from tests.models import TINY_DETECTOR, TINY_SEPARATOR

ROOT = Path(__file__).resolve().parent.parent
KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench-secret-key"}
MEDIA, REPORTS = "media", "reports"  # buckets
N_SOUNDS = 24  # different recordings; the bucket names each several times
BAD_SHARE = 0.02
S3_START_S = 60.0


@dataclass
class Chaos:
    """The parts that are hurt, and what has been done to them."""

    folder: Path
    lease_s: float
    server: PostgresServer
    proxy: FaultProxy
    s3: "S3"
    engine: Engine
    rng: random.Random
    n_workers: int
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    n_started: int = 0

    def environ(self) -> dict[str, str]:
        """Return the environment of a worker."""
        return {
            **KEYS,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "OMP_NUM_THREADS": "1",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.proxy.port}",
            "VERITY_VAR": str(self.folder / "var"),
            "VERITY_DATABASE_URL": self.server.url,
            "VERITY_OBJECTS": f"s3://{REPORTS}",
            "VERITY_DETECTOR": str(TINY_DETECTOR),
            "VERITY_SEPARATOR": str(TINY_SEPARATOR),
            "VERITY_TEMP": str(self.folder / "temp"),
            "VERITY_LEASE_S": str(self.lease_s),
            "VERITY_PREPARERS": "2",
            "VERITY_SCORE_WAIT_S": "0.05",
            "VERITY_GRACE_S": "5",
        }

    def keep_workers(self) -> None:
        """Start a worker for each one that has gone."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < self.n_workers:
            self.n_started += 1
            log = self.folder / f"worker-{self.n_started}.log"
            with log.open("wb") as output:
                command = [sys.executable, "-m", "workers", "--log-json"]
                self.workers.append(
                    subprocess.Popen(  # noqa: S603 (our own module)
                        command, cwd=ROOT, env=self.environ(), stdout=output, stderr=output
                    )
                )

    # what is done to the parts; each tells whether it found something to hurt

    def kill_driver(self) -> bool:
        """SIGKILL a worker's driver: its Ray and its heartbeat die with it."""
        return self._signal([worker.pid for worker in self.workers], signal.SIGKILL)

    def kill_actor(self) -> bool:
        """SIGKILL an actor, unless an item has died twice already."""
        statement = "SELECT count(*) FROM item WHERE n_crashes >= 2 AND state <> 'done'"
        with suppress(Exception), self.engine.connect() as connection:
            return not connection.scalar(text(statement)) and self._signal(
                self._actors(), signal.SIGKILL
            )
        return False

    def kill_raylet(self) -> bool:
        """SIGKILL the raylet under a worker."""
        raylets = [pid for pid in _pids() if "raylet/raylet" in _command(pid)]
        mine = {worker.pid for worker in self.workers}
        return self._signal([pid for pid in raylets if _parent(pid) in mine], signal.SIGKILL)

    def stop_driver(self) -> bool:
        """SIGSTOP a driver for longer than its leases live, then wake the zombie."""
        return self._stop_for([worker.pid for worker in self.workers], 4 * self.lease_s)

    def stop_actor(self) -> bool:
        """SIGSTOP an actor for longer than the lease: its driver keeps the item."""
        return self._stop_for(self._actors(), 1.5 * self.lease_s)

    def stop_database(self) -> bool:
        """Stop PostgreSQL at once, start it again some seconds later."""
        pid = self.server.running_pid()
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
        time.sleep(self.rng.uniform(0.5, 3.0))
        self.server.hold()
        return True

    def stop_s3(self) -> bool:
        """Kill the S3 server, start it again some seconds later."""
        self.s3.stop()
        time.sleep(self.rng.uniform(0.5, 3.0))
        self.s3.start()
        return True

    def spoil_s3(self) -> bool:
        """Let the S3 server seem away, slow or broken for some seconds."""
        self.proxy.fault = self.rng.choice([fault for fault in Fault if fault is not Fault.NONE])
        self.done[f"  {self.proxy.fault}"] += 1
        time.sleep(self.rng.uniform(0.5, 3.0))
        self.proxy.fault = Fault.NONE
        return True

    def _actors(self) -> list[int]:
        names = ("Preparer", "Scorer", "Writer", "Lister")
        return [
            pid for worker in self.workers for name in names for pid in actor_pids(name, worker.pid)
        ]

    def _signal(self, pids: list[int], number: signal.Signals) -> bool:
        if not pids:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.rng.choice(pids), number)
        return True

    def _stop_for(self, pids: list[int], seconds: float) -> bool:
        if not pids:
            return False
        pid = self.rng.choice(pids)

        def wake() -> None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            threading.Timer(seconds, wake).start()
        return True


class S3:
    """A nanio server on one port, whatever becomes of its process."""

    def __init__(self, folder: Path, port: int) -> None:
        """Make its folder with the two buckets."""
        self._folder = folder
        self.port = port
        for bucket in (MEDIA, REPORTS):
            (folder / bucket).mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        """Return how to reach it without the proxy."""
        return {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "nanio", "serve", "--data-dir", str(self._folder)]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--no-access-log"]
        command += ["--log-level", "error"]
        keys = dict(zip(("NANIO_ACCESS_KEY", "NANIO_SECRET_KEY"), KEYS.values(), strict=True))
        self._process = subprocess.Popen(  # noqa: S603 (a server of the demo's)
            command, env={"PATH": os.defpath, **keys}, stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + S3_START_S
        client = boto3.client(
            "s3",
            endpoint_url=self.environ["AWS_ENDPOINT_URL"],
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        while time.monotonic() < until:
            with suppress(Exception):
                client.list_buckets()
                return
            time.sleep(0.1)
        raise TimeoutError("nanio did not start")

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def main() -> int:
    """Run, check, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--items", type=int, default=150)
    parser.add_argument("--lease", type=float, default=2.0, help="seconds")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--within", type=float, default=900.0, help="seconds for all of it")
    arguments = parser.parse_args()
    root = Path("/var/lib/verity") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    root.mkdir(mode=0o755, exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=root) as name:
        folder = Path(name)
        folder.chmod(0o755)
        status = _run(arguments, folder, began + arguments.within)
    print(f"took {time.monotonic() - began:.0f} s")
    return status


def _run(arguments: argparse.Namespace, folder: Path, until: float) -> int:
    rng = random.Random(arguments.seed)  # noqa: S311 (for chaos, not for secrets)
    with ExitStack() as stack:
        server = PostgresServer(folder / "postgres")
        server.hold()
        stack.callback(server.release)
        stack.callback(server.remove)
        engine = connect_engine(server.url)
        stack.callback(engine.dispose)
        migrate(engine)
        s3 = S3(folder / "s3", _free_port())
        n_bad = _fill_bucket(folder / "s3" / MEDIA, arguments.items)
        s3.start()
        stack.callback(s3.stop)
        proxy = stack.enter_context(FaultProxy(s3.port))
        store = open_object_store(
            StorageSettings.from_env(
                {"VERITY_VAR": str(folder), "VERITY_OBJECTS": f"s3://{REPORTS}", **s3.environ}
            )
        )
        chaos = Chaos(folder, arguments.lease, server, proxy, s3, engine, rng, arguments.workers)
        stack.callback(_end_workers, chaos)
        stack.enter_context(_sweeping(engine, store))
        queue = WorkQueue(engine, arguments.lease, may_listen=False)
        job_id = queue.desk.submit(JobSpec(sources=(f"s3://{MEDIA}/",))).job_id
        is_over = _hurt_until_over(chaos, queue, job_id, arguments.kills, until)
        _tell(chaos, queue, job_id)
        if not is_over:
            print("BROKEN: the job did not end in time")
            return 2
        found = broken_promises(engine, store, job_id, n_bad)
    for promise in found:
        print(f"BROKEN: {promise}")
    if not found:
        print("none lost, none twice, no healthy item given up")
    return 1 if found else 0


def _hurt_until_over(
    chaos: Chaos, queue: WorkQueue, job_id: str, n_kills: int, until: float
) -> bool:
    """Do harm until it was enough, then let the fleet come to its end; tell whether it did."""
    ways: list[tuple[Callable[[], bool], int]] = [
        (chaos.kill_actor, 6),
        (chaos.kill_driver, 3),
        (chaos.kill_raylet, 2),
        (chaos.stop_driver, 2),
        (chaos.stop_actor, 2),
        (chaos.stop_database, 2),
        (chaos.stop_s3, 1),
        (chaos.spoil_s3, 3),
    ]
    n_done = 0
    while time.monotonic() < until:
        chaos.keep_workers()
        with suppress(VerityError):
            if queue.desk.job_status(job_id).is_over:
                return True
        if n_done < n_kills:
            [way] = chaos.rng.choices([way for way, _ in ways], [weight for _, weight in ways])
            if way():
                n_done += 1
                chaos.done[way.__name__] += 1
        time.sleep(chaos.rng.uniform(0.3, 2.0))
    return False


def _tell(chaos: Chaos, queue: WorkQueue, job_id: str) -> None:
    print(f"harm done: {sum(n for name, n in chaos.done.items() if name[0] != ' ')}")
    for name, n_times in sorted(chaos.done.items()):
        print(f"  {name}: {n_times}")
    with chaos.engine.connect() as connection:
        causes = connection.execute(
            text("SELECT cause, count(*) FROM attempt GROUP BY 1 ORDER BY 2 DESC")
        ).all()
    print(f"workers started: {chaos.n_started}")
    print("attempts: " + ", ".join(f"{n} {cause}" for cause, n in causes))
    print(f"items: {queue.desk.job_status(job_id).counts}")


@contextmanager
def _sweeping(engine: Engine, store: ObjectStore) -> Iterator[None]:
    """Sweep orphans with little grace all the while."""
    stop = threading.Event()

    def sweep() -> None:
        while not stop.wait(0.5):
            with suppress(VerityError):
                sweep_orphans(engine, store, GRACE_S, stop)

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _end_workers(chaos: Chaos) -> None:
    for worker in chaos.workers:
        with suppress(ProcessLookupError):
            worker.send_signal(signal.SIGCONT)
            worker.terminate()
    for worker in chaos.workers:
        try:
            worker.wait(60)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def _fill_bucket(folder: Path, n_items: int) -> int:
    """Write the media; return how many of them are damaged."""
    sounds = []
    for seed in range(min(N_SOUNDS, n_items)):
        path = write_wav(folder / f"sound-{seed}.tmp", speech_like(seed, 4.0))
        sounds.append(path.read_bytes())
        path.unlink()
    n_bad = 0
    for number in range(n_items):
        is_bad = number % round(1 / BAD_SHARE) == 7
        n_bad += is_bad
        content = b"\x00\x01no sound at all" * 300 if is_bad else sounds[number % len(sounds)]
        (folder / f"{number:05}.wav").write_bytes(content)
    return n_bad


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    return ""


def _parent(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
