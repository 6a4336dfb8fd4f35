"""The audit log of what was done to an account's items, for its admins: read and checked."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from console.api.context import Context
from console.api.principals import Admin
from console.api.routes_admin_evidence import AuditPage, AuditRowShown, AuditWanted, BreakShown
from storage import audit_search
from storage.audit_rows import check_stretch
from storage.audit_search import AuditSearch
from storage.database import transaction

router = APIRouter(prefix="/audit", tags=["audit"])


class StretchChecked(BaseModel):
    """Whether a stretch of the chain of hashes holds."""

    is_whole: bool
    breaks: list[BreakShown]
    next: int | None  # `after` of the next stretch; None: this was the last


@router.get("")
def audit(wanted: Annotated[AuditWanted, Query()], asking: Admin, context: Context) -> AuditPage:
    """List the account's rows, the newest first; a page may be empty and go on."""
    search = AuditSearch(account_id=asking.account_id, **wanted.model_dump())
    with transaction(context.engine) as connection:
        found, following = audit_search.search_audit(connection, search)
    rows = [AuditRowShown.model_validate(one, from_attributes=True) for one in found]
    return AuditPage(rows=rows, next=following)


@router.get("/check")
def check(
    asking: Admin,
    context: Context,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> StretchChecked:
    """Check the rows behind one; the chain is one for all accounts, whose rows are not shown."""
    del asking  # any account's admin may know that the log is whole
    breaks, last = check_stretch(context.engine, after)
    return StretchChecked(
        is_whole=not breaks,
        breaks=[BreakShown(number=one.number, what=one.what) for one in breaks],
        next=None if last == after else last,
    )
