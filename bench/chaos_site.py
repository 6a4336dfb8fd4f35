"""What chaos needs to break: a PostgreSQL, an S3 server behind a fault proxy, and workers.

All of it lies in one folder and ends with the site; nothing of the machine's own is touched.
"""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import numpy as np
from sqlalchemy import Engine

from bench.fault_proxy import FaultProxy
from pipeline.errors import VerityError
from storage.database import connect_engine, migrate
from storage.objects import ObjectStore, check_object_store, open_object_store
from storage.postgres_server import PostgresServer
from storage.settings import StorageSettings
from tests.fleet_bench import ROOT
from tests.makers import speech_like, wav_bytes
from tests.models import TINY_DETECTOR, TINY_SEPARATOR

KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench-secret-key"}
MEDIA, REPORTS = "media", "reports"  # buckets
MARK = "CHAOS_MARK"  # in the environment of all that a worker starts
N_SOUNDS = 24
SOUND_S = 4.0
LONG_SOUND_S = 40.0  # every twentieth: some items should be hit in the middle
BAD_EVERY = 50  # one item in so many is damaged, from the eighth on
AGAIN_EVERY = 10  # and one in so many has the bytes of another
S3_START_S = 60.0
# by itself or on SIGTERM, a service was away or Ray did not start, SIGTERM while Ray started
STATUS_ENDED = frozenset({0, 75, 15})
STATUS_RAY = 1  # Ray's library ends the process where its raylet is killed, while it starts say


class S3Server:
    """A nanio server on one port, whatever becomes of its process."""

    def __init__(self, folder: Path) -> None:
        """Make its folder with the two buckets."""
        self._folder = folder
        self.port = _free_port()
        for bucket in (MEDIA, REPORTS):
            (folder / bucket).mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint_url(self) -> str:
        """Return where it is without the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "nanio", "serve", "--data-dir", str(self._folder)]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--no-access-log"]
        command += ["--log-level", "error"]
        keys = dict(zip(("NANIO_ACCESS_KEY", "NANIO_SECRET_KEY"), KEYS.values(), strict=True))
        self._process = subprocess.Popen(  # noqa: S603 (a server of the demo's)
            command,
            env={"PATH": os.defpath, **keys},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        until = time.monotonic() + S3_START_S
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


@dataclass
class Worker:
    """A worker's driver process and its log."""

    process: subprocess.Popen[bytes]
    log: Path
    has_lost_ray: bool = False  # its raylet or GCS was killed


@dataclass
class Site:
    """The servers, and the workers that are kept up."""

    folder: Path
    logs: Path
    lease_s: float
    n_workers: int
    server: PostgresServer
    s3: S3Server
    proxy: FaultProxy
    engine: Engine
    store: ObjectStore  # reached without the proxy
    workers: list[Worker] = field(default_factory=list)
    n_started: int = 0
    statuses: Counter[int] = field(default_factory=Counter)  # of workers that have ended
    troubles: list[str] = field(default_factory=list)  # workers that ended as none should
    mark: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def temp_folder(self) -> Path:
        """Return where the workers' media lie while they are analysed."""
        return self.folder / "temp"

    def environ(self) -> dict[str, str]:
        """Return the environment of a worker."""
        return {
            **KEYS,
            MARK: self.mark,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),  # this checkout's code, wherever the environment points
            "OMP_NUM_THREADS": "1",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.proxy.port}",
            "VERITY_VAR": str(self.folder / "var"),
            "VERITY_DATABASE_URL": self.server.url,
            "VERITY_OBJECTS": f"s3://{REPORTS}",
            "VERITY_DETECTOR": str(TINY_DETECTOR),
            "VERITY_SEPARATOR": str(TINY_SEPARATOR),
            "VERITY_TEMP": str(self.temp_folder),
            "VERITY_LEASE_S": str(self.lease_s),
            "VERITY_PREPARERS": "2",
            "VERITY_SCORE_WAIT_S": "0.05",
            "VERITY_GRACE_S": "5",
        }

    def keep_workers(self) -> None:
        """Start a worker for each one that has gone, and note how it went."""
        for worker in [*self.workers]:
            if worker.process.poll() is not None:
                self._note_end(worker)
        while len(self.workers) < self.n_workers:
            self.n_started += 1
            log = self.logs / f"worker-{self.n_started}.log"
            with log.open("wb") as output:
                command = [sys.executable, "-m", "workers", "--log-json"]
                process = subprocess.Popen(  # noqa: S603 (our own module)
                    command, cwd=ROOT, env=self.environ(), stdout=output, stderr=output
                )
            self.workers.append(Worker(process, log))

    def end_workers(self, wait_s: float) -> None:
        """Ask all workers to end; one that does not within `wait_s` is a trouble, and killed."""
        for worker in self.workers:
            worker.process.terminate()
        until = time.monotonic() + wait_s
        for worker in [*self.workers]:
            try:
                worker.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.troubles.append(f"{worker.log.name}: SIGTERM did not end it in {wait_s:.0f} s")
                worker.process.kill()
                worker.process.wait()
            self._note_end(worker)

    def _note_end(self, worker: Worker) -> None:
        self.workers.remove(worker)
        status = worker.process.returncode
        self.statuses[status] += 1
        told = worker.log.read_text(errors="replace")
        expected = STATUS_ENDED | {STATUS_RAY} if worker.has_lost_ray else STATUS_ENDED
        if (status < 0 or status in expected) and "Traceback" not in told:
            return
        lines = told.strip().splitlines()
        self.troubles.append(f"{worker.log.name}: status {status}: {lines[-1] if lines else ''}")


@contextmanager
def open_site(folder: Path, logs: Path, lease_s: float, n_workers: int) -> Iterator[Site]:
    """Give a site whose servers run; workers are started by `keep_workers`."""
    with ExitStack() as stack:
        server = PostgresServer(folder / "postgres")
        server.hold()
        stack.callback(server.release)
        stack.callback(server.remove)
        engine = connect_engine(server.url)
        stack.callback(engine.dispose)
        migrate(engine)
        s3 = S3Server(folder / "s3")
        stack.callback(s3.stop)
        s3.start()
        proxy = stack.enter_context(FaultProxy(s3.port))
        facts = {"VERITY_VAR": str(folder), "VERITY_OBJECTS": f"s3://{REPORTS}", **KEYS}
        facts["AWS_ENDPOINT_URL"] = s3.endpoint_url
        store = open_object_store(StorageSettings.from_env(facts))
        check_object_store(store)
        yield Site(folder, logs, lease_s, n_workers, server, s3, proxy, engine, store)


def fill_bucket(folder: Path, n_items: int) -> frozenset[str]:
    """Write media into the bucket's folder; return the names of those that are damaged."""
    bucket = folder / "s3" / MEDIA
    bucket.mkdir(parents=True)
    sounds = [speech_like(seed, SOUND_S) for seed in range(min(N_SOUNDS, n_items))]
    long_sound = speech_like(N_SOUNDS, LONG_SOUND_S)
    damaged = set()
    for number in range(n_items):
        path = bucket / f"{number:05}.wav"
        if number % BAD_EVERY == 7:
            damaged.add(path.name)
            path.write_bytes(b"\x00\x01no sound at all" * 300)
            continue
        is_again = number % AGAIN_EVERY == AGAIN_EVERY - 1
        sound = long_sound if number % 20 == 3 else sounds[number % len(sounds)]
        unlike = np.array(sound)
        unlike[0] = (0 if is_again else number) / 32_768  # other bytes, the same findings
        path.write_bytes(wav_bytes(unlike))
    return frozenset(damaged)


def wait_for_database(engine: Engine, wait_s: float) -> None:
    """Return once the database answers.

    Raises:
        TimeoutError: it does not.
    """
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        with suppress(VerityError, Exception), engine.connect():
            return
        time.sleep(0.1)
    raise TimeoutError("PostgreSQL did not come back")


def _free_port() -> int:
    """Return a port that stays free while its server is killed: below those of connections."""
    for port in range(15_000 + os.getpid() % 5_000, 32_768):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port below 32768 is free")
