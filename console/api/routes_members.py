"""The people of an account: listed, invited, given another role, sent away."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from console.api.access_log import note
from console.api.context import Context
from console.api.principals import Admin
from console.people.deeds import Deed
from console.people.roles import Role

router = APIRouter(tags=["people"])
PersonId = Annotated[int, Path(ge=1, le=2**63 - 1)]  # as the database counts


class MemberShown(BaseModel):
    """A person in the account."""

    person_id: int
    email: str
    name: str
    role: Role
    joined_at: datetime


class InviteBody(BaseModel):
    """Who shall join, as what."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=400)]
    role: Role = Role.ANALYST


class Invited(BaseModel):
    """An invitation: the only answer that holds its token, good once, for seven days."""

    invitation: str  # for `POST /v1/people`, or the page /sign-up?invitation=...


class RoleBody(BaseModel):
    """Another role."""

    model_config = ConfigDict(extra="forbid")

    role: Role


@router.get("/members")
def members(asking: Admin, context: Context) -> list[MemberShown]:
    """List the account's people."""
    return [
        MemberShown(
            person_id=one.person_id,
            email=one.email,
            name=one.name,
            role=Role(one.role),
            joined_at=one.joined_at,
        )
        for one in context.members.members(asking.account_id)
    ]


@router.post("/members/invitations", status_code=201)
def invite(body: InviteBody, asking: Admin, context: Context) -> Invited:
    """Invite an address; no mail is sent: whoever asks passes the invitation on."""
    token = context.members.invite(asking.account_id, body.email, body.role)
    note(context, asking, Deed.MEMBER_INVITE)
    return Invited(invitation=token)


@router.put("/members/{person_id}", status_code=204)
def set_role(person_id: PersonId, body: RoleBody, asking: Admin, context: Context) -> None:
    """Give somebody another role."""
    context.members.set_role(asking.account_id, person_id, body.role)
    note(context, asking, Deed.MEMBER_ROLE, f"person:{person_id} {body.role}")


@router.delete("/members/{person_id}", status_code=204)
def remove(person_id: PersonId, asking: Admin, context: Context) -> None:
    """Take somebody's place in the account away."""
    context.members.set_role(asking.account_id, person_id, None)
    note(context, asking, Deed.MEMBER_REMOVE, f"person:{person_id}")
