"""A worker says now and then that it is there, with its actors, for those who look after the fleet.

Nothing follows from it: who holds an item is the queue's to say.
"""

import logging
import socket
from importlib.metadata import version

from sqlalchemy import Engine

from pipeline.errors import VerityError
from storage import job_rows, worker_rows
from storage.database import transaction
from storage.worker_rows import WorkerWords
from workers.crew import Crew
from workers.other_detectors import Awaited, OtherDetectors
from workers.recurring import Recurring

EVERY_S = 5.0
_log = logging.getLogger(__name__)


class Roster(Recurring):
    """A thread of the driver, for its life; what it said is removed when it ends as it was told to."""

    def __init__(
        self,
        engine: Engine,
        worker_id: str,
        crew: Crew,
        detectors: OtherDetectors,
        every_s: float = EVERY_S,
    ) -> None:
        """Name the worker; the thread starts when this is entered."""
        super().__init__("roster")
        self._engine = engine
        self._worker_id = worker_id
        self._crew = crew
        self._detectors = detectors
        self._awaited = Awaited()
        self._every_s = every_s

    def _run(self) -> None:
        is_told = True
        while not self._stop.is_set():
            is_told = self._try_say(warn=is_told)
            self._stop.wait(self._every_s)
        try:
            with transaction(self._engine) as connection:
                worker_rows.say_gone(connection, self._worker_id)
        except VerityError:  # its silence tells it
            _log.info("roster not cleared")

    def _try_say(self, *, warn: bool) -> bool:
        """Write what is so now; tell whether that worked."""
        crew = self._crew
        known = self._detectors.of(crew) if crew.is_ready else frozenset[str]()
        words = WorkerWords(
            self._worker_id,
            socket.gethostname(),
            version("verity"),
            crew.detector.card.name if crew.is_ready else "",
            crew.lack(),
            crew.roster(),
            known,
        )
        try:
            with transaction(self._engine) as connection:
                worker_rows.say_here(connection, words)
                if known:
                    self._awaited.tell(job_rows.awaited_detectors(connection, known))
        except VerityError as error:
            if warn:
                _log.warning("roster not written: %s", error.message)
            return False
        return True
