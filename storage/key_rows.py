"""API keys in SQL; only the hash of a secret comes here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from storage.stored_text import storable


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A program's key."""

    key_id: str
    account_id: str
    person_id: int | None
    name: str
    secret_sha256: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
    requests_a_minute: int | None  # None: as its account


_KEY = (
    "key_id, account_id, person_id, name, secret_sha256, role, created_at, expires_at, used_at,"
    " revoked_at, requests_a_minute FROM api_key"
)


def insert_key(connection: Connection, key: Mapping[str, Any]) -> None:
    """Write a key, all of its columns but the times that it is made, used and revoked at."""
    connection.execute(
        text(
            "INSERT INTO api_key (key_id, account_id, person_id, name, secret_sha256, role,"
            " expires_at, requests_a_minute) VALUES (:key_id, :account_id, :person_id, :name,"
            " :secret_sha256, :role, :expires_at, :requests_a_minute)"
        ),
        {**key, "name": storable(key["name"])},
    )


_FIND = text(f"""
SELECT {_KEY} WHERE key_id = :key_id AND revoked_at IS NULL
    AND coalesce(expires_at > clock_timestamp(), true)
    AND (person_id IS NULL OR EXISTS (
        SELECT FROM person p JOIN member m USING (person_id)
        WHERE p.person_id = api_key.person_id AND m.account_id = api_key.account_id
            AND p.disabled_at IS NULL
            AND array_position(:roles, m.role) >= array_position(:roles, api_key.role)))
""")  # noqa: S608 (ours)
_ROLES = ["reader", "analyst", "examiner", "admin"]  # each may what those before it may


def find_key(connection: Connection, key_id: str) -> KeyFacts | None:
    """Return a key that is neither revoked nor expired, and may no more than who made it may now."""
    row = connection.execute(_FIND, {"key_id": key_id, "roles": _ROLES})
    found = row.mappings().one_or_none()
    return None if found is None else KeyFacts(**found)


def note_key_use(connection: Connection, key_id: str) -> None:
    """Note that a key was used, to the minute."""
    connection.execute(
        text(
            "UPDATE api_key SET used_at = clock_timestamp() WHERE key_id = :key_id"
            " AND coalesce(used_at < clock_timestamp() - interval '1 minute', true)"
        ),
        {"key_id": key_id},
    )


def read_keys(connection: Connection, account_id: str) -> list[KeyFacts]:
    """Return an account's keys, the newest first, revoked ones too."""
    rows = connection.execute(
        text(f"SELECT {_KEY} WHERE account_id = :account_id ORDER BY created_at DESC"),
        {"account_id": account_id},
    )
    return [KeyFacts(**row) for row in rows.mappings()]


def revoke_key(connection: Connection, account_id: str, key_id: str) -> bool:
    """Let a key open nothing any more; tell whether it was there."""
    done = connection.execute(
        text(
            "UPDATE api_key SET revoked_at = clock_timestamp() WHERE key_id = :key_id"
            " AND account_id = :account_id AND revoked_at IS NULL"
        ),
        {"key_id": key_id, "account_id": account_id},
    )
    return done.rowcount == 1


def is_key_of(connection: Connection, account_id: str, key_id: str) -> bool:
    """Tell whether the account has the key, revoked or not."""
    found = connection.scalar(
        text("SELECT 1 FROM api_key WHERE key_id = :key_id AND account_id = :account_id"),
        {"key_id": key_id, "account_id": account_id},
    )
    return found is not None


def limit_key(connection: Connection, key_id: str, requests_a_minute: int | None) -> None:
    """Give a key a limit of requests of its own, or, with None, its account's."""
    connection.execute(
        text("UPDATE api_key SET requests_a_minute = :limit WHERE key_id = :key_id"),
        {"key_id": key_id, "limit": requests_a_minute},
    )
