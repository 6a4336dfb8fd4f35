"""An object store in a folder, one in S3, and an item that somebody works on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs.spec import ItemClaim
from jobs.work_queue import WorkQueue
from storage.objects import FolderStore, ObjectStore, open_object_store
from storage.settings import StorageSettings
from tests.conftest import S3Server
from tests.integration.jobs.queue_makers import make_job


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Give an empty folder of objects."""
    return FolderStore(tmp_path / "objects")


@pytest.fixture
def s3_store(s3_server: S3Server) -> ObjectStore:
    """Give an empty bucket of objects."""
    environ = {**s3_server.environ, "VERITY_OBJECTS": f"s3://{s3_server.bucket}"}
    return open_object_store(StorageSettings.from_env(environ))


@pytest.fixture
def claim(engine: Engine) -> Iterator[ItemClaim]:
    """Give the claim of a job's one item."""
    queue = WorkQueue(engine)
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    yield claim
    queue.close()
