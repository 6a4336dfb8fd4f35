"""Sweeps: made, shown with their next runs and digests, compared, paused, run, removed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, ValidationError

from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.principals import Analyst, Principal, Reader
from console.api.routes_sweep_runs import changes_of, digest_file
from console.api.routes_sweeps import SweepBody
from console.api.routes_sweeps import add as add_sweep
from console.pages.cron_words import moment_words, schedule_words
from console.pages.lines import source_lines
from console.pages.option_forms import OptionsForm, option_words, options_offered
from console.pages.render import Page, PageHere
from console.people.deeds import Deed
from jobs.digest import Digest
from jobs.schedule import next_runs, parse_schedule
from jobs.spec import MAX_SOURCES
from jobs.sweep_spec import Sweep
from pipeline.errors import InputError, VerityError

router = APIRouter()
EXAMPLES = ("0 * * * *", "0 */2 * * *", "0 7 * * *", "30 6 * * 1-5", "0 8 * * 1", "0 6 1 * *")


class SweepForm(OptionsForm):
    """The form of a new sweep."""

    cron: Annotated[str, Field(max_length=200)] = ""
    sources: Annotated[str, Field(max_length=400_000)] = ""
    timezone: Annotated[str, Field(max_length=100)] = "UTC"
    name: Annotated[str, Field(max_length=200)] = ""
    only_new: bool = False
    csrf: str = ""


class ScheduleTyped(BaseModel):
    """What stands in the form so far."""

    cron: Annotated[str, Field(max_length=200)] = ""
    timezone: Annotated[str, Field(max_length=100)] = "UTC"


@dataclass(frozen=True, slots=True)
class SweepCard:
    """A sweep in the list."""

    sweep: Sweep
    said: str
    following: str
    digest: Digest | None  # of the last run that is over


@router.get("/sweeps")
def sweeps(page: PageHere, asking: Reader, context: Context) -> Response:
    """List the sweeps, with the form for a new one."""
    return _sweeps(page, asking, context, SweepForm(only_new=True))


def _sweeps(
    page: Page, asking: Principal, context: ApiContext, typed: SweepForm, problem: str = ""
) -> Response:
    digests = context.sweeps.newest_digests(asking.account_id)
    found = [
        SweepCard(
            one,
            schedule_words(one.schedule, page.words),
            moment_words(one.next_at.astimezone(ZoneInfo(one.schedule.timezone)), page.words),
            digests.get(one.sweep_id),
        )
        for one in context.sweeps.list_sweeps(asking.account_id)
    ]
    examples = [
        (cron, schedule_words(parse_schedule(cron, "UTC"), page.words)) for cron in EXAMPLES
    ]
    offered = options_offered(context, asking)
    return page.show(
        "sweeps.html",
        status=422 if problem else 200,
        sweeps=found,
        examples=examples,
        offered=offered,
        typed=typed,
        most_sources=MAX_SOURCES,
        problem=problem,
    )


@router.post("/sweeps")
def make(
    page: PageHere, asking: Analyst, context: Context, form: Annotated[SweepForm, Form()]
) -> Response:
    """Make a sweep and lead to it, or say why that cannot be."""
    try:
        body = SweepBody(
            cron=form.cron,
            timezone=form.timezone,
            name=form.name,
            sources=source_lines(form.sources),
            only_new=form.only_new,
            **form.options(),
        )
        made = add_sweep(body, asking, context)
    except (VerityError, ValidationError) as error:
        return _sweeps(page, asking, context, form, page.said(error))
    return RedirectResponse(f"/sweeps/{made.sweep_id}", 303)


@router.get("/sweeps/preview")
def preview(page: PageHere, asking: Reader, typed: Annotated[ScheduleTyped, Query()]) -> Response:
    """Return a schedule in words with its next five runs, as a part of the form."""
    del asking  # nothing of anybody's is shown
    try:
        schedule = parse_schedule(typed.cron, typed.timezone)
    except InputError as error:
        return page.show("parts/schedule.html", problem=page.said(error))
    return page.show(
        "parts/schedule.html",
        problem="",
        said=schedule_words(schedule, page.words),
        following=[moment_words(one, page.words) for one in next_runs(schedule, datetime.now(UTC))],
    )


@router.get("/sweeps/{sweep_id}")
def sweep(page: PageHere, asking: Reader, context: Context, sweep_id: str) -> Response:
    """Show a sweep: its last digest, its next runs, and what became of earlier ones."""
    found = context.sweeps.sweep_status(sweep_id, asking.account_id)
    runs = context.sweeps.runs(sweep_id, asking.account_id)
    latest = next((run.digest for run in runs if run.digest), None)
    following = next_runs(found.schedule, datetime.now(UTC))
    return page.show(
        "sweep.html",
        sweep=found,
        options=option_words(context, page, found.job),
        said=schedule_words(found.schedule, page.words),
        following=[moment_words(one, page.words) for one in following],
        runs=runs,
        digest=None if latest is None else Digest.model_validate(latest),
    )


@router.get("/sweeps/{sweep_id}/runs/{run_id}")
def run(page: PageHere, asking: Reader, context: Context, sweep_id: str, run_id: str) -> Response:
    """Show a run's digest, and what changed since the run before."""
    of = context.sweeps.sweep_status(sweep_id, asking.account_id)
    found = context.sweeps.run(sweep_id, run_id, asking.account_id)
    return page.show(
        "sweep_run.html",
        sweep=of,
        run=found,
        digest=None if found.digest is None else Digest.model_validate(found.digest),
        changes=changes_of(context, of, found),
    )


@router.get("/sweeps/{sweep_id}/runs/{run_id}/report.pdf")
def run_pdf(
    page: PageHere, asking: Reader, context: Context, sweep_id: str, run_id: str
) -> Response:
    """Return the report of a run in the reader's language."""
    return digest_file(context, asking, (sweep_id, run_id), page.language)


@router.post("/sweeps/{sweep_id}/{action}")
def act(asking: Analyst, context: Context, sweep_id: str, action: str) -> Response:
    """Pause, resume, run or remove a sweep."""
    desk = context.sweeps
    if action == "remove":
        desk.remove(sweep_id, asking.account_id)
        note(context, asking, Deed.SWEEP_REMOVE, f"sweep:{sweep_id}")
        return RedirectResponse("/sweeps", 303)
    actions = {"pause": desk.pause, "resume": desk.resume, "run": desk.run_now}
    if action not in actions:
        raise InputError(f"There is nothing to {action}.", "action_unknown")
    actions[action](sweep_id, asking.account_id)
    note(context, asking, Deed(f"sweep.{action}"), f"sweep:{sweep_id}")
    return RedirectResponse(f"/sweeps/{sweep_id}", 303)
