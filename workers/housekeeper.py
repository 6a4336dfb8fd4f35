"""What some process of an installation does now and then: sweeps that are due, digests, notices, archiving.

Every fleet driver has one, and so has a server that starts no fleet; they do not get in each other's
way, since each piece of work is taken by a row lock.
"""

import logging
from collections.abc import Callable

import numpy as np
from sqlalchemy import Engine

from jobs.archive import DAY_S, archive_some
from jobs.delivery import Sender, deliver_due
from jobs.settings import JobsSettings
from jobs.sweep_clock import digest_ended, run_due
from pipeline.errors import VerityError
from storage.settings import StorageSettings
from workers.letters import LetterWriter
from workers.recurring import Recurring

EVERY_S = 2.0
LONGEST_PAUSE_S = 60.0  # while the database is away

_log = logging.getLogger(__name__)


def keep_house(sender: Sender, rng: np.random.Generator) -> int:
    """Do once what is due now; return how many things were done.

    Raises:
        DatabaseError: the database does not answer.
    """
    n_runs = len(run_due(sender.engine))
    return n_runs + digest_ended(sender.engine) + deliver_due(sender, rng)


class Housekeeper(Recurring):
    """A thread that keeps house until it is left; a database that is away is waited for."""

    def __init__(
        self,
        engine: Engine,
        jobs: JobsSettings,
        storage: StorageSettings | None = None,
        every_s: float = EVERY_S,
    ) -> None:
        """Name the database, the way out and what signs letters' reports; entering starts the thread."""
        super().__init__("housekeeper")
        self._engine = engine
        self._jobs = jobs
        self._letters = LetterWriter(engine, storage)
        self._every_s = every_s

    def _run(self) -> None:
        rng = np.random.default_rng()
        with self._jobs.open_guard() as guard:
            sender = Sender(
                self._engine, guard.proxy_url, self._jobs.sealer, self._jobs.mail, self._letters
            )
            self._keep(lambda: keep_house(sender, rng) + self._archive())

    def _archive(self) -> int:
        """Move a few items of jobs that ended long ago; return how many."""
        days = self._jobs.archive_after_days
        return archive_some(self._engine, days * DAY_S) if days else 0

    def _keep(self, keep: Callable[[], int]) -> None:
        pause_s = self._every_s
        while not self._stop.wait(pause_s):
            try:
                n_done = keep()
            except VerityError as error:
                pause_s = min(2 * max(pause_s, self._every_s), LONGEST_PAUSE_S)
                _log.warning("sweeps and notices wait: %s", error.message)
            except Exception:  # noqa: BLE001 (STYLE.md §8: the edge of a thread)
                pause_s = LONGEST_PAUSE_S
                _log.exception("sweeps and notices wait")
            else:
                pause_s = 0.0 if n_done else self._every_s
