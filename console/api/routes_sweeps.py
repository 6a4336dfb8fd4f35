"""Sweeps: jobs on a schedule."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from console.api.access_log import note, note_in
from console.api.context import Context
from console.api.job_options import JobOptions, require_keeping, with_cookies
from console.api.principals import Analyst, Reader
from console.api.repeats import IdempotencyKey, once
from console.api.site_cookies import seal_cookies
from console.api.spending import told
from console.installed_models import named_detector
from console.people.deeds import Deed
from jobs.schedule import in_words, next_runs
from jobs.source_options import SourceOptions
from jobs.spec import MAX_NAME_CHARS, MAX_SOURCES, JobSpec, Priority
from jobs.sweep_desk import add_sweep
from jobs.sweep_spec import Sweep, SweepRun, SweepSpec

router = APIRouter(prefix="/sweeps", tags=["sweeps"])


class SweepBody(JobOptions):
    """Which job, and when again and again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cron": "0 */2 * * *",
                    "timezone": "Europe/Berlin",
                    "sources": ["https://example.org/podcast.xml"],
                }
            ]
        },
    )

    cron: Annotated[str, Field(max_length=200)]
    timezone: Annotated[str, Field(max_length=100)] = "UTC"
    name: Annotated[str, Field(max_length=MAX_NAME_CHARS)] = ""
    sources: Annotated[list[str], Field(min_length=1, max_length=MAX_SOURCES)]
    only_new: bool = True


class SweepShown(BaseModel):
    """A sweep as it stands."""

    sweep_id: str
    name: str
    cron: str
    timezone: str
    in_words: str
    sources: list[str]
    only_new: bool
    is_paused: bool
    next_runs: list[datetime]
    # as the body that made it says them; cookies only whether there are any
    hop_s: float
    clips: bool
    explain: bool
    open_archives: bool
    keep_media_days: int | None
    model: str  # SHA-256 of the detector that it names; "": the one that the fleet runs
    has_cookies: bool


class RunShown(BaseModel):
    """What became of one tick."""

    run_id: str
    due_at: datetime
    n_missed: int
    job_id: str | None  # None: left out, since the run before was not over
    digest: dict[str, Any] | None


@router.post("", status_code=201)
def add(
    body: SweepBody, asking: Analyst, context: Context, idempotency_key: IdempotencyKey = ""
) -> SweepShown:
    """Make a sweep; its first run is at its next time."""
    require_keeping(body, asking, context)
    wanted = SourceOptions(only_new=body.only_new, open_archives=body.open_archives)
    options = context.connections.require_sources(asking.account_id, body.sources, wanted)
    cookies = seal_cookies(body.cookies, context.jobs_settings.sealer)
    job = JobSpec(
        sources=tuple(body.sources),
        name=body.name,
        priority=Priority.SWEEP,
        options=body.analysis,
        source_options=with_cookies(options, body, cookies),
        keep_media_days=body.keep_media_days,
        detector=named_detector(context.environment.storage.models_folder, body.model),
    )
    spec = SweepSpec(cron=body.cron, timezone=body.timezone, name=body.name, job=job)

    def enter(connection: Connection) -> SweepShown:
        made = add_sweep(connection, spec, asking.account_id, asking.key_id, cookies)
        note_in(connection, asking, Deed.SWEEP_ADD, f"sweep:{made.sweep_id}")
        return shown(made)

    return once(context, asking, idempotency_key, body.to_text(), SweepShown, enter)


@router.get("")
def list_sweeps(asking: Reader, context: Context) -> list[SweepShown]:
    """List the account's sweeps."""
    return [shown(sweep) for sweep in context.sweeps.list_sweeps(asking.account_id)]


@router.get("/{sweep_id}")
def sweep(sweep_id: str, asking: Reader, context: Context) -> SweepShown:
    """Return one sweep."""
    return shown(context.sweeps.sweep_status(sweep_id, asking.account_id))


@router.get("/{sweep_id}/runs")
def runs(sweep_id: str, asking: Reader, context: Context) -> list[RunShown]:
    """Return what became of a sweep's ticks, newest first, with their digests."""
    return [_run(one) for one in context.sweeps.runs(sweep_id, asking.account_id)]


@router.post("/{sweep_id}/pause")
def pause(sweep_id: str, asking: Analyst, context: Context) -> SweepShown:
    """Let a sweep have no run until it is resumed."""
    found = context.sweeps.pause(sweep_id, asking.account_id)
    note(context, asking, Deed.SWEEP_PAUSE, f"sweep:{sweep_id}")
    return shown(found)


@router.post("/{sweep_id}/resume")
def resume(sweep_id: str, asking: Analyst, context: Context) -> SweepShown:
    """Let a paused sweep go on with its next time."""
    found = context.sweeps.resume(sweep_id, asking.account_id)
    note(context, asking, Deed.SWEEP_RESUME, f"sweep:{sweep_id}")
    return shown(found)


@router.post("/{sweep_id}/run", status_code=201, dependencies=[Depends(told)])
def run_now(sweep_id: str, asking: Analyst, context: Context) -> RunShown:
    """Submit a sweep's job now, beside its schedule."""
    made = context.sweeps.run_now(sweep_id, asking.account_id)
    note(context, asking, Deed.SWEEP_RUN, f"sweep:{sweep_id}")
    return _run(made)


@router.delete("/{sweep_id}", status_code=204)
def remove(sweep_id: str, asking: Analyst, context: Context) -> None:
    """Let a sweep have no run any more; its jobs and reports stay."""
    context.sweeps.remove(sweep_id, asking.account_id)
    note(context, asking, Deed.SWEEP_REMOVE, f"sweep:{sweep_id}")


def shown(sweep: Sweep) -> SweepShown:
    """Return a sweep as the API shows it."""
    analysis, sources = sweep.job.options, sweep.job.source_options
    return SweepShown(
        sweep_id=sweep.sweep_id,
        name=sweep.name,
        cron=sweep.schedule.cron,
        timezone=sweep.schedule.timezone,
        in_words=in_words(sweep.schedule),
        sources=list(sweep.job.sources),
        only_new=sources.only_new,
        is_paused=sweep.is_paused,
        next_runs=next_runs(sweep.schedule, datetime.now(UTC)),
        hop_s=analysis.hop_s,
        clips=analysis.keep_clips,
        explain=analysis.explain,
        open_archives=sources.open_archives,
        keep_media_days=sweep.job.keep_media_days,
        model=sweep.job.detector,
        has_cookies=bool(sources.cookies_id),
    )


def _run(run: SweepRun) -> RunShown:
    return RunShown.model_validate(run, from_attributes=True)
