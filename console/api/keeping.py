"""What the server does beside answering: counts are written down, what is over is removed."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from console.api.job_shelf import JobShelf
from console.api.limits import Limits
from jobs.uploads import expire_uploads
from pipeline.errors import VerityError
from storage import session_rows
from storage.database import transaction

EVERY_S = 10.0
FORGET_EVERY_S = 3600.0

_log = logging.getLogger(__name__)


def keeping(
    engine: Engine, limits: Limits, job_shelf: JobShelf
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return the life of an app that keeps house while it answers."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_keep(engine, limits, job_shelf))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await _try_keep_counts(limits)

    return life


async def _keep(engine: Engine, limits: Limits, job_shelf: JobShelf) -> None:
    forgot_at = time.monotonic()
    while True:
        await asyncio.sleep(EVERY_S)
        await _try_keep_counts(limits)
        await run_in_threadpool(job_shelf.forget_old)
        if time.monotonic() - forgot_at > FORGET_EVERY_S:
            forgot_at = time.monotonic()
            with suppress(VerityError):  # the next hour does it
                await run_in_threadpool(forget_old, engine)


def forget_old(engine: Engine) -> None:
    """Remove sessions, links, counted tries, kept answers and uploads that are over."""
    with transaction(engine) as connection:
        session_rows.forget_old(connection)
    expire_uploads(engine)


async def _try_keep_counts(limits: Limits) -> None:
    try:
        await limits.keep_counts()
    except VerityError as error:  # answers matter more than their number
        _log.warning("counts of requests are lost", extra={"reason": error.message})
