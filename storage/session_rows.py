"""Sessions, and failed tries to sign in, in SQL; only hashes of tokens come here."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from storage.stored_text import storable


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
    connection: Connection,
    person_id: int,
    *,
    only: str | None = None,
    but: str | None = None,
    account_id: str | None = None,
) -> int:
    """End a person's sessions: all, only one, all but one, or those in an account; return how many."""
    done = connection.execute(
        text(
            "DELETE FROM session WHERE person_id = :person_id"
            " AND (CAST(:only AS text) IS NULL OR token_sha256 = :only)"
            " AND (CAST(:but AS text) IS NULL OR token_sha256 <> :but)"
            " AND (CAST(:account_id AS text) IS NULL OR account_id = :account_id)"
        ),
        {"person_id": person_id, "only": only, "but": but, "account_id": account_id},
    )
    return done.rowcount


def database_now(connection: Connection) -> datetime:
    """Return the database's clock."""
    now: datetime = connection.scalar(text("SELECT clock_timestamp()"))
    return now


def forget_old(connection: Connection) -> None:
    """Remove sessions, links and counted tries that are long over."""
    for statement in (
        "DELETE FROM session WHERE expires_at < clock_timestamp()",
        "DELETE FROM one_time_token WHERE expires_at < clock_timestamp() - interval '30 days'",
        "DELETE FROM login_try WHERE last_at < clock_timestamp() - interval '1 day'",
        "DELETE FROM repeat WHERE at < clock_timestamp() - interval '1 day'",
        # longer than a failed item is tried again
        "DELETE FROM audio_charge WHERE at < clock_timestamp() - interval '90 days'",
        "DELETE FROM request_bucket WHERE filled_at < clock_timestamp() - interval '1 hour'",
    ):
        connection.execute(text(statement))


def begin_try(connection: Connection, subject: str, free: int, longest_s: float) -> float:
    """Count a try as failed before it is made, so that many at once are counted too.

    Tries of one subject wait for each other's transactions. `take_back_try` is for those that were good.

    Returns:
        How long whoever tries must wait; 0: the try was counted, and may be made.
    """
    connection.execute(
        text(
            "INSERT INTO login_try (subject, n_failed, last_at)"
            " VALUES (:subject, 0, clock_timestamp()) ON CONFLICT DO NOTHING"
        ),
        {"subject": subject},
    )
    wait_s: float = connection.scalar(
        text(
            "SELECT coalesce(extract(epoch FROM blocked_until - clock_timestamp()), 0)"
            " FROM login_try WHERE subject = :subject FOR UPDATE"
        ),
        {"subject": subject},
    )
    if wait_s > 0:
        return float(wait_s)
    count_failed(connection, subject, free, longest_s)
    return 0.0


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


def take_back_try(connection: Connection, subject: str) -> None:
    """Do not count a try that `begin_try` counted: it was a good one."""
    connection.execute(
        text(
            "UPDATE login_try SET n_failed = greatest(n_failed - 1, 0), blocked_until = NULL"
            " WHERE subject = :subject"
        ),
        {"subject": subject},
    )
