"""Open the work queue and the object store for one command, and close them after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from console.settings import ConsoleSettings
from jobs.work_queue import WorkQueue
from storage.database import open_engine
from storage.embedded import release_embedded
from storage.objects import ObjectStore, open_object_store


@dataclass(frozen=True, slots=True)
class QueueAccess:
    """What the commands about jobs need."""

    queue: WorkQueue
    objects: ObjectStore


@contextmanager
def open_queue(settings: ConsoleSettings) -> Iterator[QueueAccess]:
    """Yield the queue and the object store.

    Raises:
        ConfigError, DatabaseError: see `storage.database.open_engine`.
    """
    storage = settings.storage
    engine = open_engine(storage)
    queue = WorkQueue(engine)
    try:
        yield QueueAccess(queue, open_object_store(storage))
    finally:
        queue.close()
        engine.dispose()
        if storage.database_url is None:
            release_embedded(storage)
