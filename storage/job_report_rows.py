"""What a job's report says, in SQL: counts, streams of rows, groups, the heat-map, the job before.

All reads of one report share a snapshot (`report_snapshot`), so that its parts agree while the fleet
works on. Rows come through server-side cursors, groups and cells are added up by the database: the
memory of the reader does not grow with the job. Segments are read from the item whose analysis was
reused, where it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from storage.database import transaction

ROWS_AT_ONCE = 1_000  # of a server-side cursor


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item of a job, as the tables list it."""

    item_id: int
    title: str
    source_uri: str
    state: str
    verdict: str
    reason: str
    llr: float | None
    lowest_llr: float | None  # of the item and of its marked stretches
    llr_limit: float | None
    voiced_s: float | None
    n_spans: int
    error_code: str
    error_message: str
    sha256: str
    size_bytes: int | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items have one outcome."""

    state: str
    verdict: str
    reason: str
    error_code: str
    n_items: int
    voiced_s: float
    first_item_id: int
    title: str  # of the first one


@dataclass(frozen=True, slots=True)
class SameBytes:
    """Items of a job whose files have the same bytes."""

    sha256: str
    size_bytes: int
    item_ids: tuple[int, ...]  # the first ones
    n_items: int
    title: str  # of the first one


@dataclass(frozen=True, slots=True)
class HeatCell:
    """What the judged sound of some items says in one stretch of time."""

    column: int
    n_items: int  # with judged sound there
    n_spoof: int  # of them, whose mean LLR there lies below the limit that was asked for
    llr: float  # mean over the items


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """An item of this job or of the one before, by its key within the source."""

    change: str  # new, gone, verdict, failed, recovered, content
    item_id: int | None
    before_id: int | None
    title: str
    source_uri: str
    outcome: str  # verdict, or `failed`, or the state; "" where gone
    before: str
    llr: float | None
    llr_before: float | None


@contextmanager
def report_snapshot(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the database to its end; temporary tables go with it."""
    with transaction(engine) as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        yield connection


def _stream(connection: Connection, statement: str, values: dict[str, Any]) -> Iterator[Any]:
    """Yield rows as mappings through a server-side cursor."""
    options = {"stream_results": True, "max_row_buffer": ROWS_AT_ONCE}
    with connection.execute(text(statement), values, execution_options=options) as rows:
        yield from rows.mappings()


_LINE = """
SELECT i.item_id, i.title, i.source_uri, i.state, i.verdict, i.reason, i.llr,
       least(i.llr, (SELECT min((span->>'llr')::float8) FROM jsonb_array_elements(
           CASE jsonb_typeof(a.spans) WHEN 'array' THEN a.spans ELSE '[]' END) span))
           AS lowest_llr,
       a.llr_limit, i.voiced_s, jsonb_array_length(
           CASE jsonb_typeof(a.spans) WHEN 'array' THEN a.spans ELSE '[]' END) AS n_spans,
       i.error_code, i.error_message, coalesce(m.sha256, '') AS sha256, m.size_bytes, i.finished_at
FROM any_item i
LEFT JOIN analysis a ON a.item_id = i.item_id AND i.state IN ('done', 'failed')
LEFT JOIN media m ON m.media_id = a.media_id
WHERE i.job_id = :job_id AND (i.kind = 'media' OR i.state = 'failed')
"""
_STRONGEST = f"""
SELECT * FROM ({_LINE} AND i.state = 'done' AND i.verdict IN ('synthetic', 'partly_synthetic')) line
ORDER BY lowest_llr, item_id LIMIT :most
"""  # noqa: S608 (our own words)


def item_lines(connection: Connection, job_id: int) -> Iterator[ItemLine]:
    """Yield a job's items, and the sources that could not be listed, in order of their numbers."""
    for row in _stream(connection, f"{_LINE} ORDER BY i.item_id", {"job_id": job_id}):
        yield ItemLine(**row)


def strongest_lines(connection: Connection, job_id: int, most: int) -> list[ItemLine]:
    """Return the items whose findings support synthesis most, strongest first."""
    rows = connection.execute(text(_STRONGEST), {"job_id": job_id, "most": most})
    return [ItemLine(**row) for row in rows.mappings()]


_TALLIES = text("""
SELECT t.*, i.title FROM (
    SELECT state, verdict, reason, error_code, count(*) AS n_items,
           coalesce(sum(voiced_s), 0) AS voiced_s, min(item_id) AS first_item_id
    FROM any_item WHERE job_id = :job_id AND (kind = 'media' OR state = 'failed')
    GROUP BY state, verdict, reason, error_code
) t JOIN any_item i ON i.item_id = t.first_item_id
ORDER BY n_items DESC, state, verdict, reason, error_code
""")


def tallies(connection: Connection, job_id: int) -> list[Tally]:
    """Return how many items have which outcome, the most frequent first; some dozens at most."""
    rows = connection.execute(_TALLIES, {"job_id": job_id})
    return [Tally(**row) for row in rows.mappings()]


_SAME_BYTES = """
SELECT m.sha256, m.size_bytes, g.item_ids[1:50] AS item_ids, g.n_items, i.title FROM (
    SELECT a.media_id, array_agg(a.item_id ORDER BY a.item_id) AS item_ids, count(*) AS n_items
    FROM analysis a WHERE a.job_id = :job_id AND a.media_id IS NOT NULL
    GROUP BY a.media_id HAVING count(*) > 1
) g JOIN media m ON m.media_id = g.media_id JOIN any_item i ON i.item_id = g.item_ids[1]
ORDER BY g.n_items DESC, g.item_ids[1]
"""
_KNOWN_BYTES = text("""
SELECT count(*) FROM analysis a WHERE a.job_id = :job_id AND EXISTS (
    SELECT FROM analysis earlier WHERE earlier.media_id = a.media_id
      AND earlier.account_id = a.account_id AND earlier.job_id < :job_id)
""")


def same_bytes(connection: Connection, job_id: int) -> Iterator[SameBytes]:
    """Yield the groups of items that are the same file, the largest first."""
    for row in _stream(connection, _SAME_BYTES, {"job_id": job_id}):
        yield SameBytes(**{**row, "item_ids": tuple(row["item_ids"])})


def count_known_bytes(connection: Connection, job_id: int) -> int:
    """Return how many of a job's items had been analysed in earlier jobs of the account."""
    return int(connection.scalar(_KNOWN_BYTES, {"job_id": job_id}) or 0)


_SPAN = text("""
SELECT count(*) AS n_items, min(item_id) AS first_id, max(item_id) AS last_id,
       coalesce(percentile_disc(0.9) WITHIN GROUP (ORDER BY end_s), 0) AS long_s,
       coalesce(max(end_s), 0) AS longest_s
FROM (
    SELECT own.item_id, (SELECT s.end_s FROM segment s WHERE s.analysis_id = a.analysis_id
                         ORDER BY s.number DESC LIMIT 1) AS end_s
    FROM analysis own
    JOIN analysis a ON a.item_id = coalesce(own.reused_item_id, own.item_id)
        AND a.account_id = own.account_id
    WHERE own.job_id = :job_id
) lengths
""")


@dataclass(frozen=True, slots=True)
class HeatExtent:
    """How many items a heat-map has to show, and how long they are."""

    n_items: int
    long_s: float  # nine in ten items are not longer
    longest_s: float


def heat_extent(connection: Connection, job_id: int) -> HeatExtent:
    """Return the extent of a job's analysed items."""
    row = connection.execute(_SPAN, {"job_id": job_id}).one()
    return HeatExtent(row.n_items, row.long_s, row.longest_s)


_ROWS = text("""
SELECT bin, count(*) AS n_items, min(item_id) AS first_id, max(item_id) AS last_id FROM (
    SELECT item_id, ntile(:n_rows) OVER (ORDER BY item_id) AS bin
    FROM analysis WHERE job_id = :job_id
) numbered GROUP BY bin ORDER BY bin
""")
_CELLS = text("""
SELECT heat_column AS "column", count(*) AS n_items,
       count(*) FILTER (WHERE llr <= :spoof_below) AS n_spoof, avg(llr) AS llr
FROM (
    SELECT own.item_id, least(floor(s.start_s / :cell_s), :last_column)::int AS heat_column,
           avg(s.llr)::float8 AS llr
    FROM analysis own
    JOIN analysis a ON a.item_id = coalesce(own.reused_item_id, own.item_id)
        AND a.account_id = own.account_id
    JOIN segment s ON s.analysis_id = a.analysis_id
    WHERE own.item_id BETWEEN :first_id AND :last_id AND own.job_id = :job_id
      AND s.variant = 'recorded' AND s.reason = '' AND s.llr IS NOT NULL
    GROUP BY own.item_id, heat_column
) cells GROUP BY heat_column ORDER BY heat_column
""")


@dataclass(frozen=True, slots=True)
class HeatBin:
    """Neighbouring items that share one row of a heat-map."""

    n_items: int
    first_id: int
    last_id: int


def heat_bins(connection: Connection, job_id: int, n_rows: int) -> list[HeatBin]:
    """Return a job's analysed items in at most `n_rows` runs of neighbours."""
    rows = connection.execute(_ROWS, {"job_id": job_id, "n_rows": n_rows})
    return [HeatBin(row.n_items, row.first_id, row.last_id) for row in rows]


@dataclass(frozen=True, slots=True)
class HeatScale:
    """How time becomes columns, and from which LLR a cell supports the spoof proposition."""

    cell_s: float
    n_columns: int  # the last one has everything after it too
    spoof_below: float


def heat_cells(
    connection: Connection, job_id: int, row: HeatBin, scale: HeatScale
) -> list[HeatCell]:
    """Return the cells of one row that hold judged sound."""
    values = {
        "job_id": job_id,
        "first_id": row.first_id,
        "last_id": row.last_id,
        "cell_s": scale.cell_s,
        "last_column": scale.n_columns - 1,
        "spoof_below": scale.spoof_below,
    }
    return [HeatCell(**cell) for cell in connection.execute(_CELLS, values).mappings()]


_BEFORE = text("""
SELECT before.job_id FROM job this JOIN job before
    ON before.account_id = this.account_id AND before.job_id < this.job_id
LEFT JOIN sweep_run this_run ON this_run.job_id = this.job_id
LEFT JOIN sweep_run before_run ON before_run.job_id = before.job_id
WHERE this.job_id = :job_id AND before.cancelled_at IS NULL AND before.n_total > 0
  AND (before_run.sweep_id = this_run.sweep_id OR before.sources = this.sources
       OR (this.name <> '' AND before.name = this.name))
ORDER BY (before_run.sweep_id = this_run.sweep_id) DESC NULLS LAST,
         before.sources = this.sources DESC, before.job_id DESC LIMIT 1
""")


def job_before(connection: Connection, job_id: int) -> int | None:
    """Return the job to compare with: the sweep's run before, or the same sources, or the same name."""
    found: int | None = connection.scalar(_BEFORE, {"job_id": job_id})
    return found


_OUTCOME = """
    SELECT i.item_id, i.source_key, i.title, i.source_uri, i.state, i.llr, a.media_id,
           CASE i.state WHEN 'done' THEN i.verdict ELSE i.state END AS outcome
    FROM any_item i LEFT JOIN analysis a ON a.item_id = i.item_id
    WHERE i.job_id = {job} AND i.kind = 'media'
"""
_CHANGES = f"""
SELECT change, item_id, before_id, title, source_uri, outcome, before, llr, llr_before FROM (
    SELECT n.item_id, o.item_id AS before_id, coalesce(n.title, o.title) AS title,
           coalesce(n.source_uri, o.source_uri) AS source_uri, coalesce(n.outcome, '') AS outcome,
           coalesce(o.outcome, '') AS before, n.llr, o.llr AS llr_before,
           CASE WHEN o.item_id IS NULL THEN 'new' WHEN n.item_id IS NULL THEN 'gone'
                WHEN n.state = 'failed' AND o.state = 'done' THEN 'failed'
                WHEN n.state = 'done' AND o.state = 'failed' THEN 'recovered'
                WHEN n.state = 'done' AND o.state = 'done' AND n.outcome <> o.outcome THEN 'verdict'
                WHEN n.media_id <> o.media_id THEN 'content' ELSE 'same' END AS change
    FROM ({_OUTCOME.format(job=":job_id")}) n
    FULL JOIN ({_OUTCOME.format(job=":before_id")}) o USING (source_key)
) changes
"""  # noqa: S608 (our own words)
_CHANGE_COUNTS = text(
    f"SELECT change, count(*) AS n_items FROM ({_CHANGES}) c GROUP BY change ORDER BY change"  # noqa: S608
)
# verdicts first, those that now support synthesis before all
_CHANGED = f"""{_CHANGES} WHERE change <> 'same' ORDER BY
    array_position(ARRAY['verdict', 'failed', 'recovered', 'content', 'new', 'gone'], change),
    llr NULLS LAST, item_id, before_id"""


def count_changes(connection: Connection, job_id: int, before_id: int) -> dict[str, int]:
    """Return how many items are new, gone, changed or the same as in another job of the account."""
    values = {"job_id": job_id, "before_id": before_id}
    return {row.change: row.n_items for row in connection.execute(_CHANGE_COUNTS, values)}


def changed_lines(connection: Connection, job_id: int, before_id: int) -> Iterator[ChangedLine]:
    """Yield what differs from another job of the account, changed verdicts first."""
    values = {"job_id": job_id, "before_id": before_id}
    for row in _stream(connection, _CHANGED, values):
        yield ChangedLine(**row)
