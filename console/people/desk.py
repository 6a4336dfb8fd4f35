"""Sign up, sign in, forgotten passwords, sessions: what people do about themselves.

Tokens are 256 random bits and only their SHA-256 is stored: they need no slow hash. Passwords do.
Whether an address is known is told to nobody who has not its password or its mail.
"""

import math
import secrets
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Engine

from console.people.passwords import check_password, hash_password, is_password, needs_new_hash
from console.people.roles import Role
from console.people.second_factor import check_code, is_secret
from console.people.senders import sender_of
from console.people.typed import MOST_EMAIL_CHARS, check_email, check_name, digest
from pipeline.errors import AccessError, InputError, SourceNotFoundError
from storage import people_rows, session_rows
from storage.account_rows import DEFAULT_ACCOUNT
from storage.database import transaction
from storage.people_rows import MemberFacts, OneTimeFacts, PersonFacts
from storage.sealing import Sealer
from storage.session_rows import NewSession, SessionFacts

SESSION_LASTS_S = 14 * 24 * 3600.0
SESSION_IDLE_S = 24 * 3600.0  # OWASP ASVS 3.3.2, level 2: a day for browsers that are not used
RESET_LASTS_S = 3600.0
FREE_TRIES = 5  # then each failed one doubles the wait
LONGEST_WAIT_S = 900.0
MOST_RESETS = 3  # letters to one person within `RESET_LASTS_S`, whoever asks for them


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
class ResetLink:
    """What is sent to somebody who forgot a password."""

    email: str  # as we know it: what was typed may be written otherwise, and be somebody else's
    token: str


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
        return self.is_new()

    def is_new(self) -> bool:
        """Tell whether nobody has signed up yet: whoever does runs the installation."""
        with transaction(self._engine) as connection:
            return not people_rows.count_people(connection)

    def sign_up(self, email: str, password: str, name: str = "", invitation: str = "") -> int:
        """Make a person: with a place where invited, else as admin of an account of their own.

        Raises:
            InputError: the address or the password cannot be used, or the address is taken.
            AccessError: no invitation, or one that is used up or for another address.
        """
        address, called = check_email(email), check_name(name)
        check_password(password, address)
        hashed = hash_password(password)
        with transaction(self._engine) as connection:
            is_first = not people_rows.count_people(connection)
            if self._sign_up is SignUp.OFF and not is_first:
                raise AccessError("Nobody signs up here: ask an admin.", "sign_up_closed")
            place = self._place_of(connection, address, invitation, is_first=is_first)
            person_id = people_rows.insert_person(connection, address, called, hashed)
            if person_id is None:
                raise InputError(
                    "There is somebody with this address: sign in, or ask for a new password.",
                    "email_taken",
                )
            account_id, role = place or (new_account_id(), Role.ADMIN)
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
        whose, place = "", f"address:{sender_of(address)}"
        with transaction(self._engine) as connection:
            person = people_rows.find_person(connection, email.strip())
            # by the person: an address can be written in more ways than one
            whose = (
                _tries_of(person.person_id)
                if person
                else f"email:{email.strip().lower()[:MOST_EMAIL_CHARS]}"
            )
            _begin_try(connection, whose, place)
        is_right = is_password(password, person.password_hash if person else None)
        if not is_right or person is None or person.disabled_at is not None:
            raise AccessError("The address or the password is wrong.", "sign_in_wrong")
        if person.totp_secret is not None and not code:
            with transaction(self._engine) as connection:
                for subject in (place, whose):
                    session_rows.take_back_try(connection, subject)
            raise AccessError("Enter the code of your second factor.", "code_needed")
        with transaction(self._engine) as connection:
            is_good = self._passes_second_factor(connection, person.person_id, code)
            places = people_rows.read_members(connection, person_id=person.person_id)
            if is_good and places:
                if needs_new_hash(person.password_hash):
                    change = {"password_hash": hash_password(password)}
                    people_rows.update_person(connection, person.person_id, change)
                session_rows.take_back_try(connection, place)
                session_rows.forget_failed(connection, whose)
                return begin_session(connection, places[0], browser, address)
        raise AccessError(
            "The code is wrong or was used." if places else "You have no place in any account.",
            "sign_in_wrong",
        )

    def session_of(self, token: str) -> SessionFacts | None:
        """Return the session of a cookie's token, or None."""
        with transaction(self._engine) as connection:
            return session_rows.find_session(connection, digest(token), SESSION_IDLE_S)

    def sessions(self, person_id: int) -> list[SessionFacts]:
        """Return a person's sessions, the last seen first."""
        with transaction(self._engine) as connection:
            return session_rows.read_sessions(connection, person_id, SESSION_IDLE_S)

    def sign_out(self, person_id: int, token_sha256: str | None = None) -> int:
        """End one session of a person, or all; return how many were ended."""
        with transaction(self._engine) as connection:
            return session_rows.end_sessions(connection, person_id, only=token_sha256)

    def end_session(self, person_id: int, session_id: str) -> None:
        """End one of a person's sessions, as the list of them calls it; one that is over stays so."""
        for one in self.sessions(person_id):
            if session_of_list(one) == session_id:
                self.sign_out(person_id, one.token_sha256)

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
            session_rows.move_session(connection, token_sha256, account_id)

    def change_password(self, person_id: int, old: str, new: str, keep_session: str) -> None:
        """Set another password and end all other sessions.

        Raises:
            AccessError: the old one is wrong (`sign_in_wrong`), or was too often (`sign_in_wait`).
            InputError: the new one is weak.
        """
        person = self._require_password(person_id, old, "The old password is wrong.")
        check_password(new, person.email)
        hashed = hash_password(new)
        with transaction(self._engine) as connection:
            people_rows.update_person(connection, person_id, {"password_hash": hashed})
            people_rows.use_up_links(connection, person_id, "reset")
            session_rows.end_sessions(connection, person_id, but=keep_session)

    def rename(self, person_id: int, name: str) -> None:
        """Call a person something else from now on; opinions that were signed keep their name.

        Raises:
            InputError: it is too long, or holds what cannot be shown (`name_invalid`).
        """
        called = check_name(name)
        with transaction(self._engine) as connection:
            people_rows.update_person(connection, person_id, {"name": called})

    def set_second_factor(self, person_id: int, secret: str, code: str) -> None:
        """Ask for codes of this secret from now on, where the first one is right.

        Raises:
            InputError: the code is wrong: the app and we must agree before anybody is locked out.
        """
        if not is_secret(secret) or (step := check_code(secret, code, None)) is None:
            raise InputError(
                "The code is wrong: look at the app's clock, and try again.", "code_wrong"
            )
        sealed = self._sealer.seal(secret, f"totp:{person_id}")
        with transaction(self._engine) as connection:
            change = {"totp_secret": sealed, "totp_step": step}
            people_rows.update_person(connection, person_id, change)

    def remove_second_factor(self, person_id: int, password: str) -> None:
        """Ask for no codes any more.

        Raises:
            AccessError: the password is wrong (`sign_in_wrong`), or was too often (`sign_in_wait`).
        """
        self._require_password(person_id, password, "The password is wrong.")
        with transaction(self._engine) as connection:
            change = {"totp_secret": None, "totp_step": None}
            people_rows.update_person(connection, person_id, change)

    def person(self, person_id: int) -> PersonFacts:
        """Return a person.

        Raises:
            SourceNotFoundError: there is none.
        """
        with transaction(self._engine) as connection:
            return _require_person(connection, person_id)

    # links that work once

    def ask_reset(self, email: str) -> ResetLink | None:
        """Return what is sent for a forgotten password; None: nobody is to get a letter.

        So it is where nobody has the address, and where its person got enough letters lately.
        """
        with transaction(self._engine) as connection:
            person = people_rows.find_person(connection, email.strip())
            if person is None or person.disabled_at is not None:
                return None
            people_rows.lock_person(connection, person.person_id)
            if people_rows.count_links(connection, person.person_id, "reset") >= MOST_RESETS:
                return None
            token = secrets.token_urlsafe(32)
            facts = OneTimeFacts("reset", None, person.person_id, person.email, "")
            people_rows.insert_one_time(connection, digest(token), facts, RESET_LASTS_S)
            return ResetLink(person.email, token)

    def reset_password(self, token: str, password: str) -> str:
        """Set a password by a link; all sessions end; return the person's address.

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
            people_rows.use_up_links(connection, facts.person_id, "reset")
            session_rows.end_sessions(connection, facts.person_id)
            return facts.email

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

    # inside

    def _require_password(self, person_id: int, password: str, refusal: str) -> PersonFacts:
        """Return a person who is signed in and knows the password; whoever guesses is made to wait.

        Raises:
            AccessError: it is wrong, or there were too many tries.
        """
        with transaction(self._engine) as connection:
            person = _require_person(connection, person_id)
            _begin_try(connection, _tries_of(person_id))
        if not is_password(password, person.password_hash):
            raise AccessError(refusal, "sign_in_wrong")
        with transaction(self._engine) as connection:
            session_rows.forget_failed(connection, _tries_of(person_id))
        return person

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


def session_of_list(session: SessionFacts) -> str:
    """Return how a list calls a session: enough to tell it, too little to use it."""
    return session.token_sha256[:16]


def begin_session(
    connection: Connection,
    place: MemberFacts,
    browser: str,
    address: str,
    lasts_s: float = SESSION_LASTS_S,
) -> SignedIn:
    """Write a session of somebody who has just shown who they are, looking at one of their places."""
    token = secrets.token_urlsafe(32)
    session = NewSession(
        digest(token), place.person_id, place.account_id, lasts_s, browser[:200], address
    )
    session_rows.insert_session(connection, session)
    return SignedIn(token, place.person_id, place.account_id)


def _tries_of(person_id: int) -> str:
    """Return what a person's tries are counted by."""
    return f"person:{person_id}"


def _begin_try(connection: Connection, *subjects: str) -> None:
    """Count a try, and pass where it may be made.

    Raises:
        AccessError: too many tries (`sign_in_wait`, with `retry_after_s`).
    """
    for subject in sorted(subjects):  # in one order: two tries cannot wait for each other
        wait_s = session_rows.begin_try(connection, subject, FREE_TRIES, LONGEST_WAIT_S)
        if wait_s > 0:  # what was counted of the other goes with the transaction
            raise AccessError(
                f"Too many tries: wait {math.ceil(wait_s)} s.", "sign_in_wait", wait_s
            )


def _require_person(connection: Connection, person_id: int) -> PersonFacts:
    person = people_rows.lock_person(connection, person_id)
    if person is None:
        raise SourceNotFoundError("You are not known any more.", "person_not_found")
    return person


def new_account_id() -> str:
    """Return an id that no account has and nobody guesses."""
    return f"a{secrets.token_hex(8)}"
