"""People, their places in accounts, and links that work once, in SQL; tokens come as hashes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from storage.stored_text import storable


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Somebody who signs in."""

    person_id: int
    email: str
    name: str
    password_hash: str
    language: str
    totp_secret: bytes | None  # sealed
    totp_step: int | None
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """A person's place in an account."""

    account_id: str
    account_name: str
    person_id: int
    email: str
    name: str
    role: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class OneTimeFacts:
    """A link that works once."""

    purpose: str
    account_id: str | None
    person_id: int | None
    email: str
    role: str


_PERSON = (
    "person_id, email, name, password_hash, language, totp_secret, totp_step, created_at,"
    " disabled_at FROM person"
)


def find_person(connection: Connection, email: str) -> PersonFacts | None:
    """Return the person with an address, whatever its case."""
    return _person(connection, f"{_PERSON} WHERE lower(email) = lower(:email)", {"email": email})


def read_person(connection: Connection, person_id: int) -> PersonFacts | None:
    """Return a person."""
    return _person(connection, f"{_PERSON} WHERE person_id = :id", {"id": person_id})


def lock_person(connection: Connection, person_id: int) -> PersonFacts | None:
    """Return a person, locked until the transaction's end."""
    return _person(
        connection, f"{_PERSON} WHERE person_id = :id FOR NO KEY UPDATE", {"id": person_id}
    )


def insert_person(connection: Connection, email: str, name: str, password_hash: str) -> int | None:
    """Write a person and return the id, or None where the address is taken."""
    found: int | None = connection.scalar(
        text(
            "INSERT INTO person (email, name, password_hash) VALUES (:email, :name, :hash)"
            " ON CONFLICT (lower(email)) DO NOTHING RETURNING person_id"
        ),
        {"email": storable(email), "name": storable(name), "hash": password_hash},
    )
    return found


def update_person(connection: Connection, person_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a person: name, language, password_hash, totp_secret, totp_step, disabled_at."""
    known = {"name", "language", "password_hash", "totp_secret", "totp_step", "disabled_at"}
    assert values.keys() <= known, "columns are named by our own code"
    assigned = ", ".join(f"{column} = :{column}" for column in values)
    connection.execute(
        text(f"UPDATE person SET {assigned} WHERE person_id = :person_id"),  # noqa: S608 (ours)
        {**values, "person_id": person_id},
    )


def count_people(connection: Connection) -> int:
    """Return how many people there are, at most one: the first one may make the installation."""
    found: int = connection.scalar(text("SELECT count(*) FROM (SELECT FROM person LIMIT 1) one"))
    return found


def insert_account(connection: Connection, account_id: str, name: str) -> None:
    """Make an account."""
    connection.execute(
        text("INSERT INTO account (account_id, name) VALUES (:account_id, :name)"),
        {"account_id": account_id, "name": storable(name)},
    )


def put_member(connection: Connection, account_id: str, person_id: int, role: str) -> None:
    """Give a person a place in an account, or another role in it."""
    connection.execute(
        text(
            "INSERT INTO member (account_id, person_id, role) VALUES (:account_id, :person_id, :role)"
            " ON CONFLICT (account_id, person_id) DO UPDATE SET role = excluded.role"
        ),
        {"account_id": account_id, "person_id": person_id, "role": role},
    )


def remove_member(connection: Connection, account_id: str, person_id: int) -> bool:
    """Take a person's place in an account, with the sessions there; tell whether there was one."""
    values = {"account_id": account_id, "person_id": person_id}
    connection.execute(
        text("DELETE FROM session WHERE account_id = :account_id AND person_id = :person_id"),
        values,
    )
    done = connection.execute(
        text("DELETE FROM member WHERE account_id = :account_id AND person_id = :person_id"),
        values,
    )
    return done.rowcount == 1


def read_members(
    connection: Connection, *, account_id: str | None = None, person_id: int | None = None
) -> list[MemberFacts]:
    """Return an account's people, or a person's accounts, in the order of joining."""
    rows = connection.execute(
        text(
            "SELECT m.account_id, a.name AS account_name, m.person_id, p.email, p.name, m.role,"
            " m.joined_at FROM member m JOIN person p USING (person_id)"
            " JOIN account a USING (account_id)"
            " WHERE (CAST(:account_id AS text) IS NULL OR m.account_id = :account_id)"
            " AND (CAST(:person_id AS bigint) IS NULL OR m.person_id = :person_id)"
            " ORDER BY m.joined_at, m.person_id"
        ),
        {"account_id": account_id, "person_id": person_id},
    )
    return [MemberFacts(**row) for row in rows.mappings()]


def lock_admins(connection: Connection, account_id: str) -> list[int]:
    """Return an account's admins, locked: the last one must not go."""
    return list(
        connection.scalars(
            text(
                "SELECT person_id FROM member WHERE account_id = :account_id AND role = 'admin'"
                " ORDER BY person_id FOR UPDATE"
            ),
            {"account_id": account_id},
        )
    )


def insert_one_time(
    connection: Connection, token_sha256: str, facts: OneTimeFacts, lasts_s: float
) -> None:
    """Write a link."""
    connection.execute(
        text(
            "INSERT INTO one_time_token (token_sha256, purpose, account_id, person_id, email, role,"
            " expires_at) VALUES (:token, :purpose, :account_id, :person_id, :email, :role,"
            " clock_timestamp() + make_interval(secs => :lasts_s))"
        ),
        {
            "token": token_sha256,
            "purpose": facts.purpose,
            "account_id": facts.account_id,
            "person_id": facts.person_id,
            "email": storable(facts.email),
            "role": facts.role,
            "lasts_s": lasts_s,
        },
    )


def use_one_time(connection: Connection, token_sha256: str, purpose: str) -> OneTimeFacts | None:
    """Use a link up and return what it is for; None: there is none, or it was used, or is over."""
    row = connection.execute(
        text(
            "UPDATE one_time_token SET used_at = clock_timestamp() WHERE token_sha256 = :token"
            " AND purpose = :purpose AND used_at IS NULL AND expires_at > clock_timestamp()"
            " RETURNING purpose, account_id, person_id, email, role"
        ),
        {"token": token_sha256, "purpose": purpose},
    )
    found = row.mappings().one_or_none()
    return None if found is None else OneTimeFacts(**found)


def use_up_links(connection: Connection, person_id: int, purpose: str) -> None:
    """Let the links that a person was sent for a purpose open nothing any more."""
    connection.execute(
        text(
            "UPDATE one_time_token SET used_at = clock_timestamp()"
            " WHERE person_id = :person_id AND purpose = :purpose AND used_at IS NULL"
        ),
        {"person_id": person_id, "purpose": purpose},
    )


def count_links(connection: Connection, person_id: int, purpose: str) -> int:
    """Return how many links that are not over a person was sent for a purpose, used ones too."""
    n_links: int = connection.scalar(
        text(
            "SELECT count(*) FROM one_time_token WHERE person_id = :person_id"
            " AND purpose = :purpose AND expires_at > clock_timestamp()"
        ),
        {"person_id": person_id, "purpose": purpose},
    )
    return n_links


def _person(connection: Connection, query: str, values: Mapping[str, Any]) -> PersonFacts | None:
    row = connection.execute(text(f"SELECT {query}"), dict(values))
    found = row.mappings().one_or_none()
    return None if found is None else PersonFacts(**found)
