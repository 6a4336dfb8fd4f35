"""What readers think of findings, in SQL: one word a person and item, counted by finding."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, text
from sqlalchemy.dialects.postgresql import insert as upsert

from storage.people_tables import FeedbackRow
from storage.stored_text import storable


@dataclass(frozen=True, slots=True)
class FeedbackFacts:
    """One reader's word on one item."""

    item_id: int
    person_id: int
    account_id: str
    opinion: str  # agree, disagree, unsure
    why: str
    verdict: str  # the finding that it is about


@dataclass(frozen=True, slots=True)
class ReadFeedback:
    """A word as it was given."""

    person_id: int
    name: str  # of the person
    opinion: str
    why: str
    verdict: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FeedbackCount:
    """How many said what of a finding."""

    verdict: str
    opinion: str
    n: int


def write_feedback(connection: Connection, said: FeedbackFacts) -> None:
    """Write a word in place of what the same person said before."""
    values = {
        "item_id": said.item_id,
        "person_id": said.person_id,
        "account_id": said.account_id,
        "opinion": said.opinion,
        "why": storable(said.why),
        "verdict": said.verdict,
        "at": text("clock_timestamp()"),
    }
    statement = upsert(FeedbackRow).values(values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["item_id", "person_id"], set_=values)
    )


def delete_feedback(connection: Connection, item_id: int, person_id: int) -> None:
    """Take a person's word back; none is none."""
    connection.execute(
        delete(FeedbackRow).where(
            FeedbackRow.item_id == item_id, FeedbackRow.person_id == person_id
        )
    )


_OF_ITEM = text("""
SELECT f.person_id, coalesce(nullif(p.name, ''), p.email) AS name, f.opinion, f.why, f.verdict, f.at
FROM feedback f JOIN person p USING (person_id)
WHERE f.item_id = :item_id AND f.account_id = :account_id ORDER BY f.at DESC LIMIT :most
""")


def feedback_of_item(
    connection: Connection, account_id: str, item_id: int, most: int
) -> Sequence[ReadFeedback]:
    """Return what the account's people said of an item, the newest first."""
    values = {"item_id": item_id, "account_id": account_id, "most": most}
    return [ReadFeedback(**row) for row in connection.execute(_OF_ITEM, values).mappings()]


_COUNTS = text("""
SELECT verdict, opinion, count(*) AS n FROM feedback
WHERE account_id = :account_id GROUP BY verdict, opinion ORDER BY verdict, opinion
""")


def count_feedback(connection: Connection, account_id: str) -> Sequence[FeedbackCount]:
    """Return how often the account's people said what, by finding."""
    rows = connection.execute(_COUNTS, {"account_id": account_id}).mappings()
    return [FeedbackCount(**row) for row in rows]
