"""Moves items of jobs that ended long ago out of the queue's table, a few at a time.

They stay readable everywhere; `verity retry` brings the failed ones back. What is moved has ended:
no worker holds it, and its job's counters do not change.
"""

import logging
from threading import Event

from sqlalchemy import Engine

from storage.archive_rows import archive_batch
from storage.database import transaction

DAY_S = 86_400.0
ITEMS_A_BATCH = 500  # in one transaction: a job's row is locked for some 20 ms
PAUSE_S = 0.05  # between batches, so that claims come first

_log = logging.getLogger(__name__)


def archive_some(engine: Engine, age_s: float) -> int:
    """Move one batch of items of a job that ended at least `age_s` ago; return how many, 0: no more.

    Raises:
        DatabaseError: the database does not answer.
    """
    while True:
        with transaction(engine) as connection:
            batch = archive_batch(connection, age_s, ITEMS_A_BATCH)
        if batch is None:
            return 0
        if batch.is_last:
            _log.info("a job's items archived", extra={"job_id": str(batch.job_id)})
        if batch.n_items:
            return batch.n_items


def archive_old_items(engine: Engine, age_s: float, stop: Event | None = None) -> int:
    """Move all items of jobs that ended at least `age_s` ago; return how many.

    Args:
        engine: of the database.
        age_s: since the job's last item ended.
        stop: ends it between two batches; the next call goes on.

    Raises:
        DatabaseError: the database does not answer; what was moved until then is moved.
    """
    stop = stop or Event()
    n_items = 0
    while not stop.is_set() and (n_moved := archive_some(engine, age_s)):
        n_items += n_moved
        stop.wait(PAUSE_S)
    return n_items
