"""Session-wide fixtures: an embedded PostgreSQL with a fresh database a test, S3, folders.

`database_url`, `engine`, `moved_clock`, `s3_server`, `var_folder`. Each xdist worker has a server of its own.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from psycopg.errors import ObjectInUse
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from storage.database import connect_engine, migrate
from storage.postgres_server import PostgresServer
from tests.free_ports import free_port

QUICK_OPTIONS = {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "5s"}
TEMPLATE = "verity_template"
SESSION_PREFIX = "verity-tests-"
IN_USE = "in-use.lock"
S3_ACCESS_KEY = "verity-test-key"
S3_SECRET_KEY = "verity-test-secret"  # noqa: S105 (of a server that lives as long as the tests)
S3_START_TIMEOUT_S = 90  # a second, on a loaded machine much longer
ALONE_TIMEOUT_S = 60  # until a database is nobody's

# A machine with much else to do may pause an example for longer than Hypothesis allows by itself. The
# same examples each time; others are tried by `pytest --hypothesis-profile default`.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")


@dataclass(frozen=True, slots=True)
class S3Server:
    """A local S3 server; every test that asks for it gets a bucket of its own."""

    endpoint_url: str
    access_key: str
    secret_key: str
    bucket: str

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment that points boto3 and our settings here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
        }


@dataclass(frozen=True, slots=True)
class MovedClock:
    """The clock of a database: `clock_timestamp()` as every statement of ours sees it."""

    engine: Engine

    def set(self, moment: datetime) -> None:
        """Let it be this moment now; time goes on from it."""
        with self.engine.connect() as connection:
            connection.execute(
                text(
                    "UPDATE moved.clock"
                    " SET shift = :moment - pg_catalog.clock_timestamp(), stopped_at = NULL"
                ),
                {"moment": moment},
            )

    def go_on(self, span: timedelta) -> None:
        """Let so much time have passed."""
        with self.engine.connect() as connection:
            connection.execute(
                text(
                    "UPDATE moved.clock SET shift = shift + :span, stopped_at = stopped_at + :span"
                ),
                {"span": span},
            )

    def stop(self) -> None:
        """Let no time pass but what a test lets pass, however long a machine takes."""
        with self.engine.connect() as connection:
            connection.execute(
                text("UPDATE moved.clock SET stopped_at = pg_catalog.clock_timestamp() + shift")
            )


@pytest.fixture(scope="session", autouse=True)
def keys_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the keys that tests sign with out of the user's own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("user")))
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the screenshots of the manual be taken again."""
    said = "write the screenshots of docs/pictures into this folder"
    parser.addoption("--pictures", metavar="FOLDER", default=None, help=said)


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """Give a folder that the embedded server can use: as root, one that every user may enter."""
    if os.geteuid() == 0:
        root = Path("/var/lib/verity")
        root.mkdir(mode=0o755, exist_ok=True)
    else:
        root = Path(tempfile.gettempdir())
    for old in root.glob(f"{SESSION_PREFIX}*"):
        _remove_if_left(old)
    folder = Path(tempfile.mkdtemp(prefix=SESSION_PREFIX, dir=root))
    folder.chmod(0o755)
    with (folder / "new.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        (folder / "new.lock").rename(folder / IN_USE)  # locked before another session can see it
        yield folder
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def var_folder(session_folder: Path) -> Iterator[Path]:
    """Give an empty folder for VERITY_VAR, in which an embedded server may be started."""
    folder = session_folder / uuid4().hex[:12]
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(session_folder: Path) -> Iterator[PostgresServer]:
    """Keep one embedded PostgreSQL for the session, with a migrated template database."""
    server = PostgresServer(session_folder / "postgres", QUICK_OPTIONS)
    server.hold()
    try:
        template = _database_url(server, TEMPLATE)
        run_admin(server, f"CREATE DATABASE {TEMPLATE}")
        engine = connect_engine(template)
        migrate(engine)
        engine.dispose()
        yield server
    finally:
        server.remove()
        server.release()


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Give the URL of a fresh, migrated database."""
    with fresh_database(postgres_server) as url:
        yield url


@contextmanager
def fresh_database(postgres_server: PostgresServer) -> Iterator[str]:
    """Give the URL of a fresh, migrated database, for as long as it is wanted."""
    name = f"test_{uuid4().hex[:12]}"
    run_admin(postgres_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield _database_url(postgres_server, name)
    run_admin(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Give an engine for a fresh, migrated database."""
    engine = connect_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def moved_clock(database_url: str) -> Iterator[MovedClock]:
    """Give the database a clock that a test sets; ask for it before `engine`.

    A function of the same name stands before the system's in the search path; defaults of columns were
    bound to the system's when the tables were made, and keep it.
    """
    engine = create_engine(database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    name = engine.url.database
    with engine.connect() as connection:
        for statement in (
            "CREATE SCHEMA moved",
            "CREATE TABLE moved.clock AS"
            " SELECT interval '0' AS shift, CAST(NULL AS timestamptz) AS stopped_at",
            "CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
            " 'SELECT coalesce(stopped_at, pg_catalog.clock_timestamp() + shift) FROM moved.clock'",
            f'ALTER DATABASE "{name}" SET search_path = moved, pg_catalog, public',
        ):
            connection.execute(text(statement))
    yield MovedClock(engine)
    engine.dispose()


@pytest.fixture
def noon(moved_clock: MovedClock) -> datetime:
    """Let it be yesterday's noon: no day and no month ends while a test counts what was used in it."""
    noon = datetime.now(UTC).replace(hour=12, minute=0) - timedelta(days=1)
    moved_clock.set(noon)
    return noon


@pytest.fixture(scope="session")
def s3_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Keep one nanio server for the session: (endpoint URL, its data folder)."""
    data = tmp_path_factory.mktemp("s3-data")
    port = free_port()
    environ = {
        "PATH": os.defpath,
        "NANIO_ACCESS_KEY": S3_ACCESS_KEY,
        "NANIO_SECRET_KEY": S3_SECRET_KEY,
    }
    command = [sys.executable, "-m", "nanio", "serve", "--data-dir", str(data)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    command += ["--log-level", "error"]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for_port(port, process)
            yield f"http://127.0.0.1:{port}", data
        finally:
            process.terminate()


@pytest.fixture
def s3_server(s3_process: tuple[str, Path]) -> S3Server:
    """Give a local S3 server with an empty bucket of this test's own."""
    endpoint_url, data = s3_process
    bucket = f"test-{uuid4().hex[:12]}"
    (data / bucket).mkdir()  # in nanio a bucket is a folder
    return S3Server(endpoint_url, S3_ACCESS_KEY, S3_SECRET_KEY, bucket)


def _remove_if_left(folder: Path) -> None:
    """Remove the folder of a session that was killed."""
    with suppress(OSError), (folder / IN_USE).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)


def _database_url(server: PostgresServer, name: str) -> str:
    return server.url.replace("@/verity?", f"@/{name}?")


def run_admin(server: PostgresServer, statement: str) -> None:
    """Run a statement about databases once nobody is in them.

    The server's own autovacuum comes by now and then, and by itself a statement waits five seconds for
    it to leave: a busy machine needs more.
    """
    engine = create_engine(
        _database_url(server, "postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    deadline = time.monotonic() + ALONE_TIMEOUT_S
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        except OperationalError as error:
            if not isinstance(error.orig, ObjectInUse) or time.monotonic() > deadline:
                raise
        else:
            break
    engine.dispose()


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + S3_START_TIMEOUT_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "nanio ended at once"
        time.sleep(0.05)
    raise TimeoutError("nanio did not start")
