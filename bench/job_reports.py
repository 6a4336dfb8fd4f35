"""How long the report of a large job takes, and how much memory: `python -m bench.job_reports`.

Fills an embedded PostgreSQL with two jobs of as many items (10 segments each), so that there is one to
compare with. Each step runs in a process of its own, whose peak memory is its own; the server's memory
is not counted. Items' files for the zip are short ones: what is measured is their number.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from bench.cpu_clock import peak_mib
from reports.archive_checks import check_archive
from reports.as_job_json import to_job_json
from reports.as_job_pdf import to_job_pdf
from reports.job_archive import Member, write_archive
from reports.job_facts import gather
from reports.job_sheets import write_items_csv, write_workbook
from reports.job_words_en import JOB_ENGLISH
from reports.signer_checks import KnownSigners, Outcome
from reports.signing_keys import create_key
from reports.words_en import ENGLISH
from storage.database import connect_engine, migrate
from storage.job_report_rows import report_snapshot
from storage.postgres_server import PostgresServer
from tests.integration.reports.job_makers import Filling, fill_job

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SEGMENTS = 10
ITEM_FILE = b'{"findings": "as many bytes as a short item has"}' * 20
SERVER_ROOT = Path("/var/lib/verity")  # every user may walk there: the server refuses root


def main() -> None:
    """Print seconds and MiB of each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    n_items = parser.parse_args().items
    with (
        filling_server() as server,
        tempfile.TemporaryDirectory(prefix="verity-bench-") as out,
    ):
        job_id = fill(server.url, n_items)
        print(f"{'step':22} {'s':>8} {'peak MiB':>9}  what")
        for name, step in STEPS.items():
            seconds, mib, said = _apart(step, server.url, job_id, Path(out), n_items)
            print(f"{name:22} {seconds:8.1f} {mib:9.0f}  {said}", flush=True)


@contextmanager
def filling_server() -> Iterator[PostgresServer]:
    """Keep an embedded PostgreSQL that does not wait for the disk."""
    root = SERVER_ROOT if SERVER_ROOT.is_dir() else Path(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(dir=root, prefix="verity-bench-") as data:
        Path(data).chmod(0o755)
        server = PostgresServer(Path(data) / "postgres", {"fsync": "off"})
        server.hold()
        try:
            yield server
        finally:
            server.remove()
            server.release()


def fill(url: str, n_items: int) -> int:
    """Fill a database with two jobs of so many items; return the second one's id."""
    engine = connect_engine(url)
    migrate(engine)
    started = time.monotonic()
    with engine.begin() as connection:  # row by row they would take as long as all the rest
        for kind in ("whole", "part"):
            connection.execute(text(f"DROP INDEX item_embedding_{kind}"))
    filling = Filling(n_items, SEGMENTS, n_systems=40, name="Bench")
    fill_job(engine, filling)
    again = Filling(
        n_items,
        SEGMENTS,
        n_systems=40,
        name="Bench",
        n_copies=n_items // 100,
        n_same=n_items // 50,
        with_documents=True,
    )
    job_id = fill_job(engine, again)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    print(f"filled with two jobs of {n_items} items in {time.monotonic() - started:.0f} s")
    return job_id


def _gather(url: str, job_id: int, out: Path, n_items: int) -> str:
    engine = connect_engine(url)
    with report_snapshot(engine) as connection:
        report = gather(connection, job_id, NOON)
    pdf = to_job_pdf(report, JOB_ENGLISH, ENGLISH)
    (out / "job.pdf").write_bytes(pdf)
    document = to_job_json(report)
    engine.dispose()
    return (
        f"PDF {len(pdf) / 1000:.0f} kB, JSON {len(document) / 1000:.0f} kB, {report.n_items} items, "
        f"{len(report.near)} groups of copies, {len(report.alike)} made alike"
    )


def _sheets(url: str, job_id: int, out: Path, n_items: int) -> str:
    engine = connect_engine(url)
    with report_snapshot(engine) as connection:
        report = gather(connection, job_id, NOON)
        started = time.monotonic()
        write_workbook(connection, report, JOB_ENGLISH, out / "job.xlsx")
        took_s = time.monotonic() - started
        write_items_csv(connection, job_id, out / "job.csv")
    engine.dispose()
    sizes = [(out / name).stat().st_size / 1e6 for name in ("job.xlsx", "job.csv")]
    return f"XLSX {sizes[0]:.1f} MB ({took_s:.1f} s of these), CSV {sizes[1]:.1f} MB"


def _zip(url: str, job_id: int, out: Path, n_items: int) -> str:
    key = create_key(out / "keys", "Bench")
    done = write_archive(out / "job.zip", _members(out, job_id, n_items), {}, key, NOON)
    size = (out / "job.zip").stat().st_size / 1e6
    return f"{done.n_members} members, {size:.0f} MB"


def _members(out: Path, job_id: int, n_items: int) -> Iterator[Member]:
    for name in ("job.pdf", "job.xlsx", "job.csv"):
        yield Member(f"verity-{job_id}.{name.partition('.')[2]}", out / name)
    for number in range(n_items):
        for ending in ("pdf", "json", "csv"):
            yield Member(f"verity-{job_id}-{number}.{ending}", ITEM_FILE)


def _verify(url: str, job_id: int, out: Path, n_items: int) -> str:
    checks = list(check_archive(out / "job.zip", KnownSigners(out / "keys")))
    assert all(check.outcome is Outcome.HOLDS for check in checks)
    return checks[-1].words


Step = Callable[[str, int, Path, int], str]
STEPS: dict[str, Step] = {
    "gather, PDF, JSON": _gather,
    "gather, XLSX, CSV": _sheets,
    "zip": _zip,
    "verify the zip": _verify,
}


def _apart(step: Step, url: str, job_id: int, out: Path, n_items: int) -> tuple[float, float, str]:
    """Run a step in a process of its own; return its seconds, its peak MiB and what it said."""
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_measured, args=(its, step, url, job_id, out, n_items))
    process.start()
    its.close()
    try:
        answer: tuple[float, float, str] = ours.recv()
    finally:
        process.join()
    return answer


def _measured(its: "object", step: Step, url: str, job_id: int, out: Path, n_items: int) -> None:
    started = time.monotonic()
    said = step(url, job_id, out, n_items)
    its.send((time.monotonic() - started, peak_mib(), said))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
