"""Jobs of many ended items, written straight into the tables: for tests and for `bench.job_reports`.

The queue would take minutes for 100 000 items. What is written is what `finish` writes: items, media,
analyses, segments, embeddings; reports' documents only where a test asks for them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from storage.embedding_tables import INDEXED_LENGTH

DETECTOR = "d" * 64
DETECTOR_NAME = "phase_fusion_v2"
LIMIT = float(np.log(48))
_ENDED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_CODES = ("fetch_failed", "media_corrupt", "access_denied")
_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Filling:
    """What a job is made of."""

    n_items: int
    n_segments: int = 6
    seed: int = 0
    title: str = "Item {n}"
    uri: str = "https://media.example/{n}.mp3"
    name: str = "Tuesday"
    sources: tuple[str, ...] = ("https://media.example/feed",)
    n_systems: int = 5  # manners of synthesis
    n_copies: int = 0  # the last items are the first ones again, in other bytes
    n_same: int = 0  # items before those are the first ones again, byte for byte
    account_id: str = "default"
    with_documents: bool = False


def fill_job(engine: Engine, filling: Filling) -> int:
    """Write a job with its ended items; return its number."""
    with engine.begin() as connection:
        _name_model(connection)
        job_id: int = connection.execute(
            text(
                "INSERT INTO job (account_id, name, sources, priority, options, n_total, n_done,"
                " n_failed, closed_at) VALUES (:account, :name, :sources, 1, '{}', :n, :done,"
                " :failed, clock_timestamp()) RETURNING job_id"
            ),
            {
                "account": filling.account_id,
                "name": filling.name,
                "sources": list(filling.sources),
                "n": filling.n_items,
                "done": filling.n_items - _n_failed(filling),
                "failed": _n_failed(filling),
            },
        ).scalar_one()
        first_id = int(
            connection.scalar(text("SELECT coalesce(max(item_id), 0) FROM any_item")) or 0
        )
        first_media = int(
            connection.scalar(text("SELECT coalesce(max(media_id), 0) FROM media")) or 0
        )
        for start in range(0, filling.n_items, _ROWS_AT_ONCE):
            rows = range(start, min(start + _ROWS_AT_ONCE, filling.n_items))
            _fill(connection, filling, job_id, rows, first_id + 1, first_media + 1)
        for table, column in (("item", "item_id"), ("media", "media_id")):
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"  # noqa: S608
                    f" (SELECT max({column}) FROM {table}))"
                )
            )
    return job_id


def is_failed(n: int) -> bool:
    return n % 25 == 24


def verdict_of(n: int) -> tuple[str, str, float]:
    """Return an item's verdict, reason and LLR."""
    kind = n % 10
    if kind == 0:
        return "synthetic", "", -2.0 - (n % 7) / 4
    if kind == 1:
        return "partly_synthetic", "", 0.2
    if kind in (2, 3):
        return "inconclusive", "weak_evidence", 0.1
    if kind == 4:
        return "not_applicable", "music", float("nan")
    return "no_evidence", "", 1.5 + (n % 5) / 4


def _n_failed(filling: Filling) -> int:
    return sum(map(is_failed, range(filling.n_items)))


def _same_as(filling: Filling, n: int) -> tuple[int, bool]:
    """Return the item whose sound an item has, and whether the bytes are the same too."""
    if n >= filling.n_items - filling.n_copies:
        return n - (filling.n_items - filling.n_copies), False
    if n >= filling.n_items - filling.n_copies - filling.n_same:
        return n - (filling.n_items - filling.n_copies - filling.n_same), True
    return n, True


def _name_model(connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO model (sha256, name, role) VALUES (:sha256, :name, 'detector')"
            " ON CONFLICT DO NOTHING"
        ),
        {"sha256": DETECTOR, "name": DETECTOR_NAME},
    )


def sound_of(filling: Filling, n: int) -> NDArray[np.float32]:
    """Return the vectors of an item's segments, (n_segments, 48), unit norm."""
    original, is_same = _same_as(filling, n)
    random = np.random.default_rng([filling.seed, original])
    centres = np.random.default_rng([filling.seed, 10**6])
    systems = centres.standard_normal((filling.n_systems, INDEXED_LENGTH))
    vectors = random.standard_normal((filling.n_segments, INDEXED_LENGTH)) * 0.9
    if verdict_of(original)[0] in ("synthetic", "partly_synthetic"):
        vectors = systems[original // 10 % filling.n_systems] + vectors * 0.85
    if not is_same:
        vectors = vectors + random.standard_normal(vectors.shape) * 0.1
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(unit, np.float32)


def _fill(
    connection: Connection,
    filling: Filling,
    job_id: int,
    rows: Sequence[int],
    first_id: int,
    first_media: int,
) -> None:
    tables: list[list[tuple[object, ...]]] = [[] for _ in range(6)]
    items, media, analyses, segments, embeddings, documents = tables
    for n in rows:
        item_id, (original, is_same) = first_id + n, _same_as(filling, n)
        media_id = first_media + (original if is_same else n)
        verdict, reason, llr = verdict_of(n)
        failed = is_failed(n)
        shown = None if failed or np.isnan(llr) else llr
        code = _CODES[n % len(_CODES)] if failed else ""
        uri, title = filling.uri.format(n=n), filling.title.format(n=n)
        items.append(
            (item_id, job_id, filling.account_id, "media", "failed" if failed else "done", 2, uri,
             title, f"media:{n}", _ENDED, "" if failed else verdict, "" if failed else reason,
             shown, None if failed else float(filling.n_segments), code,
             f"It failed: {code}." if failed else "")
        )  # fmt: skip
        if media_id == first_media + n:
            sha256 = f"{job_id:08x}{n:056x}"
            media.append((media_id, filling.account_id, sha256, 1_000 + n))
        spans = [{"start_s": 1, "end_s": 3, "track": 0, "channel": 0, "llr": -2.5}]
        has_spans = not failed and verdict == "partly_synthetic"
        analyses.append(
            (item_id, item_id, job_id, filling.account_id, None if failed else media_id,
             None if failed else DETECTOR, Jsonb({}), None if failed else verdict,
             None if failed else reason, shown, None if failed else LIMIT,
             float(filling.n_segments), Jsonb(spans if has_spans else []), code or None,
             Jsonb({}), Jsonb({}), _ENDED)
        )  # fmt: skip
        if filling.with_documents:
            rates = {"bonafide_rejected_rate": 0.1}
            document = {"findings": {"verdict": None if failed else {"error_rates": rates}}}
            documents.append((item_id, job_id, filling.account_id, Jsonb(document), "f" * 64))
        if failed or verdict == "not_applicable":
            continue
        vectors = sound_of(filling, n)
        levels = np.where(np.arange(filling.n_segments) < 3, -2.0, 1.0) if has_spans else None
        for number, vector in enumerate(vectors):
            level = float(llr if levels is None else levels[number])
            segments.append(
                (item_id, number, float(number), number + 1.0, 0, 0, "recorded", "", 0, 1.0, 0.0,
                 level, level, vector)
            )  # fmt: skip
        mean = vectors.mean(axis=0)
        whose = (filling.account_id, job_id, DETECTOR)
        embeddings.append(
            (item_id, 0, *whose, 0.0, float(filling.n_segments), 0, 0, None,
             mean / np.linalg.norm(mean))
        )  # fmt: skip
        for place in range(1, min(3, filling.n_segments + 1)):
            level = float(llr if levels is None else levels[place - 1])
            embeddings.append(
                (item_id, place, *whose, place - 1.0, float(place), 0, 0, level, vectors[place - 1])
            )
    _copy(connection, "item (item_id, job_id, account_id, kind, state, priority, source_uri, title,"
          " source_key, finished_at, verdict, reason, llr, voiced_s, error_code, error_message)",
          ("int8", "int8", "text", "text", "text", "int2", "text", "text", "text", "timestamptz",
           "text", "text", "float8", "float8", "text", "text"), items)  # fmt: skip
    _copy(connection, "media (media_id, account_id, sha256, size_bytes)",
          ("int8", "text", "text", "int8"), media)  # fmt: skip
    _copy(connection, "analysis (analysis_id, item_id, job_id, account_id, media_id, detector,"
          " options, verdict, reason, llr, llr_limit, voiced_s, spans, error_code, versions,"
          " timings_s, analysed_at)",
          ("int8", "int8", "int8", "text", "int8", "text", "jsonb", "text", "text", "float8",
           "float8", "float8", "jsonb", "text", "jsonb", "jsonb", "timestamptz"), analyses)  # fmt: skip
    _copy(connection, "segment (analysis_id, number, start_s, end_s, track, channel, variant,"
          " reason, quality, voiced_share, removed_share, cm_score, llr, embedding)",
          ("int8", "int4", "float8", "float8", "int2", "int2", "text", "text", "int4", "float4",
           "float4", "float4", "float4", "vector"), segments)  # fmt: skip
    _copy(connection, "item_embedding (item_id, place, account_id, job_id, detector, start_s,"
          " end_s, track, channel, llr, embedding)",
          ("int8", "int4", "text", "int8", "text", "float8", "float8", "int2", "int2", "float4",
           "vector"), embeddings)  # fmt: skip
    if documents:
        _copy(connection, "report (item_id, job_id, account_id, document, findings_sha256)",
              ("int8", "int8", "text", "jsonb", "text"), documents)  # fmt: skip


def _copy(
    connection: Connection, into: str, types: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    register_vector(driver)
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {into} FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
