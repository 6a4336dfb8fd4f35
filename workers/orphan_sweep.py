"""Sweeps report files that nobody names, those that were put late, and vectors beyond the limit.

All of it now and then, beside the work.
"""

import logging

from sqlalchemy import Engine

from pipeline.errors import VerityError
from storage.database import transaction
from storage.embedding_rows import SearchLimits, forget_oldest
from storage.kept_objects import GRACE_S, KEYS_A_SWEEP, sweep_orphans
from storage.late_puts import look_again
from storage.objects import ObjectStore
from workers.recurring import Recurring

_log = logging.getLogger(__name__)
SWEEP_EVERY_S = 3600.0


class OrphanSweep(Recurring):
    """A thread of the driver: one sweep soon after the start, then one an hour."""

    def __init__(
        self,
        engine: Engine,
        store: ObjectStore,
        every_s: float = SWEEP_EVERY_S,
        search: SearchLimits | None = None,
    ) -> None:
        """Name what is swept; the thread starts when the sweep is entered."""
        super().__init__("orphan-sweep")
        self._search = search or SearchLimits()
        self._engine = engine
        self._store = store
        self._every_s = every_s

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                look_again(self._engine, self._store, GRACE_S, stop=self._stop)
                while sweep_orphans(self._engine, self._store, stop=self._stop) == KEYS_A_SWEEP:
                    pass  # there are more
                with transaction(self._engine) as connection:
                    forget_oldest(connection, self._search)
            except VerityError as error:  # the next sweep goes on where this one stopped
                _log.warning("orphans not swept: %s", error.message)
            self._stop.wait(self._every_s)
