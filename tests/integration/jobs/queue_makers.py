"""Jobs, results and failures for tests of the queue and of what it writes."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, text

from jobs.spec import ItemClaim, ItemKind, ItemResult, Job, JobSpec, NewItem, ReportFile
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import (
    AnalysisOptions,
    Custody,
    Failure,
    MediaFile,
    MediaItem,
    MediaReport,
    ModelUse,
    Reason,
    SegmentFacts,
    SegmentScores,
    Span,
    Variant,
    Verdict,
    VerdictKind,
)

CORRUPT = Failure("media_corrupt", "The file is damaged: send it again.", "decode")
AWAY = Failure("fetch_failed", "The site did not answer.", "fetch", retryable=True)
EMBEDDING_LENGTH = 192
N_MANY = 20_000


def make_items(n_items: int, start: int = 0) -> list[NewItem]:
    return [
        NewItem(f"s3://media/{n}.wav", f"Item {n}", f"key-{n}", {"etag": f"e{n}"})
        for n in range(start, start + n_items)
    ]


def make_job(queue: WorkQueue, n_items: int, account_id: str = "default") -> Job:
    """Return a job that is listed already, with its items waiting."""
    job = queue.desk.submit(JobSpec(sources=("https://media.example/feed",)), account_id)
    listing = claim_of(queue, job.job_id, ItemKind.LIST)
    for start in range(0, n_items, 1000):
        queue.add_items(listing, make_items(min(1000, n_items - start), start))
    queue.finish(listing)
    return queue.desk.job_status(job.job_id)


def claim_of(queue: WorkQueue, job_id: str, kind: ItemKind | None = None) -> ItemClaim:
    """Claim the one thing that waits of a job; what others left waiting goes on waiting."""
    claims = queue.claim("worker", 50, kind)
    for other in claims:
        if other.job_id != job_id:
            queue.release(other)
    (claim,) = (one for one in claims if one.job_id == job_id)
    return claim


def make_many(engine: Engine, queue: WorkQueue, n_items: int) -> str:
    """Return a job with so many items, written at once."""
    job = make_job(queue, 0)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO item (job_id, account_id, kind, state, priority, source_uri, source_key)"
                " SELECT :job_id, 'default', 'media', 'ready', 1, 'x', 'media:' || n"
                " FROM generate_series(1, :n_items) AS n"
            ),
            {"job_id": int(job.job_id), "n_items": n_items},
        )
        connection.execute(
            text("INSERT INTO job_delta (job_id, n_total) VALUES (:job_id, :n_items)"),
            {"job_id": int(job.job_id), "n_items": n_items},
        )
        connection.execute(text("UPDATE job SET closed_at = NULL"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE item"))
    return job.job_id


def make_scores(n_segments: int, *, seed: int = 0) -> SegmentScores:
    """Return scores whose every third segment is not scored."""
    rng = np.random.default_rng(seed)
    is_scored = np.arange(n_segments) % 3 != 2
    embedding = rng.standard_normal((n_segments, EMBEDDING_LENGTH)).astype(np.float32)
    embedding[~is_scored] = np.nan
    score = np.where(is_scored, rng.standard_normal(n_segments), np.nan).astype(np.float32)
    return SegmentScores(
        facts=SegmentFacts(
            start_s=np.arange(n_segments, dtype=np.float64),
            end_s=np.arange(1, n_segments + 1, dtype=np.float64),
            track=np.zeros(n_segments, dtype=np.int64),
            channel=np.zeros(n_segments, dtype=np.int64),
            variant=np.full(n_segments, Variant.RECORDED.value),
            voiced_share=np.ones(n_segments, dtype=np.float32),
            removed_share=np.zeros(n_segments, dtype=np.float32),
            quality=np.zeros(n_segments, dtype=np.int64),
            reason=np.where(is_scored, Reason.NONE.value, Reason.NO_SPEECH.value),
        ),
        cm_score=score,
        llr=score * 2,
        embedding=embedding,
        attention=None,
        model_id="model",
    )


def make_result(
    claim: ItemClaim,
    *,
    n_segments: int = 6,
    failure: Failure | None = None,
    files: tuple[ReportFile, ...] = (),
    kind: VerdictKind = VerdictKind.PARTLY_SYNTHETIC,
) -> ItemResult:
    verdict = Verdict(
        kind=kind,
        reason=Reason.NONE,
        llr=-3.5,
        llr_limit=6.0,
        voiced_s=4.0,
        spans=(Span(1.0, 3.0, 0, 0, -4.0),),
    )
    report = MediaReport(
        item=MediaItem(claim.item_id, claim.job_id, claim.source_uri, claim.title),
        media=None
        if failure
        else MediaFile(claim.item_id, Path("/nowhere"), hashlib.sha256(b"sound").hexdigest(), 5),
        custody=Custody(datetime(2026, 1, 1, tzinfo=UTC), "test 1"),
        scores=None if failure else make_scores(n_segments),
        verdict=None if failure else verdict,
        failure=failure,
        models=(ModelUse("tiny", "a" * 64, "detector", "CPUExecutionProvider"),),
        options=AnalysisOptions(),
        versions={"verity": "0.1.0"},
        timings_s={"decode": 0.5},
        analysed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    document = json.dumps({"title": claim.title, "attempt": claim.attempt}).encode()
    return ItemResult(report, document, "f" * 64, files)
