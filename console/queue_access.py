"""Open the job desk and the object store for one command, and close them after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from console.settings import ConsoleSettings
from jobs.job_desk import JobDesk
from pipeline.errors import ConfigError
from storage.database import open_engine
from storage.embedded import release_embedded
from storage.objects import ObjectStore, open_object_store
from storage.settings import StorageSettings


@dataclass(frozen=True, slots=True)
class QueueAccess:
    """What the commands about jobs need."""

    desk: JobDesk
    objects: ObjectStore
    engine: Engine  # for looks at the whole fleet


@contextmanager
def open_queue(settings: ConsoleSettings, kept: int = 1) -> Iterator[QueueAccess]:
    """Yield the job desk and the object store.

    Args:
        settings: name the database and the store.
        kept: connections that stay open: more than one where requests come side by side.

    Raises:
        ConfigError: the data folder cannot be used; or see `storage.database.open_engine`.
        DatabaseError: the database does not answer.
    """
    storage = settings.storage
    engine = _open_engine(storage, kept)
    try:
        yield QueueAccess(JobDesk(engine), open_object_store(storage), engine)
    finally:
        engine.dispose()
        if storage.database_url is None:
            release_embedded(storage)


def _open_engine(storage: StorageSettings, kept: int) -> Engine:
    try:
        return open_engine(storage, kept)
    except OSError as error:
        raise ConfigError(
            f"The data folder {storage.var_folder} cannot be used ({error.strerror}): "
            "set VERITY_VAR to a folder that may be written to."
        ) from error
