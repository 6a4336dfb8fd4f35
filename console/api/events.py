"""Server-sent events of a job's progress; many readers of one job cost one look a second.

Source of the format: WHATWG HTML, "Server-sent events".
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from console.api.context import ApiContext
from console.api.routes_jobs import JobShown, shown

EVERY_S = 1.0
SILENCE_S = 15.0  # then a comment, so that proxies keep the connection
LONGEST_S = 3600.0  # readers come back by themselves


class JobWatch:
    """What jobs looked like within the last second; one for each server process."""

    def __init__(self, context: ApiContext) -> None:
        """Know nothing yet."""
        self._context = context
        self._seen: dict[str, tuple[float, JobShown]] = {}
        self._asking: dict[str, asyncio.Task[JobShown]] = {}

    async def look(self, job_id: str) -> JobShown:
        """Return a job as it stood within the last second."""
        at, seen = self._seen.get(job_id, (0.0, None))
        if seen is not None and time.monotonic() - at < EVERY_S:
            return seen
        if job_id not in self._asking:
            self._asking[job_id] = asyncio.create_task(self._ask(job_id))
        return await asyncio.shield(self._asking[job_id])

    async def _ask(self, job_id: str) -> JobShown:
        try:
            job = shown(await run_in_threadpool(self._context.desk.job_status, job_id))
            if len(self._seen) > 1000:
                self._seen.clear()
            self._seen[job_id] = (time.monotonic(), job)
            return job
        finally:
            del self._asking[job_id]


async def job_events(watch: JobWatch, job_id: str) -> AsyncIterator[str]:
    """Yield an event whenever the job has changed, and a last one when it is over."""
    last, began, said_at = "", time.monotonic(), time.monotonic()
    while time.monotonic() - began < LONGEST_S:
        job = await watch.look(job_id)
        text = _data(job)
        if text != last:
            last, said_at = text, time.monotonic()
            yield f"event: {'over' if job.is_over else 'progress'}\ndata: {text}\n\n"
            if job.is_over:
                return
        elif time.monotonic() - said_at > SILENCE_S:
            said_at = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(EVERY_S)


def _data(value: BaseModel) -> str:
    return json.dumps(value.model_dump(mode="json"), ensure_ascii=False)
