"""S3 servers for the tests of sources."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer

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
