"""Turns an earlier analysis of the same bytes into an item's own report, or refuses to.

What is stored is believed only as far as it proves itself: the findings must have their checksum, and
be of these bytes and these models. Anything else means a new analysis, never an error.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from pydantic import ValidationError

from jobs.spec import ItemClaim
from pipeline.analyse import tool_versions
from pipeline.errors import ObjectStoreError
from pipeline.probe import notes_on_name
from pipeline.vocabulary import (
    Custody,
    ErrorRates,
    Likeness,
    MediaFile,
    MediaItem,
    MediaReport,
    ModelUse,
    Span,
    Verdict,
)
from reports.document import ReportDocument
from reports.findings import Findings, findings_sha256, provider_class
from storage.kept_objects import get_object
from storage.object_keys import MISSING
from storage.objects import ObjectStore
from storage.reuse_rows import EarlierFacts
from workers.scorer import DetectorFacts

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reusable:
    """An item whose bytes were analysed before."""

    claim: ItemClaim
    media: MediaFile  # not probed
    custody: Custody | None
    analysis_id: int
    detector: DetectorFacts
    models: tuple[ModelUse, ...]
    timings_s: dict[str, float]


def checked_document(facts: EarlierFacts, item: Reusable) -> ReportDocument | None:
    """Return the earlier report where it proves itself, None where it is damaged or another one's."""
    try:
        document = ReportDocument.model_validate(facts.document)
        problem = _problem(document, facts, item)
    except ValidationError:
        problem = "its report cannot be read"
    if problem:
        ids = {"job_id": item.claim.job_id, "item_id": item.claim.item_id}
        _log.warning("earlier analysis not used: %s", problem, extra=ids)
        return None
    return document


def _problem(document: ReportDocument, facts: EarlierFacts, item: Reusable) -> str:
    """Return why a report is not believed, or ""."""
    findings = document.findings
    if not findings_sha256(findings) == facts.findings_sha256 == document.findings_sha256:
        return "its findings do not have their checksum"
    if findings.media is None or findings.media.sha256 != item.media.sha256:
        return "its report is about other bytes"
    if findings.verdict is None or document.reused is not None:
        return "it has no verdict of its own"
    models = {(use.role, use.sha256, provider_class(use.provider)) for use in item.models}
    if models != {(use.role, use.sha256, use.provider_class) for use in findings.models}:
        return "its report names other models"
    return ""


def name_notes_of(document: ReportDocument, item: Reusable) -> tuple[str, ...]:
    """Return the remarks on the name that this item's file has."""
    media = document.findings.media
    if media is None or media.container is None or item.custody is None:
        return ()
    return notes_on_name(media.container, item.custody.original_name)


def own_report(facts: EarlierFacts, document: ReportDocument, item: Reusable) -> MediaReport:
    """Return what the item's rows say: its own bytes and custody, the earlier verdict, no scores."""
    claim = item.claim
    return MediaReport(
        item=MediaItem(claim.item_id, claim.job_id, claim.source_uri, claim.title),
        media=item.media,
        custody=item.custody,
        scores=None,
        verdict=_verdict(facts, document.findings),
        failure=None,
        models=item.models,
        options=claim.options,
        versions=tool_versions(),
        timings_s=item.timings_s,
        analysed_at=document.processing.analysed_at.astimezone(UTC),
    )


def clips_of(
    facts: EarlierFacts, document: ReportDocument, store: ObjectStore
) -> Mapping[str, bytes] | None:
    """Return the clips that were kept beside the earlier report; None: one is missing or damaged.

    Raises:
        ObjectStoreError: the store does not answer.
        AccessError: it refuses us.
    """
    keys = {file.sha256: file.key for file in facts.files}
    clips: dict[str, bytes] = {}
    for strongest in document.strongest:
        if strongest.clip is None:
            continue
        key = keys.get(strongest.clip.sha256)
        if key is None:
            return None
        try:
            clips[strongest.clip.name] = get_object(store, key)
        except ObjectStoreError as error:
            if error.code in (MISSING, "object_corrupt"):
                return None
            raise
    return clips


def _verdict(facts: EarlierFacts, findings: Findings) -> Verdict:
    """Return the verdict with the numbers of the row, which are not rounded."""
    found = findings.verdict
    assert found is not None, "checked_document refuses a report without one"
    return Verdict(
        kind=found.kind,
        reason=found.reason,
        llr=facts.llr,
        llr_limit=math.inf if facts.llr_limit is None else facts.llr_limit,
        voiced_s=found.voiced_s if facts.voiced_s is None else facts.voiced_s,
        spans=tuple(Span(**span.model_dump()) for span in found.spans),
        error_rates=None
        if found.error_rates is None
        else ErrorRates(**found.error_rates.model_dump()),
        separated_llr=facts.separated_llr,
        likeness=None if found.likeness is None else Likeness(**found.likeness.model_dump()),
    )
