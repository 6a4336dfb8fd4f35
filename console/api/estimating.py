"""Lists sources for an estimate: a few at once, for as long as somebody waits.

A site may hold a listing up for longer than that. Its thread goes on alone and ends with the next
item, or with the connection; while as many as may run hang so, estimates answer "busy".
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.estimate import Tally, count_listed
from jobs.source_options import SourceOptions
from jobs.sources.access import SourceAccess
from pipeline.errors import OutageError

MOST_LISTINGS = 4
BUSY_S = 15.0


@dataclass(frozen=True, slots=True)
class Patience:
    """When an estimate has seen enough."""

    most_items: int
    seconds: float


class Estimating:
    """The listings of one server process that are under way for estimates."""

    def __init__(self) -> None:
        """Have none yet."""
        self._room = threading.BoundedSemaphore(MOST_LISTINGS)

    def count(
        self,
        sources: Sequence[str],
        access: SourceAccess,
        options: SourceOptions,
        tally: Tally,
        patience: Patience,
    ) -> None:
        """Add what sources hold to a tally, as far as patience goes.

        Raises:
            OutageError: too many estimates are under way (`busy`).
        """
        if not sources:
            tally.is_all = True
            return
        if not self._room.acquire(blocking=False):
            raise OutageError(
                "Too many sources are being counted: try again soon, or submit the job.",
                "busy",
                BUSY_S,
            )
        until = time.monotonic() + patience.seconds

        def is_enough() -> bool:
            return tally.n_items >= patience.most_items or time.monotonic() > until

        def work() -> None:
            try:
                count_listed(sources, access, options, tally, is_enough)
            finally:
                self._room.release()

        # a daemon: a site that hangs must not hold the server's end up
        counting = threading.Thread(target=work, name="estimate", daemon=True)
        counting.start()
        counting.join(patience.seconds)
