"""The fleet for its operators, and what failed for every admin: counts and ids, never titles."""

from collections import Counter
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from console.api.access_log import note
from console.api.admin_scope import Scope
from console.api.context import Context
from console.api.principals import Admin, Operator
from console.people.deeds import Deed
from jobs.fleet_view import WholeFleet, look_at_whole_fleet
from jobs.spec import ItemKind, Priority
from pipeline.errors import SourceNotFoundError
from reports.languages import words_of
from storage import failure_rows
from storage.database import transaction
from storage.worker_rows import SILENT_AFTER_S, WorkerFacts

router = APIRouter(prefix="/admin", tags=["admin"])
Code = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,60}$")]


class ActorShown(BaseModel):
    """One actor of a worker."""

    lane: str
    node: str  # of the Ray cluster; "": it does not work yet
    why: str  # it does not work yet


class WorkerShown(BaseModel):
    """A fleet worker, as it said last."""

    worker_id: str
    host: str
    version: str
    detector: str
    lack: str  # why it begins nothing; "": it does
    is_silent: bool  # it said nothing for too long
    seen_at: datetime
    started_at: datetime
    n_held: int
    actors: list[ActorShown]


class NodeShown(BaseModel):
    """A node of the Ray cluster that actors work on."""

    node: str
    n_workers: int
    actors: dict[str, int]  # by what they do


class ClassShown(BaseModel):
    """What is left of the jobs of one class."""

    priority: str
    n_jobs: int
    n_listing: int  # sources
    n_waiting: int
    n_deferred: int  # wait for their next try
    n_running: int


class RunningShown(BaseModel):
    """An item that a worker holds: which and where, not what it is about."""

    item_id: str
    job_id: str
    account_id: str
    stage: str
    progress: float
    attempt: int
    worker_id: str
    running_s: float
    is_overdue: bool


class StageShown(BaseModel):
    """How long a stage took in the newest analyses."""

    stage: str
    n: int
    median_s: float
    p95_s: float


class FleetShown(BaseModel):
    """One moment of the fleet."""

    workers: list[WorkerShown]
    nodes: list[NodeShown]
    classes: list[ClassShown]
    running: list[RunningShown]  # the longest first, at most a hundred
    n_running: int
    stages: list[StageShown]


class FailureShown(BaseModel):
    """Items that failed with one code."""

    code: str
    meaning: str
    n_items: int
    last_at: datetime | None
    job_ids: list[str]  # the newest ones


class RetriedShown(BaseModel):
    """What was queued again."""

    n_jobs: int
    n_items: int


@router.get("/fleet")
def fleet(asking: Operator, context: Context) -> FleetShown:
    """Return workers, nodes, actors, the queue by class and state, what runs, and stage times."""
    del asking  # that it is an operator is enough
    return _shown(look_at_whole_fleet(context.engine))


@router.get("/failures")
def failures(scope: Scope, context: Context) -> list[FailureShown]:
    """Return what failed by code, the most frequent first; jobs in the archive are left out."""
    return failures_in(context, scope, "en")


@router.post("/failures/{code}/retry")
def retry(code: Code, asking: Admin, scope: Scope, context: Context) -> RetriedShown:
    """Queue the items again that failed with a code, in all jobs that were not cancelled."""
    with transaction(context.engine) as connection:
        job_ids = failure_rows.jobs_with_failure(connection, scope, code)
    if not job_ids:
        raise SourceNotFoundError(f"Nothing failed with {code}.", "failure_not_found")
    n_items = 0
    for job_id in map(str, job_ids):
        n_before = context.desk.job_status(job_id).counts.failed
        n_items += max(0, n_before - context.desk.retry_failed(job_id, code).counts.failed)
    note(context, asking, Deed.JOB_RETRY, f"code:{code}")
    return RetriedShown(n_jobs=len(job_ids), n_items=n_items)


def failures_in(context: Context, scope: str | None, language: str) -> list[FailureShown]:
    """Return what failed by code, with the codes' meanings in a language of the reports."""
    words = words_of(language)
    with transaction(context.engine) as connection:
        found = failure_rows.read_failures(connection, scope)
    return [
        FailureShown(
            code=one.code,
            meaning=words.errors.get(one.code, words.unknown_error.format(code=one.code)),
            n_items=one.n_items,
            last_at=one.last_at,
            job_ids=[str(job_id) for job_id in one.job_ids],
        )
        for one in found
    ]


def _shown(whole: WholeFleet) -> FleetShown:
    running = Counter(one.priority for one in whole.view.running if one.kind == ItemKind.MEDIA)
    classes = [
        ClassShown(
            priority=Priority(one.priority).name.lower(),
            n_jobs=one.n_jobs,
            n_listing=one.n_listing,
            n_waiting=max(
                0, one.n_open - running[one.priority] - whole.deferred.get(one.priority, 0)
            ),
            n_deferred=whole.deferred.get(one.priority, 0),
            n_running=running[one.priority],
        )
        for one in whole.view.depths
    ]
    return FleetShown(
        workers=[_worker(one) for one in whole.workers],
        nodes=_nodes(whole.workers),
        classes=classes,
        running=[
            RunningShown(
                item_id=str(one.item_id),
                job_id=str(one.job_id),
                account_id=one.account_id,
                stage=one.stage,
                progress=one.progress,
                attempt=one.attempt,
                worker_id=one.worker_id,
                running_s=max(0.0, (whole.now - one.claimed_at).total_seconds()),
                is_overdue=one.is_overdue,
            )
            for one in whole.view.running[:100]
        ],
        n_running=len(whole.view.running),
        stages=[StageShown.model_validate(one, from_attributes=True) for one in whole.stages],
    )


def _worker(facts: WorkerFacts) -> WorkerShown:
    return WorkerShown(
        worker_id=facts.worker_id,
        host=facts.host,
        version=facts.version,
        detector=facts.detector,
        lack=facts.lack,
        is_silent=facts.silent_s > SILENT_AFTER_S,
        seen_at=facts.seen_at,
        started_at=facts.started_at,
        n_held=facts.n_held,
        actors=[ActorShown.model_validate(one) for one in facts.actors],
    )


def _nodes(workers: tuple[WorkerFacts, ...]) -> list[NodeShown]:
    by_node: dict[str, Counter[str]] = {}
    hosts: dict[str, set[str]] = {}
    for worker in workers:
        for actor in worker.actors:
            if worker.silent_s <= SILENT_AFTER_S and actor["node"]:
                role = actor["lane"].split(" ")[0]
                by_node.setdefault(actor["node"], Counter())[role] += 1
                hosts.setdefault(actor["node"], set()).add(worker.worker_id)
    return [
        NodeShown(node=node, n_workers=len(hosts[node]), actors=dict(counted))
        for node, counted in sorted(by_node.items())
    ]
