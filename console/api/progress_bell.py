"""Hears which jobs have changed: one LISTEN for a server process, however many watch.

A bell that is not heard costs time and nothing else: whoever waits looks again anyway.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import psycopg
from sqlalchemy import Engine

from storage.progress_rows import CHANNEL

AGAIN_S = 5.0  # between tries to listen

_log = logging.getLogger(__name__)


class ProgressBell:
    """One connection that listens, for as long as somebody watches."""

    def __init__(self, engine: Engine, on_change: Callable[[str, str], None]) -> None:
        """Name the database; the connection is made by `run`.

        Args:
            engine: of that database.
            on_change: called on the event loop with a job's id and its account's.
        """
        self._url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._on_change = on_change
        self.is_heard = False  # else whoever watches must look often

    async def run(self) -> None:
        """Listen until cancelled; behind a pooler that cannot LISTEN, in vain."""
        try:
            while True:
                try:
                    await self._listen()
                except (psycopg.Error, OSError) as error:
                    _log.debug("progress is not heard", extra={"reason": str(error)})
                self.is_heard = False
                await asyncio.sleep(AGAIN_S)
        finally:
            self.is_heard = False

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=5
        )
        try:
            await connection.execute(f"LISTEN {CHANNEL}")
            self.is_heard = True
            async for said in connection.notifies():
                job_id, _, account_id = said.payload.partition(" ")
                self._on_change(job_id, account_id)
        finally:
            with suppress(psycopg.Error):
                await connection.close()
