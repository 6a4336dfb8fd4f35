"""Parts of pages that follow what they show: as server-sent events, or asked for again and again.

Both give the same part, so that a page looks alike however it learns of a change.
"""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from console.api.context import ApiContext, Context
from console.api.events import Form, stream
from console.api.model_list import detector_name
from console.api.owned import require_item, require_job
from console.api.principals import Reader
from console.api.routes_events import is_item_over, is_job_over
from console.api.watch import N_NEWEST, Kind, Seen, Subject
from console.pages.durations import duration_words
from console.pages.provisional import show_provisional
from console.pages.render import Page, PageHere
from jobs.progress_desk import ItemProgress, JobProgress, ProgressDesk
from jobs.spec import Job

router = APIRouter()
EVENT = "part"


def job_part(page: Page, seen: Seen) -> str:
    """Return how far a job is, as a part of its page."""
    assert isinstance(seen, JobProgress)
    return page.text(
        "parts/progress.html", job=seen.job, progress=seen, said=progress_words(page, seen)
    )


@dataclass(frozen=True, slots=True)
class ProgressWords:
    """What is said of a job beside its numbers."""

    left: str | None  # the time
    waits: str | None  # for what nobody gives it now, and who can do what


def progress_words(page: Page, seen: JobProgress) -> ProgressWords:
    """Return the words of a job's progress in the reader's language."""
    left = None if seen.left_s is None else duration_words(seen.left_s, page.words)
    if seen.waiting is None:
        return ProgressWords(left, None)
    context: ApiContext = page.request.app.state.context
    sha256 = seen.waiting.detector
    name = detector_name(context, sha256) or seen.waiting.detector_name or sha256[:12]
    return ProgressWords(left, page.words[f"waits.{seen.waiting.what}"].format(name=name))


def item_part(page: Page, seen: Seen) -> str:
    """Return what was scored of an item so far, as a part of its page; it is not a finding."""
    assert isinstance(seen, ItemProgress)
    shown = show_provisional(seen.provisional, page.language)
    return page.text("parts/provisional.html", item=seen.status, p=shown)


def jobs_part(page: Page, seen: Seen) -> str:
    """Return rows of jobs, as a part of their page."""
    assert isinstance(seen, tuple)
    return page.text("parts/job_rows.html", jobs=[job for job in seen if isinstance(job, Job)])


@router.get("/jobs/live")
async def jobs_live(page: PageHere, request: Request, asking: Reader) -> StreamingResponse:
    """Follow the account's newest jobs."""
    form = Form(f"page {page.language}", EVENT, lambda seen: jobs_part(page, seen))
    return stream(request, asking, Subject(Kind.JOBS, asking.account_id), form)


@router.get("/jobs/rows")
def jobs_rows(page: PageHere, asking: Reader, context: Context) -> Response:
    """Return the account's newest jobs."""
    found = context.desk.list_jobs(asking.account_id, N_NEWEST)
    return page.show("parts/job_rows.html", jobs=found)


@router.get("/jobs/{job_id}/live")
async def job_live(
    page: PageHere, request: Request, asking: Reader, context: Context, job_id: str
) -> StreamingResponse:
    """Follow a job until it is over."""
    job = await run_in_threadpool(require_job, context, asking, job_id)
    form = Form(f"page {page.language}", EVENT, lambda seen: job_part(page, seen), is_job_over)
    return stream(request, asking, Subject(Kind.JOB, job.job_id), form)


@router.get("/jobs/{job_id}/progress")
def job_progress(page: PageHere, asking: Reader, context: Context, job_id: str) -> Response:
    """Return how far a job is."""
    job = require_job(context, asking, job_id)
    return page.part(job_part(page, ProgressDesk(context.engine).job(job.job_id)))


@router.get("/items/{item_id}/live")
async def item_live(
    page: PageHere, request: Request, asking: Reader, context: Context, item_id: str
) -> StreamingResponse:
    """Follow an item until it has ended."""
    item = await run_in_threadpool(require_item, context, asking, item_id)
    form = Form(f"page {page.language}", EVENT, lambda seen: item_part(page, seen), is_item_over)
    return stream(request, asking, Subject(Kind.ITEM, item.item_id, item.job_id), form)


@router.get("/items/{item_id}/progress")
def item_progress(page: PageHere, asking: Reader, context: Context, item_id: str) -> Response:
    """Return what was scored of an item so far."""
    item = require_item(context, asking, item_id)
    found = ProgressDesk(context.engine).items([item.item_id])
    return page.part(item_part(page, found.get(item.item_id, ItemProgress(item, None))))
