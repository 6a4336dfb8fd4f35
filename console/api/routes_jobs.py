"""Jobs: submitted, watched, cancelled, paused, tried again."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from console.api.access_log import note, note_in
from console.api.context import ApiContext, Context
from console.api.items_query import ItemsQuery, after_text
from console.api.job_options import JobOptions, require_keeping, with_cookies
from console.api.owned import require_job
from console.api.principals import Analyst, Principal, Reader
from console.api.repeats import IdempotencyKey, once
from console.api.routes_items import ItemShown
from console.api.site_cookies import seal_cookies
from console.api.spending import told
from console.installed_models import named_detector
from console.people.deeds import Deed
from jobs.job_desk import submit_job
from jobs.progress_desk import JobProgress, ProgressDesk
from jobs.source_options import SourceOptions
from jobs.spec import MAX_NAME_CHARS, MAX_SOURCES, Job, JobSpec, JobState, Priority
from jobs.waiting import WaitsFor

router = APIRouter(prefix="/jobs", tags=["jobs"])
MOST_JOBS = 200


class PriorityName(StrEnum):
    """The names of priorities."""

    LIVE = "live"
    BATCH = "batch"
    SWEEP = "sweep"


class JobWishes(JobOptions):
    """How a job is done, beside what it is of."""

    priority: PriorityName = PriorityName.BATCH
    at_once: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    only_new: bool = False
    fresh: bool = False  # analyse anew what this account has analysed before


class JobBody(JobWishes):
    """What to analyse, and how."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"sources": ["https://example.org/podcast.xml"], "name": "Tuesday"}]
        },
    )

    sources: Annotated[list[str], Field(min_length=1, max_length=MAX_SOURCES)]
    name: Annotated[str, Field(max_length=MAX_NAME_CHARS)] = ""


class PriorityBody(BaseModel):
    """How urgent a job is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"priority": "live"}]}
    )

    priority: PriorityName


class CountsShown(BaseModel):
    """How many items stand where."""

    total: int
    done: int
    failed: int
    cancelled: int
    running: int
    waiting: int
    listing: int


class JobShown(BaseModel):
    """A job as it stands."""

    job_id: str
    name: str
    sources: list[str]
    priority: PriorityName
    state: JobState
    is_paused: bool
    is_over: bool
    counts: CountsShown
    created_at: datetime
    ended_at: datetime | None


class WaitingShown(BaseModel):
    """What a job waits for that nobody gives it now."""

    what: WaitsFor
    detector: str  # SHA-256 of the one that it names; ""
    words: str  # in English: why, and who can do what


class JobDetail(JobShown):
    """A job with what its items came to so far, how quickly, and how long the rest may take."""

    findings: dict[str, int] = {}  # verdict -> items
    failures: dict[str, int] = {}  # error code -> items
    items_a_minute: float | None = None  # lately; null: nothing to go by, or nothing left to do
    left_s: float | None = None  # null: not known, so while sources are still being listed
    waiting: WaitingShown | None = None  # null: it goes on, is paused, or is over

    @classmethod
    def of(cls, progress: JobProgress) -> Self:
        """Return a job as the API shows it while it is watched."""
        found = progress.waiting
        waiting = None
        if found is not None:
            waiting = WaitingShown(what=found.what, detector=found.detector, words=found.sentence)
        return cls(
            **shown(progress.job).model_dump(),
            findings=dict(progress.findings),
            failures=dict(progress.failures),
            items_a_minute=progress.items_a_minute,
            left_s=progress.left_s,
            waiting=waiting,
        )


class JobPage(BaseModel):
    """Jobs, the newest first, and where the next page begins."""

    jobs: list[JobShown]
    next: str | None


class ItemPage(BaseModel):
    """Items in the order of their listing, and where the next page begins."""

    items: list[ItemShown]
    next: str | None


@router.post("", status_code=201, dependencies=[Depends(told)])
def submit(
    body: JobBody, asking: Analyst, context: Context, idempotency_key: IdempotencyKey = ""
) -> JobShown:
    """Queue a job; a fleet worker analyses its items."""
    return submit_once(body, asking, context, idempotency_key, body.to_text())


def submit_once(
    body: JobBody, asking: Principal, context: ApiContext, key: str, asked: str
) -> JobShown:
    """Queue a job, or return the one that was asked for by the same words with the same key."""
    require_keeping(body, asking, context)
    wanted = SourceOptions(only_new=body.only_new, open_archives=body.open_archives)
    options = context.connections.require_sources(asking.account_id, body.sources, wanted)
    cookies = seal_cookies(body.cookies, context.jobs_settings.sealer)
    spec = JobSpec(
        sources=tuple(body.sources),
        name=body.name,
        priority=Priority[body.priority.name],
        options=body.analysis,
        max_running=body.at_once,
        source_options=with_cookies(options, body, cookies),
        fresh=body.fresh,
        keep_media_days=body.keep_media_days,
        detector=named_detector(context.environment.storage.models_folder, body.model),
    )

    def enter(connection: Connection) -> JobShown:
        entered = submit_job(connection, spec, asking.account_id, cookies, asking.key_id)
        note_in(connection, asking, Deed.JOB_SUBMIT, f"job:{entered.job_id}")
        return shown(entered)

    return once(context, asking, key, asked, JobShown, enter)


@router.get("")
def list_jobs(
    asking: Reader,
    context: Context,
    before: Annotated[str | None, Query(pattern=r"^\d{1,18}$")] = None,
    most: Annotated[int, Query(ge=1, le=MOST_JOBS)] = 50,
) -> JobPage:
    """List jobs, the newest first."""
    found = context.desk.list_jobs(asking.account_id, most, before)
    following = found[-1].job_id if len(found) == most else None
    return JobPage(jobs=[shown(job) for job in found], next=following)


@router.get("/{job_id}")
def job(job_id: str, asking: Reader, context: Context) -> JobDetail:
    """Return a job as it stands, counters exact."""
    found = require_job(context, asking, job_id)
    return JobDetail.of(ProgressDesk(context.engine).job(found.job_id))


@router.post("/{job_id}/cancel")
def cancel(job_id: str, asking: Analyst, context: Context) -> JobShown:
    """Cancel a job: what waits is dropped now, what runs stops at its next heartbeat."""
    require_job(context, asking, job_id)
    found = context.desk.cancel(job_id)
    note(context, asking, Deed.JOB_CANCEL, f"job:{job_id}")
    return shown(found)


@router.post("/{job_id}/pause")
def pause(job_id: str, asking: Analyst, context: Context) -> JobShown:
    """Pause a job."""
    require_job(context, asking, job_id)
    found = context.desk.pause(job_id)
    note(context, asking, Deed.JOB_PAUSE, f"job:{job_id}")
    return shown(found)


@router.post("/{job_id}/resume")
def resume(job_id: str, asking: Analyst, context: Context) -> JobShown:
    """Let a paused job go on."""
    require_job(context, asking, job_id)
    found = context.desk.resume(job_id)
    note(context, asking, Deed.JOB_RESUME, f"job:{job_id}")
    return shown(found)


@router.post("/{job_id}/retry", dependencies=[Depends(told)])
def retry(job_id: str, asking: Analyst, context: Context) -> JobShown:
    """Queue a job's failed items again."""
    require_job(context, asking, job_id)
    found = context.desk.retry_failed(job_id)
    note(context, asking, Deed.JOB_RETRY, f"job:{job_id}")
    return shown(found)


@router.put("/{job_id}/priority")
def set_priority(job_id: str, body: PriorityBody, asking: Analyst, context: Context) -> JobShown:
    """Let a job go before or behind others; what runs goes on."""
    require_job(context, asking, job_id)
    found = context.desk.set_priority(job_id, Priority[body.priority.name])
    note(context, asking, Deed.JOB_PRIORITY, f"job:{job_id}")
    return shown(found)


@router.get("/{job_id}/items")
def items(
    job_id: str, asking: Reader, context: Context, wanted: Annotated[ItemsQuery, Query()]
) -> ItemPage:
    """List a job's items: by state or finding, in an order, searched; `after` is the `next` before."""
    found, following = ProgressDesk(context.engine).page(
        require_job(context, asking, job_id), wanted.to_wanted()
    )
    return ItemPage(items=[ItemShown.of(one) for one in found], next=after_text(following))


def shown(job: Job) -> JobShown:
    """Return a job as the API shows it."""
    return JobShown(
        job_id=job.job_id,
        name=job.name,
        sources=list(job.sources),
        priority=PriorityName[job.priority.name],
        state=job.state,
        is_paused=job.is_paused,
        is_over=job.is_over,
        counts=CountsShown.model_validate(job.counts, from_attributes=True),
        created_at=job.created_at,
        ended_at=job.ended_at,
    )
