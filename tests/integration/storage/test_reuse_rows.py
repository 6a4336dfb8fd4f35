"""An earlier analysis is found by its own account, for the same bytes and the same basis."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from jobs.spec import ItemClaim
from jobs.work_queue import WorkQueue
from storage.reuse_rows import find_earlier, read_earlier
from tests.integration.jobs.queue_makers import CORRUPT, make_job, make_result

pytestmark = pytest.mark.postgres

SOUND = hashlib.sha256(b"sound").hexdigest()  # what `make_result` is about
BASIS = "b" * 64


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    queue = WorkQueue(engine)
    yield queue
    queue.close()


def finish_one(
    queue: WorkQueue, account_id: str = "default", reused: int | None = None
) -> ItemClaim:
    make_job(queue, 1, account_id)
    (claim,) = queue.claim("worker")
    result = replace(make_result(claim), basis_sha256=BASIS, reused_item_id=reused)
    queue.finish(claim, result)
    return claim


def found(engine: Engine, account_id: str, sha256: str = SOUND, basis: str = BASIS) -> int | None:
    with engine.begin() as connection:
        return find_earlier(connection, account_id, sha256, basis)


def test_only_the_same_bytes_and_basis_in_the_same_account_are_found(
    queue: WorkQueue, engine: Engine
) -> None:
    claim = finish_one(queue)

    analysis_id = found(engine, "default")

    assert analysis_id is not None
    assert found(engine, "other") is None
    assert found(engine, "default", sha256="0" * 64) is None
    assert found(engine, "default", basis="0" * 64) is None
    with engine.begin() as connection:
        facts = read_earlier(connection, "default", analysis_id)
        assert read_earlier(connection, "other", analysis_id) is None
    assert facts is not None
    assert str(facts.item_id) == claim.item_id


def test_the_newest_analysis_that_was_made_is_found_and_no_copy(
    queue: WorkQueue, engine: Engine
) -> None:
    finish_one(queue)
    newest = finish_one(queue)
    finish_one(queue, reused=int(newest.item_id))
    analysis_id = found(engine, "default")
    assert analysis_id is not None
    with engine.begin() as connection:
        facts = read_earlier(connection, "default", analysis_id)
    assert facts is not None
    assert str(facts.item_id) == newest.item_id


def test_a_failure_is_never_used_again(queue: WorkQueue, engine: Engine) -> None:
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    result = make_result(claim)
    failed = replace(make_result(claim, failure=CORRUPT).report, media=result.report.media)
    queue.fail(claim, CORRUPT, result=replace(result, report=failed, basis_sha256=BASIS))
    assert found(engine, "default") is None


def test_a_job_may_ask_for_fresh_analyses(queue: WorkQueue) -> None:
    claim = finish_one(queue)
    assert claim.may_reuse
    assert queue.earlier.find(claim, SOUND, BASIS) is not None
    assert queue.earlier.find(replace(claim, may_reuse=False), SOUND, BASIS) is None


def test_finding_scans_no_table(queue: WorkQueue, engine: Engine) -> None:
    from storage import reuse_rows

    finish_one(queue)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO media (account_id, sha256, size_bytes)"
                " SELECT 'default', n::text, 1 FROM generate_series(1, 5000) n"
            )
        )
        connection.execute(
            text(
                "INSERT INTO analysis (item_id, job_id, account_id, media_id, options, versions,"
                " timings_s, analysed_at, verdict, basis_sha256)"
                " SELECT media_id + 100, 1, 'default', media_id, '{}', '{}', '{}', now(), 'x', 'y'"
                " FROM media"
            )
        )
        connection.execute(text("ANALYZE media"))
        connection.execute(text("ANALYZE analysis"))
        values = {"account_id": "default", "media_sha256": SOUND, "basis_sha256": BASIS}
        rows = connection.execute(text(f"EXPLAIN {reuse_rows._FIND.text}"), values)
        plan = "\n".join(rows.scalars())
    assert "Seq Scan" not in plan, plan
