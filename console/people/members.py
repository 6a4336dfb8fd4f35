"""The people of an account: listed, invited, given another role, sent away."""

import secrets

from sqlalchemy import Engine

from console.people.roles import Role
from console.people.typed import check_email, digest
from pipeline.errors import InputError, SourceNotFoundError
from storage import people_rows
from storage.database import transaction
from storage.people_rows import MemberFacts, OneTimeFacts

INVITE_LASTS_S = 7 * 24 * 3600.0


class MemberDesk:
    """Holds no state but its database."""

    def __init__(self, engine: Engine) -> None:
        """Use a migrated database."""
        self._engine = engine

    def invite(self, account_id: str, email: str, role: Role) -> str:
        """Return a token that lets one address join an account, to be sent by mail.

        Raises:
            InputError: the address cannot be used.
        """
        address, token = check_email(email), secrets.token_urlsafe(32)
        facts = OneTimeFacts("invite", account_id, None, address, role)
        with transaction(self._engine) as connection:
            people_rows.insert_one_time(connection, digest(token), facts, INVITE_LASTS_S)
        return token

    def members(self, account_id: str) -> list[MemberFacts]:
        """Return an account's people."""
        with transaction(self._engine) as connection:
            return people_rows.read_members(connection, account_id=account_id)

    def places(self, person_id: int) -> list[MemberFacts]:
        """Return the accounts that a person has a place in."""
        with transaction(self._engine) as connection:
            return people_rows.read_members(connection, person_id=person_id)

    def set_role(self, account_id: str, person_id: int, role: Role | None) -> None:
        """Give a member another role, or, with None, take the place away.

        Raises:
            SourceNotFoundError: the person has no place there.
            InputError: the account would be left without an admin.
        """
        with transaction(self._engine) as connection:
            admins = people_rows.lock_admins(connection, account_id)
            places = people_rows.read_members(
                connection, account_id=account_id, person_id=person_id
            )
            if not places:
                raise SourceNotFoundError(f"There is no member {person_id}.", "member_not_found")
            if admins == [person_id] and role is not Role.ADMIN:
                raise InputError("An account needs an admin: name another one first.", "last_admin")
            if role is None:
                people_rows.remove_member(connection, account_id, person_id)
            else:
                people_rows.put_member(connection, account_id, person_id, role)
