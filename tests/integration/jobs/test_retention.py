"""Media and reports go on request or by rule, each with a tombstone, and never another account's."""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from jobs.retention import KeepRule, apply_rule, delete_item, delete_job
from jobs.spec import ItemClaim, ReportFile
from jobs.work_queue import WorkQueue
from pipeline.errors import InputError, SourceNotFoundError, StaleClaimError
from pipeline.vocabulary import MediaFile
from storage.audit_rows import check_chain, rows_of_item
from storage.evidence_settings import EvidenceSettings
from storage.kept_objects import put_object, sweep_orphans
from storage.objects import FolderStore, object_key
from storage.settings import StorageSettings
from tests.integration.jobs.queue_makers import make_job, make_result
from workers.evidence_taker import EvidenceTaker

pytestmark = pytest.mark.postgres

BYTES = b"the same recording"
SHA256 = hashlib.sha256(BYTES).hexdigest()


class Desk:
    """A queue, an object store, and a preparer's way of keeping media."""

    def __init__(self, engine: Engine, url: str, folder: Path) -> None:
        self.engine = engine
        self.queue = WorkQueue(engine)
        self.store = FolderStore(folder / "objects")
        self.media = folder / "item.bin"
        self.media.write_bytes(BYTES)
        settings = StorageSettings(
            var_folder=folder,
            server_folder=folder / "postgres",
            objects=str(folder / "objects"),
            database_url=SecretStr(url),
            evidence=EvidenceSettings(keep_media_days=None),
        )
        folder.joinpath("preparer").mkdir()
        self.taker = EvidenceTaker(folder / "preparer", storage=settings)

    def keep(self, claim: ItemClaim) -> None:
        media = MediaFile(claim.item_id, self.media, SHA256, len(BYTES))
        self.taker.keep(claim, media, lambda _share: None)

    def finish(self, claim: ItemClaim) -> None:
        """Finish an item with a report of its own."""
        kept = put_object(
            self.engine, self.store, claim.account_id, f"report {claim.item_id}".encode(), "x/y"
        )
        name = f"verity-{claim.item_id}.json"
        file = ReportFile("json", kept.key, kept.sha256, kept.size_bytes, name, "x/y")
        self.queue.finish(claim, make_result(claim, files=(file,)))

    def done_items(self, n_items: int, account_id: str = "default") -> list[ItemClaim]:
        """Return the claims of a job's items, all done, with media and report."""
        make_job(self.queue, n_items, account_id)
        claims = list(self.queue.claim("worker", n_items))
        for claim in claims:
            self.keep(claim)
            self.finish(claim)
        return claims

    def age(self, days: int = 2) -> None:
        """Let time go by, and all objects lie untouched."""
        with self.engine.begin() as connection:
            for table, column in (
                ("object", "touched_at"),
                ("kept_media", "kept_at"),
                ("report", "created_at"),
            ):
                connection.execute(
                    text(
                        f"UPDATE {table} SET {column} = {column}"  # noqa: S608 (names of our own)
                        " - make_interval(days => :days)"
                    ),
                    {"days": days},
                )

    def sweep(self) -> int:
        return sweep_orphans(self.engine, self.store, grace_s=0)

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608

    def has_media(self, account_id: str = "default") -> bool:
        return self.store.exists(object_key(account_id, SHA256))


@pytest.fixture
def desk(engine: Engine, database_url: str, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(engine, database_url, tmp_path)
    yield desk
    desk.queue.close()
    if "_services" in vars(desk.taker):
        desk.taker._services[0].dispose()


def test_deleted_item_leaves_hashes_and_custody(desk: Desk) -> None:
    [claim] = desk.done_items(1)

    gone = delete_item(desk.engine, claim.item_id, "archivist")

    assert {tombstone.what for tombstone in gone} == {"media", "report"}
    with desk.engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM tombstone")).all()
    rows = {row.what: row for row in found}
    media, report = rows["media"], rows["report"]
    assert (media.media_sha256, media.size_bytes, media.asked_by) == (
        SHA256,
        len(BYTES),
        "archivist",
    )
    assert report.findings_sha256 == "f" * 64
    assert list(report.files) == [f"verity-{claim.item_id}.json"]
    assert report.custody["acquired_by"] == "test 1"
    status = desk.queue.desk.item_status(claim.item_id)
    assert (status.verdict, status.reason, status.llr, status.files) == ("", "deleted", None, ())
    for table in ("report", "report_file", "analysis", "segment", "kept_media"):
        assert desk.count(table) == 0, table
    events = [entry.event for _, entry in rows_of_item(desk.engine, int(claim.item_id))]
    assert events[-2:] == ["media_deleted", "report_deleted"]
    assert list(check_chain(desk.engine)) == []


def test_objects_follow_the_rows(desk: Desk) -> None:
    [claim] = desk.done_items(1)
    desk.age()
    assert desk.sweep() == 0  # named
    delete_item(desk.engine, claim.item_id, "archivist")
    assert desk.has_media()  # killed here, the next sweep goes on
    assert desk.sweep() == 2
    assert not desk.has_media()
    assert desk.count("object") == 0


def test_twice_is_once(desk: Desk) -> None:
    [claim] = desk.done_items(1)
    assert len(delete_item(desk.engine, claim.item_id, "one")) == 2
    assert delete_item(desk.engine, claim.item_id, "two") == ()
    with desk.engine.connect() as connection:
        assert set(connection.scalars(text("SELECT asked_by FROM tombstone"))) == {"one"}


def test_medium_of_two_jobs_goes_with_the_last_of_them(desk: Desk) -> None:
    [first] = desk.done_items(1)
    [second] = desk.done_items(1)
    desk.age()
    delete_item(desk.engine, first.item_id, "archivist")
    desk.sweep()
    assert desk.has_media()
    delete_item(desk.engine, second.item_id, "archivist", only_media=True)
    desk.sweep()
    assert not desk.has_media()
    assert desk.queue.desk.item_status(second.item_id).verdict  # its report stays


def test_another_account_keeps_the_same_bytes(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    [own] = desk.done_items(1)
    [others] = desk.done_items(1, "other")
    assert others.account_id == "other"
    delete_item(desk.engine, own.item_id, "archivist")
    desk.age()
    desk.sweep()
    assert not desk.has_media("default")
    assert desk.has_media("other")
    assert desk.queue.desk.item_status(others.item_id).files


def test_item_that_is_worked_on_is_not_deleted(desk: Desk) -> None:
    make_job(desk.queue, 1)
    [claim] = desk.queue.claim("worker")
    desk.keep(claim)
    with pytest.raises(InputError) as refused:
        delete_item(desk.engine, claim.item_id, "archivist")
    assert refused.value.code == "item_running"
    with pytest.raises(InputError, match="not over"):
        list(delete_job(desk.engine, claim.job_id, "archivist"))
    assert desk.count("kept_media") == 1


@pytest.mark.parametrize("name", ["99999", "no number", "-1", "9" * 30])
def test_what_is_not_there_is_named(desk: Desk, name: str) -> None:
    with pytest.raises(SourceNotFoundError):
        delete_item(desk.engine, name, "archivist")
    with pytest.raises(SourceNotFoundError):
        list(delete_job(desk.engine, name, "archivist"))


def test_rule_of_the_installation_and_of_the_job(desk: Desk) -> None:
    [ruled] = desk.done_items(1)
    [own_rule] = desk.done_items(1)
    with desk.engine.begin() as connection:
        connection.execute(
            text("UPDATE job SET keep_media_days = 30, keep_report_days = 1 WHERE job_id = :job"),
            {"job": int(own_rule.job_id)},
        )
    assert apply_rule(desk.engine, KeepRule(1, None)).n_media == 0
    desk.age(2)
    gone = apply_rule(desk.engine, KeepRule(1, None))
    assert (gone.n_media, gone.n_reports) == (1, 1)
    assert desk.queue.desk.item_status(ruled.item_id).files
    assert not desk.queue.desk.item_status(own_rule.item_id).files
    assert desk.count("kept_media") == 1
    again = apply_rule(desk.engine, KeepRule(1, None))
    assert (again.n_media, again.n_reports) == (0, 0)
    with desk.engine.connect() as connection:
        assert set(connection.scalars(text("SELECT why FROM tombstone"))) == {"rule"}


def test_nothing_is_deleted_without_a_rule(desk: Desk) -> None:
    desk.done_items(2)
    desk.age(36_500)
    gone = apply_rule(desk.engine, KeepRule(None, None))
    assert (gone.n_media, gone.n_reports) == (0, 0)


def test_media_are_kept_only_where_a_rule_says_so(desk: Desk) -> None:
    make_job(desk.queue, 1)
    [claim] = desk.queue.claim("worker")
    assert desk.taker.keeps(claim)  # the installation keeps for ever
    assert not desk.taker.keeps(replace(claim, keep_media_days=0))
    assert not EvidenceTaker(desk.media.parent).keeps(claim)


def test_late_attempt_keeps_nothing(desk: Desk) -> None:
    make_job(desk.queue, 1)
    [claim] = desk.queue.claim("worker")
    with pytest.raises(StaleClaimError):
        desk.keep(replace(claim, fence=claim.fence + 1))
    assert desk.count("kept_media") == 0


PROGRAM = """
import sys
from jobs.retention import delete_job
from storage.database import connect_engine
for gone in delete_job(connect_engine(sys.argv[1]), sys.argv[2], "archivist"):
    print(len(gone), flush=True)
    sys.stdin.readline()
"""


def test_deletion_that_is_killed_half_way_goes_on(desk: Desk, database_url: str) -> None:
    claims = desk.done_items(6)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, database_url, claims[0].job_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for _ in range(2):
            assert process.stdout.readline() == "2\n"
            process.stdin.write("\n")
            process.stdin.flush()
        assert process.stdout.readline() == "2\n"
        process.send_signal(signal.SIGKILL)
    # each item is either whole or a tombstone
    assert desk.count("report") == desk.count("kept_media") == desk.count("analysis")
    assert desk.count("tombstone") + 2 * desk.count("report") == 12
    assert 0 < desk.count("report") < 6
    left = [found for found in delete_job(desk.engine, claims[0].job_id, "archivist") if found]
    assert len(left) == 3
    desk.age()
    desk.sweep()
    assert desk.count("object") == desk.count("report") == 0
    assert list(desk.store.list_keys()) == []
    assert list(check_chain(desk.engine)) == []
