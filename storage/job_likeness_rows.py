"""Which items of a job sound alike: near-duplicates, and pairs of one manner of synthesis.

Vectors come from pgvector's table. Up to `EXACT_UP_TO` all are compared with all, block by block: for
88 000 that is a tenth of the time of asking an index for every one of them, and misses none. Beyond, a
temporary copy of the job's own vectors gets an index (HNSW), so that other jobs' cost nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from pipeline.vocabulary import FloatArray, IntArray
from storage.search_trust import LONG_S, NEAR_ALIGNED_FROM, NEAR_LONG_FROM, NEAR_MEAN_FROM

EXACT_UP_TO = 250_000  # vectors: about 3 minutes of one core, 50 MB
NEIGHBOURS = 8  # of each item that are told of, so that a thousand copies are no million pairs
EF_SEARCH = 40  # the nearest are wanted, of every item
MOST_LOOKED_AT = 20_000  # nearest pairs whose seconds are compared: 5 ms each when busy
PAIRS_AT_ONCE = 500
MOST_ALIGNED = 60  # segments of a pair that are compared second by second
_BUILD_MEMORY = "256MB"  # an index that does not fit is built much more slowly
_BLOCK_CELLS = 16_000_000  # cosines in memory at once: 64 MB


@dataclass(frozen=True, slots=True)
class AlikePair:
    """Two items that sound alike; the first has the lower number."""

    first_id: int
    second_id: int
    cosine: float  # of the means
    aligned: float | None  # mean over the seconds that both have; None: not looked at


_WHOLE = """
SELECT a.item_id, a.media_id, e.embedding::vector({length}) AS embedding
FROM analysis a
JOIN item_embedding e ON e.item_id = coalesce(a.reused_item_id, a.item_id) AND e.place = 0
    AND e.account_id = a.account_id
WHERE a.job_id = :job_id AND vector_dims(e.embedding) = {length} AND e.detector = :detector
"""
# Of a partly synthetic item the kept segments that support synthesis stand for it, not the whole.
_SPOOF = """
SELECT i.item_id, i.media_id, v.embedding::vector({length}) AS embedding
FROM (
    SELECT item.item_id, a.media_id, item.verdict, item.account_id,
           coalesce(a.reused_item_id, a.item_id) AS heard_id
    FROM any_item item JOIN analysis a ON a.item_id = item.item_id
    WHERE item.job_id = :job_id AND item.state = 'done'
      AND item.verdict IN ('synthetic', 'partly_synthetic')
    ORDER BY least(item.llr, (SELECT min((span->>'llr')::float8)
                              FROM jsonb_array_elements(
                CASE jsonb_typeof(a.spans) WHEN 'array' THEN a.spans ELSE '[]' END) span)), item.item_id
    LIMIT :most
) i CROSS JOIN LATERAL (
    SELECT l2_normalize(avg(e.embedding)) AS embedding FROM item_embedding e
    WHERE e.item_id = i.heard_id AND e.account_id = i.account_id AND e.detector = :detector
      AND vector_dims(e.embedding) = {length}
      AND (e.place = 0 AND (i.verdict = 'synthetic' OR NOT EXISTS (
               SELECT FROM item_embedding p WHERE p.item_id = i.heard_id AND p.place > 0
                 AND p.llr < 0))
           OR e.place > 0 AND i.verdict = 'partly_synthetic' AND e.llr < 0)
    HAVING count(*) > 0
) v
"""
_DETECTOR = text("""
SELECT e.detector, vector_dims(e.embedding) AS length, count(*) AS n_items FROM analysis a
JOIN item_embedding e ON e.item_id = coalesce(a.reused_item_id, a.item_id) AND e.place = 0
    AND e.account_id = a.account_id
WHERE a.job_id = :job_id GROUP BY 1, 2 ORDER BY n_items DESC, e.detector LIMIT 1
""")
_NEAR = """
SELECT least(this.item_id, near.item_id) AS first_id,
       greatest(this.item_id, near.item_id) AS second_id, max(1 - near.distance) AS cosine
FROM {name} this CROSS JOIN LATERAL (
    SELECT other.item_id, other.media_id, other.embedding <=> this.embedding AS distance
    FROM {name} other WHERE other.item_id <> this.item_id
    ORDER BY other.embedding <=> this.embedding LIMIT {neighbours}
) near
WHERE near.distance <= :farthest AND near.media_id IS DISTINCT FROM this.media_id
GROUP BY 1, 2 ORDER BY cosine DESC, 1, 2
"""
_ALIGNED = text("""
SELECT pair.place, alike.aligned
FROM unnest(CAST(:firsts AS bigint[]), CAST(:seconds AS bigint[]))
    WITH ORDINALITY AS pair(first_id, second_id, place)
CROSS JOIN LATERAL (
    SELECT avg(1 - (f.embedding <=> s.embedding)) AS aligned, count(*) AS n_seconds
    FROM (SELECT s.start_s, s.track, s.channel, s.embedding
          FROM analysis own
          JOIN analysis a ON a.item_id = coalesce(own.reused_item_id, own.item_id)
          JOIN segment s ON s.analysis_id = a.analysis_id
          WHERE own.item_id = pair.first_id AND s.reason = '' AND s.variant = 'recorded'
            AND s.embedding IS NOT NULL ORDER BY s.number LIMIT :most) f
    JOIN (SELECT s.start_s, s.track, s.channel, s.embedding
          FROM analysis own
          JOIN analysis a ON a.item_id = coalesce(own.reused_item_id, own.item_id)
          JOIN segment s ON s.analysis_id = a.analysis_id
          WHERE own.item_id = pair.second_id AND s.reason = '' AND s.variant = 'recorded'
            AND s.embedding IS NOT NULL ORDER BY s.number LIMIT :most) s
      ON abs(f.start_s - s.start_s) < 0.3 AND f.track = s.track AND f.channel = s.channel
) alike
WHERE alike.aligned >= CASE WHEN alike.n_seconds >= :long_s THEN CAST(:least_long AS float8)
                            ELSE CAST(:least AS float8) END
ORDER BY pair.place
""")


def near_recordings(connection: Connection, job_id: int) -> Iterator[AlikePair]:
    """Yield pairs of items with other bytes whose seconds sound alike one by one, nearest first.

    From which likeness on, `storage.search_trust` says.
    """
    found = _most_used_detector(connection, job_id)
    if found is None:
        return
    detector, length = found
    values = {"job_id": job_id, "detector": detector}
    pairs = _near_pairs(connection, _WHOLE.format(length=length), values, NEAR_MEAN_FROM)
    pairs = pairs[:MOST_LOOKED_AT]
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        page = pairs[start : start + PAIRS_AT_ONCE]
        asked = {
            "firsts": [pair.first_id for pair in page],
            "seconds": [pair.second_id for pair in page],
            "most": MOST_ALIGNED,
            "least": NEAR_ALIGNED_FROM,
            "least_long": NEAR_LONG_FROM,
            "long_s": LONG_S,
        }
        for row in connection.execute(_ALIGNED, asked):
            yield replace(page[row.place - 1], aligned=float(row.aligned))


def alike_synthesis(
    connection: Connection, job_id: int, least_cosine: float, most: int
) -> Iterator[AlikePair]:
    """Yield pairs of items called synthetic that lie close together, nearest first.

    Args:
        connection: of a snapshot.
        job_id: whose items.
        least_cosine: of a pair.
        most: of the strongest findings that are compared.
    """
    found = _most_used_detector(connection, job_id)
    if found is None:
        return
    detector, length = found
    values = {"job_id": job_id, "detector": detector, "most": most}
    yield from _near_pairs(connection, _SPOOF.format(length=length), values, least_cosine)


def _most_used_detector(connection: Connection, job_id: int) -> tuple[str, int] | None:
    """Return the detector of most of the job's items and its vectors' length; None: no vectors."""
    row = connection.execute(_DETECTOR, {"job_id": job_id}).one_or_none()
    return None if row is None else (row.detector, int(row.length))


@dataclass(frozen=True, slots=True)
class _Sounds:
    """The vectors of a job's items, in order of the items' numbers."""

    item_ids: IntArray  # (n,)
    media_ids: IntArray  # (n,), -1 where there is none
    vectors: FloatArray  # (n, d), unit norm


def _near_pairs(
    connection: Connection, statement: str, values: dict[str, Any], least_cosine: float
) -> list[AlikePair]:
    """Return the pairs of other bytes that are at least so alike, nearest first."""
    n_rows = connection.scalar(text(f"SELECT count(*) FROM ({statement}) counted"), values) or 0  # noqa: S608
    if n_rows > EXACT_UP_TO:
        return _pairs_by_index(connection, statement, values, least_cosine)
    pairs = all_pairs(_read(connection, statement, values, n_rows), least_cosine, NEIGHBOURS)
    return sorted(pairs, key=lambda pair: (-pair.cosine, pair.first_id, pair.second_id))


def _read(connection: Connection, statement: str, values: dict[str, Any], n_rows: int) -> _Sounds:
    """Return the rows of a statement; vectors come as the database sends them, 4 + 4 d bytes."""
    item_ids, media_ids = np.zeros(n_rows, np.int64), np.full(n_rows, -1, np.int64)
    vectors: FloatArray | None = None
    options = {"stream_results": True, "max_row_buffer": 1_000}
    query = text(
        f"SELECT item_id, media_id, vector_send(embedding) AS sent FROM ({statement}) s"  # noqa: S608
        " ORDER BY item_id"
    )
    with connection.execute(query, values, execution_options=options) as rows:
        for place, row in enumerate(rows):
            vector = np.frombuffer(row.sent, ">f4", offset=4)
            if vectors is None:
                vectors = np.zeros((n_rows, len(vector)), np.float32)
            item_ids[place] = row.item_id
            media_ids[place] = -1 if row.media_id is None else row.media_id
            vectors[place] = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return _Sounds(
        item_ids, media_ids, np.zeros((0, 1), np.float32) if vectors is None else vectors
    )


def all_pairs(sounds: _Sounds, least_cosine: float, most_each: int) -> Iterator[AlikePair]:
    """Yield pairs at least so alike; of each item the `most_each` nearest among those after it."""
    n_rows = len(sounds.vectors)
    block = max(1, _BLOCK_CELLS // max(n_rows, 1))
    for start in range(0, n_rows, block):
        mine = sounds.vectors[start : start + block]
        cosine = mine @ sounds.vectors[start:].T  # (n_block, n_rows - start)
        rows, columns = np.nonzero(cosine >= least_cosine)
        media, other = sounds.media_ids[start + rows], sounds.media_ids[start + columns]
        is_pair = (columns > rows) & ((media != other) | (media < 0))
        rows, columns = rows[is_pair], columns[is_pair]
        found = cosine[rows, columns]
        for place in _nearest_of_each(rows, found, most_each):
            yield AlikePair(
                int(sounds.item_ids[start + rows[place]]),
                int(sounds.item_ids[start + columns[place]]),
                float(found[place]),
                None,
            )


def _nearest_of_each(rows: IntArray, cosine: FloatArray, most: int) -> NDArray[np.int64]:
    """Return the places of the `most` largest cosines of each row."""
    order = np.lexsort((-cosine, rows))
    first = np.searchsorted(rows[order], rows[order])  # where each one's row begins
    return order[np.arange(len(order)) - first < most]


def _pairs_by_index(
    connection: Connection, statement: str, values: dict[str, Any], least_cosine: float
) -> list[AlikePair]:
    name = "job_sounds"
    connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
    connection.execute(text(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {statement}"), values)
    connection.execute(text(f"SET LOCAL maintenance_work_mem = '{_BUILD_MEMORY}'"))
    connection.execute(text(f"SET LOCAL hnsw.ef_search = {EF_SEARCH}"))
    connection.execute(text(f"CREATE INDEX ON {name} USING hnsw (embedding vector_cosine_ops)"))
    connection.execute(text(f"ANALYZE {name}"))
    near = text(_NEAR.format(name=name, neighbours=NEIGHBOURS))
    rows = connection.execute(near, {"farthest": 1 - least_cosine})
    return [AlikePair(row.first_id, row.second_id, float(row.cosine), None) for row in rows]
