"""Lets people in whom the identity provider vouches for; the rules of linking and of roles are here.

1. Who somebody is, issuer and subject say. An address is looked at once, when a subject first comes.
2. A subject that is new, with an address that somebody here has, is linked to them only once they
   have signed in with their own password (and second factor) in the same browser within ten minutes:
   a provider cannot take a person over by an address, and whoever signed up here with somebody else's
   address gains nothing when the other one comes.
3. Somebody new needs an address that the provider has verified, and must be let in by the sign-up
   policy: `open`, or `invited` with an invitation for the address or a group that the operator mapped.
4. A mapped group's role counts, at each sign-in, in the account that the operator named. Without such
   a group any more a place that was given so is taken away. An account keeps its last admin.
"""

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from console.people.desk import SignedIn, SignUp, begin_session, new_account_id
from console.people.passwords import hash_password
from console.people.provider import Identity
from console.people.provider_settings import ProviderSettings
from console.people.roles import Role
from console.people.typed import MOST_NAME_CHARS, check_email
from pipeline.errors import AccessError
from storage import federation_rows, people_rows
from storage.account_rows import require_account
from storage.database import transaction
from storage.federation_rows import FederatedFacts

SESSION_LASTS_S = (
    24 * 3600.0
)  # shorter than with a password: what changes there is seen at a sign-in
_STRENGTH = list(Role)  # from the weakest to the strongest


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody whom the provider let in."""

    signed_in: SignedIn
    is_new: bool


class FederationDesk:
    """Holds no state but its database."""

    def __init__(self, engine: Engine, settings: ProviderSettings, sign_up: SignUp) -> None:
        """Use a migrated database."""
        self._engine = engine
        self._settings = settings
        self._sign_up = sign_up

    def enter(self, identity: Identity, browser: str, address: str) -> Entered:
        """Return a session for whom the provider vouches for.

        Raises:
            AccessError: they must link first (`link_needed`), may not sign up (`sign_up_closed`),
                have no verified address (`email_unverified`), or are locked out (`sign_in_wrong`).
            InputError: the address cannot be used, or the operator named an unknown account.
        """
        with transaction(self._engine) as connection:
            known = federation_rows.lock_federated(connection, identity.issuer, identity.subject)
            person_id = self._make(connection, identity) if known is None else known.person_id
            person = people_rows.lock_person(connection, person_id)
            if person is None or person.disabled_at is not None:
                raise AccessError("You may not sign in: ask an admin.", "sign_in_wrong")
            given = self._map_role(connection, person_id, identity, known)
            federation_rows.note_use(connection, identity.issuer, identity.subject, given)
            places = people_rows.read_members(connection, person_id=person_id)
            if places:
                session = begin_session(
                    connection, places[0], browser, address, lasts_s=SESSION_LASTS_S
                )
                return Entered(session, is_new=known is None)
        # outside: that a place was taken away stays written
        raise AccessError("You have no place in any account: ask an admin.", "sign_in_wrong")

    def link(self, person_id: int, issuer: str, subject: str, email: str) -> bool:
        """Link a subject to somebody who just gave their password; False: it is not their address."""
        with transaction(self._engine) as connection:
            person = people_rows.lock_person(connection, person_id)
            if person is None or person.email.lower() != email.lower():
                return False
            return federation_rows.link_person(connection, issuer, subject, person_id, email)

    def links(self, person_id: int) -> list[FederatedFacts]:
        """Return the providers that vouch for a person."""
        with transaction(self._engine) as connection:
            return federation_rows.read_federated(connection, person_id)

    def unlink(self, person_id: int) -> int:
        """Let no provider vouch for a person any more; return how many did."""
        with transaction(self._engine) as connection:
            return federation_rows.unlink_person(connection, person_id)

    def _make(self, connection: Connection, identity: Identity) -> int:
        """Make somebody new, linked; return their id."""
        if not identity.email:
            raise AccessError(
                "The provider has not verified an e-mail address of yours: ask whoever runs it.",
                "email_unverified",
            )
        email = check_email(identity.email)
        if people_rows.find_person(connection, email) is not None:
            raise AccessError(
                "There is somebody with this address: sign in once with the password, to link.",
                "link_needed",
            )
        account_id, role = self._place_of(connection, identity)
        called = "".join(filter(str.isprintable, identity.name)).strip()[:MOST_NAME_CHARS]
        # a password that nobody knows; one's own can be set by "forgotten password"
        unknown = hash_password(secrets.token_urlsafe(32))
        person_id = people_rows.insert_person(connection, email, called, unknown)
        if person_id is None:  # at this moment
            raise AccessError("There is somebody with this address: try again.", "link_needed")
        if not account_id:
            account_id = new_account_id()
            people_rows.insert_account(connection, account_id, called or email)
        people_rows.put_member(connection, account_id, person_id, role)
        federation_rows.link_person(connection, identity.issuer, identity.subject, person_id, email)
        return person_id

    def _place_of(self, connection: Connection, identity: Identity) -> tuple[str, Role]:
        """Return where somebody new belongs; account "": one of their own."""
        closed = AccessError(
            "Signing up needs an invitation: ask an admin for one.", "sign_up_closed"
        )
        mapped = self._mapped(identity)
        if not people_rows.count_people(connection) and mapped is not Role.ADMIN:
            raise AccessError(
                "Whoever runs this installation signs up first, with a password.", "sign_up_closed"
            )
        if self._sign_up is SignUp.OFF:
            raise closed
        if mapped is not None:
            require_account(connection, self._settings.account_id)
            return self._settings.account_id, mapped
        invited = federation_rows.use_invitation_for(connection, identity.email)
        if invited is not None:
            return invited[0], Role(invited[1])
        if self._sign_up is SignUp.OPEN:
            return "", Role.ADMIN
        raise closed

    def _mapped(self, identity: Identity) -> Role | None:
        """Return the strongest role that somebody's groups give."""
        found = [role for group, role in self._settings.roles if group in identity.groups]
        return max(found, key=_STRENGTH.index, default=None)

    def _map_role(
        self,
        connection: Connection,
        person_id: int,
        identity: Identity,
        known: FederatedFacts | None,
    ) -> str:
        """Give or take a place by somebody's groups; return the role that was given, "" for none."""
        before = "" if known is None else known.given_role
        if not self._settings.roles:
            return before
        account_id, mapped = self._settings.account_id, self._mapped(identity)
        if mapped is None and not before:
            return ""
        is_last_admin = people_rows.lock_admins(connection, account_id) == [person_id]
        if mapped is None:
            if not is_last_admin:
                people_rows.remove_member(connection, account_id, person_id)
        elif mapped is Role.ADMIN or not is_last_admin:
            require_account(connection, account_id)
            people_rows.put_member(connection, account_id, person_id, mapped)
        return mapped or ""
