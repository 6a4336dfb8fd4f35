"""Rows of the queue -> the values that people and workers get."""

from jobs.labels import split_labels
from jobs.spec import (
    Attempt,
    AttemptEnd,
    ItemClaim,
    ItemKind,
    ItemState,
    ItemStatus,
    Job,
    JobCounts,
    JobState,
    Priority,
    ReportFile,
    Tries,
)
from pipeline.errors import WorkerLostError
from pipeline.vocabulary import AnalysisOptions, Failure
from storage.claim_rows import ClaimedFacts
from storage.end_rows import REPORT_OWED
from storage.item_rows import AttemptFacts, ItemFacts
from storage.job_rows import JobFacts


def to_job(facts: JobFacts) -> Job:
    """Return a job as people see it; its state follows from its counters."""
    ended = facts.n_done + facts.n_failed + facts.n_cancelled
    is_over = facts.n_listing == 0 and ended == facts.n_total
    if facts.cancelled_at is not None:
        state = JobState.CANCELLED
    elif facts.n_listing > 0:
        state = JobState.LISTING
    else:
        state = JobState.DONE if is_over else JobState.RUNNING
    return Job(
        job_id=str(facts.job_id),
        account_id=facts.account_id,
        name=facts.name,
        sources=facts.sources,
        priority=Priority(facts.priority),
        state=state,
        is_paused=facts.paused_at is not None,
        max_running=facts.max_running,
        is_fresh=not facts.may_reuse,
        counts=JobCounts(
            total=facts.n_total,
            done=facts.n_done,
            failed=facts.n_failed,
            cancelled=facts.n_cancelled,
            running=facts.n_running,
            waiting=facts.n_total - ended - facts.n_running,
            listing=facts.n_listing,
        ),
        created_at=facts.created_at,
        ended_at=facts.closed_at if is_over else None,
    )


def to_status(facts: ItemFacts) -> ItemStatus:
    """Return an item as a table row shows it."""
    return ItemStatus(
        item_id=str(facts.item_id),
        job_id=str(facts.job_id),
        kind=ItemKind(facts.kind),
        source_uri=facts.source_uri,
        title=facts.title,
        state=ItemState(facts.state),
        attempt=facts.attempt,
        stage=facts.stage,
        progress=facts.progress,
        verdict=facts.verdict,
        reason=facts.reason,
        llr=facts.llr,
        voiced_s=facts.voiced_s,
        error_code=facts.error_code,
        error_message=facts.error_message,
        files=tuple(ReportFile(**file) for file in facts.files),
        labels=split_labels(facts.labels),
        list_priority=facts.list_priority,
        reused_item_id="" if facts.reused_item_id is None else str(facts.reused_item_id),
    )


def to_claim(facts: ClaimedFacts, lease_s: float) -> ItemClaim:
    """Return a worker's hold on an item."""
    pinned = dict(facts.facts)
    owed = pinned.pop(REPORT_OWED, "")
    return ItemClaim(
        item_id=str(facts.item_id),
        job_id=str(facts.job_id),
        job_name=facts.job_name,
        requested_at=facts.requested_at,
        account_id=facts.account_id,
        kind=ItemKind(facts.kind),
        source_uri=facts.source_uri,
        title=facts.title,
        source_key=facts.source_key,
        host=facts.host,
        priority=Priority(facts.priority),
        may_reuse=facts.may_reuse,
        keep_media_days=facts.keep_media_days,
        detector=facts.detector,
        facts=pinned,
        attempt=facts.attempt,
        fence=facts.fence,
        worker_id=facts.worker_id,
        lease_s=lease_s,
        lease_until=facts.lease_until,
        options=AnalysisOptions(**facts.options),
        tries=Tries(facts.n_crashes, facts.n_failures, facts.n_losses, facts.n_outages),
        cursor=facts.cursor,
        owed=Failure(WorkerLostError.default_code, owed, "") if owed else None,
    )


def to_attempt(facts: AttemptFacts) -> Attempt:
    """Return how one try of an item ended."""
    return Attempt(
        attempt=facts.attempt,
        worker_id=facts.worker_id,
        started_at=facts.started_at,
        ended_at=facts.ended_at,
        stage=facts.stage,
        cause=AttemptEnd(facts.cause),
        code=facts.code,
        message=facts.message,
    )
