"""The audit log: append-only rows, each with the hash of the one before it.

A row says that an attempt at an item began or ended, failed and lost ones too, with the hashes of
what went in and came out. `sha256` is taken over the row's own content and its predecessor's hash,
so that a changed, missing, inserted or moved row is found by `check_chain`. Triggers refuse UPDATE,
DELETE and TRUNCATE; who is allowed to drop them can still rewrite history, but not without breaking
the chain, or ending it: rows cut off at the end are only found by a head that was noted elsewhere.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, Engine, text

from storage.database import LETS_GO, send, transaction
from storage.stored_text import storable

FIRST = "0" * 64  # what the first row has for its predecessor's hash
_PAGE_ROWS = 5_000  # rows in memory while a chain is checked


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that happened to an item."""

    event: str  # attempt_started, attempt_ended
    account_id: str
    job_id: int
    item_id: int
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last row of the log; noted elsewhere, it shows later that nothing was cut off."""

    number: int  # 0: the log is empty
    sha256: str


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """A place where the log is not what was written."""

    number: int
    what: str  # for people


_APPEND = text(f"""
SELECT {LETS_GO}, append_audit(CAST(:events AS text[]), CAST(:account_ids AS text[]),
                    CAST(:job_ids AS bigint[]), CAST(:item_ids AS bigint[]),
                    CAST(:facts AS text[]))
""")


def append_audit(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Append rows inside the caller's transaction, as its last statement.

    The log has one order, so whoever appends waits for the commit of who appended before: do it
    last, best `committing`, so that nothing is awaited while the log is held. The server takes the
    lock, chains the rows and gives them its time (migration 0022).
    """
    if entries:
        values = {
            "events": [entry.event for entry in entries],
            "account_ids": [entry.account_id for entry in entries],
            "job_ids": [entry.job_id for entry in entries],
            "item_ids": [entry.item_id for entry in entries],
            "facts": [hashed_facts(entry) for entry in entries],
        }
        send(connection, _APPEND, values)


def hashed_facts(entry: AuditEntry) -> str:
    """Return an entry's facts as they are hashed, for statements that append it themselves."""
    return _written({storable(name): storable(fact) for name, fact in entry.facts.items()})


def read_head(engine: Engine) -> AuditHead:
    """Return the last row's number and hash."""
    with transaction(engine) as connection:
        return _head(connection)


def rows_of_item(engine: Engine, item_id: int) -> list[tuple[int, AuditEntry]]:
    """Return the rows of an item with their numbers, oldest first."""
    with transaction(engine) as connection:
        found = connection.execute(
            text(
                "SELECT number, event, account_id, job_id, item_id, facts FROM audit"
                " WHERE item_id = :item_id ORDER BY number"
            ),
            {"item_id": item_id},
        )
        return [
            (row.number, AuditEntry(row.event, row.account_id, row.job_id, row.item_id, row.facts))
            for row in found
        ]


def check_chain(engine: Engine, noted: AuditHead | None = None) -> Iterator[ChainBreak]:
    """Yield every place where the log was changed, has a gap or another order.

    Args:
        engine: of the database with the log.
        noted: a head that was written down earlier; the log must still hold it.
    """
    number, previous = 0, FIRST
    was_found = noted is None or noted.number == 0
    while True:
        page = _read_page(engine, number)
        for row in page:
            if row["number"] != number + 1:
                yield ChainBreak(
                    row["number"], f"rows {number + 1} to {row['number'] - 1} are gone"
                )
            elif row["previous_sha256"] != previous:
                yield ChainBreak(
                    row["number"], "the row before it is not the one it was written after"
                )
            if _row_sha256(row) != row["sha256"]:
                yield ChainBreak(row["number"], "its content is not what was written")
            number, previous = row["number"], row["sha256"]
            if noted is not None and number == noted.number:
                was_found = True
                if previous != noted.sha256:
                    yield ChainBreak(number, "it is not the row that was noted as the last one")
        if len(page) < _PAGE_ROWS:
            break
    if noted is not None and not was_found:
        yield ChainBreak(noted.number, f"the log ends at row {number}, before the noted one")


def check_stretch(engine: Engine, after: int) -> tuple[list[ChainBreak], int]:
    """Return where the rows that follow one are not what was written, and the last that was looked at.

    A stretch is bounded, so that people may ask for it: go on behind the last row until it is `after`.

    Args:
        engine: of the database with the log.
        after: number of the row before the first that is looked at; 0: from the first on.
    """
    before = _read_page(engine, after - 1, 1) if after else []
    breaks = []
    number, previous = after, before[0]["sha256"] if before else FIRST
    if after and (not before or before[0]["number"] != after):
        breaks.append(ChainBreak(after, "it is gone"))
        previous = ""
    for row in _read_page(engine, after):
        is_next = row["number"] == number + 1 and row["previous_sha256"] == previous
        if previous and not is_next:
            breaks.append(ChainBreak(row["number"], "it does not follow on the row before it"))
        if _row_sha256(row) != row["sha256"]:
            breaks.append(ChainBreak(row["number"], "its content is not what was written"))
        number, previous = row["number"], row["sha256"]
    return breaks, number


def _head(connection: Connection) -> AuditHead:
    row = connection.execute(
        text("SELECT number, sha256 FROM audit ORDER BY number DESC LIMIT 1")
    ).one_or_none()
    return AuditHead(0, FIRST) if row is None else AuditHead(row.number, row.sha256)


def _read_page(engine: Engine, after: int, most: int = _PAGE_ROWS) -> list[dict[str, Any]]:
    with transaction(engine) as connection:
        rows = connection.execute(
            text("SELECT * FROM audit WHERE number > :after ORDER BY number LIMIT :most"),
            {"after": after, "most": most},
        )
        return [dict(row) for row in rows.mappings()]


def _row_sha256(row: Mapping[str, Any]) -> str:
    """Return the hash over everything in a row but the hash itself: sorted JSON, times in UTC."""
    content = {name: value for name, value in row.items() if name != "sha256"}
    content["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(_written(content).encode()).hexdigest()


def _written(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
