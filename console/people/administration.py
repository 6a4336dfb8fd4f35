"""What admins do about other people: end their sessions, and, for operators, lock them out."""

from sqlalchemy import Connection, Engine

from console.people.desk import SESSION_IDLE_S
from pipeline.errors import InputError, SourceNotFoundError
from storage import people_rows, session_rows
from storage.database import transaction
from storage.session_rows import SessionFacts


class AdministrationDesk:
    """Holds no state but its database; `account_id` None means all accounts."""

    def __init__(self, engine: Engine) -> None:
        """Use a migrated database."""
        self._engine = engine

    def sessions(self, account_id: str | None, person_id: int) -> list[SessionFacts]:
        """Return somebody's sessions, the last seen first.

        Raises:
            SourceNotFoundError: they have no place there.
        """
        with transaction(self._engine) as connection:
            _require_place(connection, account_id, person_id)
            found = session_rows.read_sessions(connection, person_id, SESSION_IDLE_S)
        return [one for one in found if account_id in (None, one.account_id)]

    def end_sessions(self, account_id: str | None, person_id: int) -> int:
        """End somebody's sessions; return how many.

        Raises:
            SourceNotFoundError: they have no place there.
        """
        with transaction(self._engine) as connection:
            _require_place(connection, account_id, person_id)
            return session_rows.end_sessions(connection, person_id, account_id=account_id)

    def set_disabled(self, person_id: int, by: int | None, *, is_disabled: bool) -> None:
        """Let somebody sign in nowhere any more, and end their sessions; or let them again.

        Raises:
            SourceNotFoundError: there is nobody with this id.
            InputError: it is whoever asks: nobody could undo it.
        """
        if person_id == by:
            raise InputError("You cannot lock yourself out: ask another operator.", "own_person")
        with transaction(self._engine) as connection:
            if people_rows.lock_person(connection, person_id) is None:
                raise SourceNotFoundError(f"There is no person {person_id}.", "member_not_found")
            now = session_rows.database_now(connection) if is_disabled else None
            people_rows.update_person(connection, person_id, {"disabled_at": now})
            if is_disabled:
                session_rows.end_sessions(connection, person_id)


def _require_place(connection: Connection, account_id: str | None, person_id: int) -> None:
    if not people_rows.read_members(connection, account_id=account_id, person_id=person_id):
        raise SourceNotFoundError(f"There is no member {person_id}.", "member_not_found")
