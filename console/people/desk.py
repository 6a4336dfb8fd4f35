"""Sign up, sign in, forgotten passwords, sessions, invitations and keys: what people do about themselves.

Tokens are 256 random bits and only their SHA-256 is stored: they need no slow hash. Passwords do.
Whether an address is known is told to nobody who has not its password or its mail.
"""

import hashlib
import math
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from enum import StrEnum

from sqlalchemy import Connection, Engine

from console.people.passwords import check_password, hash_password, is_password, needs_new_hash
from console.people.roles import Role
from console.people.second_factor import check_code
from pipeline.errors import AccessError, InputError, SourceNotFoundError
from storage import people_rows
from storage.account_rows import DEFAULT_ACCOUNT
from storage.database import transaction
from storage.people_rows import MemberFacts, NewSession, OneTimeFacts, PersonFacts, SessionFacts
from storage.sealing import Sealer

SESSION_LASTS_S = 14 * 24 * 3600.0
SESSION_IDLE_S = 24 * 3600.0  # OWASP ASVS 3.3.2, level 2: a day for browsers that are not used
RESET_LASTS_S = 3600.0
INVITE_LASTS_S = 7 * 24 * 3600.0
FREE_TRIES = 5  # then each failed one doubles the wait
LONGEST_WAIT_S = 900.0
KEY_PREFIX = "vv"
MOST_EMAIL_CHARS = 254  # RFC 5321
MOST_NAME_CHARS = 100


class SignUp(StrEnum):
    """Who may make an account."""

    OPEN = "open"
    INVITED = "invited"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; the token goes into the browser's cookie and nowhere else."""

    token: str
    person_id: int
    account_id: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new API key; the secret is shown once."""

    key_id: str
    key: str


class PeopleDesk:
    """Holds no state but its database."""

    def __init__(self, engine: Engine, sealer: Sealer, sign_up: SignUp = SignUp.INVITED) -> None:
        """Use a migrated database; the very first person may always sign up, as operator."""
        self._engine = engine
        self._sealer = sealer
        self._sign_up = sign_up

    def may_sign_up(self) -> bool:
        """Tell whether somebody without an invitation may make an account."""
        if self._sign_up is SignUp.OPEN:
            return True
        with transaction(self._engine) as connection:
            return not people_rows.count_people(connection)

    def sign_up(self, email: str, password: str, name: str = "", invitation: str = "") -> int:
        """Make a person: with a place where invited, else as admin of an account of their own.

        Raises:
            InputError: the address or the password cannot be used, or the address is taken.
            AccessError: no invitation, or one that is used up or for another address.
        """
        address, called = check_email(email), _check_name(name)
        check_password(password, address)
        hashed = hash_password(password)
        with transaction(self._engine) as connection:
            is_first = not people_rows.count_people(connection)
            place = self._place_of(connection, address, invitation, is_first=is_first)
            person_id = people_rows.insert_person(connection, address, called, hashed)
            if person_id is None:
                raise InputError(
                    "There is somebody with this address: sign in, or ask for a new password.",
                    "email_taken",
                )
            account_id, role = place or (_new_account_id(), Role.ADMIN)
            if place is None:
                people_rows.insert_account(connection, account_id, called or address)
            people_rows.put_member(connection, account_id, person_id, role)
            return person_id

    def sign_in(
        self, email: str, password: str, code: str = "", browser: str = "", address: str = ""
    ) -> SignedIn:
        """Return a session for the right password (and code).

        Raises:
            AccessError: wrong (`sign_in_wrong`), a code is needed (`code_needed`), or too many
                tries (`sign_in_wait`, with `retry_after_s`).
        """
        subjects = [f"email:{email.strip().lower()[:MOST_EMAIL_CHARS]}", f"address:{address}"]
        with transaction(self._engine) as connection:
            wait_s = people_rows.wait_s(connection, subjects)
            person = people_rows.find_person(connection, email.strip())
        if wait_s > 0:
            raise AccessError(
                f"Too many tries: wait {math.ceil(wait_s)} s.", "sign_in_wait", float(wait_s)
            )
        is_right = is_password(password, person.password_hash if person else None)
        if not is_right or person is None or person.disabled_at is not None:
            self._count_failed(subjects)
            raise AccessError("The address or the password is wrong.", "sign_in_wrong")
        if person.totp_secret is not None and not code:
            raise AccessError("Enter the code of your second factor.", "code_needed")
        with transaction(self._engine) as connection:
            is_good = self._passes_second_factor(connection, person.person_id, code)
            places = people_rows.read_members(connection, person_id=person.person_id)
            if is_good and places:
                if needs_new_hash(person.password_hash):
                    change = {"password_hash": hash_password(password)}
                    people_rows.update_person(connection, person.person_id, change)
                people_rows.forget_failed(connection, subjects[0])
                return _begin_session(connection, person.person_id, places[0], browser, address)
        self._count_failed(subjects)
        raise AccessError(
            "The code is wrong or was used." if places else "You have no place in any account.",
            "sign_in_wrong",
        )

    def session_of(self, token: str) -> SessionFacts | None:
        """Return the session of a cookie's token, or None."""
        with transaction(self._engine) as connection:
            return people_rows.find_session(connection, digest(token), SESSION_IDLE_S)

    def sessions(self, person_id: int) -> list[SessionFacts]:
        """Return a person's sessions, the last seen first."""
        with transaction(self._engine) as connection:
            return people_rows.read_sessions(connection, person_id, SESSION_IDLE_S)

    def sign_out(self, person_id: int, token_sha256: str | None = None) -> int:
        """End one session of a person, or all; return how many were ended."""
        with transaction(self._engine) as connection:
            return people_rows.end_sessions(connection, person_id, only=token_sha256)

    def look_at(self, token_sha256: str, person_id: int, account_id: str) -> None:
        """Let a session look at another account of its person.

        Raises:
            SourceNotFoundError: the person has no place there.
        """
        with transaction(self._engine) as connection:
            places = people_rows.read_members(
                connection, account_id=account_id, person_id=person_id
            )
            if not places:
                raise SourceNotFoundError(f"There is no account {account_id}.", "account_not_found")
            people_rows.move_session(connection, token_sha256, account_id)

    def change_password(self, person_id: int, old: str, new: str, keep_session: str) -> None:
        """Set another password and end all other sessions.

        Raises:
            AccessError: the old one is wrong.
            InputError: the new one is weak.
        """
        with transaction(self._engine) as connection:
            person = _require_person(connection, person_id)
            if not is_password(old, person.password_hash):
                raise AccessError("The old password is wrong.", "sign_in_wrong")
            check_password(new, person.email)
            people_rows.update_person(connection, person_id, {"password_hash": hash_password(new)})
            people_rows.end_sessions(connection, person_id, but=keep_session)

    # links that work once

    def ask_reset(self, email: str) -> str | None:
        """Return a token for a forgotten password, to be sent by mail; None: nobody has the address."""
        with transaction(self._engine) as connection:
            person = people_rows.find_person(connection, email.strip())
            if person is None or person.disabled_at is not None:
                return None
            token = secrets.token_urlsafe(32)
            facts = OneTimeFacts("reset", None, person.person_id, person.email, "")
            people_rows.insert_one_time(connection, digest(token), facts, RESET_LASTS_S)
            return token

    def reset_password(self, token: str, password: str) -> None:
        """Set a password by a link; all sessions end.

        Raises:
            AccessError: the link was used or is too old.
            InputError: the password is weak; the link stays good.
        """
        with transaction(self._engine) as connection:
            facts = people_rows.use_one_time(connection, digest(token), "reset")
            if facts is None or facts.person_id is None:
                raise AccessError("This link was used or is too old: ask for another.", "link_over")
            check_password(password, facts.email)
            change = {"password_hash": hash_password(password)}
            people_rows.update_person(connection, facts.person_id, change)
            people_rows.end_sessions(connection, facts.person_id)

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

    def join(self, person_id: int, invitation: str) -> str:
        """Take a place by an invitation to one's own address; return the account's id.

        Raises:
            AccessError: the invitation is used up, too old, or for another address.
        """
        with transaction(self._engine) as connection:
            person = _require_person(connection, person_id)
            place = self._place_of(connection, person.email, invitation, is_first=False)
            assert place is not None, "an invitation was given"
            people_rows.put_member(connection, place[0], person_id, place[1])
            return place[0]

    # the people of an account

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

    # keys

    def make_key(
        self,
        account_id: str,
        name: str,
        role: Role,
        person_id: int | None = None,
        expires_at: datetime | None = None,
    ) -> NewKey:
        """Make an API key.

        Raises:
            InputError: the name is empty or too long.
        """
        if not name.strip():
            raise InputError("Give the key a name, so that it is known later.", "name_missing")
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        with transaction(self._engine) as connection:
            people_rows.insert_key(
                connection,
                {
                    "key_id": key_id,
                    "account_id": account_id,
                    "person_id": person_id,
                    "name": _check_name(name),
                    "secret_sha256": digest(secret),
                    "role": role,
                    "expires_at": expires_at,
                },
            )
        return NewKey(key_id, f"{KEY_PREFIX}_{key_id}_{secret}")

    def key_of(self, key: str) -> people_rows.KeyFacts | None:
        """Return the facts of a key that is good, or None; notes that it was used."""
        prefix, _, rest = key.partition("_")
        key_id, _, secret = rest.partition("_")
        if prefix != KEY_PREFIX or not key_id.isalnum() or not secret:
            return None
        with transaction(self._engine) as connection:
            facts = people_rows.find_key(connection, key_id)
            if facts is None or not secrets.compare_digest(facts.secret_sha256, digest(secret)):
                return None
            people_rows.note_key_use(connection, key_id)
            return facts

    def keys(self, account_id: str) -> list[people_rows.KeyFacts]:
        """Return an account's keys, the newest first."""
        with transaction(self._engine) as connection:
            return people_rows.read_keys(connection, account_id)

    def revoke_key(self, account_id: str, key_id: str) -> None:
        """Let a key open nothing any more.

        Raises:
            SourceNotFoundError: the account has no such key.
        """
        with transaction(self._engine) as connection:
            if not people_rows.revoke_key(connection, account_id, key_id):
                raise SourceNotFoundError(f"There is no key {key_id[:40]}.", "key_not_found")

    # inside

    def _count_failed(self, subjects: Collection[str]) -> None:
        with transaction(self._engine) as connection:
            for subject in sorted(subjects):  # in one order: two tries cannot wait for each other
                people_rows.count_failed(connection, subject, FREE_TRIES, LONGEST_WAIT_S)

    def _passes_second_factor(self, connection: Connection, person_id: int, code: str) -> bool:
        """Tell whether a code is right, and use it up; people without a second factor pass."""
        person = people_rows.lock_person(connection, person_id)
        if person is None or person.totp_secret is None:
            return person is not None
        secret = self._sealer.open(person.totp_secret, f"totp:{person_id}")
        step = check_code(secret, code, person.totp_step)
        if step is not None:
            people_rows.update_person(connection, person_id, {"totp_step": step})
        return step is not None

    def _place_of(
        self, connection: Connection, address: str, invitation: str, *, is_first: bool
    ) -> tuple[str, Role] | None:
        """Return account and role of somebody new; None: an account of their own.

        Raises:
            AccessError: nobody may sign up so.
        """
        if invitation:
            facts = people_rows.use_one_time(connection, digest(invitation), "invite")
            if facts is None or facts.account_id is None or facts.email.lower() != address.lower():
                raise AccessError(
                    "This invitation was used, is too old, or is for another address.", "link_over"
                )
            return facts.account_id, Role(facts.role)
        if is_first:
            return DEFAULT_ACCOUNT, Role.ADMIN
        if self._sign_up is SignUp.OPEN:
            return None
        raise AccessError("Signing up needs an invitation: ask an admin for one.", "sign_up_closed")


def check_email(text: str) -> str:
    """Return an address as it is stored.

    Raises:
        InputError: it is none.
    """
    address = text.strip()
    local, _, domain = address.rpartition("@")
    is_plain = address.isprintable() and not any(mark in address for mark in " ,;<>\"'()")
    if not (
        is_plain
        and len(address) <= MOST_EMAIL_CHARS
        and parseaddr(address)[1] == address
        and local
        and "." in domain.strip(".")
    ):
        raise InputError("This is no e-mail address.", "email_invalid")
    return address


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _begin_session(
    connection: Connection, person_id: int, place: MemberFacts, browser: str, address: str
) -> SignedIn:
    token = secrets.token_urlsafe(32)
    session = NewSession(
        digest(token), person_id, place.account_id, SESSION_LASTS_S, browser[:200], address
    )
    people_rows.insert_session(connection, session)
    return SignedIn(token, person_id, place.account_id)


def _require_person(connection: Connection, person_id: int) -> PersonFacts:
    person = people_rows.lock_person(connection, person_id)
    if person is None:
        raise SourceNotFoundError("You are not known any more.", "person_not_found")
    return person


def _check_name(name: str) -> str:
    called = " ".join(name.split())
    if len(called) > MOST_NAME_CHARS or not called.isprintable():
        raise InputError(f"A name has at most {MOST_NAME_CHARS} plain characters.", "name_invalid")
    return called


def _new_account_id() -> str:
    return f"a{secrets.token_hex(8)}"
