"""Signing in, sessions and keys."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from console.api.access_log import note, note_about
from console.api.addresses import address_of
from console.api.context import Context
from console.api.principals import Admin, Principal, Reader, cookie_name, visit
from console.api.signing_in import set_cookie, sign_in_browser
from console.people.deeds import Deed
from console.people.desk import session_of_list
from console.people.roles import Role
from pipeline.errors import AccessError

router = APIRouter(tags=["people"])
Text = Annotated[str, Field(max_length=400)]


class Body(BaseModel):
    """What the bodies of requests share."""

    model_config = ConfigDict(extra="forbid")


class SignUpBody(Body):
    """Somebody new."""

    email: Text
    password: SecretStr
    name: Text = ""
    invitation: Text = ""


class SignInBody(Body):
    """Somebody known."""

    email: Text
    password: SecretStr
    code: Text = ""


class Me(BaseModel):
    """Who asks."""

    account_id: str
    role: Role
    person_id: int | None
    key_id: str | None
    rights: list[str]
    csrf: str  # to be sent as `x-csrf-token` with every change, by browsers


class KeyBody(Body):
    """A key that is to be made."""

    name: Text
    role: Role = Role.ANALYST
    expires_at: AwareDatetime | None = None
    requests_a_minute: Annotated[int | None, Field(ge=1, le=1_000_000)] = None


class KeyShown(BaseModel):
    """A key without its secret."""

    key_id: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
    requests_a_minute: int | None  # None: as the account


class KeyMade(BaseModel):
    """A new key: the only answer that holds its secret."""

    key_id: str
    key: str


class NameBody(Body):
    """How somebody is called."""

    name: Text


class InvitationBody(Body):
    """An invitation, as its link ends."""

    invitation: Text


class Place(Body):
    """An account that a person belongs to."""

    account_id: Text


class SessionShown(BaseModel):
    """A browser that is signed in."""

    session_id: str
    created_at: datetime
    seen_at: datetime
    browser: str
    address: str
    is_this: bool


@router.post("/people", status_code=201, dependencies=[Depends(visit)])
def sign_up(body: SignUpBody, request: Request, context: Context) -> dict[str, int]:
    """Make a person: by invitation, or openly where the site allows it."""
    password = body.password.get_secret_value()
    person_id = context.people.sign_up(body.email, password, body.name, body.invitation)
    address = address_of(request, context.settings.trusted_proxies)
    note_about(context, body.email, Deed.PERSON_SIGN_UP, address)
    return {"person_id": person_id}


@router.post("/sessions", status_code=201, dependencies=[Depends(visit)])
def sign_in(body: SignInBody, request: Request, response: Response, context: Context) -> Me:
    """Sign a browser in: the answer sets its cookie."""
    password = body.password.get_secret_value()
    token, asking = sign_in_browser(context, request, body.email, password, body.code)
    set_cookie(context, response, token)
    return _me(asking)


@router.get("/me")
def me(asking: Reader) -> Me:
    """Return who asks, and what may be done."""
    return _me(asking)


@router.put("/me/name", status_code=204)
def rename(body: NameBody, asking: Reader, context: Context) -> None:
    """Call the asking person something else from now on; signed opinions keep their name."""
    context.people.rename(_person_of(asking), body.name)
    note(context, asking, Deed.PERSON_RENAME)


@router.post("/me/places", status_code=201)
def join(body: InvitationBody, asking: Reader, context: Context) -> Place:
    """Take a place in another account by an invitation to one's own address."""
    account_id = context.people.join(_person_of(asking), body.invitation)
    note(context, replace(asking, account_id=account_id), Deed.MEMBER_JOIN)
    return Place(account_id=account_id)


@router.put("/me/account", status_code=204)
def look_at(body: Place, asking: Reader, context: Context) -> None:
    """Let this browser look at another account that the asking person has a place in."""
    person_id = _person_of(asking)
    context.people.look_at(asking.session_sha256 or "", person_id, body.account_id)


@router.get("/sessions")
def sessions(asking: Reader, context: Context) -> list[SessionShown]:
    """List the browsers in which the asking person is signed in."""
    return [
        SessionShown(
            session_id=session_of_list(one),
            created_at=one.created_at,
            seen_at=one.seen_at,
            browser=one.browser,
            address=one.address,
            is_this=one.token_sha256 == asking.session_sha256,
        )
        for one in context.people.sessions(_person_of(asking))
    ]


@router.delete("/sessions/current", status_code=204)
def sign_out(asking: Reader, response: Response, context: Context) -> None:
    """End this browser's session."""
    context.people.sign_out(_person_of(asking), asking.session_sha256)
    note(context, asking, Deed.SESSION_END)
    response.delete_cookie(cookie_name(context.settings.is_https), path="/")


@router.delete("/sessions/{session_id}", status_code=204)
def end_session(session_id: str, asking: Reader, context: Context) -> None:
    """End one of the asking person's sessions, such as on a computer that was lost."""
    context.people.end_session(_person_of(asking), session_id)
    note(context, asking, Deed.SESSION_END)


@router.delete("/sessions", status_code=204)
def sign_out_everywhere(asking: Reader, context: Context) -> None:
    """End all sessions of the asking person."""
    context.people.sign_out(_person_of(asking))
    note(context, asking, Deed.SESSION_END_ALL)


@router.get("/keys")
def keys(asking: Admin, context: Context) -> list[KeyShown]:
    """List the account's keys."""
    return [
        KeyShown.model_validate(one, from_attributes=True)
        for one in context.keys.keys(asking.account_id)
    ]


@router.post("/keys", status_code=201)
def make_key(body: KeyBody, asking: Admin, context: Context) -> KeyMade:
    """Make a key; its secret is in this answer and nowhere else."""
    made = context.keys.make_key(
        asking.account_id,
        body.name,
        body.role,
        asking.person_id,
        body.expires_at,
        body.requests_a_minute,
    )
    note(context, asking, Deed.KEY_MAKE, f"key:{made.key_id}")
    return KeyMade(key_id=made.key_id, key=made.key)


@router.delete("/keys/{key_id}", status_code=204)
def revoke_key(key_id: str, asking: Admin, context: Context) -> None:
    """Let a key open nothing any more."""
    context.keys.revoke_key(asking.account_id, key_id)
    note(context, asking, Deed.KEY_REVOKE, f"key:{key_id}")


def _me(asking: Principal) -> Me:
    return Me(
        account_id=asking.account_id,
        role=asking.role,
        person_id=asking.person_id,
        key_id=asking.key_id,
        rights=sorted(asking.rights),
        csrf=asking.csrf,
    )


def _person_of(asking: Principal) -> int:
    if asking.person_id is None or asking.key_id is not None:
        raise AccessError("A key has no sessions: this is for people.", "people_only")
    return asking.person_id
