"""Finished items as a fleet writes them: a real document, its files in the store, media by wish."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from console.api.context import ApiContext
from jobs.spec import ItemClaim, ItemResult, ReportFile
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import MediaReport
from reports.as_json import to_json
from reports.document import ReportDocument, to_document
from reports.rendering import RenderedFile, render
from reports.sound_parts import to_clips
from storage import object_rows, retention_rows
from storage.database import transaction
from storage.kept_objects import put_object
from storage.retention_rows import MediaClaim
from tests.integration.jobs.queue_makers import claim_of, make_job
from tests.makers import SAMPLE_RATE, speech_like, wav_bytes
from tests.unit.reports.report_maker import CARD, CONTEXT, spliced_report

EMBEDDING_LENGTH = 192


def minute_of_sound(seed: int = 5, duration_s: float = 60.0) -> bytes:
    """Return a WAV as long as `spliced_report` is."""
    return wav_bytes(speech_like(seed, duration_s), SAMPLE_RATE)


def finished_item(
    context: ApiContext,
    account_id: str,
    report: MediaReport | None = None,
    medium: bytes | None = None,
    *,
    with_pdf: bool = False,
) -> ItemClaim:
    """Return the claim of an item that is done; its medium is kept where one is given."""
    queue = WorkQueue(context.engine)
    try:
        job = make_job(queue, 1, account_id)
        claim = claim_of(queue, job.job_id)
        finish_item(context, queue, claim, report or spliced_report(), medium, with_pdf=with_pdf)
        return claim
    finally:
        queue.close()


def finish_item(
    context: ApiContext,
    queue: WorkQueue,
    claim: ItemClaim,
    report: MediaReport,
    medium: bytes | None = None,
    *,
    with_pdf: bool = False,
) -> None:
    """End a claimed item as a writer does; its medium is kept where one is given."""
    report = _own(report, claim, medium)
    if medium is not None:
        keep(context, claim, medium)
    document = to_document(report, CARD, CONTEXT)
    files = []
    clips = to_clips(report)
    for file in render(document, clips, None) if with_pdf else _without_pdf(document, clips):
        kept = put_object(
            context.engine, context.objects, claim.account_id, file.content, file.content_type
        )
        name = f"verity-{claim.job_id}-{claim.item_id}{file.ending}"
        size = kept.size_bytes
        files.append(ReportFile(file.kind, kept.key, kept.sha256, size, name, file.content_type))
    sha256 = document.findings_sha256
    result = ItemResult(report, to_json(document), sha256, tuple(files))
    if report.failure is not None:
        queue.fail(claim, report.failure, result=result)
    else:
        queue.finish(claim, result)


def _without_pdf(document: ReportDocument, clips: Mapping[str, bytes]) -> list[RenderedFile]:
    """Return what `render` does but the PDF, which takes the longest."""
    return [
        RenderedFile("json", ".json", "application/json", to_json(document)),
        *(
            RenderedFile(name.removesuffix(".wav"), f"-{name}", "audio/wav", content)
            for name, content in clips.items()
        ),
    ]


def keep(context: ApiContext, claim: ItemClaim, medium: bytes) -> None:
    """Keep a medium, as a preparer does."""
    kept = put_object(context.engine, context.objects, claim.account_id, medium, "x/y")
    with transaction(context.engine) as connection:
        object_rows.share_objects(connection, [kept.key])
        retention_rows.claim_media(
            connection,
            MediaClaim(
                int(claim.item_id),
                int(claim.job_id),
                claim.account_id,
                kept.key,
                kept.sha256,
                kept.size_bytes,
            ),
        )


def _own(report: MediaReport, claim: ItemClaim, medium: bytes | None) -> MediaReport:
    item = replace(
        report.item,
        item_id=claim.item_id,
        job_id=claim.job_id,
        source_uri=claim.source_uri,
    )
    media, scores = report.media, report.scores
    if media is not None and medium is not None:
        sha256 = hashlib.sha256(medium).hexdigest()
        media = replace(media, sha256=sha256, size_bytes=len(medium))
    if scores is not None:
        rng = np.random.default_rng(int(claim.item_id))
        shape = (len(scores.llr), EMBEDDING_LENGTH)
        embedding = rng.standard_normal(shape).astype(np.float32)
        embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
        scores = replace(scores, embedding=embedding)
    return replace(report, item=item, media=media, scores=scores)
