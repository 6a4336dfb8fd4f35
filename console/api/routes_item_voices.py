"""What people say of a finding: feedback of readers, signed opinions of examiners. Neither changes it."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.owned import require_item
from console.api.principals import Analyst, Examiner, Principal, Reader
from console.people.deeds import Deed
from console.queue_access import QueueAccess
from console.reviewing import review_item
from console.signing import signing_key
from jobs.spec import ItemStatus
from pipeline.errors import AccessError, InputError
from reports.opinion import Opinion
from reports.paper import Paper
from reports.review_part import MAX_TEXT, ReviewPart
from reports.reviewing import NewOpinion
from storage import feedback_rows, people_rows
from storage.database import transaction
from storage.feedback_rows import FeedbackFacts

router = APIRouter(tags=["items"])
MOST_WHY = 2_000
MOST_SHOWN = 200


class Agreement(StrEnum):
    """What a reader thinks of a finding."""

    AGREE = "agree"
    DISAGREE = "disagree"
    UNSURE = "unsure"


class FeedbackBody(BaseModel):
    """A reader's word."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"opinion": "disagree", "why": "A telephone line."}]},
    )

    opinion: Agreement
    why: Annotated[str, Field(max_length=MOST_WHY)] = ""


class FeedbackShown(BaseModel):
    """A word that was given."""

    opinion: Agreement
    why: str
    verdict: str  # the finding at that time
    by: str
    at: datetime
    is_own: bool


class ItemFeedback(BaseModel):
    """All words on one item, the newest first."""

    counts: dict[Agreement, int]
    said: list[FeedbackShown]


class FeedbackCountShown(BaseModel):
    """How often the account's people agreed with a finding."""

    verdict: str
    agree: int
    disagree: int
    unsure: int


class OpinionBody(BaseModel):
    """An examiner's opinion."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"opinion": "agree", "text": "Heard and measured."}]},
    )

    opinion: Opinion
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


@router.get("/feedback")
def counted(asking: Reader, context: Context) -> list[FeedbackCountShown]:
    """Return how often the account's people agreed, by finding."""
    with transaction(context.engine) as connection:
        rows = feedback_rows.count_feedback(connection, asking.account_id)
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        counts.setdefault(row.verdict, dict.fromkeys(Agreement, 0))[row.opinion] = row.n
    return [FeedbackCountShown(verdict=verdict, **said) for verdict, said in counts.items()]


@router.get("/items/{item_id}/feedback")
def feedback(item_id: str, asking: Reader, context: Context) -> ItemFeedback:
    """Return what the account's people said of an item."""
    return _feedback(context, asking, require_item(context, asking, item_id))


@router.put("/items/{item_id}/feedback")
def give_feedback(
    item_id: str, body: FeedbackBody, asking: Analyst, context: Context
) -> ItemFeedback:
    """Say what one thinks of a finding, in place of what one said before."""
    item = require_item(context, asking, item_id)
    if not item.verdict:
        raise InputError(f"Item {item_id} has no finding to agree with.", "input_invalid")
    said = FeedbackFacts(
        int(item.item_id),
        _person(asking),
        asking.account_id,
        body.opinion.value,
        body.why.strip(),
        item.verdict,
    )
    with transaction(context.engine) as connection:
        feedback_rows.write_feedback(connection, said)
    note(context, asking, Deed.FEEDBACK_GIVE, f"item:{item_id}")
    return _feedback(context, asking, item)


@router.delete("/items/{item_id}/feedback", status_code=204)
def take_feedback_back(item_id: str, asking: Analyst, context: Context) -> Response:
    """Take one's own word back."""
    item = require_item(context, asking, item_id)
    with transaction(context.engine) as connection:
        feedback_rows.delete_feedback(connection, int(item.item_id), _person(asking))
    note(context, asking, Deed.FEEDBACK_TAKE_BACK, f"item:{item_id}")
    return Response(status_code=204)


@router.get("/items/{item_id}/opinions")
def opinions(item_id: str, asking: Reader, context: Context) -> list[ReviewPart]:
    """Return the examiners' signed opinions, oldest first; each made a version of the report."""
    item = require_item(context, asking, item_id)
    return list(context.items.shelf.read(item).document.reviews)


@router.post("/items/{item_id}/opinions", status_code=201)
def give_opinion(
    item_id: str, body: OpinionBody, asking: Examiner, context: Context
) -> list[ReviewPart]:
    """Add an opinion: the report's next version, signed by the installation's key."""
    require_item(context, asking, item_id)
    person_id = _person(asking)
    with transaction(context.engine) as connection:
        person = people_rows.read_person(connection, person_id)
    assert person is not None, "who asks is somebody"
    examiner = f"{person.name} ({person.email})" if person.name else person.email
    settings = context.environment
    storage = settings.storage
    key = signing_key(storage.keys, storage.signer, storage.signing_pin)
    new = NewOpinion(body.opinion, body.text, examiner, datetime.now(UTC))
    access = QueueAccess(context.desk, context.objects, context.engine)
    review_item(access, item_id, new, key, settings, Paper.A4)
    note(context, asking, Deed.OPINION_GIVE, f"item:{item_id}")
    return opinions(item_id, asking, context)


def _person(asking: Principal) -> int:
    if asking.person_id is None:
        raise AccessError("This key belongs to nobody, and people alone judge.", "right_missing")
    return asking.person_id


def _feedback(context: ApiContext, asking: Principal, item: ItemStatus) -> ItemFeedback:
    with transaction(context.engine) as connection:
        found = feedback_rows.feedback_of_item(
            connection, asking.account_id, int(item.item_id), MOST_SHOWN
        )
    counts = dict.fromkeys(Agreement, 0)
    for one in found:
        counts[Agreement(one.opinion)] += 1
    return ItemFeedback(
        counts=counts,
        said=[
            FeedbackShown(
                opinion=Agreement(one.opinion),
                why=one.why,
                verdict=one.verdict,
                by=one.name,
                at=one.at,
                is_own=one.person_id == asking.person_id,
            )
            for one in found
        ],
    )
