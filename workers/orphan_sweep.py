"""Sweeps report files that nobody names and vectors beyond the limit, now and then, beside the work."""

import logging
import threading
from types import TracebackType

from sqlalchemy import Engine

from pipeline.errors import VerityError
from storage.database import transaction
from storage.embedding_rows import SearchLimits, forget_oldest
from storage.kept_objects import sweep_orphans
from storage.objects import ObjectStore

_log = logging.getLogger(__name__)
SWEEP_EVERY_S = 3600.0
END_S = 5.0


class OrphanSweep:
    """A thread of the driver: one sweep soon after the start, then one an hour."""

    def __init__(
        self,
        engine: Engine,
        store: ObjectStore,
        every_s: float = SWEEP_EVERY_S,
        search: SearchLimits | None = None,
    ) -> None:
        """Name what is swept; the thread starts when the sweep is entered."""
        self._search = search or SearchLimits()
        self._engine = engine
        self._store = store
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="orphan-sweep", daemon=True)

    def __enter__(self) -> "OrphanSweep":
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End after the object that is being deleted; a store that is away is not waited for."""
        self._stop.set()
        self._thread.join(END_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                sweep_orphans(self._engine, self._store, stop=self._stop)
                with transaction(self._engine) as connection:
                    forget_oldest(connection, self._search)
            except VerityError as error:  # the next sweep goes on where this one stopped
                _log.warning("orphans not swept: %s", error.message)
            self._stop.wait(self._every_s)
