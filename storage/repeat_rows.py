"""Answers that are given again to requests that come again (idempotency keys), in SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text, update
from sqlalchemy.dialects.postgresql import insert

from storage.people_tables import RepeatRow


@dataclass(frozen=True, slots=True)
class RepeatFacts:
    """A request that came before."""

    request_sha256: str
    status: int | None  # None: an earlier version died over it
    body: dict[str, Any] | None


def begin(
    connection: Connection, account_id: str, key: str, request_sha256: str
) -> RepeatFacts | None:
    """Note a request, or return the one that came before with its key; waits for one under way."""
    found = connection.execute(
        insert(RepeatRow)
        .values(account_id=account_id, key=key, request_sha256=request_sha256)
        .on_conflict_do_nothing()
        .returning(RepeatRow.key)
    )
    if found.scalar_one_or_none() is not None:
        return None
    row = connection.execute(
        text(
            "SELECT request_sha256, status, body FROM repeat"
            " WHERE account_id = :account_id AND key = :key FOR UPDATE"
        ),
        {"account_id": account_id, "key": key},
    )
    before = row.mappings().one_or_none()
    # swept as too old between both statements: as if it had never been
    return None if before is None else RepeatFacts(**before)


def keep(
    connection: Connection, account_id: str, key: str, status: int, body: Mapping[str, Any]
) -> None:
    """Keep an answer for a day."""
    connection.execute(
        update(RepeatRow)
        .where(RepeatRow.account_id == account_id, RepeatRow.key == key)
        .values(status=status, body=dict(body))
    )
