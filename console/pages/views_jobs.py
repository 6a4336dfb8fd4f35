"""Jobs: the list, and one job with its items."""

from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, ValidationError

from console.api import routes_job_reports
from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.items_query import ItemsQuery, after_text
from console.api.owned import require_job
from console.api.principals import Analyst, Principal, Reader
from console.api.routes_job_reports import JobReportWishes, ReportKind
from console.api.routes_jobs import JobBody, PriorityBody, PriorityName, set_priority
from console.api.routes_jobs import submit as submit_job
from console.api.watch import N_NEWEST
from console.pages.lines import source_lines
from console.pages.option_forms import OptionsForm, options_offered
from console.pages.render import Page, PageHere
from console.pages.views_live import progress_words
from console.people.deeds import Deed
from jobs.progress_desk import ProgressDesk
from jobs.spec import MAX_SOURCES, Job
from pipeline.errors import InputError, VerityError
from storage.item_pages import ItemOrder

router = APIRouter()
Digits = Annotated[str | None, Query(pattern=r"^\d{1,18}$")]
N_ITEMS = 50  # on a page
VERDICTS = ("synthetic", "partly_synthetic", "inconclusive", "no_evidence", "not_applicable")
SHOWS = (*VERDICTS, "failed", "running", "ready", "cancelled")


class JobForm(OptionsForm):
    """The form of a new job."""

    sources: Annotated[str, Field(max_length=400_000)] = ""
    name: Annotated[str, Field(max_length=200)] = ""
    priority: PriorityName = PriorityName.BATCH
    only_new: bool = False
    fresh: bool = False
    at_once: Annotated[str, Field(pattern=r"^\d{0,7}$")] = ""  # an empty field says nothing
    csrf: str = ""


@router.get("/jobs")
def jobs(page: PageHere, asking: Reader, context: Context, before: Digits = None) -> Response:
    """List jobs, the newest first."""
    found = context.desk.list_jobs(asking.account_id, N_NEWEST, before)
    older = found[-1].job_id if len(found) == N_NEWEST else None
    return page.show("jobs.html", jobs=found, older=older, is_newest=before is None)


@router.get("/jobs/new")
def new_job(page: PageHere, asking: Analyst, context: Context) -> Response:
    """Show the form."""
    return _form(page, asking, context, JobForm())


def _form(
    page: Page, asking: Principal, context: ApiContext, typed: JobForm, problem: str = ""
) -> Response:
    size = f"{context.receiving.limits.most_bytes / 1e9:.3g} GB"
    return page.show(
        "job_new.html",
        status=422 if problem else 200,
        typed=typed,
        problem=problem,
        priorities=list(PriorityName),
        size=size,
        most_sources=MAX_SOURCES,
        offered=options_offered(context, asking),
    )


@router.post("/jobs/new")
def submit(
    page: PageHere, asking: Analyst, context: Context, form: Annotated[JobForm, Form()]
) -> Response:
    """Queue a job and lead to it, or say why that cannot be."""
    try:
        body = JobBody(
            sources=source_lines(form.sources),
            name=form.name,
            priority=form.priority,
            only_new=form.only_new,
            fresh=form.fresh,
            at_once=int(form.at_once) if form.at_once else None,
            **form.options(),
        )
        job = submit_job(body, asking, context)
    except (VerityError, ValidationError) as error:
        return _form(page, asking, context, form, page.said(error))
    return RedirectResponse(f"/jobs/{job.job_id}", 303)


@router.get("/jobs/{job_id}")
def job(
    page: PageHere,
    asking: Reader,
    context: Context,
    job_id: str,
    wanted: Annotated[ItemsQuery, Query()],
) -> Response:
    """Show a job with a page of its items."""
    found = require_job(context, asking, job_id)
    desk = ProgressDesk(context.engine)
    progress = desk.job(found.job_id)
    wanted = wanted.model_copy(update={"most": N_ITEMS})
    items, following = desk.page(found, wanted.to_wanted(with_listings=False))
    return page.show(
        "job.html",
        job=progress.job,
        progress=progress,
        items=items,
        following=after_text(following),
        wanted=wanted,
        shows=SHOWS,
        verdicts=VERDICTS,
        orders=list(ItemOrder),
        priorities=list(PriorityName),
        priority=PriorityName[progress.job.priority.name],
        said=progress_words(page, progress),
    )


@router.get("/jobs/{job_id}/report.{kind}")
async def job_report(
    asking: Reader,
    context: Context,
    job_id: str,
    kind: ReportKind,
    wishes: Annotated[JobReportWishes, Query()],
) -> Response:
    """Return a file of a job's report as the API does; where there is none now, a page says why."""
    return await routes_job_reports.job_report(
        job_id=job_id, kind=kind, asking=asking, context=context, wishes=wishes
    )


class PriorityForm(BaseModel):
    """The form of a job's priority."""

    priority: PriorityName
    csrf: str = ""


@router.post("/jobs/{job_id}/priority")
def priority(
    asking: Analyst, context: Context, job_id: str, form: Annotated[PriorityForm, Form()]
) -> Response:
    """Let a job go before or behind others, and lead back to it."""
    set_priority(job_id, PriorityBody(priority=form.priority), asking, context)
    return RedirectResponse(f"/jobs/{job_id}", 303)


@router.post("/jobs/{job_id}/{action}")
def act(asking: Analyst, context: Context, job_id: str, action: str) -> Response:
    """Cancel, pause, resume or retry a job, and lead back to it."""
    require_job(context, asking, job_id)
    actions = {
        "cancel": context.desk.cancel,
        "pause": context.desk.pause,
        "resume": context.desk.resume,
        "retry": context.desk.retry_failed,
    }
    if action not in actions:
        raise InputError(f"There is nothing to {action}.", "action_unknown")
    found: Job = actions[action](job_id)
    note(context, asking, Deed(f"job.{action}"), f"job:{job_id}")
    return RedirectResponse(f"/jobs/{found.job_id}", 303)
