"""Events of a job, as they happen."""

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from console.api.context import Context
from console.api.events import JobWatch, job_events
from console.api.owned import require_job
from console.api.principals import Reader

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    job_id: str, request: Request, asking: Reader, context: Context
) -> StreamingResponse:
    """Stream a job's progress as server-sent events: `progress` on each change, `over` at the end."""
    await run_in_threadpool(require_job, context, asking, job_id)
    watch = request.app.state.watch
    assert isinstance(watch, JobWatch)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(
        job_events(watch, job_id), media_type="text/event-stream", headers=headers
    )
