"""Keys, the people of an account, and one's own sessions and password."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from console.api.context import Context
from console.api.principals import Admin, Principal, Reader
from console.pages.mail import own_url, send
from console.pages.render import Page, PageHere
from console.people.roles import Role
from pipeline.errors import AccessError, VerityError

router = APIRouter()
Field = Annotated[str, Form(max_length=400)]


@router.get("/keys")
def keys(page: PageHere, asking: Admin, context: Context) -> Response:
    """List the account's keys."""
    return _keys(page, asking, context)


@router.post("/keys")
def make_key(
    page: PageHere,
    asking: Admin,
    context: Context,
    name: Field,
    role: Annotated[Role, Form()] = Role.ANALYST,
) -> Response:
    """Make a key and show it once."""
    made = context.people.make_key(asking.account_id, name, role, asking.person_id)
    return _keys(page, asking, context, made.key)


@router.post("/keys/{key_id}/revoke")
def revoke_key(asking: Admin, context: Context, key_id: str) -> Response:
    """Let a key open nothing any more."""
    context.people.revoke_key(asking.account_id, key_id)
    return RedirectResponse("/keys", 303)


@router.get("/people")
def people(page: PageHere, asking: Admin, context: Context) -> Response:
    """List the account's people."""
    return _people(page, asking, context)


@router.post("/people/invite")
def invite(
    page: PageHere,
    request: Request,
    asking: Admin,
    context: Context,
    email: Field,
    role: Annotated[Role, Form()] = Role.ANALYST,
) -> Response:
    """Invite an address; the link is shown, and sent where a mail server is set."""
    token = context.people.invite(asking.account_id, email, role)
    link = own_url(context, request, f"/sign-up?invitation={token}")
    send(
        context,
        email.strip(),
        "Voice Verity: an invitation",
        f"You were invited to Voice Verity. The link works once, for seven days:\n\n{link}\n",
    )
    return _people(page, asking, context, link)


@router.post("/people/{person_id}/role")
def set_role(
    asking: Admin, context: Context, person_id: int, role: Annotated[Role, Form()]
) -> Response:
    """Give somebody another role."""
    context.people.set_role(asking.account_id, person_id, role)
    return RedirectResponse("/people", 303)


@router.post("/people/{person_id}/remove")
def remove(asking: Admin, context: Context, person_id: int) -> Response:
    """Take somebody's place in the account away."""
    context.people.set_role(asking.account_id, person_id, None)
    return RedirectResponse("/people", 303)


@router.get("/account")
def account(page: PageHere, asking: Reader, context: Context) -> Response:
    """Show one's own sessions and the form for a new password."""
    return _account(page, asking, context)


@router.post("/account/password")
def change_password(
    page: PageHere, asking: Reader, context: Context, old: Field, new: Field
) -> Response:
    """Set another password."""
    try:
        context.people.change_password(_person(asking), old, new, asking.session_sha256 or "")
    except VerityError as error:
        return _account(page, asking, context, problem=error.message)
    return _account(page, asking, context, is_saved=True)


@router.post("/account/sign-out-everywhere")
def sign_out_everywhere(asking: Reader, context: Context) -> Response:
    """End all sessions of this person."""
    context.people.sign_out(_person(asking))
    return RedirectResponse("/", 303)


def _keys(page: Page, asking: Principal, context: Context, made: str = "") -> Response:
    found = context.people.keys(asking.account_id)
    return page.show("keys.html", keys=found, roles=list(Role), made=made)


def _people(page: Page, asking: Principal, context: Context, link: str = "") -> Response:
    found = context.people.members(asking.account_id)
    return page.show("people.html", people=found, roles=list(Role), link=link)


def _account(
    page: Page, asking: Principal, context: Context, problem: str = "", *, is_saved: bool = False
) -> Response:
    sessions = context.people.sessions(_person(asking))
    return page.show("account.html", sessions=sessions, problem=problem, is_saved=is_saved)


def _person(asking: Principal) -> int:
    if asking.person_id is None or asking.key_id is not None:
        raise AccessError("A key has no page: this is for people.", "people_only")
    return asking.person_id
