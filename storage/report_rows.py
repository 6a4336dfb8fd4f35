"""Results in SQL: media, analyses, segments (by COPY), report documents and their files.

All functions write inside the caller's transaction, whose first statement was the fenced update.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from sqlalchemy import Connection, Engine, Text, delete, insert, literal, select, text
from sqlalchemy import cast as cast_as
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from pipeline.vocabulary import FloatArray, MediaFile, MediaReport, SegmentScores
from storage.database import transaction
from storage.end_rows import EndedFacts
from storage.result_tables import AnalysisRow, MediaRow, ModelRow, ReportFileRow, ReportRow
from storage.stored_text import storable

PAGE_REPORTS = 50  # documents a page: long items have documents of megabytes
_COPY_SEGMENTS = """
COPY segment (analysis_id, number, start_s, end_s, track, channel, variant, reason, quality,
              voiced_share, removed_share, cm_score, llr, embedding) FROM STDIN (FORMAT BINARY)
"""
# what `_jsonable` changes, or a text that looks like it
_NOT_JSONB = re.compile(rb"\\u(?:0000|[dD])|[:,\[]\s*-?(?:NaN|Infinity)")
_COPY_TYPES = (
    *("int8", "int4", "float8", "float8", "int2", "int2", "text", "text", "int4"),
    *("float4", "float4", "float4", "float4", "vector"),
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A rendered report as `report_file` names it."""

    kind: str
    key: str
    sha256: str
    size_bytes: int
    file_name: str
    content_type: str


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A committed report of an item."""

    item_id: int
    job_id: int
    title: str
    document: dict[str, Any]
    findings_sha256: str
    files: tuple[StoredFile, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """What an analysis rests on beside the bytes, so that it can be used again."""

    sha256: str | None = None  # None: never used again
    reused_item_id: int | None = None  # the earlier item whose analysis this is


def write_sources(connection: Connection, item: EndedFacts, report: MediaReport) -> None:
    """Write what an analysis refers to, medium and models, and remove what an earlier try found."""
    connection.execute(delete(AnalysisRow).where(AnalysisRow.item_id == item.item_id))
    for model in report.models:
        connection.execute(
            upsert(ModelRow)
            .values(sha256=model.sha256, name=storable(model.name), role=model.role)
            .on_conflict_do_nothing()
        )
    if report.media is not None:
        _write_media(connection, item.account_id, report.media)


def write_analysis(
    connection: Connection, item: EndedFacts, report: MediaReport, basis: Basis = Basis()
) -> int:
    """Write what an analysis found, after `write_sources`; return its id.

    One that was taken from an earlier item has no segments of its own: they are that item's.
    """
    verdict, failure = report.verdict, report.failure
    models = {model.role: model for model in report.models}
    analysis_id: int = connection.execute(
        insert(AnalysisRow)
        .values(
            item_id=item.item_id,
            job_id=item.job_id,
            account_id=item.account_id,
            media_id=None
            if report.media is None
            else select(MediaRow.media_id)
            .where(MediaRow.account_id == item.account_id, MediaRow.sha256 == report.media.sha256)
            .scalar_subquery(),
            detector=models["detector"].sha256 if "detector" in models else None,
            separator=models["separator"].sha256 if "separator" in models else None,
            options=asdict(report.options),
            custody=None if report.custody is None else _jsonable(asdict(report.custody)),
            verdict=verdict and verdict.kind.value,
            reason=verdict and verdict.reason.value,
            llr=verdict and _finite(verdict.llr),
            llr_limit=verdict and _finite(verdict.llr_limit),
            voiced_s=verdict and verdict.voiced_s,
            separated_llr=verdict and _finite(verdict.separated_llr),
            spans=None if verdict is None else _jsonable([asdict(s) for s in verdict.spans]),
            error_code=failure and storable(failure.code),
            error_message=failure and storable(failure.message),
            error_stage=failure and storable(failure.stage),
            versions=_jsonable(report.versions),
            timings_s=_jsonable(report.timings_s),
            analysed_at=report.analysed_at,
            basis_sha256=basis.sha256,
            reused_item_id=basis.reused_item_id,
        )
        .returning(AnalysisRow.analysis_id)
    ).scalar_one()
    if report.scores is not None:
        copy_segments(connection, analysis_id, report.scores)
    return analysis_id


def copy_segments(connection: Connection, analysis_id: int, scores: SegmentScores) -> None:
    """Write one row for each segment by binary COPY; NaN becomes NULL."""
    facts = scores.facts
    columns: Sequence[Sequence[object]] = (
        facts.start_s.tolist(),
        facts.end_s.tolist(),
        facts.track.tolist(),
        facts.channel.tolist(),
        [str(word) for word in facts.variant],
        [str(word) for word in facts.reason],
        facts.quality.tolist(),
        _nullable(facts.voiced_share),
        _nullable(facts.removed_share),
        _nullable(scores.cm_score),
        _nullable(scores.llr),
        _vectors(scores.embedding),
    )
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    if not connection.info.get(
        "knows_vectors"
    ):  # asking the server what they are takes 12 statements
        register_vector(driver)
        connection.info["knows_vectors"] = True
    with driver.cursor() as cursor, cursor.copy(_COPY_SEGMENTS) as copy:
        copy.set_types(_COPY_TYPES)
        for number, row in enumerate(zip(*columns, strict=True)):
            copy.write_row((analysis_id, number, *row))


def write_report(
    connection: Connection,
    item: EndedFacts,
    document: bytes,
    findings_sha256: str,
    files: Sequence[StoredFile],
) -> None:
    """Write a report document and name its files, in place of what an earlier try left.

    The document is JSON in UTF-8; characters that PostgreSQL cannot hold become U+FFFD. The files'
    objects must be known and not on their way out (`object_rows.share_objects`).
    """
    connection.execute(delete(ReportRow).where(ReportRow.item_id == item.item_id))
    connection.execute(
        insert(ReportRow).values(
            item_id=item.item_id,
            job_id=item.job_id,
            account_id=item.account_id,
            document=_as_jsonb(document),
            findings_sha256=findings_sha256,
        )
    )
    if files:
        connection.execute(
            insert(ReportFileRow), [{"item_id": item.item_id, **asdict(file)} for file in files]
        )


_REPORTS = text("""
SELECT r.item_id, r.job_id, i.title, r.document, r.findings_sha256,
       coalesce((SELECT jsonb_agg(to_jsonb(f) - 'item_id' ORDER BY f.kind)
                 FROM report_file f WHERE f.item_id = r.item_id), '[]'::jsonb) AS files
FROM report r JOIN any_item i ON i.item_id = r.item_id
WHERE r.job_id = :job_id AND r.item_id > :after AND i.state IN ('done', 'failed')
ORDER BY r.item_id LIMIT :most
""")


def reports_of(engine: Engine, job_id: int) -> Iterator[StoredReport]:
    """Return a job's reports one by one, in the order of its items; a page is in memory at once."""
    after = 0
    while True:
        with transaction(engine) as connection:
            rows = connection.execute(
                _REPORTS, {"job_id": job_id, "after": after, "most": PAGE_REPORTS}
            )
            page = [_report(dict(row)) for row in rows.mappings()]
        yield from page
        if len(page) < PAGE_REPORTS:
            return
        after = page[-1].item_id


def _report(row: dict[str, Any]) -> StoredReport:
    files = tuple(StoredFile(**file) for file in row["files"])
    return StoredReport(**{**row, "files": files})


def _write_media(connection: Connection, account_id: str, media: MediaFile) -> None:
    probe = None if media.probe is None else _jsonable(asdict(media.probe))
    statement = upsert(MediaRow).values(
        account_id=account_id, sha256=media.sha256, size_bytes=media.size_bytes, probe=probe
    )
    connection.execute(
        statement.inline().on_conflict_do_update(
            constraint="media_bytes",
            set_={"probe": text("coalesce(excluded.probe, media.probe)")},
        )
    )


def _nullable(values: FloatArray) -> list[float | None]:
    """Return (n,) numbers with None where they are not finite."""
    listed: list[float | None] = values.astype(np.float64).tolist()
    for place in np.flatnonzero(~np.isfinite(values)):
        listed[place] = None
    return listed


def _vectors(embedding: FloatArray) -> list[NDArray[np.float32] | None]:
    """Return (n, d) rows with None where one holds a number that is not finite."""
    return [row if np.isfinite(row).all() else None for row in embedding]


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def _as_jsonb(document: bytes) -> Any:  # noqa: ANN401 (any JSON value, or SQL for it)
    """Return a document as a column of JSON takes it: mostly as it is, for the server to read."""
    if _NOT_JSONB.search(document):
        return _jsonable(json.loads(document))
    return cast_as(literal(document.decode(), Text), JSONB)


def _jsonable(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """Return a copy that jsonb can hold: storable text, finite numbers, times in words."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): _jsonable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(part) for part in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return storable(str(value))
