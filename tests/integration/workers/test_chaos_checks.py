"""What the chaos bench calls a broken promise is found, and nothing else is."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from bench.chaos_checks import SweepTimes, broken_promises
from jobs.spec import ItemClaim, ItemKind, ItemResult, ReportFile
from jobs.work_queue import WorkQueue
from storage.kept_objects import put_object
from storage.objects import FolderStore
from tests.integration.jobs.queue_makers import CORRUPT, make_job, make_result

pytestmark = pytest.mark.postgres

DAMAGED = frozenset({"2.wav"})
TIMES = SweepTimes(grace_s=0.1, watch_s=60.0)  # at most: it ends once all is swept
_ONE = "SELECT min(item_id) FROM item WHERE state = 'done' AND kind = 'media'"
Break = Callable[[Engine, FolderStore], None]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "objects")


@pytest.fixture
def job_id(engine: Engine, store: FolderStore) -> str:
    """Finish a job of three items, one of them damaged, as workers do."""
    queue = WorkQueue(engine, may_listen=False)
    job = make_job(queue, 3)
    for claim in queue.claim("worker", 3, ItemKind.MEDIA):
        is_damaged = claim.source_uri.rpartition("/")[2] in DAMAGED
        result = make_result(claim, failure=CORRUPT if is_damaged else None)
        result = replace(
            result,
            document=json.dumps({"issue": {"attempt": claim.attempt}}).encode(),
            files=tuple(_file(engine, store, claim, kind) for kind in ("json", "pdf", "csv")),
        )
        _end(queue, claim, result, is_damaged=is_damaged)
    return job.job_id


def _file(engine: Engine, store: FolderStore, claim: ItemClaim, kind: str) -> ReportFile:
    kept = put_object(
        engine, store, "default", f"{claim.item_id}.{kind}".encode(), "application/pdf"
    )
    return ReportFile(kind, kept.key, kept.sha256, kept.size_bytes, f"a.{kind}", "application/pdf")


def _end(queue: WorkQueue, claim: ItemClaim, result: ItemResult, *, is_damaged: bool) -> None:
    if is_damaged:
        queue.fail(claim, CORRUPT, result=result)
    else:
        queue.finish(claim, result)


def test_a_job_that_ended_well_breaks_no_promise(
    engine: Engine, store: FolderStore, job_id: str
) -> None:
    put_object(engine, store, "default", b"of an attempt that was killed", "application/pdf")

    assert broken_promises(engine, store, job_id, DAMAGED, TIMES) == []


def _rows(statement: str) -> Break:
    def run(engine: Engine, _store: FolderStore) -> None:
        with engine.begin() as connection:
            one = connection.scalar(text(_ONE))
            connection.execute(text(statement), {"one": one} if ":one" in statement else {})

    return run


def _lose_object(engine: Engine, store: FolderStore) -> None:
    with engine.connect() as connection:
        store.delete(connection.scalar(text("SELECT min(key) FROM report_file")))


def _spoil_object(engine: Engine, store: FolderStore) -> None:
    with engine.connect() as connection:
        key = connection.scalar(text("SELECT min(key) FROM report_file"))
    store.put(key, b"other bytes", "application/pdf")


def _leave_unknown_object(_engine: Engine, store: FolderStore) -> None:
    store.put(f"default/{'e' * 64}", b"put by a zombie", "application/pdf")


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (_rows("UPDATE item SET state = 'ready' WHERE item_id = :one"), "not final"),
        (_rows("DELETE FROM report WHERE item_id = :one"), "have no report"),
        (_rows("DELETE FROM analysis WHERE item_id = :one"), "than one analysis"),
        (
            _rows("DELETE FROM report_file WHERE kind = 'pdf' AND item_id = :one"),
            "three files",
        ),
        (
            _rows(
                "INSERT INTO attempt (item_id, fence, attempt, worker_id, stage, cause)"
                " VALUES (:one, 9, 1, 'zombie', '', 'done')"
            ),
            "finished more or less than once",
        ),
        (_rows("UPDATE item SET attempt = 2 WHERE item_id = :one"), "did not end"),
        (
            _rows(
                "UPDATE report SET document = jsonb_set(document, '{issue,attempt}', '7')"
                " WHERE item_id = :one"
            ),
            "another attempt",
        ),
        (
            _rows("UPDATE item SET state = 'failed' WHERE item_id = :one"),
            "healthy items were given up",
        ),
        (
            _rows("UPDATE item SET state = 'done' WHERE state = 'failed'"),
            "damaged items have not failed",
        ),
        (_rows("INSERT INTO job_delta (job_id, n_done) SELECT job_id, 1 FROM job"), "counters"),
        (_lose_object, "are not there"),
        (_spoil_object, "damaged"),
        (_leave_unknown_object, "outlive the grace"),
    ],
)
def test_a_broken_promise_is_named(
    engine: Engine, store: FolderStore, job_id: str, break_it: Break, says: str
) -> None:
    break_it(engine, store)

    assert says in " ".join(broken_promises(engine, store, job_id, DAMAGED, TIMES))
