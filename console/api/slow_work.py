"""Threads of their own for what takes seconds or waits for others, so that all else is answered meanwhile.

Everything that blocks runs in threads, and those that the framework keeps for it are forty: as many links
to a site that never answers would keep everybody waiting. What is slow has its own, of which one account
never has all.
"""

import threading
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from pipeline.errors import OutageError

MOST = 96  # at once; most of them wait for an examiner or for another site
MOST_OF_ACCOUNT = 64
BUSY_S = 10.0
_THREADS: RunVar[CapacityLimiter] = RunVar("threads of slow work")

Answer = TypeVar("Answer")


class SlowWork:
    """Who has how much of it under way, for the server's life."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    async def run(self, account_id: str, work: Callable[[], Answer]) -> Answer:
        """Return what the work returns.

        Raises:
            OutageError: too much is under way, of this account or of all (`busy`).
        """
        with self._lock:
            if self._held[account_id] >= MOST_OF_ACCOUNT or self._held.total() >= MOST:
                raise OutageError("Too much is being worked on: try again soon.", "busy", BUSY_S)
            self._held[account_id] += 1
        try:
            return await anyio.to_thread.run_sync(work, limiter=_threads())
        finally:
            with self._lock:
                self._held[account_id] -= 1
                self._held += Counter()  # drops those that hold nothing


def _threads() -> CapacityLimiter:
    """Return the threads of this event loop."""
    try:
        return _THREADS.get()
    except LookupError:
        _THREADS.set(CapacityLimiter(MOST))
        return _THREADS.get()
