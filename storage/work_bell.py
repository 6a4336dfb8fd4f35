"""Wakes an idle worker when work arrives: LISTEN, with sleeping as the fallback.

A bell that is not heard costs time and nothing else: whoever waits asks the queue again anyway.
"""

import logging
from threading import Event
from time import monotonic
from typing import Any

import psycopg
from sqlalchemy import Engine

CHANNEL = "verity_work"
POLL_S = 1.0  # without a bell the queue is asked this often
STOP_CHECK_S = 0.2  # how late a stop may be noticed

_log = logging.getLogger(__name__)


class WorkBell:
    """One connection that listens, for the life of a worker; not for several threads at once."""

    def __init__(self, engine: Engine, *, may_listen: bool = True) -> None:
        """Name the database; the connection is made at the first wait.

        Args:
            engine: of the queue's database.
            may_listen: False behind a pooler that cannot LISTEN; polling alone does it too.
        """
        self._url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._may_listen = may_listen
        self._connection: psycopg.Connection[Any] | None = None

    def wait(self, timeout_s: float, stop: Event | None = None) -> bool:
        """Sleep until work may have arrived; False: the time ran out, or `stop` was set.

        Without time it only tells whether the bell rang since the last call.
        """
        deadline = monotonic() + timeout_s
        left_s = timeout_s
        while not (stop and stop.is_set()):
            slice_s = min(left_s, STOP_CHECK_S) if stop else left_s
            heard = self._listen(slice_s)
            if heard is None:  # no bell: sleep, then let the caller ask
                pause_s = min(POLL_S, left_s)
                (stop or Event()).wait(pause_s)
                return not (stop and stop.is_set())
            if heard:
                return True
            left_s = deadline - monotonic()
            if left_s <= 0:
                return False
        return False

    def close(self) -> None:
        """Stop listening."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listen(self, timeout_s: float) -> bool | None:
        """Return whether the bell rang within the time, or None where it cannot be heard."""
        if not self._may_listen:
            return None
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
                self._connection.execute(f"LISTEN {CHANNEL}")
                return True  # work may have arrived before
            return any(True for _ in self._connection.notifies(timeout=timeout_s, stop_after=1))
        except psycopg.Error as error:
            _log.warning("work bell not heard, polling", extra={"reason": str(error)})
            self.close()
            return None
