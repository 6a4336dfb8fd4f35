"""The audit log finds every change of itself, whoever made it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from jobs.work_queue import WorkQueue
from storage.audit_rows import (
    AuditEntry,
    AuditHead,
    append_audit,
    check_chain,
    read_head,
    rows_of_item,
)
from storage.database import transaction
from tests.integration.jobs.queue_makers import make_job, make_result

pytestmark = pytest.mark.postgres

CHANGES = {
    "content": 'UPDATE audit SET facts = \'{"a": "2"}\' WHERE number = 2',
    "time": "UPDATE audit SET at = at + interval '1 microsecond' WHERE number = 2",
    "gap": "DELETE FROM audit WHERE number = 2",
    "first": "DELETE FROM audit WHERE number = 1",
    "reorder": "UPDATE audit SET number = CASE number WHEN 2 THEN 30 ELSE 2 END "
    "WHERE number IN (2, 3); UPDATE audit SET number = 3 WHERE number = 30",
    "hash": "UPDATE audit SET sha256 = repeat('0', 64) WHERE number = 3",
}


def append(engine: Engine, n_rows: int) -> None:
    for number in range(n_rows):
        with transaction(engine) as connection:
            entry = AuditEntry("attempt_started", "account", 1, number, {"a": "1", "\0": "ü"})
            append_audit(connection, [entry])


def tamper(engine: Engine, statements: str) -> None:
    """Change rows as somebody with all rights can."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        for statement in statements.split(";"):
            connection.execute(text(statement))
        connection.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))


def test_a_log_that_nobody_touched_holds(engine: Engine) -> None:
    assert read_head(engine) == AuditHead(0, "0" * 64)
    append(engine, 5)
    assert list(check_chain(engine, read_head(engine))) == []
    assert read_head(engine).number == 5


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_found(engine: Engine, change: str) -> None:
    append(engine, 5)
    tamper(engine, CHANGES[change])
    assert list(check_chain(engine))


def test_rows_cut_off_at_the_end_are_found_by_a_noted_head(engine: Engine) -> None:
    append(engine, 5)
    noted = read_head(engine)
    tamper(engine, "DELETE FROM audit WHERE number > 3")
    assert list(check_chain(engine)) == []
    (found,) = check_chain(engine, noted)
    assert "ends at row 3" in found.what


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET event = ''", "DELETE FROM audit", "TRUNCATE audit"]
)
def test_the_database_refuses_to_change_the_log(engine: Engine, statement: str) -> None:
    append(engine, 1)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))


def test_writers_at_once_make_one_chain(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: append(engine, 10), range(4)))
    assert read_head(engine).number == 40
    assert list(check_chain(engine)) == []


def test_every_attempt_has_a_row_at_its_start_and_its_end(engine: Engine) -> None:
    queue = WorkQueue(engine)
    make_job(queue, 2)
    first, second = queue.claim("worker", 2)
    queue.finish(first, make_result(first))
    queue.release(second)
    queue.close()
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT event, item_id, facts FROM audit WHERE item_id >= :first ORDER BY number"),
            {"first": int(first.item_id)},
        )
        told = [(row.event, str(row.item_id), row.facts) for row in rows]
    assert [(event, item) for event, item, _ in told] == [
        ("attempt_started", first.item_id),
        ("attempt_started", second.item_id),
        ("attempt_ended", first.item_id),
        ("attempt_ended", second.item_id),
    ]
    assert told[2][2]["state"] == "done"
    assert len(told[2][2]["findings_sha256"]) == 64
    assert told[3][2]["state"] == "ready"
    assert list(check_chain(engine)) == []


def test_rows_appended_at_once_follow_each_other_whatever_they_say(engine: Engine) -> None:
    names = ("plain", 'quoted "\\/"', "line\nfeed\ttab\x01\x7f", "ü漢😀\u2028", "a\0b")
    entries = [
        AuditEntry("attempt_ended", "".join(name.split("\0")), number, number, {name: name})
        for number, name in enumerate(names)
    ]
    with transaction(engine) as connection:
        append_audit(connection, entries)
    append(engine, 1)
    assert read_head(engine).number == len(names) + 1
    assert list(check_chain(engine)) == []
    assert [rows_of_item(engine, number)[0][0] for number in (2, 3)] == [3, 4]


def test_a_transaction_that_is_undone_leaves_no_gap(engine: Engine) -> None:
    append(engine, 2)
    with pytest.raises(DBAPIError), transaction(engine) as connection:  # noqa: PT012
        append_audit(connection, [AuditEntry("attempt_started", "account", 1, 9)])
        connection.execute(text("SELECT 1 / 0"))
    append(engine, 1)
    assert read_head(engine).number == 3
    assert list(check_chain(engine)) == []
