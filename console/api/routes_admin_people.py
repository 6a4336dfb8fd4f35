"""People, keys and accounts as admins see them: an account's admin theirs, an operator all."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from console.api.access_log import note
from console.api.admin_scope import Scope
from console.api.context import Context
from console.api.principals import Admin, Operator
from console.api.routes_members import PersonId
from console.people.deeds import Deed
from console.people.roles import Role
from storage import site_rows
from storage.database import transaction

router = APIRouter(prefix="/admin", tags=["admin"])
Search = Annotated[str, Query(max_length=200)]


class PlaceShown(BaseModel):
    """Somebody's place in an account."""

    person_id: int
    email: str
    name: str
    account_id: str
    account_name: str
    role: Role
    joined_at: datetime
    disabled_at: datetime | None  # locked out by an operator
    has_second_factor: bool
    is_federated: bool  # an identity provider vouches for them
    n_sessions: int  # in this account
    seen_at: datetime | None


class OtherSessionShown(BaseModel):
    """A browser in which somebody is signed in."""

    account_id: str
    created_at: datetime
    seen_at: datetime
    browser: str
    address: str


class EndedShown(BaseModel):
    """What was ended."""

    n_sessions: int


class DisabledBody(BaseModel):
    """Whether somebody is locked out."""

    model_config = ConfigDict(extra="forbid")

    disabled: bool


class AccountShown(BaseModel):
    """An account: how much it has and uses, never what."""

    account_id: str
    name: str
    created_at: datetime
    n_people: int
    n_keys: int
    n_sweeps: int
    n_items: int  # in 30 days
    audio_s: float  # of sound that was analysed
    n_requests: int
    requests_a_minute: int | None  # None: as everybody


class SiteKeyShown(BaseModel):
    """A key in some account."""

    key_id: str
    account_id: str
    account_name: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


@router.get("/people")
def people(scope: Scope, context: Context, search: Search = "") -> list[PlaceShown]:
    """List people with their place, sessions and factors; the first five hundred that match."""
    with transaction(context.engine) as connection:
        found = site_rows.read_places(connection, scope, search.replace("\x00", ""))
    return [PlaceShown.model_validate(one, from_attributes=True) for one in found]


@router.get("/people/{person_id}/sessions")
def sessions(person_id: PersonId, scope: Scope, context: Context) -> list[OtherSessionShown]:
    """List the browsers in which somebody is signed in."""
    return [
        OtherSessionShown.model_validate(one, from_attributes=True)
        for one in context.administration.sessions(scope, person_id)
    ]


@router.delete("/people/{person_id}/sessions")
def end_sessions(person_id: PersonId, asking: Admin, scope: Scope, context: Context) -> EndedShown:
    """Sign somebody out, in the account or, for operators, everywhere."""
    n_sessions = context.administration.end_sessions(scope, person_id)
    note(context, asking, Deed.MEMBER_SIGN_OUT, f"person:{person_id}")
    return EndedShown(n_sessions=n_sessions)


@router.put("/people/{person_id}/disabled", status_code=204)
def set_disabled(
    person_id: PersonId, body: DisabledBody, asking: Operator, context: Context
) -> None:
    """Lock somebody out of the whole installation, or let them in again; keys stay as they are."""
    desk = context.administration
    desk.set_disabled(person_id, asking.person_id, is_disabled=body.disabled)
    deed = Deed.PERSON_DISABLE if body.disabled else Deed.PERSON_ENABLE
    note(context, asking, deed, f"person:{person_id}")


@router.get("/accounts")
def accounts(asking: Operator, context: Context) -> list[AccountShown]:
    """List all accounts, those that use most first."""
    del asking  # that it is an operator is enough
    with transaction(context.engine) as connection:
        found = site_rows.read_accounts(connection)
    return [AccountShown.model_validate(one, from_attributes=True) for one in found]


@router.get("/keys")
def keys(scope: Scope, context: Context) -> list[SiteKeyShown]:
    """List keys, the newest first; they are made and revoked by their account's admins."""
    with transaction(context.engine) as connection:
        found = site_rows.read_site_keys(connection, scope)
    return [SiteKeyShown.model_validate(one, from_attributes=True) for one in found]
