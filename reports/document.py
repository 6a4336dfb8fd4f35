"""What a report says, in one model: JSON, PDF, CSV and the console's page all read this.

The published shape is `schema/report-v1.json`, generated from here. `findings` can be recomputed by
anybody and has its own checksum; everything around it says who, when, how and in which words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime

from pipeline.model_card import ErrorRow, Figure, ModelCard, Thresholds
from pipeline.vocabulary import Custody, MediaReport
from reports import wording
from reports.custody_parts import (
    DerivationPart,
    MachinePart,
    SignaturePart,
    Signer,
    derivation_parts,
    machine_parts,
    signature_part,
)
from reports.findings import Findings, Part, findings_sha256, name_notes, rounded, to_findings
from reports.outside_text import storable
from reports.provenance import ProvenancePart, provenance_part
from reports.review_part import ReviewPart
from reports.sound_parts import PicturePart, StrongestPart, picture_parts, strongest_parts
from reports.words import Words
from reports.words_en import ENGLISH

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What the analysis does not know: for whom and under which number a report is issued."""

    report_id: str
    attempt: int
    issued_at: datetime  # with a time zone
    customer: str = ""  # the account
    job_name: str = ""
    submitted_by: str = ""
    laboratory: str = ""
    requested_at: datetime | None = None  # when it was asked for; None: not known
    signer: Signer | None = None  # who signs the files; None: nobody
    labels: tuple[str, ...] = ()  # that its list gave the item
    list_priority: str = ""  # that its list gave it; "" = none


class IssuePart(Part):
    """Who issued the report, for whom, when."""

    report_id: str
    version: int = 1  # each examiner's opinion makes the next one
    attempt: int
    issued_at: AwareDatetime
    language: str
    laboratory: str
    customer: str
    submitted_by: str
    job_id: str
    job_name: str
    requested_at: AwareDatetime | None = None


class ItemPart(Part):
    """The item as its source names it."""

    item_id: str
    title: str
    source_uri: str
    labels: tuple[str, ...] = ()  # that its list gave it
    list_priority: str = ""  # that its list gave it, within its job: live, batch or sweep


class SummaryPart(Part):
    """What was found, in words."""

    headline: str
    detail: str
    how_sure: tuple[str, ...]
    not_examined: tuple[str, ...]


class FailurePart(Part):
    """What went wrong, for people."""

    code: str
    stage: str
    message: str
    retryable: bool


class CustodyPart(Part):
    """Where the bytes came from and how they were had."""

    acquired_at: AwareDatetime
    acquired_by: str
    source_version: str
    original_name: str
    facts: dict[str, str]


class ModelPart(Part):
    """A model file that took part, and what it ran on."""

    name: str
    role: str
    sha256: str
    provider: str


class ProcessingPart(Part):
    """How the analysis ran; none of it changes a finding."""

    analysed_at: AwareDatetime
    versions: dict[str, str]
    timings_s: dict[str, float]
    models: tuple[ModelPart, ...]
    notes: tuple[str, ...] = ()  # remarks on the file's name, which is no part of its bytes
    derivation: tuple[DerivationPart, ...] = ()
    machines: tuple[MachinePart, ...] = ()


class ReusedPart(Part):
    """Which earlier item's analysis is shown: same account, bytes, models, options and versions."""

    item_id: str
    job_id: str
    report_id: str
    analysed_at: AwareDatetime


class MethodPart(Part):
    """What the detector's card says about itself."""

    detector: str
    members: tuple[str, ...]
    sample_rate: int
    segment_s: float
    thresholds: Thresholds
    error_rates: tuple[ErrorRow, ...]
    figures: tuple[Figure, ...]
    recipe: str
    training_data: str
    generators: tuple[str, ...]
    cutoff: str
    languages: tuple[str, ...]
    licence: str


class ReportDocument(Part):
    """A whole report."""

    schema_version: Literal["1.0"] = "1.0"
    issue: IssuePart
    # machine output until an examiner signs; the machine's part stays as it is then
    review: Literal["not_reviewed", "reviewed"] = "not_reviewed"
    reviews: tuple[ReviewPart, ...] = ()  # oldest first
    item: ItemPart
    summary: SummaryPart
    findings: Findings
    findings_sha256: str
    failure: FailurePart | None
    method: MethodPart | None
    custody: CustodyPart | None
    provenance: ProvenancePart | None = None  # None: not looked for
    processing: ProcessingPart
    limits: tuple[str, ...]
    pictures: tuple[PicturePart, ...] = ()  # of each channel
    strongest: tuple[StrongestPart, ...] = ()
    signature: SignaturePart | None = None  # None: the report was made without one
    reused: ReusedPart | None = None  # None: the analysis was made for this very item


def to_document(
    report: MediaReport,
    card: ModelCard | None,
    context: ReportContext,
    words: Words = ENGLISH,
) -> ReportDocument:
    """Return the document of one item; failed and not applicable items have one too.

    Args:
        report: what the analysis found.
        card: the detector's card; None where no detector was loaded.
        context: for whom, when and under which number.
        words: the language.

    Raises:
        pydantic.ValidationError: a time in `report` or `context` has no time zone.
    """
    findings = to_findings(report)
    failure = report.failure
    return ReportDocument(
        issue=_issue_part(report, context, words),
        item=ItemPart(
            item_id=report.item.item_id,
            title=storable(report.item.title),
            source_uri=storable(report.item.source_uri),
            labels=tuple(map(storable, context.labels)),
            list_priority=storable(context.list_priority),
        ),
        summary=summary_part(findings, name_notes(report), words),
        findings=findings,
        findings_sha256=findings_sha256(findings),
        failure=None
        if failure is None
        else FailurePart(
            code=storable(failure.code),
            stage=storable(failure.stage),
            message=storable(failure.message),
            retryable=failure.retryable,
        ),
        method=None if card is None else _method_part(card),
        custody=None if report.custody is None else _custody_part(report.custody),
        provenance=provenance_part(report.media),
        processing=_processing_part(report),
        limits=(*words.limits, *(() if card is None else map(storable, card.limits))),
        pictures=picture_parts(report),
        strongest=strongest_parts(report),
        signature=signature_part(context.signer),
    )


def summary_part(findings: Findings, notes: tuple[str, ...], words: Words) -> SummaryPart:
    """Return findings in words; `notes` are remarks on the file's name."""
    return SummaryPart(
        headline=wording.headline(findings, words),
        detail=wording.detail_sentence(findings, words),
        how_sure=wording.how_sure(findings, words),
        not_examined=wording.not_examined(findings, words, notes),
    )


def summary_sentence(document: ReportDocument) -> str:
    """Return what was found and how strong it is, as one paragraph for a terminal."""
    summary = document.summary
    return " ".join(filter(None, (summary.headline, summary.detail, *summary.how_sure[:1])))


def _issue_part(report: MediaReport, context: ReportContext, words: Words) -> IssuePart:
    return IssuePart(
        report_id=context.report_id,
        attempt=context.attempt,
        issued_at=_in_utc(context.issued_at),
        language=words.language,
        laboratory=storable(context.laboratory),
        customer=storable(context.customer),
        submitted_by=storable(context.submitted_by),
        job_id=report.item.job_id,
        job_name=storable(context.job_name),
        requested_at=None if context.requested_at is None else _in_utc(context.requested_at),
    )


def _custody_part(custody: Custody) -> CustodyPart:
    return CustodyPart(
        acquired_at=_in_utc(custody.acquired_at),
        acquired_by=storable(custody.acquired_by),
        source_version=storable(custody.source_version),
        original_name=storable(custody.original_name),
        facts=_storable_map(custody.facts),
    )


def _processing_part(report: MediaReport) -> ProcessingPart:
    return ProcessingPart(
        analysed_at=_in_utc(report.analysed_at),
        versions=_storable_map(report.versions),
        timings_s={name: rounded(s) or 0.0 for name, s in sorted(report.timings_s.items())},
        models=tuple(
            ModelPart(
                name=storable(model.name),
                role=model.role,
                sha256=model.sha256,
                provider=storable(model.provider),
            )
            for model in report.models
        ),
        notes=name_notes(report),
        derivation=derivation_parts(report),
        machines=machine_parts(report.traces.machines),
    )


def _method_part(card: ModelCard) -> MethodPart:
    return MethodPart(
        detector=storable(card.name),
        members=tuple(map(storable, card.members)),
        sample_rate=card.sample_rate,
        segment_s=card.segment_samples / card.sample_rate,
        thresholds=card.thresholds,
        error_rates=card.error_rates,
        figures=card.figures,
        recipe=storable(card.training.recipe),
        training_data=storable(card.training.data),
        generators=tuple(map(storable, card.training.generators)),
        cutoff=storable(card.training.cutoff),
        languages=tuple(map(storable, card.languages)),
        licence=storable(card.licence),
    )


def _storable_map(facts: Mapping[str, str]) -> dict[str, str]:
    return {storable(name): storable(value) for name, value in sorted(facts.items())}


def _in_utc(moment: datetime) -> datetime:
    """Return the moment in UTC, so that the same moment prints the same bytes everywhere."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC)
