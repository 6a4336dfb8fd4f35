"""What a digest tells of a job, in SQL: counts by outcome, and the items that matter."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many media of a job ended in one way."""

    state: str
    verdict: str
    count: int


@dataclass(frozen=True, slots=True)
class DigestItemFacts:
    """One item that a digest names."""

    item_id: int
    title: str
    source_uri: str
    verdict: str
    llr: float | None
    voiced_s: float | None
    error_code: str
    error_message: str


_ITEM = "item_id, title, source_uri, verdict, llr, voiced_s, error_code, error_message"
_COUNTS = text("""
SELECT state, verdict, count(*) AS count FROM any_item
WHERE job_id = :job_id AND (kind = 'media' OR state = 'failed') GROUP BY state, verdict
""")
_STRONGEST = text(f"""
SELECT {_ITEM} FROM any_item WHERE job_id = :job_id AND verdict = ANY(:verdicts)
ORDER BY llr, item_id LIMIT :most
""")  # noqa: S608 (a constant of ours)
_FAILED = text(f"""
SELECT {_ITEM} FROM any_item WHERE job_id = :job_id AND state = 'failed' ORDER BY item_id LIMIT :most
""")  # noqa: S608 (a constant of ours)


def count_outcomes(connection: Connection, job_id: int) -> list[OutcomeCount]:
    """Count a job's media, and listings that failed, by state and verdict."""
    rows = connection.execute(_COUNTS, {"job_id": job_id})
    return [OutcomeCount(**row) for row in rows.mappings()]


def strongest_items(
    connection: Connection, job_id: int, verdicts: Sequence[str], most: int
) -> list[DigestItemFacts]:
    """Return items with these verdicts, the lowest LLR first."""
    values = {"job_id": job_id, "verdicts": list(verdicts), "most": most}
    return [DigestItemFacts(**row) for row in connection.execute(_STRONGEST, values).mappings()]


def failed_items(connection: Connection, job_id: int, most: int) -> list[DigestItemFacts]:
    """Return items that failed, in the order of their listing."""
    rows = connection.execute(_FAILED, {"job_id": job_id, "most": most})
    return [DigestItemFacts(**row) for row in rows.mappings()]
