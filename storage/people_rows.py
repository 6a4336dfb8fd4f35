"""People, sessions, keys and one-time links in SQL; only hashes of tokens come here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
class SessionFacts:
    """A browser that is signed in."""

    token_sha256: str
    person_id: int
    account_id: str
    role: str
    created_at: datetime
    seen_at: datetime
    browser: str
    address: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that is to be made."""

    token_sha256: str
    person_id: int
    account_id: str
    lasts_s: float
    browser: str = ""
    address: str = ""


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


# places


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


# sessions


def insert_session(connection: Connection, session: NewSession) -> None:
    """Write a session."""
    connection.execute(
        text(
            "INSERT INTO session (token_sha256, person_id, account_id, expires_at, browser, address)"
            " VALUES (:token_sha256, :person_id, :account_id,"
            " clock_timestamp() + make_interval(secs => :lasts_s), :browser, :address)"
        ),
        {**asdict(session), "browser": storable(session.browser)},
    )


_SESSION = """
SELECT s.token_sha256, s.person_id, s.account_id, m.role, s.created_at, s.seen_at, s.browser,
       s.address
FROM session s JOIN member m USING (account_id, person_id) JOIN person p USING (person_id)
WHERE p.disabled_at IS NULL AND s.expires_at > clock_timestamp()
  AND s.seen_at > clock_timestamp() - make_interval(secs => :idle_s)
"""


def find_session(connection: Connection, token_sha256: str, idle_s: float) -> SessionFacts | None:
    """Return a session that is neither over nor idle for too long, and note that it was seen."""
    row = connection.execute(
        text(f"{_SESSION} AND s.token_sha256 = :token"), {"token": token_sha256, "idle_s": idle_s}
    )
    found = row.mappings().one_or_none()
    if found is None:
        return None
    connection.execute(  # once a minute is enough, and spares a write a request
        text(
            "UPDATE session SET seen_at = clock_timestamp() WHERE token_sha256 = :token"
            " AND seen_at < clock_timestamp() - interval '1 minute'"
        ),
        {"token": token_sha256},
    )
    return SessionFacts(**found)


def read_sessions(connection: Connection, person_id: int, idle_s: float) -> list[SessionFacts]:
    """Return a person's sessions, the last seen first."""
    rows = connection.execute(
        text(f"{_SESSION} AND s.person_id = :person_id ORDER BY s.seen_at DESC"),
        {"person_id": person_id, "idle_s": idle_s},
    )
    return [SessionFacts(**row) for row in rows.mappings()]


def move_session(connection: Connection, token_sha256: str, account_id: str) -> None:
    """Let a session look at another account of its person."""
    connection.execute(
        text("UPDATE session SET account_id = :account_id WHERE token_sha256 = :token"),
        {"account_id": account_id, "token": token_sha256},
    )


def end_sessions(
    connection: Connection, person_id: int, *, only: str | None = None, but: str | None = None
) -> int:
    """End a person's sessions: all, only one, or all but one; return how many."""
    done = connection.execute(
        text(
            "DELETE FROM session WHERE person_id = :person_id"
            " AND (CAST(:only AS text) IS NULL OR token_sha256 = :only)"
            " AND (CAST(:but AS text) IS NULL OR token_sha256 <> :but)"
        ),
        {"person_id": person_id, "only": only, "but": but},
    )
    return done.rowcount


def forget_old(connection: Connection) -> None:
    """Remove sessions, links and counted tries that are long over."""
    for statement in (
        "DELETE FROM session WHERE expires_at < clock_timestamp()",
        "DELETE FROM one_time_token WHERE expires_at < clock_timestamp() - interval '30 days'",
        "DELETE FROM login_try WHERE last_at < clock_timestamp() - interval '1 day'",
        "DELETE FROM repeat WHERE at < clock_timestamp() - interval '1 day'",
    ):
        connection.execute(text(statement))


# keys

_KEY = (
    "key_id, account_id, person_id, name, secret_sha256, role, created_at, expires_at, used_at,"
    " revoked_at FROM api_key"
)


def insert_key(connection: Connection, key: Mapping[str, Any]) -> None:
    """Write a key: key_id, account_id, person_id, name, secret_sha256, role, expires_at."""
    connection.execute(
        text(
            "INSERT INTO api_key (key_id, account_id, person_id, name, secret_sha256, role,"
            " expires_at) VALUES (:key_id, :account_id, :person_id, :name, :secret_sha256, :role,"
            " :expires_at)"
        ),
        {**key, "name": storable(key["name"])},
    )


def find_key(connection: Connection, key_id: str) -> KeyFacts | None:
    """Return a key that is neither revoked nor expired."""
    row = connection.execute(
        text(
            f"SELECT {_KEY} WHERE key_id = :key_id AND revoked_at IS NULL"
            " AND coalesce(expires_at > clock_timestamp(), true)"
        ),
        {"key_id": key_id},
    )
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


# links that work once


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


# tries to sign in


def wait_s(connection: Connection, subjects: list[str]) -> float:
    """Return how long whoever tries must wait, 0 where nobody must."""
    found: float = connection.scalar(
        text(
            "SELECT coalesce(max(extract(epoch FROM blocked_until - clock_timestamp())), 0)"
            " FROM login_try WHERE subject = ANY(:subjects) AND blocked_until > clock_timestamp()"
        ),
        {"subjects": subjects},
    )
    return float(found)


def count_failed(connection: Connection, subject: str, free: int, longest_s: float) -> None:
    """Count a failed try; from the `free`-th on each one doubles the wait, up to `longest_s`."""
    connection.execute(
        text("""
INSERT INTO login_try AS t (subject, n_failed, last_at) VALUES (:subject, 1, clock_timestamp())
ON CONFLICT (subject) DO UPDATE SET
    n_failed = CASE WHEN t.last_at < clock_timestamp() - interval '1 hour' THEN 1
                    ELSE t.n_failed + 1 END,
    last_at = clock_timestamp(),
    blocked_until = CASE WHEN t.n_failed + 1 >= :free
                          AND t.last_at > clock_timestamp() - interval '1 hour'
        THEN clock_timestamp() + make_interval(
            secs => least(:longest_s, power(2, least(t.n_failed + 1 - :free, 20))))
        END
"""),
        {"subject": subject, "free": free, "longest_s": longest_s},
    )


def forget_failed(connection: Connection, subject: str) -> None:
    """Forget failed tries: somebody signed in."""
    connection.execute(text("DELETE FROM login_try WHERE subject = :subject"), {"subject": subject})


def _person(connection: Connection, query: str, values: Mapping[str, Any]) -> PersonFacts | None:
    row = connection.execute(text(f"SELECT {query}"), dict(values))
    found = row.mappings().one_or_none()
    return None if found is None else PersonFacts(**found)
