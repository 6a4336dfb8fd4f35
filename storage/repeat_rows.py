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
    status: int | None  # None: it is being worked on
    body: dict[str, Any] | None


def begin(connection: Connection, account_id: str, key: str, request_sha256: str) -> bool:
    """Note a request; False: one with this key came before."""
    found = connection.execute(
        insert(RepeatRow)
        .values(account_id=account_id, key=key, request_sha256=request_sha256)
        .on_conflict_do_nothing()
        .returning(RepeatRow.key)
    )
    return found.scalar_one_or_none() is not None


def find(connection: Connection, account_id: str, key: str) -> RepeatFacts | None:
    """Return what came before with a key."""
    row = connection.execute(
        text(
            "SELECT request_sha256, status, body FROM repeat"
            " WHERE account_id = :account_id AND key = :key"
        ),
        {"account_id": account_id, "key": key},
    )
    found = row.mappings().one_or_none()
    return None if found is None else RepeatFacts(**found)


def keep(
    connection: Connection, account_id: str, key: str, status: int, body: Mapping[str, Any]
) -> None:
    """Keep an answer for a day."""
    connection.execute(
        update(RepeatRow)
        .where(RepeatRow.account_id == account_id, RepeatRow.key == key)
        .values(status=status, body=dict(body))
    )


def forget(connection: Connection, account_id: str, key: str) -> None:
    """Forget a request that failed: it may be sent again."""
    connection.execute(
        text("DELETE FROM repeat WHERE account_id = :account_id AND key = :key"),
        {"account_id": account_id, "key": key},
    )
