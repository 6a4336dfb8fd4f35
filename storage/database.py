"""Opens the database: starts the embedded server where that is asked for, migrates, translates.

Every statement of the project runs inside `transaction`, so that a lost database is one error,
`DatabaseError`, whatever the driver called it.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any, cast

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection, Engine, TextClause, create_engine, event, make_url, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from pipeline.errors import ConfigError, DatabaseError
from storage.embedded import hold_embedded
from storage.settings import StorageSettings

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7_105_332_186  # any number, the same in every version
KEPT_CONNECTIONS = 1  # a fleet has many processes, and most of them talk rarely
MOST_CONNECTIONS = 8  # of one process
CONNECT_TIMEOUT_S = 10
RESTED_S = 1.0  # a connection that nobody used for so long may have lost its server
NEVER_BY_ITSELF = sys.maxsize  # statements are prepared where we say so (`send`)
_NOTHING: Mapping[str, object] = MappingProxyType({})
_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy says nothing of it
# Who is stopped in mid-transaction would hold what it has locked until it wakes or dies: the server ends
# its session instead. For transactions of ours that wait for nothing but the server. (After statements of
# one trip the server, 18, starts its clock in three cases of four only: measured.)
LETS_GO = "set_config('idle_in_transaction_session_timeout', '10s', true)"
# A plan that was made while a table was empty would scan it until the next ANALYZE: up to a minute of
# scans of a million items. Every statement that is prepared has an index with its rows in order, so that
# one plan does for all values: the server need not weigh another one each time.
STEADY = text(
    f"SELECT {LETS_GO}, set_config('enable_seqscan', 'off', true),"
    " set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),"
    " set_config('plan_cache_mode', 'force_generic_plan', true)"
)
_NO_SYNC = "SET LOCAL synchronous_commit TO off"
_SYNC = "SELECT pg_logical_emit_message(true, 'verity', '')"  # a commit that waits for the disk
_REVISION = re.compile(r'^(revision|down_revision) = "([0-9]+)"', re.MULTILINE)


def open_engine(settings: StorageSettings, kept: int = KEPT_CONNECTIONS) -> Engine:
    """Return an engine for a database whose tables are there and up to date.

    Raises:
        ConfigError: the embedded server cannot run here, or the database is newer than we are.
        DatabaseError: the database does not answer.
    """
    own = settings.database_url
    url = hold_embedded(settings) if own is None else own.get_secret_value()
    engine = connect_engine(url, kept)
    migrate(engine)
    return engine


def connect_engine(url: str, kept: int = KEPT_CONNECTIONS) -> Engine:
    """Return an engine for a database that is known to be migrated.

    Args:
        url: with the password. `?prepared=no` at its end: a pooler stands before the server that does
            not keep prepared statements.
        kept: connections that stay open when idle; more are made when they are needed, and closed.
    """
    address = make_url(url)
    prepares = address.query.get("prepared") != "no"
    engine = create_engine(
        address.difference_update_query(["prepared"]),
        poolclass=QueuePool,
        pool_size=kept,
        max_overflow=max(MOST_CONNECTIONS, 2 * kept) - kept,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "verity",
            # dead peers are noticed in about 30 s, not in the kernel's two hours
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 4,
            "tcp_user_timeout": 30_000,
            "prepare_threshold": NEVER_BY_ITSELF if prepares else None,
        },
    )
    _ask_rested_connections(engine)
    return engine


def _ask_rested_connections(engine: Engine) -> None:
    """Let a server that was restarted cost one round trip, not an error; not in every transaction."""

    @event.listens_for(engine, "checkin")
    def note(driver: Any, record: Any) -> None:  # noqa: ANN401 (the driver's and the pool's own)
        record.info["used_at"] = monotonic()

    @event.listens_for(engine, "checkout")
    def ask(driver: Any, record: Any, proxy: Any) -> None:  # noqa: ANN401
        if monotonic() - record.info.get("used_at", monotonic()) < RESTED_S:
            return
        try:
            engine.dialect.do_ping(driver)
        except psycopg.Error as error:
            raise DisconnectionError from error  # the pool opens another one


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Give a connection inside one transaction; commit at the end, roll back on any error.

    Raises:
        DatabaseError: the database went away, or broke a deadlock; try again.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except PoolTimeoutError as error:
        raise DatabaseError("All connections to the database are busy.") from error
    except (OperationalError, InterfaceError) as error:
        raise DatabaseError(f"The database did not answer: {_reason(error.orig)}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseError(f"The database went away: {_reason(error.orig)}") from error
        raise
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
    ) as error:  # of COPY, `send`, `one_trip`
        raise DatabaseError(f"The database did not answer: {_reason(error)}") from error


@contextmanager
def one_trip(connection: Connection) -> Iterator[None]:
    """Send what is executed inside without waiting for each answer: one round trip for all of it.

    Only rows of `send` can be read, after the block. Errors are raised at its end.
    """
    with _driver(connection).pipeline():
        yield


def send(
    connection: Connection, statement: TextClause, values: Mapping[str, object] = _NOTHING
) -> "psycopg.Cursor[dict[str, Any]]":
    """Execute a statement that every worker sends again and again; the server keeps its plan.

    A plan that is kept must be right however the tables grow: send `STEADY` before, in one trip.
    """
    cursor = _driver(connection).cursor(row_factory=dict_row)
    return cursor.execute(_written(statement), values, prepare=True)


@contextmanager
def kept_plans(connection: Connection) -> Iterator[None]:
    """Let the server keep the plans of all that is executed inside, as `send` does; `STEADY` was sent."""
    driver = _driver(connection)
    before = driver.prepare_threshold
    driver.prepare_threshold = None if before is None else 0
    try:
        yield
    finally:
        driver.prepare_threshold = before


@contextmanager
def committing(connection: Connection, *, waits: bool = True) -> Iterator[None]:
    """Send a transaction's last statements together with its commit, see `one_trip`.

    What they lock is held neither while the server waits for us, nor while its disk syncs: the commit
    is written, and then waited for, so that all that end at once share a sync. Nobody is told of a
    commit that is not on disk, and whatever is committed on top of it is on disk only after it.

    Args:
        connection: of the transaction.
        waits: False where nobody is told before something else is committed: that waits for both.
    """
    with one_trip(connection):
        yield
        for command in (_NO_SYNC, "COMMIT", *([_SYNC] if waits else [])):
            _driver(connection).execute(command, prepare=True)
    connection.commit()  # SQLAlchemy's part: the server has done it


def _driver(connection: Connection) -> "psycopg.Connection[Any]":
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


@lru_cache(maxsize=256)
def _written(statement: TextClause) -> str:
    """Return a statement as the driver takes it."""
    return str(statement.compile(dialect=_DIALECT))


def migrate(engine: Engine) -> None:
    """Bring the tables up to date; processes that start at once do so one after the other.

    Raises:
        ConfigError: the database was made by a newer version, or lacks pgvector.
    """
    known, newest = _revisions()
    with transaction(engine) as connection:
        if _revision(connection) == newest:
            return
        # held until the commit, so the next process finds the tables made
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        found = _revision(connection)
        if found == newest:
            return
        if found is not None and found not in known:
            raise ConfigError(
                f"The database has tables of a newer version ({found}; this one knows {newest})."
                " Install the newer version, or name another database in VERITY_DATABASE_URL."
            )
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # slow to import, and needed once in the life of a database
    from alembic.config import Config

    _make_vector_extension(connection)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _make_vector_extension(connection: Connection) -> None:
    found = connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'vector'"))
    if found:
        return
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION vector"))
    except DBAPIError as error:
        raise ConfigError(
            "The database has no pgvector: install it and run CREATE EXTENSION vector as a"
            f" superuser, or unset VERITY_DATABASE_URL. It said: {_reason(error.orig)}"
        ) from error


def _revisions() -> tuple[frozenset[str], str]:
    """Return the numbers of all migrations, and the one that no other follows.

    Several are written at a time, so that the last one need not have the highest number.
    """
    known: set[str] = set()
    followed: set[str] = set()
    for path in (MIGRATIONS / "versions").glob("[0-9]*.py"):
        for name, number in _REVISION.findall(path.read_text(encoding="utf-8")):
            (followed if name == "down_revision" else known).add(number)
    (newest,) = known - followed
    return frozenset(known), newest


def _revision(connection: Connection) -> str | None:
    there = connection.scalar(text("SELECT to_regclass('alembic_version')"))
    if there is None:
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _reason(error: BaseException | None) -> str:
    return (str(error).strip() or "no reason given").splitlines()[0]
