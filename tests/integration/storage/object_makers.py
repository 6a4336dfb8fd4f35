"""What tests of objects share: how they are named for good, and how many rows there are."""

from sqlalchemy import Engine, text

from jobs.spec import ItemClaim, ReportFile
from jobs.work_queue import WorkQueue
from storage.kept_objects import KeptObject
from tests.integration.jobs.queue_makers import make_result

PDF = "application/pdf"


def finish_with(engine: Engine, claim: ItemClaim, *kept: KeptObject) -> None:
    """End an item with objects as its files."""
    files = tuple(
        ReportFile(f"file-{number}", it.key, it.sha256, it.size_bytes, "a.pdf", PDF)
        for number, it in enumerate(kept)
    )
    WorkQueue(engine).finish(claim, make_result(claim, files=files))


def count_objects(engine: Engine) -> int:
    """Return how many objects have a row."""
    with engine.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM object")) or 0


def watched_keys(engine: Engine) -> set[str]:
    """Return the swept keys that are looked at."""
    with engine.connect() as connection:
        return set(connection.scalars(text("SELECT key FROM swept_object")))
