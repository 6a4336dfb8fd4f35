"""S3 servers for the tests of sources, and a database whose clock a test moves."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from jobs.sources import SourceAccess
from jobs.sources.s3_session import open_client
from tests.conftest import S3Server
from tests.integration.jobs.s3_makers import access_to

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.fixture
def s3_access(s3_server: S3Server) -> SourceAccess:
    """Give access to the test's own bucket."""
    return access_to(s3_server.endpoint_url, s3_server.access_key, s3_server.secret_key)


@pytest.fixture
def s3_client(s3_access: SourceAccess) -> "Iterator[S3Client]":
    """Give a client that fills it."""
    with closing(open_client(s3_access.s3)) as client:
        yield client


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Keep one moto server for the session; it accepts any keys."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@dataclass(frozen=True, slots=True)
class MovedClock:
    """The clock of a database: `clock_timestamp()` as every statement of ours sees it."""

    engine: Engine

    def set(self, moment: datetime) -> None:
        """Let it be this moment now; time goes on from it."""
        with self.engine.connect() as connection:
            connection.execute(
                text("UPDATE moved.clock SET shift = :moment - pg_catalog.clock_timestamp()"),
                {"moment": moment},
            )

    def go_on(self, span: timedelta) -> None:
        """Let so much time have passed."""
        with self.engine.connect() as connection:
            connection.execute(text("UPDATE moved.clock SET shift = shift + :span"), {"span": span})


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
            "CREATE TABLE moved.clock AS SELECT interval '0' AS shift",
            "CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
            " 'SELECT pg_catalog.clock_timestamp() + shift FROM moved.clock'",
            f'ALTER DATABASE "{name}" SET search_path = moved, pg_catalog, public',
        ):
            connection.execute(text(statement))
    yield MovedClock(engine)
    engine.dispose()
