"""Writes down who saw and did what; routes and pages call `note` once the deed is done.

A deed is an id and a name of ours, never what somebody typed: an address that nobody has may be a
password in the wrong field. A refused request is no deed, save a refused sign-in.
"""

from sqlalchemy import Connection

from console.api.context import ApiContext
from console.api.principals import Principal
from console.people.deeds import Deed
from console.people.typed import MOST_EMAIL_CHARS
from storage import access_rows
from storage.database import transaction


def note(context: ApiContext, asking: Principal, what: Deed, target: str = "") -> None:
    """Write a deed down.

    Args:
        context: the database.
        asking: who did it, in which account, from where.
        what: the deed.
        target: kind and id, such as `job:17`.
    """
    with transaction(context.engine) as connection:
        note_in(connection, asking, what, target)


def note_in(connection: Connection, asking: Principal, what: Deed, target: str = "") -> None:
    """Write a deed down in the transaction that does it; see `note`."""
    access_rows.insert_access(
        connection,
        {
            "account_id": asking.account_id,
            "person_id": asking.person_id,
            "key_id": asking.key_id,
            "what": what,
            "target": target,
            "address": asking.address,
        },
    )


def note_about(context: ApiContext, email: str, what: Deed, address: str) -> None:
    """Write down what somebody did who is not signed in, in each account that they belong to.

    Args:
        context: the database.
        email: as typed; kept nowhere.
        what: the deed.
        address: where the request came from.
    """
    with transaction(context.engine) as connection:
        places: list[tuple[int | None, str | None]] = [
            *access_rows.places_of_email(connection, email.strip()[:MOST_EMAIL_CHARS])
        ]
        for person_id, account_id in places or [(None, None)]:
            deed = {"account_id": account_id, "person_id": person_id, "key_id": None}
            access_rows.insert_access(
                connection, {**deed, "what": what, "target": "", "address": address}
            )
