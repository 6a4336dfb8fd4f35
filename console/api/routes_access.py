"""The access log of an account, for its admins."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from console.api.context import ApiContext, Context
from console.api.principals import Admin, Principal
from console.people.roles import Right
from storage import access_rows
from storage.access_rows import AccessFacts
from storage.database import transaction

router = APIRouter(tags=["people"])
MOST = 500
Before = Annotated[str | None, Query(pattern=r"^\d{1,18}$")]


class AccessShown(BaseModel):
    """One deed."""

    access_id: str
    at: datetime
    person_id: int | None
    email: str | None
    key_id: str | None
    what: str  # such as `job.submit`, `report.read`, `session.refused`
    target: str  # such as `job:17`
    address: str


class AccessPage(BaseModel):
    """Deeds, the newest first, and where the next page begins."""

    deeds: list[AccessShown]
    next: str | None


@router.get("/access")
def access(
    asking: Admin,
    context: Context,
    before: Before = None,
    most: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> AccessPage:
    """List who saw and did what in the account, the newest first."""
    deeds, following = read_deeds(context, asking, before, most)
    shown = [
        AccessShown(
            access_id=str(one.access_id),
            at=one.at,
            person_id=one.person_id,
            email=one.email,
            key_id=one.key_id,
            what=one.what,
            target=one.target,
            address=one.address,
        )
        for one in deeds
    ]
    return AccessPage(deeds=shown, next=following)


def read_deeds(
    context: ApiContext, asking: Principal, before: str | None, most: int
) -> tuple[list[AccessFacts], str | None]:
    """Return an account's deeds and where the next page begins; operators see those of no account too."""
    with transaction(context.engine) as connection:
        found = access_rows.read_access(
            connection,
            asking.account_id,
            None if before is None else int(before),
            most + 1,
            with_unowned=Right.OPERATE in asking.rights,
        )
    following = str(found[most - 1].access_id) if len(found) > most else None
    return found[:most], following
