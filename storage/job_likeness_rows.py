"""Which items of a job sound alike, by pgvector: near-duplicates, and pairs of one manner of synthesis.

Both look at temporary copies of the job's own vectors with an index of their own (HNSW where they
are many), so that other jobs' vectors cost nothing. The caller's snapshot holds them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

INDEX_FROM = 3_000  # vectors from which an index is quicker than comparing all with all
NEIGHBOURS = 8  # of each item that are looked at
EF_SEARCH = 40  # the nearest are wanted, of every item: more would take minutes for 100 000
MOST_ALIGNED = 60  # segments of a pair that are compared second by second
_BUILD_MEMORY = "256MB"  # an index that does not fit is built much more slowly


@dataclass(frozen=True, slots=True)
class AlikePair:
    """Two items that sound alike; the first has the lower number."""

    first_id: int
    second_id: int
    cosine: float  # of the means
    aligned: float | None  # mean over the seconds that both have; None: not looked at


_WHOLE = """
CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS
SELECT e.item_id, e.detector, vector_dims(e.embedding) AS n_dimensions, a.media_id, e.end_s,
       e.embedding::vector({length}) AS embedding
FROM item_embedding e JOIN analysis a ON a.item_id = e.item_id
WHERE e.job_id = :job_id AND e.place = 0 AND vector_dims(e.embedding) = {length}
  AND e.detector = :detector
"""
# Of a partly synthetic item the kept segments that support synthesis stand for it, not the whole.
_SPOOF = """
CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS
SELECT i.item_id, i.media_id, vector_dims(v.embedding) AS n_dimensions,
       v.embedding::vector({length}) AS embedding
FROM (
    SELECT item.item_id, a.media_id, item.verdict, item.job_id
    FROM any_item item JOIN analysis a ON a.item_id = item.item_id
    WHERE item.job_id = :job_id AND item.state = 'done'
      AND item.verdict IN ('synthetic', 'partly_synthetic')
    ORDER BY least(item.llr, (SELECT min((span->>'llr')::float8)
                              FROM jsonb_array_elements(
                CASE jsonb_typeof(a.spans) WHEN 'array' THEN a.spans ELSE '[]' END) span)), item.item_id
    LIMIT :most
) i CROSS JOIN LATERAL (
    SELECT l2_normalize(avg(e.embedding)) AS embedding FROM item_embedding e
    WHERE e.item_id = i.item_id AND e.detector = :detector
      AND vector_dims(e.embedding) = {length}
      AND (e.place = 0 AND (i.verdict = 'synthetic' OR NOT EXISTS (
               SELECT FROM item_embedding p WHERE p.item_id = i.item_id AND p.place > 0
                 AND p.llr < 0))
           OR e.place > 0 AND i.verdict = 'partly_synthetic' AND e.llr < 0)
    HAVING count(*) > 0
) v
"""
_DETECTOR = text("""
SELECT detector, vector_dims(embedding) AS length, count(*) AS n_items FROM item_embedding
WHERE job_id = :job_id AND place = 0 GROUP BY 1, 2 ORDER BY n_items DESC, detector LIMIT 1
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
SELECT avg(1 - (f.embedding <=> s.embedding)) AS aligned, count(*) AS n
FROM (SELECT s.number, s.start_s, s.track, s.channel, s.embedding
      FROM analysis own JOIN analysis a ON a.item_id = coalesce(own.reused_item_id, own.item_id)
      JOIN segment s ON s.analysis_id = a.analysis_id
      WHERE own.item_id = :first_id AND s.reason = '' AND s.variant = 'recorded'
        AND s.embedding IS NOT NULL ORDER BY s.number LIMIT :most) f
JOIN (SELECT s.number, s.start_s, s.track, s.channel, s.embedding
      FROM analysis own JOIN analysis a ON a.item_id = coalesce(own.reused_item_id, own.item_id)
      JOIN segment s ON s.analysis_id = a.analysis_id
      WHERE own.item_id = :second_id AND s.reason = '' AND s.variant = 'recorded'
        AND s.embedding IS NOT NULL ORDER BY s.number LIMIT :most) s
  ON abs(f.start_s - s.start_s) < 0.3 AND f.track = s.track AND f.channel = s.channel
""")


def near_recordings(
    connection: Connection, job_id: int, least_cosine: float, least_aligned: float
) -> Iterator[AlikePair]:
    """Yield pairs of items with other bytes whose seconds sound alike one by one, nearest first.

    Args:
        connection: of a snapshot.
        job_id: whose items.
        least_cosine: of the items' means: who is looked at more closely.
        least_aligned: mean over the seconds: who is told.
    """
    found = _most_used_detector(connection, job_id)
    if found is None:
        return
    name = "job_whole"
    detector, length = found
    connection.execute(
        text(_WHOLE.format(name=name, length=length)), {"job_id": job_id, "detector": detector}
    )
    for pair in _near_pairs(connection, name, least_cosine):
        row = connection.execute(
            _ALIGNED,
            {"first_id": pair.first_id, "second_id": pair.second_id, "most": MOST_ALIGNED},
        ).one()
        if row.aligned is not None and row.aligned >= least_aligned:
            yield AlikePair(pair.first_id, pair.second_id, pair.cosine, float(row.aligned))


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
    name = "job_spoof"
    detector, length = found
    connection.execute(
        text(_SPOOF.format(name=name, length=length)),
        {"job_id": job_id, "detector": detector, "most": most},
    )
    yield from _near_pairs(connection, name, least_cosine)


def _most_used_detector(connection: Connection, job_id: int) -> tuple[str, int] | None:
    """Return the detector of most of the job's items and its vectors' length; None: no vectors."""
    row = connection.execute(_DETECTOR, {"job_id": job_id}).one_or_none()
    return None if row is None else (row.detector, int(row.length))


def _near_pairs(connection: Connection, name: str, least_cosine: float) -> list[AlikePair]:
    n_rows = connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0  # noqa: S608 (ours)
    if n_rows >= INDEX_FROM:
        connection.execute(text(f"SET LOCAL maintenance_work_mem = '{_BUILD_MEMORY}'"))
        connection.execute(text(f"SET LOCAL hnsw.ef_search = {EF_SEARCH}"))
        connection.execute(text(f"CREATE INDEX ON {name} USING hnsw (embedding vector_cosine_ops)"))
    connection.execute(text(f"ANALYZE {name}"))
    statement = text(_NEAR.format(name=name, neighbours=NEIGHBOURS))
    rows = connection.execute(statement, {"farthest": 1 - least_cosine})
    return [AlikePair(row.first_id, row.second_id, float(row.cosine), None) for row in rows]
