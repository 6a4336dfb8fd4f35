# ruff: noqa: A005 (the module is run as `python -m bench.queue` and imported by nobody)
"""Claims a second, and how soon an idle worker has new work, with few and with a million items.

    .venv/bin/python -m bench.queue [--items 1000 1000000] [--accounts 1 500] [--rounds 300]

A PostgreSQL of its own is started and removed, with the settings that the embedded one has. A round
is what a worker does for an item: claim, one heartbeat, finish. Exits with 1 where a promise is
broken: claims stay flat (a million items cost at most three times what a thousand cost, and 5 ms),
and an idle worker has new work within 50 ms (95th percentile).
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy import Engine, text

from jobs.spec import Beat, ItemKind, JobSpec
from jobs.work_queue import WorkQueue
from storage.database import connect_engine, migrate
from storage.postgres_server import PostgresServer

FLAT_FACTOR = 3.0
FLAT_S = 0.005
PICKUP_S = 0.05
N_PICKUPS = 40
TABLES = "report, segment, analysis, attempt, item, job_delta, job"


def main() -> int:
    """Print the table; return 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[1000, 1_000_000])
    parser.add_argument("--accounts", type=int, nargs="+", default=[1, 500])
    parser.add_argument("--rounds", type=int, default=300)
    arguments = parser.parse_args()
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    root = Path("/var/lib/verity") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    root.mkdir(mode=0o755, exist_ok=True)
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=root) as name:
        Path(name).chmod(0o755)
        server = PostgresServer(Path(name) / "postgres")
        server.hold()
        engine = connect_engine(server.url)
        try:
            migrate(engine)
            broken += _bench_claims(engine, arguments)
            broken += _bench_pickup(engine)
        finally:
            engine.dispose()
            server.remove()
            server.release()
    for promise in broken:
        print(f"BROKEN: {promise}")
    return 1 if broken else 0


def _bench_claims(engine: Engine, arguments: argparse.Namespace) -> list[str]:
    print(f"{'items':>9} {'accounts':>8}  {'claim ms: median':>16} {'p95':>7}  {'rounds/s':>8}")
    medians: dict[int, float] = {}
    broken = []
    for n_accounts in arguments.accounts:
        for n_items in arguments.items:
            fill(engine, n_items, n_accounts)
            times, rounds_per_s = _time_rounds(WorkQueue(engine), min(arguments.rounds, n_items))
            median, p95 = statistics.median(times), _p95(times)
            print(
                f"{n_items:>9} {n_accounts:>8}  {1000 * median:>16.2f} {1000 * p95:>7.2f}"
                f"  {rounds_per_s:>8.0f}"
            )
            few = medians.setdefault(n_accounts, median)
            if median > FLAT_FACTOR * few + FLAT_S:
                broken.append(
                    f"a claim among {n_items} items takes {median / few:.1f} times as long"
                )
    return broken


def fill(engine: Engine, n_items: int, n_accounts: int) -> None:
    """Fill an empty queue with one job an account, its items already listed."""
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE"))
        connection.execute(
            text(
                "INSERT INTO account (account_id) SELECT 'a' || n FROM generate_series(1, :n) n"
                " ON CONFLICT DO NOTHING"
            ),
            {"n": n_accounts},
        )
        connection.execute(
            text(
                "INSERT INTO job (account_id, sources, priority, options, n_total)"
                " SELECT 'a' || n, '{x}', 1, '{}', :each FROM generate_series(1, :n) n"
            ),
            {"n": n_accounts, "each": n_items // n_accounts},
        )
        connection.execute(
            text(
                "INSERT INTO item"
                " (job_id, account_id, kind, state, priority, source_uri, source_key)"
                " SELECT j.job_id, j.account_id, 'media', 'ready', 2, 's3://bucket/' || n, n::text"
                " FROM job j, generate_series(1, :each) n"
            ),
            {"each": n_items // n_accounts},
        )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE item"))
        connection.execute(text("VACUUM ANALYZE job"))


def _time_rounds(queue: WorkQueue, n_rounds: int) -> tuple[list[float], float]:
    """Return the times of single claims, and how many rounds went by a second."""
    times = []
    began = time.perf_counter()
    for number in range(n_rounds):
        started = time.perf_counter()
        (claim,) = queue.claim("worker")
        times.append(time.perf_counter() - started)
        queue.heartbeat([Beat(claim, "fetch")])
        queue.finish(claim)
        if number % 50 == 49:
            queue.tend()  # as every worker does, some times a lease
    return times, n_rounds / (time.perf_counter() - began)


def _bench_pickup(engine: Engine) -> list[str]:
    times = pickup_times(engine)
    median, p95 = statistics.median(times), _p95(times)
    print(f"pickup by an idle worker: median {1000 * median:.1f} ms, p95 {1000 * p95:.1f} ms")
    return [f"pickup takes {1000 * p95:.0f} ms (p95)"] if p95 > PICKUP_S else []


def pickup_times(engine: Engine) -> list[float]:
    """Return the times from a submit's commit to the claim of an idle worker; empties the queue."""
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE"))
    idle, desk = WorkQueue(engine), WorkQueue(engine, may_listen=False).desk
    claimed_at: list[float] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            claims = idle.claim("idle", kind=ItemKind.LIST)
            if claims:
                claimed_at.append(time.perf_counter())
                idle.finish(claims[0])
            else:
                idle.wait_for_work(1.0, stop)

    worker = threading.Thread(target=work)
    worker.start()
    times = []
    for number in range(N_PICKUPS):
        time.sleep(0.1)
        desk.submit(JobSpec(sources=("s3://bucket/prefix",)))
        submitted = time.perf_counter()
        while len(claimed_at) <= number:
            time.sleep(0.0005)
        times.append(max(0.0, claimed_at[number] - submitted))
    stop.set()
    worker.join()
    idle.close()
    return times


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


if __name__ == "__main__":
    sys.exit(main())
