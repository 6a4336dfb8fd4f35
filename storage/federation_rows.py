"""People as an identity provider knows them, in SQL."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from storage.stored_text import storable


@dataclass(frozen=True, slots=True)
class FederatedFacts:
    """A person as one provider names them."""

    issuer: str
    subject: str
    person_id: int
    email: str
    given_role: str
    linked_at: datetime
    used_at: datetime


_COLUMNS = "issuer, subject, person_id, email, given_role, linked_at, used_at FROM federated"


def lock_federated(connection: Connection, issuer: str, subject: str) -> FederatedFacts | None:
    """Return whom a subject of an issuer is linked to, locked until the transaction's end."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} WHERE issuer = :issuer AND subject = :subject FOR UPDATE"),
        {"issuer": storable(issuer), "subject": storable(subject)},
    )
    found = row.mappings().one_or_none()
    return None if found is None else FederatedFacts(**found)


def read_federated(connection: Connection, person_id: int) -> list[FederatedFacts]:
    """Return the providers that vouch for a person."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} WHERE person_id = :person_id ORDER BY linked_at"),
        {"person_id": person_id},
    )
    return [FederatedFacts(**row) for row in rows.mappings()]


def link_person(
    connection: Connection, issuer: str, subject: str, person_id: int, email: str
) -> bool:
    """Link a subject to a person; False: it is linked already."""
    done = connection.execute(
        text(
            "INSERT INTO federated (issuer, subject, person_id, email)"
            " VALUES (:issuer, :subject, :person_id, :email) ON CONFLICT DO NOTHING"
        ),
        {
            "issuer": storable(issuer),
            "subject": storable(subject),
            "person_id": person_id,
            "email": storable(email),
        },
    )
    return done.rowcount == 1


def note_use(connection: Connection, issuer: str, subject: str, given_role: str) -> None:
    """Note that somebody signed in so, and which role the mapping gave them."""
    connection.execute(
        text(
            "UPDATE federated SET used_at = clock_timestamp(), given_role = :given_role"
            " WHERE issuer = :issuer AND subject = :subject"
        ),
        {"issuer": storable(issuer), "subject": storable(subject), "given_role": given_role},
    )


def unlink_person(connection: Connection, person_id: int) -> int:
    """Remove all links of a person; return how many."""
    done = connection.execute(
        text("DELETE FROM federated WHERE person_id = :person_id"), {"person_id": person_id}
    )
    return done.rowcount


_INVITED = text("""
UPDATE one_time_token SET used_at = clock_timestamp() WHERE token_sha256 = (
    SELECT token_sha256 FROM one_time_token
    WHERE purpose = 'invite' AND lower(email) = lower(:email) AND used_at IS NULL
      AND expires_at > clock_timestamp() ORDER BY created_at DESC LIMIT 1)
RETURNING account_id, role
""")


def use_invitation_for(connection: Connection, email: str) -> tuple[str, str] | None:
    """Use up the newest open invitation of an address; return account and role, or None."""
    row = connection.execute(_INVITED, {"email": storable(email)}).one_or_none()
    return None if row is None else (row.account_id, row.role)
