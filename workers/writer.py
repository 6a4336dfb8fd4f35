"""The Writer actor: concludes, renders JSON, PDF and CSV, puts them, then the one fenced finish."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import ray

from jobs.retry import OBJECT_STORE_REFUSES
from jobs.spec import AttemptEnd, ItemClaim, ItemResult, ItemState, ReportFile
from jobs.work_queue import WorkQueue
from pipeline.analyse import conclude, failed_report, tool_versions
from pipeline.errors import AccessError, ConfigError, ObjectStoreError
from pipeline.vocabulary import (
    Custody,
    Failure,
    MediaFile,
    MediaItem,
    MediaReport,
    ModelOutputs,
    ModelUse,
    SegmentFacts,
)
from reports.as_csv import to_csv
from reports.as_json import to_json
from reports.as_pdf import to_pdf
from reports.document import ReportContext, to_document
from storage.database import connect_engine
from storage.kept_objects import put_object
from storage.objects import open_object_store
from storage.settings import StorageSettings
from workers.scorer import DetectorFacts
from workers.walk_values import ActorFacts, StageSpan, here

_CONTENT_TYPES = {"json": "application/json", "pdf": "application/pdf", "csv": "text/csv"}


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """What a writer needs on its node."""

    storage: StorageSettings  # with the URL of a database that is migrated
    lease_s: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """An item when its last segment is scored; the scores travel beside it, as references."""

    claim: ItemClaim
    media: MediaFile
    custody: Custody | None
    facts: tuple[SegmentFacts, ...]  # one a batch
    detector: DetectorFacts
    models: tuple[ModelUse, ...]
    timings_s: dict[str, float]


@dataclass(frozen=True, slots=True)
class Failed:
    """An item whose last attempt did not get to a verdict."""

    claim: ItemClaim
    failure: Failure
    cause: AttemptEnd
    media: MediaFile | None  # as far as they were known
    custody: Custody | None
    detector: DetectorFacts
    models: tuple[ModelUse, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """Where an item stands after its attempt."""

    state: ItemState
    verdict: str = ""  # a VerdictKind, "" where there is none
    spans: tuple[StageSpan, ...] = ()


class Writer:
    """Holds a database engine and an object store for the actor's life."""

    def __init__(self, settings: WriterSettings) -> None:
        """Keep the settings; `open` connects."""
        self._settings = settings

    @ray.method
    def open(self) -> tuple[ActorFacts, None]:
        """Open database and object store; return where this runs."""
        url = self._settings.storage.database_url
        if url is None:
            raise ConfigError("A writer needs the URL of the database.")
        self._engine = connect_engine(url.get_secret_value())
        self._store = open_object_store(self._settings.storage)
        self._queue = WorkQueue(self._engine, self._settings.lease_s, may_listen=False)
        return here(), None

    @ray.method
    def finish(self, prepared: Prepared, scores: Sequence[Any]) -> Ended:
        """Conclude and write an item's result.

        Args:
            prepared: the item.
            scores: references to the ModelOutputs of each batch, in order.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was changed.
            DatabaseError, ObjectStoreError: away; the same call may be made again.
        """
        started_at = time.time()
        outputs: list[ModelOutputs] = ray.get(list(scores))
        report = _report(prepared, outputs)
        concluded_at = time.time()
        self._queue.finish(prepared.claim, self._result(prepared.claim, report, prepared.detector))
        assert report.verdict is not None, "conclude gives one"
        spans = (
            StageSpan("conclude", started_at, concluded_at),
            StageSpan("write", concluded_at, time.time()),
        )
        return Ended(ItemState.DONE, report.verdict.kind.value, spans)

    @ray.method
    def fail(self, failed: Failed) -> ItemState:
        """End an item for good, with a report that says what failed.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was changed.
            DatabaseError, ObjectStoreError: away; the same call may be made again.
        """
        claim, failure = failed.claim, failed.failure
        report = failed_report(
            _item(claim), failed.media, failed.custody, failure, failed.models, claim.options
        )
        result = self._result(claim, report, failed.detector)
        return self._queue.fail(claim, failure, failed.cause, None, result)

    def _result(self, claim: ItemClaim, report: MediaReport, detector: DetectorFacts) -> ItemResult:
        """Render an item's reports and put them into the object store."""
        job_name = self._queue.desk.job_status(claim.job_id).name
        context = ReportContext(
            report_id=f"{claim.job_id}-{claim.item_id}-{claim.attempt}",
            attempt=claim.attempt,
            issued_at=datetime.now(UTC),
            customer=claim.account_id,
            job_name=job_name,
        )
        document = to_document(report, detector.card, context)
        rendered = {
            "json": to_json(document),
            "pdf": to_pdf(document),
            "csv": to_csv(document),
        }
        files = tuple(self._put(claim, kind, content) for kind, content in rendered.items())
        return ItemResult(report, rendered["json"], document.findings_sha256, files)

    def _put(self, claim: ItemClaim, kind: str, content: bytes) -> ReportFile:
        """Put one file.

        Raises:
            ObjectStoreError: not now. A store that worked when the fleet started and refuses us now
                is the operator's to mend, never the item's fault: the item waits.
        """
        content_type = _CONTENT_TYPES[kind]
        try:
            kept = put_object(self._engine, self._store, claim.account_id, content, content_type)
        except (AccessError, ConfigError) as error:
            raise ObjectStoreError(error.message, OBJECT_STORE_REFUSES) from error
        file_name = f"verity-{claim.job_id}-{claim.item_id}.{kind}"
        return ReportFile(kind, kept.key, kept.sha256, kept.size_bytes, file_name, content_type)


def _report(prepared: Prepared, outputs: Sequence[ModelOutputs]) -> MediaReport:
    """Return what the analysis found, as `pipeline.analyse.analyse` would."""
    detector = prepared.detector
    started = time.perf_counter()
    scores, verdict = conclude(prepared.facts, outputs, detector.card, detector.use.sha256)
    timings_s = {**prepared.timings_s, "conclude": time.perf_counter() - started}
    return MediaReport(
        item=_item(prepared.claim),
        media=prepared.media,
        custody=prepared.custody,
        scores=scores,
        verdict=verdict,
        failure=None,
        models=prepared.models,
        options=prepared.claim.options,
        versions=tool_versions(),
        timings_s=timings_s,
        analysed_at=datetime.now(UTC),
    )


def _item(claim: ItemClaim) -> MediaItem:
    return MediaItem(claim.item_id, claim.job_id, claim.source_uri, claim.title)
