"""Events of jobs and items, as they happen."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from console.api.context import Context
from console.api.events import Form, stream, to_json
from console.api.owned import require_item, require_job
from console.api.principals import Reader
from console.api.routes_items import ItemDetail
from console.api.routes_jobs import JobDetail, JobPage, shown
from console.api.watch import Kind, Seen, Subject
from jobs.progress_desk import ItemProgress, JobProgress
from storage.states import FINAL_STATES

router = APIRouter()
STREAMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/event-stream": {
                "schema": {
                    "description": "One event; `data` is JSON.",
                    "type": "object",
                    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
                }
            }
        }
    }
}


def is_job_over(seen: Seen) -> bool:
    """Tell whether nothing of a job will change any more."""
    return isinstance(seen, JobProgress) and seen.job.is_over


def is_item_over(seen: Seen) -> bool:
    """Tell whether an item has ended."""
    return isinstance(seen, ItemProgress) and seen.status.state in FINAL_STATES


def _job(seen: Seen) -> str:
    assert isinstance(seen, JobProgress)
    return to_json(JobDetail.of(seen))


def _item(seen: Seen) -> str:
    assert isinstance(seen, ItemProgress)
    return to_json(ItemDetail.of_progress(seen))


def _jobs(seen: Seen) -> str:
    assert isinstance(seen, tuple)
    return to_json(JobPage(jobs=[shown(job) for job in seen], next=None))


JOB = Form("json", "progress", _job, is_job_over)
ITEM = Form("json", "progress", _item, is_item_over)
JOBS = Form("json", "jobs", _jobs)


@router.get("/jobs/events", tags=["jobs"], response_class=StreamingResponse, responses=STREAMS)
async def jobs_events(request: Request, asking: Reader) -> StreamingResponse:
    """Stream the account's newest jobs as server-sent events: `jobs` whenever one has changed."""
    return stream(request, asking, Subject(Kind.JOBS, asking.account_id), JOBS)


@router.get(
    "/jobs/{job_id}/events", tags=["jobs"], response_class=StreamingResponse, responses=STREAMS
)
async def job_events(
    job_id: str, request: Request, asking: Reader, context: Context
) -> StreamingResponse:
    """Stream a job's progress as server-sent events: `progress` on each change, `over` at the end."""
    job = await run_in_threadpool(require_job, context, asking, job_id)
    return stream(request, asking, Subject(Kind.JOB, job.job_id), JOB)


@router.get(
    "/items/{item_id}/events", tags=["items"], response_class=StreamingResponse, responses=STREAMS
)
async def item_events(
    item_id: str, request: Request, asking: Reader, context: Context
) -> StreamingResponse:
    """Stream an item's progress: `progress` on each change, `over` at the end.

    `provisional` holds coarse LLRs of what was scored so far. They replace each other, may still
    change, and are never a result: the finding is in the item's report.
    """
    item = await run_in_threadpool(require_item, context, asking, item_id)
    subject = Subject(Kind.ITEM, item.item_id, item.job_id)
    return stream(request, asking, subject, ITEM)
