"""Runs of a sweep: their digests as JSON, PDF and feed, and each against the run before."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel

from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.principals import Principal, Reader
from console.people.deeds import Deed
from jobs.sweep_spec import Sweep, SweepRun
from pipeline.errors import SourceNotFoundError
from reports.as_rss import to_rss
from storage.job_report_rows import changed_lines, count_changes, job_before, report_snapshot
from workers.letters import run_report

router = APIRouter(prefix="/sweeps", tags=["sweeps"])
MOST_CHANGES = 200
BYTES = {"schema": {"type": "string", "format": "binary"}}


class ChangeShown(BaseModel):
    """An item of this run or of the one before, by its key within the source."""

    change: str  # verdict, failed, recovered, content, new, gone
    item_id: str | None  # None: gone
    before_item_id: str | None  # None: new
    title: str  # as the source names it: untrusted text
    source_uri: str
    outcome: str  # verdict, or `failed`, or the state; "": gone
    before: str
    llr: float | None  # > 0 supports a person speaking
    llr_before: float | None


class ChangesShown(BaseModel):
    """A run against the one before that had a job."""

    run_id: str
    due_at: datetime
    job_id: str
    before_job_id: str | None  # None: there is none before
    # by change, `same` among them; a sweep that takes only what is new has `not_again` for `gone`:
    # what it met before is not listed again, whether it is still there or not
    counts: dict[str, int]
    changes: list[ChangeShown]  # changed verdicts first, at most two hundred


@router.get("/{sweep_id}/runs/{run_id}/changes")
def changes(sweep_id: str, run_id: str, asking: Reader, context: Context) -> ChangesShown:
    """Return what differs from the run before: what is new, gone, or found otherwise."""
    sweep = context.sweeps.sweep_status(sweep_id, asking.account_id)
    return changes_of(context, sweep, context.sweeps.run(sweep_id, run_id, asking.account_id))


@router.get("/{sweep_id}/runs/{run_id}/digest.json")
def digest_json(sweep_id: str, run_id: str, asking: Reader, context: Context) -> dict[str, Any]:
    """Return a run's digest: counts, against the run before, the strongest findings, failures."""
    return _digest(context, asking, sweep_id, run_id)


@router.get(
    "/{sweep_id}/runs/{run_id}/digest.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": BYTES}}},
)
def digest_pdf(sweep_id: str, run_id: str, asking: Reader, context: Context) -> Response:
    """Return the report of a run's job against the run before, as the letter attaches it."""
    return digest_file(context, asking, (sweep_id, run_id), "en")


@router.get(
    "/{sweep_id}/feed.rss",
    response_class=Response,
    responses={200: {"content": {"application/rss+xml": BYTES}}},
)
def feed(sweep_id: str, asking: Reader, context: Context) -> Response:
    """Return a sweep's last digests as a feed, for readers that send a key."""
    sweep = context.sweeps.sweep_status(sweep_id, asking.account_id)
    runs = context.sweeps.runs(sweep_id, asking.account_id)
    digests = [run.digest for run in runs if run.digest]
    base = context.settings.public_url
    content = to_rss(sweep.name, digests, f"{base}/sweeps/{sweep_id}" if base else "")
    return Response(content, media_type="application/rss+xml")


def changes_of(context: ApiContext, sweep: Sweep, run: SweepRun) -> ChangesShown:
    """Return a run against the one before.

    Raises:
        SourceNotFoundError: the run was left out, so that there is nothing to compare.
    """
    if run.job_id is None:
        raise SourceNotFoundError(
            f"Run {run.run_id} was left out: the run before was not over.", "digest_not_found"
        )
    found: list[ChangeShown] = []
    is_only_new = sweep.job.source_options.only_new
    with report_snapshot(context.engine) as connection:
        before_id = job_before(connection, int(run.job_id))
        counts = {} if before_id is None else count_changes(connection, int(run.job_id), before_id)
        lines = () if before_id is None else changed_lines(connection, int(run.job_id), before_id)
        for line in lines:
            if is_only_new and line.change == "gone":
                break  # these come last, and say nothing
            found.append(
                ChangeShown(
                    change=line.change,
                    item_id=None if line.item_id is None else str(line.item_id),
                    before_item_id=None if line.before_id is None else str(line.before_id),
                    title=line.title,
                    source_uri=line.source_uri,
                    outcome=line.outcome,
                    before=line.before,
                    llr=line.llr,
                    llr_before=line.llr_before,
                )
            )
            if len(found) == MOST_CHANGES:
                break
    if is_only_new and "gone" in counts:
        counts["not_again"] = counts.pop("gone")
    return ChangesShown(
        run_id=run.run_id,
        due_at=run.due_at,
        job_id=run.job_id,
        before_job_id=None if before_id is None else str(before_id),
        counts=counts,
        changes=found,
    )


def digest_file(
    context: ApiContext, asking: Principal, ids: tuple[str, str], language: str
) -> Response:
    """Return the PDF of a run's digest.

    Args:
        context: the desks.
        asking: who reads it.
        ids: of the sweep and of the run.
        language: of the report.
    """
    digest = _digest(context, asking, *ids)
    job_id = str(digest["job_id"])
    storage = context.environment.storage
    pdf = run_report(context.engine, storage, job_id, digest.get("before_job_id"), language)
    note(context, asking, Deed.REPORT_READ, f"sweep_run:{ids[1]}")
    headers = {"content-disposition": f'attachment; filename="verity-{job_id}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _digest(context: ApiContext, asking: Principal, sweep_id: str, run_id: str) -> dict[str, Any]:
    run = context.sweeps.run(sweep_id, run_id, asking.account_id)
    if run.digest is None:
        raise SourceNotFoundError(f"Run {run.run_id} is not over.", "digest_not_found")
    return run.digest
