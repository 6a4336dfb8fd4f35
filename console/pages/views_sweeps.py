"""Sweeps: made, shown with their next runs and digests, paused, run, removed."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from console.api.access_log import note
from console.api.context import Context
from console.api.principals import Analyst, Reader
from console.api.routes_sweeps import SweepBody
from console.api.routes_sweeps import add as add_sweep
from console.pages.lines import source_lines
from console.pages.render import PageHere
from console.people.deeds import Deed
from jobs.schedule import in_words, next_runs
from pipeline.errors import InputError

router = APIRouter()


class SweepForm(BaseModel):
    """The form of a new sweep."""

    cron: Annotated[str, Field(max_length=200)]
    sources: Annotated[str, Field(max_length=400_000)]
    timezone: Annotated[str, Field(max_length=100)] = "UTC"
    name: Annotated[str, Field(max_length=200)] = ""
    only_new: bool = False
    csrf: str = ""


@router.get("/sweeps")
def sweeps(page: PageHere, asking: Reader, context: Context) -> Response:
    """List the sweeps, with the form for a new one."""
    found = [(one, in_words(one.schedule)) for one in context.sweeps.list_sweeps(asking.account_id)]
    return page.show("sweeps.html", sweeps=found)


@router.post("/sweeps")
def make(asking: Analyst, context: Context, form: Annotated[SweepForm, Form()]) -> Response:
    """Make a sweep and lead to it."""
    body = SweepBody(
        sources=source_lines(form.sources), **form.model_dump(exclude={"sources", "csrf"})
    )
    return RedirectResponse(f"/sweeps/{add_sweep(body, asking, context).sweep_id}", 303)


@router.get("/sweeps/{sweep_id}")
def sweep(page: PageHere, asking: Reader, context: Context, sweep_id: str) -> Response:
    """Show a sweep: its next runs, and what became of its last ones."""
    found = context.sweeps.sweep_status(sweep_id, asking.account_id)
    return page.show(
        "sweep.html",
        sweep=found,
        said=in_words(found.schedule),
        following=next_runs(found.schedule, datetime.now(UTC)),
        runs=context.sweeps.runs(sweep_id, asking.account_id),
    )


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
