"""API keys: made, checked, listed, revoked."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from console.people.roles import Role
from console.people.typed import check_name, digest
from pipeline.errors import InputError, SourceNotFoundError
from storage import key_rows
from storage.database import transaction
from storage.key_rows import KeyFacts

KEY_PREFIX = "vv"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new API key; the secret is shown once."""

    key_id: str
    key: str


class KeyDesk:
    """Holds no state but its database."""

    def __init__(self, engine: Engine) -> None:
        """Use a migrated database."""
        self._engine = engine

    def make_key(
        self,
        account_id: str,
        name: str,
        role: Role,
        person_id: int | None = None,
        expires_at: datetime | None = None,
        requests_a_minute: int | None = None,
    ) -> NewKey:
        """Make an API key.

        Raises:
            InputError: the name is empty or too long.
        """
        if not name.strip():
            raise InputError("Give the key a name, so that it is known later.", "name_missing")
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        with transaction(self._engine) as connection:
            key_rows.insert_key(
                connection,
                {
                    "key_id": key_id,
                    "account_id": account_id,
                    "person_id": person_id,
                    "name": check_name(name),
                    "secret_sha256": digest(secret),
                    "role": role,
                    "expires_at": expires_at,
                    "requests_a_minute": requests_a_minute,
                },
            )
        return NewKey(key_id, f"{KEY_PREFIX}_{key_id}_{secret}")

    def key_of(self, key: str) -> KeyFacts | None:
        """Return the facts of a key that is good, or None; notes that it was used."""
        prefix, _, rest = key.partition("_")
        key_id, _, secret = rest.partition("_")
        if prefix != KEY_PREFIX or not key_id.isalnum() or not secret:
            return None
        with transaction(self._engine) as connection:
            facts = key_rows.find_key(connection, key_id)
            if facts is None or not secrets.compare_digest(facts.secret_sha256, digest(secret)):
                return None
            key_rows.note_key_use(connection, key_id)
            return facts

    def keys(self, account_id: str) -> list[KeyFacts]:
        """Return an account's keys, the newest first."""
        with transaction(self._engine) as connection:
            return key_rows.read_keys(connection, account_id)

    def revoke_key(self, account_id: str, key_id: str) -> None:
        """Let a key open nothing any more.

        Raises:
            SourceNotFoundError: the account has no such key.
        """
        with transaction(self._engine) as connection:
            if not key_rows.revoke_key(connection, account_id, key_id):
                raise SourceNotFoundError(f"There is no key {key_id[:40]}.", "key_not_found")
