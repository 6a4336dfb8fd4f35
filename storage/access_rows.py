"""The access log in SQL: who saw and did what; rows are added and read, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from storage.stored_text import storable


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """One deed."""

    access_id: int
    at: datetime
    person_id: int | None
    email: str | None  # of the person, as it is today
    key_id: str | None
    what: str
    target: str
    address: str


def insert_access(connection: Connection, deed: Mapping[str, object]) -> None:
    """Write a deed: account_id, person_id, key_id, what, target, address."""
    target, address = storable(str(deed["target"])), storable(str(deed["address"]))
    connection.execute(
        text(
            "INSERT INTO access (account_id, person_id, key_id, what, target, address)"
            " VALUES (:account_id, :person_id, :key_id, :what, :target, :address)"
        ),
        {**deed, "target": target, "address": address},
    )


def places_of_email(connection: Connection, email: str) -> list[tuple[int, str]]:
    """Return person and account for each place of whoever has an address."""
    rows = connection.execute(
        text(
            "SELECT person_id, account_id FROM person JOIN member USING (person_id)"
            " WHERE lower(email) = lower(:email) ORDER BY account_id"
        ),
        {"email": storable(email)},
    )
    return [(row.person_id, row.account_id) for row in rows]


def read_access(
    connection: Connection, account_id: str, before: int | None, most: int, *, with_unowned: bool
) -> list[AccessFacts]:
    """Return an account's deeds, the newest first.

    Args:
        connection: of a transaction.
        account_id: whose.
        before: only deeds older than this one.
        most: how many.
        with_unowned: also those of no account, such as tries to sign in with an unknown address.
    """
    rows = connection.execute(
        text(
            "SELECT a.access_id, a.at, a.person_id, p.email, a.key_id, a.what, a.target, a.address"
            " FROM access a LEFT JOIN person p USING (person_id)"
            " WHERE (a.account_id = :account_id OR (:with_unowned AND a.account_id IS NULL))"
            " AND a.access_id < coalesce(CAST(:before AS bigint), 9223372036854775807)"
            " ORDER BY a.access_id DESC LIMIT :most"
        ),
        {
            "account_id": account_id,
            "before": before,
            "most": most,
            "with_unowned": with_unowned,
        },
    )
    return [AccessFacts(**row) for row in rows.mappings()]
