"""Kill everything at random, and count: no item lost, none twice, no healthy one given up.

    .venv/bin/python -m bench.chaos --kills 20 --items 150 --lease 2

A PostgreSQL, an S3 server and workers of its own; a bucket of short recordings, some damaged. While
the workers analyse it: SIGKILL of drivers, actors, raylets, Ray's servers and heartbeats; SIGSTOP of
them, and of whole workers, for longer than the lease, and SIGCONT; PostgreSQL stopped at once every
5 to 40 s; the S3 server killed, away, slow, answering 500 or 503 or half; orphans swept with one
second of grace. Kills keep pace with the work, so that they meet all of it. Actors are not killed
while an item has its last try: to be given up then is what quarantine is for.

Prints its counts; exits with 1 where a promise is broken, with 2 where it did not come to an end.
"""

import argparse
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

from sqlalchemy import text

from bench.chaos_checks import SweepTimes, broken_promises
from bench.chaos_harm import CHECK_S, GRACE_S, WATCH_S, Harm
from bench.chaos_site import MEDIA, Site, fill_bucket, open_site, wait_for_database
from jobs.spec import Job, JobSpec
from jobs.work_queue import WorkQueue
from pipeline.errors import VerityError
from tests.fleet_bench import marked_pids
from workers.ray_folders import sweep_rays
from workers.temp_folders import sweep

BURST = 3.0  # how many kills the next one may be early by, in units of the even pace
LEAST_GAP_S = 0.3
END_S = 60.0  # for workers to end on SIGTERM
LEFT_S = 15.0  # for what a killed worker had started to notice that
BACK_S = 60.0  # for PostgreSQL, after its last stop
TELL_EVERY_S = 15.0


def main() -> int:
    """Run, check, tell; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20, help="processes killed or stopped")
    parser.add_argument("--items", type=int, help="default: five for each kill, at least 150")
    parser.add_argument("--lease", type=float, default=2.0, help="seconds")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=None, help="of the choices; default: any")
    parser.add_argument(
        "--within", type=float, help="seconds for all of it; default: ten minutes and 4 s an item"
    )
    parser.add_argument("--logs", type=Path, help="folder for logs that stay; default: none stay")
    arguments = parser.parse_args()
    arguments.items = arguments.items or max(150, 5 * arguments.kills)
    arguments.within = arguments.within or 600 + 4 * arguments.items
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # leaving nothing
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    print(
        f"seed {seed}, {arguments.kills} kills, {arguments.items} items,"
        f" lease {arguments.lease:g} s, {arguments.workers} workers",
        flush=True,
    )
    began = time.monotonic()
    with _folder() as folder:
        logs = folder / "logs" if arguments.logs is None else arguments.logs
        logs.mkdir(parents=True, exist_ok=True)
        damaged = fill_bucket(folder, arguments.items)
        with open_site(folder, logs, arguments.lease, arguments.workers) as site:
            found = _run(arguments, site, Harm(site, seed), damaged, began + arguments.within)
    print(f"took {time.monotonic() - began:.0f} s")
    for promise in found:
        print(f"BROKEN: {promise}")
    if not found:
        print("none lost, none twice, no healthy item given up")
    return 1 if found else 0


def _run(
    arguments: argparse.Namespace, site: Site, harm: Harm, damaged: frozenset[str], until: float
) -> list[str]:
    """Submit, hurt, wait, end everything; return the broken promises."""
    queue = WorkQueue(site.engine, arguments.lease, may_listen=False)
    job = queue.desk.submit(JobSpec(sources=(f"s3://{MEDIA}/",)))
    times = [time.monotonic()]
    try:
        with harm.outages():
            is_over = _hurt_until_over(harm, queue, job, arguments, until)
    finally:
        times.append(time.monotonic())
        harm.wait_for_zombies()
        wait_for_database(site.engine, BACK_S)
        time.sleep(site.lease_s)  # zombies try to write now
        site.end_workers(END_S)
    _tell(site, harm, queue, job)
    if not is_over:
        return [f"the job did not end in time, or before {arguments.kills} kills"]
    left = _left_behind(site)
    times.append(time.monotonic())
    promises = broken_promises(
        site.engine, site.store, job.job_id, damaged, SweepTimes(GRACE_S, WATCH_S)
    )
    times.append(time.monotonic())
    work_s, end_s, check_s = (after - before for before, after in pairwise(times))
    print(
        f"work {work_s:.0f} s, ending workers {end_s:.0f} s, last sweeps and checks {check_s:.0f} s"
    )
    return [*promises, *site.troubles, *left]


def _hurt_until_over(
    harm: Harm, queue: WorkQueue, job: Job, arguments: argparse.Namespace, until: float
) -> bool:
    """Do harm while the job runs; tell whether it ended and all harm was done."""
    rng = random.Random(harm.seed + 3)  # noqa: S311
    n_kills: int = arguments.kills
    early = rng.uniform(0.0, BURST)
    struck_at = told_at = time.monotonic()
    while time.monotonic() < until:
        harm.site.keep_workers()
        time.sleep(CHECK_S)
        with suppress(VerityError):  # the database is away
            job = queue.desk.job_status(job.job_id)
        if job.is_over:
            return harm.n_done >= n_kills
        share = _share_done(job, arguments.items)
        now = time.monotonic()
        if now - told_at > TELL_EVERY_S:
            told_at = now
            print(f"{share:4.0%} done, {harm.n_done} kills", flush=True)
        gap_s = now - struck_at
        is_due = harm.n_done < share * n_kills + early  # never so often that nothing can begin
        if harm.n_done < n_kills and gap_s > LEAST_GAP_S and is_due and harm.strike():
            struck_at = now
            early = rng.uniform(0.0, BURST)
    return False


def _share_done(job: Job, n_items: int) -> float:
    return min(1.0, (job.counts.done + job.counts.failed) / n_items)


def _left_behind(site: Site) -> list[str]:
    """Return what workers left that have ended: processes, temporary files."""
    sweep_rays()  # as the next worker does: Ray's agents would look for a dead GCS for a minute
    until = time.monotonic() + LEFT_S
    while (pids := marked_pids(site.mark)) and time.monotonic() < until:
        time.sleep(0.2)
    sweep(site.temp_folder)  # as the next worker does: some were killed last
    files = [path.name for path in site.temp_folder.iterdir()]
    found = []
    if pids:
        found.append(f"{len(pids)} processes of workers are left: {pids}")
    if files:
        found.append(f"{len(files)} temporary files are left: {files[:3]}")
    return found


def _tell(site: Site, harm: Harm, queue: WorkQueue, job: Job) -> None:
    print(f"kills: {harm.n_done}")
    for name, n_times in [*sorted(harm.done.items()), *sorted(harm.beside.items())]:
        print(f"  {name}: {n_times}")
    statuses = ", ".join(f"{n} with {status}" for status, n in sorted(site.statuses.items()))
    print(f"workers started: {site.n_started}; ended: {statuses}")
    with site.engine.connect() as connection:
        causes = connection.execute(
            text("SELECT cause, count(*) FROM attempt GROUP BY 1 ORDER BY 2 DESC")
        ).all()
    print("attempts: " + ", ".join(f"{n} {cause}" for cause, n in causes))
    print(f"items: {queue.desk.job_status(job.job_id).counts}")


@contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder that the embedded server can use: as root, one that every user may enter."""
    root = Path("/var/lib/verity") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    root.mkdir(mode=0o755, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=root) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


if __name__ == "__main__":
    sys.exit(main())
