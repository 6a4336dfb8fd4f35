"""The queue beside procrastinate and pgqueuer, on the same PostgreSQL in one run.

    .venv/bin/python -m bench.queue_rivals [--items 1000 100000] [--pickups 40]

Needs `pip install procrastinate pgqueuer`, which nothing else of the project does. Each queue has a
database of its own on one server; one worker takes jobs that do nothing, ten at a time; it takes the
next ones while those before end, as a fleet driver does. Ours also fences, audits and counts each
one; theirs do not. The order is turned round in each repeat, since the
machine is shared. Nothing here is a promise: it exits with 0.
"""

import argparse
import asyncio
import logging
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
from pgqueuer import PgQueuer
from pgqueuer.db import PsycopgDriver
from pgqueuer.models import Job as PgJob
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode
from procrastinate import App, PsycopgConnector
from sqlalchemy.engine import make_url

from bench.queue import fill, pickup_times
from jobs.work_queue import WorkQueue
from storage.database import connect_engine, migrate
from storage.postgres_server import PostgresServer

AT_A_TIME = 10
Measure = Callable[[str, int, int], tuple[float, list[float]]]


def main() -> int:
    """Print jobs a second and pickup times of each queue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--worked", type=int, default=1000, help="jobs that are worked off")
    parser.add_argument("--pickups", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'queue':14} {'queued':>8} {'jobs/s':>8} {'pickup ms: median':>18} {'p95':>7}")
    root = Path("/var/lib/verity") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    root.mkdir(mode=0o755, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=root) as name:
        Path(name).chmod(0o755)
        server = PostgresServer(Path(name) / "postgres")
        server.hold()
        try:
            for repeat in range(arguments.repeats):
                order = list(QUEUES) if repeat % 2 == 0 else list(QUEUES)[::-1]
                for n_items in arguments.items:
                    for queue in order:
                        _print_one(server, queue, n_items, arguments)
        finally:
            server.remove()
            server.release()
    return 0


def _print_one(
    server: PostgresServer, queue: str, n_items: int, arguments: argparse.Namespace
) -> None:
    url = make_url(server.url)
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    name = f"{queue}_{time.time_ns()}"
    with psycopg.connect(_dsn(str(url.render_as_string(False))), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    own = url.set(database=name).render_as_string(hide_password=False)
    n_worked = min(arguments.worked, n_items)
    rate, pickups = QUEUES[queue](own, n_items, n_worked)
    pickups = pickups[: arguments.pickups]
    p95 = sorted(pickups)[int(len(pickups) * 0.95)]
    median = statistics.median(pickups)
    print(
        f"{queue:14} {n_items:>8} {rate:>8.0f} {1000 * median:>18.1f} {1000 * p95:>7.1f}",
        flush=True,
    )


def _ours(url: str, n_items: int, n_worked: int) -> tuple[float, list[float]]:
    engine = connect_engine(url, AT_A_TIME + 1)
    migrate(engine)
    fill(engine, n_items, 1)
    queue = WorkQueue(engine)
    n_done, ending = 0, list[Future[None]]()
    began = time.perf_counter()
    with ThreadPoolExecutor(
        AT_A_TIME
    ) as threads:  # a fleet driver claims while walks end beside it
        while n_done < n_worked:
            claims = queue.claim("worker", AT_A_TIME)
            for end in ending:
                end.result()
            n_done += len(ending)
            ending = [threads.submit(queue.finish, claim) for claim in claims]
            if n_done % 500 == 0:
                queue.tend()
    rate = n_done / (time.perf_counter() - began)
    queue.close()
    pickups = pickup_times(engine)
    engine.dispose()
    return rate, pickups


def _procrastinate(url: str, n_items: int, n_worked: int) -> tuple[float, list[float]]:
    return asyncio.run(_run_procrastinate(_dsn(url), n_items, n_worked))


async def _run_procrastinate(dsn: str, n_items: int, n_worked: int) -> tuple[float, list[float]]:
    app = App(connector=PsycopgConnector(conninfo=dsn))
    seen: list[float] = []
    enough = asyncio.Event()

    @app.task(name="work")
    async def work(number: int) -> None:
        seen.append(time.perf_counter())
        if len(seen) >= n_worked:
            enough.set()

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for first in range(0, n_items, 5000):
            last = min(first + 5000, n_items)
            await work.batch_defer_async(*({"number": n} for n in range(first, last)))
        began = time.perf_counter()
        worker = asyncio.create_task(
            app.run_worker_async(concurrency=AT_A_TIME, install_signal_handlers=False)
        )
        await enough.wait()
        rate = len(seen) / (time.perf_counter() - began)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as admin:
        await admin.execute("TRUNCATE procrastinate_jobs CASCADE")
    fresh = App(connector=PsycopgConnector(conninfo=dsn))
    picked = asyncio.Queue[float]()

    @fresh.task(name="pick")
    async def pick() -> None:
        picked.put_nowait(time.perf_counter())

    async with fresh.open_async():
        worker = asyncio.create_task(
            fresh.run_worker_async(concurrency=AT_A_TIME, install_signal_handlers=False)
        )
        pickups = await _pickups(lambda: pick.defer_async(), picked)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    return rate, pickups


def _pgqueuer(url: str, n_items: int, n_worked: int) -> tuple[float, list[float]]:
    return asyncio.run(_run_pgqueuer(_dsn(url), n_items, n_worked))


async def _run_pgqueuer(dsn: str, n_items: int, n_worked: int) -> tuple[float, list[float]]:
    seen: list[float] = []
    picked = asyncio.Queue[float]()
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as outside,
    ):
        await Queries(PsycopgDriver(outside)).install()
        producer = Queries(PsycopgDriver(outside))
        for first in range(0, n_items, 5000):
            n_some = min(5000, n_items - first)
            await producer.enqueue(["work"] * n_some, [None] * n_some, [0] * n_some)
        pgq = PgQueuer(PsycopgDriver(connection))
        enough = asyncio.Event()

        @pgq.entrypoint("work")
        async def work(job: PgJob) -> None:
            seen.append(time.perf_counter())
            if len(seen) >= n_worked:
                enough.set()

        @pgq.entrypoint("pick")
        async def pick(job: PgJob) -> None:
            picked.put_nowait(time.perf_counter())

        began = time.perf_counter()
        worker = asyncio.create_task(
            pgq.run(batch_size=AT_A_TIME, mode=QueueExecutionMode.continuous)
        )
        await enough.wait()
        rate = len(seen) / (time.perf_counter() - began)
        await outside.execute("DELETE FROM pgqueuer WHERE entrypoint = 'work'")
        await asyncio.sleep(1)
        pickups = await _pickups(lambda: producer.enqueue("pick", None), picked)
        pgq.shutdown.set()
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    return rate, pickups


async def _pickups(submit: Callable[[], object], picked: "asyncio.Queue[float]") -> list[float]:
    """Return times from a submit's commit to its pickup by a worker that was idle."""
    times = []
    for _ in range(40):
        await asyncio.sleep(0.1)
        await submit()  # type: ignore[misc]
        submitted = time.perf_counter()
        times.append(max(0.0, await picked.get() - submitted))
    return times


def _dsn(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


QUEUES: dict[str, Measure] = {
    "verity": _ours,
    "procrastinate": _procrastinate,
    "pgqueuer": _pgqueuer,
}

if __name__ == "__main__":
    raise SystemExit(main())
