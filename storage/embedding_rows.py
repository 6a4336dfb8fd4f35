"""Embeddings in SQL: written with an item's result, found by nearness, bounded, gone with the result.

Vectors lie in `item_embedding`: one of the whole item (the mean of its judged segments) and a few of
single segments. Accounts are walls: every statement that looks asks for one account. Small accounts
are looked through row by row, exactly; large ones by HNSW (Malkov and Yashunin, arXiv:1603.09320),
whose scan goes on until enough rows of the account were met.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, insert, text

from pipeline.vocabulary import FloatArray, IntArray, MediaReport, Reason, SegmentScores, Variant
from storage.embedding_tables import INDEXED_LENGTH, WHOLE, EmbeddingRow
from storage.end_rows import EndedFacts

EXACT_BELOW = 20_000  # vectors of one account that are compared one by one: about 10 ms
SCANNED_AT_MOST = 100_000  # rows that HNSW goes on to for an account among others
EF_SEARCH = 100  # candidates that HNSW keeps: pgvector's 40 loses about 1 in 20 neighbours
_NO_SUM = 1e-6  # a mean shorter than this has no direction


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """How much is kept for searches."""

    segments_an_item: int = 8  # beside the item's own vector; 0: items alone
    items_an_account: int = 1_000_000  # the oldest ones go first


@dataclass(frozen=True, slots=True)
class NearRow:
    """A vector near another one."""

    item_id: int
    place: int  # WHOLE, or a segment's
    start_s: float
    end_s: float
    cosine: float  # similarity, -1 to 1


@dataclass(frozen=True, slots=True)
class ItemVectors:
    """An item's judged segments of one channel, in order of time."""

    item_id: int
    account_id: str
    detector: str
    start_s: NDArray[np.float64]  # (n,)
    end_s: NDArray[np.float64]  # (n,)
    vectors: FloatArray  # (n, d), unit norm


def write_embeddings(
    connection: Connection, item: EndedFacts, report: MediaReport, limits: SearchLimits
) -> None:
    """Write an item's vectors beside its analysis, in place of what an earlier try left."""
    connection.execute(delete(EmbeddingRow).where(EmbeddingRow.item_id == item.item_id))
    detector = next((model.sha256 for model in report.models if model.role == "detector"), None)
    if report.scores is None or detector is None or limits.items_an_account < 1:
        return
    rows = judged_rows(report.scores)
    facts, scores = report.scores.facts, report.scores
    judged = _Judged(
        facts.start_s[rows],
        facts.end_s[rows],
        facts.track[rows],
        facts.channel[rows],
        scores.llr[rows],
        scores.embedding[rows],
    )
    whose = {"item_id": item.item_id, "account_id": item.account_id, "job_id": item.job_id}
    _insert(connection, {**whose, "detector": detector}, judged, limits)


@dataclass(frozen=True, slots=True)
class _Judged:
    """An item's judged segments, in order; every field has one entry a segment."""

    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    track: IntArray
    channel: IntArray
    llr: FloatArray
    vectors: FloatArray  # (n, d)


def _insert(
    connection: Connection, whose: dict[str, object], judged: _Judged, limits: SearchLimits
) -> None:
    """Write the item's own vector and those of its chosen segments; none where none was judged."""
    mean = mean_direction(judged.vectors) if len(judged.vectors) else None
    if mean is None:
        return
    chosen = chosen_segments(judged.llr, limits.segments_an_item)
    rows = [
        {
            "place": place,
            "start_s": float(judged.start_s[row]),
            "end_s": float(judged.end_s[row]),
            "track": int(judged.track[row]),
            "channel": int(judged.channel[row]),
            "llr": float(judged.llr[row]),
            "embedding": judged.vectors[row],
        }
        for place, row in enumerate(chosen.tolist(), start=WHOLE + 1)
    ]
    whole: dict[str, object] = {
        "place": WHOLE,
        "start_s": float(judged.start_s.min()),
        "end_s": float(judged.end_s.max()),
        "track": int(judged.track[0]),
        "channel": int(judged.channel[0]),
        "llr": None,
        "embedding": mean,
    }
    connection.execute(insert(EmbeddingRow), [{**whose, **row} for row in (whole, *rows)])


def judged_rows(scores: SegmentScores) -> IntArray:
    """Return the segments of the recording as it is that were scored, in order."""
    facts = scores.facts
    is_judged = (facts.reason == Reason.NONE.value) & (facts.variant == Variant.RECORDED.value)
    is_judged &= np.isfinite(scores.embedding).all(axis=1) & np.isfinite(scores.llr)
    return np.flatnonzero(is_judged)


def mean_direction(vectors: FloatArray) -> FloatArray | None:
    """Return the unit vector of the mean of (n, d) vectors; None where they cancel out."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    return None if length < _NO_SUM else (mean / length).astype(np.float32)


def chosen_segments(llr: FloatArray, most: int) -> IntArray:
    """Return at most `most` of n segments: half that speak most for synthesis, half evenly spread.

    Args:
        llr: (n,), in order of time.
        most: how many; 0: none.
    """
    if len(llr) <= most:
        return np.arange(len(llr))
    n_lowest = most // 2
    lowest = np.argsort(llr, kind="stable")[:n_lowest]
    rest = np.setdiff1d(np.arange(len(llr)), lowest)
    spread = rest[np.linspace(0, len(rest) - 1, most - n_lowest).round().astype(np.int64)]
    return np.union1d(lowest, spread)


_VECTORS = text("""
SELECT a.item_id, i.account_id, a.detector, s.start_s, s.end_s, s.track, s.channel,
       s.embedding::real[] AS embedding
FROM any_item i
JOIN analysis own ON own.item_id = i.item_id
JOIN analysis a ON a.item_id = coalesce(own.reused_item_id, own.item_id)
    AND a.account_id = i.account_id
JOIN segment s ON s.analysis_id = a.analysis_id
WHERE i.item_id = :item_id AND i.account_id = :account_id AND s.reason = ''
  AND s.variant = 'recorded' AND s.embedding IS NOT NULL
  AND (CAST(:from_s AS float8) IS NULL OR s.end_s > :from_s)
  AND (CAST(:to_s AS float8) IS NULL OR s.start_s < :to_s)
ORDER BY s.number LIMIT :most
""")
MOST_SEGMENTS = 50_000  # of one item that are read at once: 12 h at a hop of 1 s, 10 MB


def read_item_vectors(
    connection: Connection,
    account_id: str,
    item_id: int,
    from_s: float | None = None,
    to_s: float | None = None,
    most: int = MOST_SEGMENTS,
) -> ItemVectors | None:
    """Return an item's judged segments, those that touch a stretch where one is named, the first `most`.

    Of several channels the one with most judged segments; None: there is none, or not in the account.
    """
    rows = connection.execute(
        _VECTORS,
        {
            "item_id": item_id,
            "account_id": account_id,
            "from_s": from_s,
            "to_s": to_s,
            "most": most,
        },
    ).all()
    if not rows:
        return None
    lanes: dict[tuple[int, int], list[Any]] = {}
    for row in rows:
        lanes.setdefault((row.track, row.channel), []).append(row)
    lane = max(lanes.values(), key=len)
    return ItemVectors(
        item_id,
        lane[0].account_id,
        lane[0].detector or "",
        np.array([row.start_s for row in lane]),
        np.array([row.end_s for row in lane]),
        np.array([row.embedding for row in lane], np.float32),
    )


_HOW_MANY = text("""
SELECT count(*) FROM (
    SELECT item_id FROM item_embedding
    WHERE account_id = :account_id AND detector = :detector LIMIT :most
) few
""")
_COLUMNS = "item_id, place, start_s, end_s"
_WHERE = """
FROM item_embedding WHERE account_id = :account_id AND detector = :detector AND place {place}
AND vector_dims(embedding) = :n_dimensions AND item_id <> ALL(:without)"""
# `+ 0` keeps the planner from an index whose rows are mostly other accounts'
_EXACT = """
SELECT {columns}, 1 - distance AS cosine FROM (
    SELECT {columns}, embedding <=> CAST(:wanted AS vector) AS distance {where}
) near ORDER BY distance + 0 LIMIT :most"""
_BY_INDEX = """
SELECT {columns}, 1 - ((embedding::vector({length})) <=> CAST(:wanted AS vector({length}))) AS cosine
{where} AND vector_dims(embedding) = {length}
ORDER BY (embedding::vector({length})) <=> CAST(:wanted AS vector({length})) LIMIT :most"""
_PLACES = {"items": f"= {WHOLE}", "segments": f"> {WHOLE}"}
_EXACTLY = {
    kind: text(_EXACT.format(columns=_COLUMNS, where=_WHERE.format(place=place)))
    for kind, place in _PLACES.items()
}
_INDEXED = {
    kind: text(
        _BY_INDEX.format(columns=_COLUMNS, where=_WHERE.format(place=place), length=INDEXED_LENGTH)
    )
    for kind, place in _PLACES.items()
}


def find_nearest(
    connection: Connection,
    like: ItemVectors,
    wanted: FloatArray,
    kind: str,
    most: int,
    exact_below: int = EXACT_BELOW,
) -> list[NearRow]:
    """Return an account's vectors that are nearest to one, nearest first, the item's own left out.

    Args:
        connection: in a transaction of its own.
        like: whose account and detector; vectors of other detectors cannot be compared.
        wanted: (d,), unit norm.
        kind: `items` or `segments`.
        most: how many.
        exact_below: vectors of the account up to which all are compared.
    """
    values: dict[str, object] = {
        "account_id": like.account_id,
        "detector": like.detector,
        "n_dimensions": len(wanted),
        "without": [like.item_id],
        "wanted": str(wanted.tolist()),
        "most": most,
    }
    n_rows = connection.scalar(_HOW_MANY, {**values, "most": exact_below})
    is_indexed = len(wanted) == INDEXED_LENGTH and n_rows is not None and n_rows >= exact_below
    if is_indexed and _scans_on(connection):
        rows = connection.execute(_INDEXED[kind], values)
    else:
        rows = connection.execute(_EXACTLY[kind], values)
    return [NearRow(**row) for row in rows.mappings()]


def _scans_on(connection: Connection) -> bool:
    """Let HNSW go on past other accounts' rows; False: this pgvector (before 0.8) cannot."""
    version = connection.scalar(
        text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    )
    if tuple(int(part) for part in str(version).split(".")[:2]) < (0, 8):
        return False
    for name, value in (
        ("iterative_scan", "strict_order"),
        ("max_scan_tuples", SCANNED_AT_MOST),
        ("ef_search", EF_SEARCH),
    ):
        connection.execute(text(f"SET LOCAL hnsw.{name} = {value}"))  # our own numbers and words
    return True


_OVER = text("""
DELETE FROM item_embedding WHERE account_id = :account_id AND item_id <= (
    SELECT item_id FROM item_embedding WHERE account_id = :account_id AND place = 0
    ORDER BY item_id DESC OFFSET :kept LIMIT 1)
""")


def forget_oldest(connection: Connection, limits: SearchLimits) -> int:
    """Delete the vectors of each account's oldest items beyond the limit; return how many rows."""
    accounts = connection.scalars(text("SELECT account_id FROM account ORDER BY account_id")).all()
    return sum(
        connection.execute(
            _OVER, {"account_id": account_id, "kept": limits.items_an_account}
        ).rowcount
        for account_id in accounts
    )


_UNFILLED = text("""
SELECT a.item_id, a.job_id, a.account_id, a.detector, a.analysis_id FROM analysis a
WHERE a.item_id > :after AND a.detector IS NOT NULL AND a.reused_item_id IS NULL
  AND NOT EXISTS (SELECT FROM item_embedding e WHERE e.item_id = a.item_id)
ORDER BY a.item_id LIMIT :most
""")
_SEGMENTS = text("""
SELECT start_s, end_s, track, channel, llr, embedding::real[] AS embedding FROM segment
WHERE analysis_id = :analysis_id AND reason = '' AND variant = 'recorded'
  AND embedding IS NOT NULL AND llr IS NOT NULL ORDER BY number LIMIT :most
""")


def fill_page(connection: Connection, after: int, most: int, limits: SearchLimits) -> Sequence[int]:
    """Write the vectors of a page of items that have none, from their segments; return the items.

    For items that were analysed before there was this table, or while the limit was lower.
    """
    items = connection.execute(_UNFILLED, {"after": after, "most": most}).all()
    for item in items:
        rows = connection.execute(
            _SEGMENTS, {"analysis_id": item.analysis_id, "most": MOST_SEGMENTS}
        ).all()
        if not rows:
            continue
        judged = _Judged(
            np.array([row.start_s for row in rows]),
            np.array([row.end_s for row in rows]),
            np.array([row.track for row in rows]),
            np.array([row.channel for row in rows]),
            np.array([row.llr for row in rows], np.float32),
            np.array([row.embedding for row in rows], np.float32),
        )
        whose = {"item_id": item.item_id, "account_id": item.account_id, "job_id": item.job_id}
        _insert(connection, {**whose, "detector": item.detector}, judged, limits)
    return [item.item_id for item in items]


_FACTS = text("""
SELECT i.item_id, i.job_id, i.title, i.source_uri, i.verdict, i.llr, i.finished_at
FROM any_item i WHERE i.account_id = :account_id AND i.item_id IN :items
""").bindparams(bindparam("items", expanding=True))


def read_found_items(
    connection: Connection, account_id: str, item_ids: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """Return what people are told of found items, by item; none of another account."""
    if not item_ids:
        return {}
    rows = connection.execute(_FACTS, {"account_id": account_id, "items": list(item_ids)})
    return {row["item_id"]: dict(row) for row in rows.mappings()}
