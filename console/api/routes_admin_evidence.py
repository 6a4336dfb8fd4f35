"""What the answers rest on: models with their cards, the audit log, and what readers think."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from console.api.access_log import note
from console.api.admin_scope import Scope
from console.api.context import ApiContext, Context
from console.api.model_list import shown_models
from console.api.principals import Admin, Operator
from console.installed_models import ModelShown
from console.people.deeds import Deed
from storage import audit_search, site_rows
from storage.audit_rows import check_chain, read_head
from storage.audit_search import AuditSearch
from storage.database import transaction

router = APIRouter(prefix="/admin", tags=["admin"])
MOST_BREAKS = 20  # that are named
N_OPINIONS = 50
Id = Annotated[int | None, Field(ge=1, le=2**63 - 1)]


class AuditWanted(BaseModel):
    """Which rows of the audit log."""

    event: Annotated[str, Field(pattern=r"^[a-z_]{0,40}$")] = ""
    job_id: Id = None
    item_id: Id = None
    before: Id = None
    most: Annotated[int, Field(ge=1, le=500)] = 100


class AuditRowShown(BaseModel):
    """One row of the audit log."""

    number: int
    at: datetime
    event: str
    account_id: str
    job_id: int
    item_id: int
    facts: dict[str, str]
    sha256: str


class AuditPage(BaseModel):
    """Rows, the newest first, and before which row the search goes on."""

    rows: list[AuditRowShown]
    next: int | None


class BreakShown(BaseModel):
    """A place where the log is not what was written."""

    number: int
    what: str


class AuditChecked(BaseModel):
    """Whether the chain of hashes holds, from the first row to the last."""

    n_rows: int
    head: str  # NUMBER:SHA256, to be noted elsewhere: it shows later that nothing was cut off
    breaks: list[BreakShown]  # at most twenty


class OpinionCountShown(BaseModel):
    """How many readers think so of findings with one verdict."""

    verdict: str
    opinion: str
    count: int


class OpinionShown(BaseModel):
    """What one reader of the account wrote."""

    item_id: str
    email: str
    verdict: str
    opinion: str
    why: str  # untrusted text
    at: datetime


class FeedbackCounted(BaseModel):
    """What readers think; it is counted, and changes no finding."""

    counts: list[OpinionCountShown]
    newest: list[OpinionShown]  # of one's own account only


@router.get("/models")
def models(asking: Admin, context: Context) -> list[ModelShown]:
    """List the models with their cards: what they were made from, measured errors, limits."""
    del asking  # models are no account's
    return shown_models(context)


@router.get("/audit")
def audit(wanted: Annotated[AuditWanted, Query()], scope: Scope, context: Context) -> AuditPage:
    """Search the audit log of what was done to items."""
    search = AuditSearch(account_id=scope, **wanted.model_dump())
    with transaction(context.engine) as connection:
        found, following = audit_search.search_audit(connection, search)
    rows = [AuditRowShown.model_validate(one, from_attributes=True) for one in found]
    return AuditPage(rows=rows, next=following)


@router.post("/audit/check")
def check_audit(asking: Operator, context: Context) -> AuditChecked:
    """Check the whole chain of the audit log; a hundred thousand rows take some seconds."""
    note(context, asking, Deed.AUDIT_CHECK)
    return checked(context)


@router.get("/feedback")
def feedback(asking: Admin, scope: Scope, context: Context) -> FeedbackCounted:
    """Count what readers think of findings by verdict, and show what one's own wrote last."""
    with transaction(context.engine) as connection:
        counts = site_rows.count_opinions(connection, scope)
        newest = site_rows.newest_opinions(connection, asking.account_id, N_OPINIONS)
    return FeedbackCounted(
        counts=[OpinionCountShown.model_validate(one, from_attributes=True) for one in counts],
        newest=[
            OpinionShown(
                item_id=str(one.item_id),
                email=one.email,
                verdict=one.verdict,
                opinion=one.opinion,
                why=one.why,
                at=one.at,
            )
            for one in newest
        ],
    )


def checked(context: ApiContext) -> AuditChecked:
    """Return whether the chain holds."""
    head = read_head(context.engine)
    breaks: list[BreakShown] = []
    for one in check_chain(context.engine, head):
        breaks.append(BreakShown(number=one.number, what=one.what))
        if len(breaks) == MOST_BREAKS:
            break
    return AuditChecked(n_rows=head.number, head=f"{head.number}:{head.sha256}", breaks=breaks)
