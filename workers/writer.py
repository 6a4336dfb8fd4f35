"""The Writer actor: concludes, renders JSON, PDF and CSV, puts them, then the one fenced finish."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import ray

from jobs.labels import split_labels
from jobs.retry import OBJECT_STORE_REFUSES
from jobs.spec import AttemptEnd, ItemClaim, ItemResult, ItemState, ReportFile
from jobs.work_queue import WorkQueue
from pipeline.analyse import conclude, failed_report, tool_versions
from pipeline.derivation import derivation_of, this_machine
from pipeline.errors import AccessError, ConfigError, ObjectStoreError
from pipeline.strongest import heard_segments, strongest_segments
from pipeline.traces import SoundArray, Traces
from pipeline.vocabulary import (
    Custody,
    Failure,
    FloatArray,
    MediaFile,
    MediaItem,
    MediaReport,
    ModelOutputs,
    ModelUse,
    SegmentFacts,
)
from reports.custody_parts import signer_of_key
from reports.document import ReportContext, ReportDocument, to_document
from reports.reissue import reissue
from reports.rendering import RenderedFile, render
from reports.signing_keys import SigningKey
from reports.sound_parts import to_clips
from reports.stamping import Stamper, open_stamper
from storage.database import connect_engine
from storage.egress_policy import EgressPolicy
from storage.embedding_rows import SearchLimits
from storage.kept_objects import put_objects
from storage.objects import open_object_store
from storage.reuse_rows import EarlierFacts
from storage.settings import StorageSettings
from workers.basis import basis_of
from workers.path_guard import guard_paths
from workers.reuse import Reusable, checked_document, clips_of, name_notes_of, own_report
from workers.scorer import DetectorFacts
from workers.walk_values import ActorFacts, StageSpan, Watched, here

WRITES_AT_ONCE = 2  # half of its time on an item a writer waits for store and database


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """What a writer needs on its node."""

    storage: StorageSettings  # with the URL of a database that is migrated
    lease_s: float
    signing_key: SigningKey | None = None  # None: reports are not signed
    egress: EgressPolicy = field(default_factory=EgressPolicy)  # for time stamp authorities


@dataclass(frozen=True, slots=True)
class Prepared:
    """An item when its last segment is scored; its scores and its sound travel beside it."""

    claim: ItemClaim
    media: MediaFile
    custody: Custody | None
    facts: tuple[SegmentFacts, ...]  # one a batch
    detector: DetectorFacts
    models: tuple[ModelUse, ...]
    timings_s: dict[str, float]
    watched: Watched | None = None
    llr_changes: FloatArray | None = None  # of the strongest segments, see `pipeline.occlusion`


@dataclass(frozen=True, slots=True)
class Failed:
    """An item whose last attempt did not get to a verdict."""

    claim: ItemClaim
    failure: Failure
    cause: AttemptEnd
    media: MediaFile | None  # as far as they were known
    custody: Custody | None
    detector: DetectorFacts | None  # None: the one that was asked for was not loaded
    models: tuple[ModelUse, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """Where an item stands after its attempt."""

    state: ItemState
    verdict: str = ""  # a VerdictKind, "" where there is none
    spans: tuple[StageSpan, ...] = ()


class Writer:
    """Holds a database engine and an object store for the actor's life.

    Its methods may run in several threads: while the files of one item are put and its end is
    committed, the report of the next one is rendered.
    """

    def __init__(self, settings: WriterSettings) -> None:
        """Keep the settings; `open` connects."""
        self._settings = settings
        self._rendering = threading.Lock()  # two long reports at once would need twice the memory

    @ray.method
    def open(self) -> tuple[ActorFacts, None]:
        """Open database and object store; return where this runs."""
        guard_paths()
        url = self._settings.storage.database_url
        if url is None:
            raise ConfigError("A writer needs the URL of the database.")
        self._engine = connect_engine(url.get_secret_value(), kept=WRITES_AT_ONCE)
        self._store = open_object_store(self._settings.storage)
        storage = self._settings.storage
        self._stamper: Stamper | None = None
        if storage.evidence.is_stamping:  # for the process's life: it ends with it
            urls = storage.evidence.stamp_authorities
            self._stack = ExitStack()  # held: what it has entered ends with it
            self._stamper = self._stack.enter_context(open_stamper(urls, self._settings.egress))
        self._queue = WorkQueue(
            self._engine,
            self._settings.lease_s,
            may_listen=False,
            search=SearchLimits(storage.search_segments, storage.search_items),
        )
        return here(), None

    @ray.method
    def finish(self, prepared: Prepared, heard: Sequence[int], *arrays: Any) -> Ended:  # noqa: ANN401
        """Conclude and write an item's result.

        Args:
            prepared: the item.
            heard: numbers of the batches that may hold the strongest segments.
            arrays: the ModelOutputs of each batch, in order; then the sound of each that is `heard`.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was changed.
            DatabaseError, ObjectStoreError: away; the same call may be made again.
        """
        started_at = time.time()
        n_batches = len(prepared.facts)
        outputs: Sequence[ModelOutputs] = arrays[:n_batches]
        sounds: Mapping[int, SoundArray] = dict(zip(heard, arrays[n_batches:], strict=True))
        report = _report(prepared, outputs, sounds)
        concluded_at = time.time()
        self._queue.finish(prepared.claim, self._result(prepared.claim, report, prepared.detector))
        assert report.verdict is not None, "conclude gives one"
        spans = (
            StageSpan("conclude", started_at, concluded_at),
            StageSpan("write", concluded_at, time.time()),
        )
        return Ended(ItemState.DONE, report.verdict.kind.value, spans)

    @ray.method
    def reuse(self, item: Reusable) -> Ended | None:
        """Write an item's result with an earlier analysis; None: that is gone or damaged.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was changed.
            DatabaseError, ObjectStoreError: away; the same call may be made again.
        """
        started_at = time.time()
        facts = self._queue.earlier.read(item.claim, item.analysis_id)
        document = None if facts is None else checked_document(facts, item)
        if facts is None or document is None:
            return None
        clips = self._clips(facts, document)
        if clips is None:
            return None
        report = own_report(facts, document, item)
        own = to_document(report, item.detector.card, self._context(item.claim))
        document = reissue(document, own, name_notes_of(document, item))
        result = self._rendered(item.claim, report, document, clips)
        self._queue.finish(item.claim, replace(result, reused_item_id=facts.item_id))
        assert report.verdict is not None, "checked_document asks for one"
        spans = (StageSpan("write", started_at, time.time()),)
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

    def _result(
        self, claim: ItemClaim, report: MediaReport, detector: DetectorFacts | None
    ) -> ItemResult:
        """Make an item's report, render it and put it into the object store."""
        card = None if detector is None else detector.card
        document = to_document(report, card, self._context(claim))
        return self._rendered(claim, report, document, to_clips(report))

    def _context(self, claim: ItemClaim) -> ReportContext:
        key = self._settings.signing_key
        return ReportContext(
            report_id=f"{claim.job_id}-{claim.item_id}-{claim.attempt}",
            attempt=claim.attempt,
            issued_at=datetime.now(UTC),
            customer=claim.account_id,
            job_name=claim.job_name,
            requested_at=claim.requested_at,
            signer=None if key is None else signer_of_key(key),
            labels=split_labels(claim.facts.get("labels", "")),
            list_priority=claim.facts.get("priority", ""),
        )

    def _rendered(
        self,
        claim: ItemClaim,
        report: MediaReport,
        document: ReportDocument,
        clips: Mapping[str, bytes],
    ) -> ItemResult:
        """Render a report and put its files into the object store."""
        with self._rendering:
            rendered = render(document, clips, self._settings.signing_key)
        if self._stamper is not None:  # without one that is away: it can be stamped later
            rendered, _ = self._stamper.stamp_files(rendered)
        return ItemResult(
            report,
            rendered[0].content,
            document.findings_sha256,
            files=self._put(claim, rendered),
            basis_sha256=basis_of(report.models, report.options) if report.verdict else "",
        )

    def _clips(self, facts: EarlierFacts, document: ReportDocument) -> Mapping[str, bytes] | None:
        try:
            return clips_of(facts, document, self._store)
        except (AccessError, ConfigError) as error:
            raise ObjectStoreError(error.message, OBJECT_STORE_REFUSES) from error

    def _put(self, claim: ItemClaim, rendered: Sequence[RenderedFile]) -> tuple[ReportFile, ...]:
        """Put a report's files.

        Raises:
            ObjectStoreError: not now. A store that worked when the fleet started and refuses us now
                is the operator's to mend, never the item's fault: the item waits.
        """
        contents = [(file.content, file.content_type) for file in rendered]
        try:
            kept = put_objects(self._engine, self._store, claim.account_id, contents)
        except (AccessError, ConfigError) as error:
            raise ObjectStoreError(error.message, OBJECT_STORE_REFUSES) from error
        stem = f"verity-{claim.job_id}-{claim.item_id}"
        return tuple(
            ReportFile(
                file.kind, it.key, it.sha256, it.size_bytes, stem + file.ending, file.content_type
            )
            for file, it in zip(rendered, kept, strict=True)
        )


def _report(
    prepared: Prepared, outputs: Sequence[ModelOutputs], sounds: Mapping[int, SoundArray]
) -> MediaReport:
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
        traces=_traces(prepared, outputs, sounds),
    )


def _traces(
    prepared: Prepared, outputs: Sequence[ModelOutputs], sounds: Mapping[int, SoundArray]
) -> Traces:
    """Return what was noted beside the numbers, as `pipeline.analyse.analyse` would."""
    card, watched = prepared.detector.card, prepared.watched
    cm_scores = [output.cm_score for output in outputs]
    strongest = strongest_segments(prepared.facts, cm_scores, sounds)
    separated = {} if watched is None else watched.separated_sha256
    ran_on = (None if watched is None else watched.machine, prepared.detector.machine)
    return Traces(
        pictures=() if watched is None else watched.pictures,
        heard=heard_segments(
            prepared.facts, strongest, sounds, card.sample_rate, prepared.llr_changes
        ),
        derivation=derivation_of(prepared.media, card.sample_rate, separated, prepared.models),
        machines=(*filter(None, ran_on), this_machine("conclude, write")),
    )


def _item(claim: ItemClaim) -> MediaItem:
    return MediaItem(claim.item_id, claim.job_id, claim.source_uri, claim.title)
