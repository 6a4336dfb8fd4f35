"""Keys, the people of an account, and one's own sessions and password."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, StringConstraints

from console.api.access_log import note
from console.api.context import Context
from console.api.principals import Admin, Principal, Reader
from console.api.routes_access import Before, read_deeds
from console.api.routes_admin_people import people as people_of
from console.api.routes_members import PersonId
from console.api.routes_usage import days_of
from console.pages.limit_lines import limit_lines
from console.pages.mail import own_url, send
from console.pages.render import Page, PageHere
from console.people.deeds import Deed
from console.people.desk import session_of_list
from console.people.roles import Role
from console.people.second_factor import new_secret, setup_uri
from pipeline.errors import AccessError, VerityError
from storage.people_rows import PersonFacts

router = APIRouter()
N_DEEDS = 100
N_DAYS = 30
Field = Annotated[str, Form(max_length=400)]


class KeyForm(BaseModel):
    """The form of a new key."""

    name: Annotated[str, StringConstraints(max_length=400)]
    role: Role = Role.ANALYST
    days: Annotated[str, StringConstraints(pattern=r"^\d{0,4}$")] = (
        ""  # an empty field: it does not end
    )
    csrf: str = ""


@router.get("/keys")
def keys(page: PageHere, asking: Admin, context: Context) -> Response:
    """List the account's keys."""
    return _keys(page, asking, context)


@router.post("/keys")
def make_key(
    page: PageHere,
    asking: Admin,
    context: Context,
    form: Annotated[KeyForm, Form()],
) -> Response:
    """Make a key and show it once."""
    ends_at = datetime.now(UTC) + timedelta(days=int(form.days)) if form.days else None
    made = context.keys.make_key(asking.account_id, form.name, form.role, asking.person_id, ends_at)
    note(context, asking, Deed.KEY_MAKE, f"key:{made.key_id}")
    return _keys(page, asking, context, made.key)


@router.post("/keys/{key_id}/revoke")
def revoke_key(asking: Admin, context: Context, key_id: str) -> Response:
    """Let a key open nothing any more."""
    context.keys.revoke_key(asking.account_id, key_id)
    note(context, asking, Deed.KEY_REVOKE, f"key:{key_id}")
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
    token = context.members.invite(asking.account_id, email, role)
    note(context, asking, Deed.MEMBER_INVITE)
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
    asking: Admin, context: Context, person_id: PersonId, role: Annotated[Role, Form()]
) -> Response:
    """Give somebody another role."""
    context.members.set_role(asking.account_id, person_id, role)
    note(context, asking, Deed.MEMBER_ROLE, f"person:{person_id} {role}")
    return RedirectResponse("/people", 303)


@router.post("/people/{person_id}/remove")
def remove(asking: Admin, context: Context, person_id: PersonId) -> Response:
    """Take somebody's place in the account away."""
    context.members.set_role(asking.account_id, person_id, None)
    note(context, asking, Deed.MEMBER_REMOVE, f"person:{person_id}")
    return RedirectResponse("/people", 303)


@router.get("/access")
def access(page: PageHere, asking: Admin, context: Context, before: Before = None) -> Response:
    """List who saw and did what in the account."""
    deeds, following = read_deeds(context, asking, before, N_DEEDS)
    return page.show("access.html", deeds=deeds, following=following)


@router.get("/account")
def account(page: PageHere, asking: Reader, context: Context) -> Response:
    """Show one's own sessions and the form for a new password."""
    return _account(page, asking, context)


@router.post("/account/name")
def rename(page: PageHere, asking: Reader, context: Context, name: Field = "") -> Response:
    """Call oneself something else."""
    person_id = _person(asking)
    try:
        context.people.rename(person_id, name)
    except VerityError as error:
        return _account(page, asking, context, AccountSaid(name_problem=page.said(error)))
    note(context, asking, Deed.PERSON_RENAME)
    return _account(page, asking, context, AccountSaid(is_renamed=True))


@router.post("/account/password")
def change_password(
    page: PageHere, asking: Reader, context: Context, old: Field, new: Field
) -> Response:
    """Set another password."""
    try:
        context.people.change_password(_person(asking), old, new, asking.session_sha256 or "")
    except VerityError as error:
        return _account(page, asking, context, AccountSaid(page.said(error)))
    note(context, asking, Deed.PASSWORD_CHANGE)
    return _account(page, asking, context, AccountSaid(is_saved=True))


@router.post("/account/join")
def join(asking: Reader, context: Context, invitation: Field) -> Response:
    """Take a place in another account, and look at it."""
    person_id = _person(asking)
    account_id = context.people.join(person_id, invitation)
    note(context, replace(asking, account_id=account_id), Deed.MEMBER_JOIN)
    context.people.look_at(asking.session_sha256 or "", person_id, account_id)
    return RedirectResponse("/", 303)


@router.post("/account/look")
def look_at(asking: Reader, context: Context, account_id: Field) -> Response:
    """Look at another account of one's own."""
    context.people.look_at(asking.session_sha256 or "", _person(asking), account_id)
    return RedirectResponse("/", 303)


@router.get("/account/second-factor")
def second_factor_page(page: PageHere, asking: Reader, context: Context) -> Response:
    """Show a new secret as a picture for an app, and the form for its first code."""
    return _second_factor(page, context.people.person(_person(asking)), new_secret())


@router.post("/account/second-factor")
def set_second_factor(
    page: PageHere, asking: Reader, context: Context, secret: Field, code: Field
) -> Response:
    """Ask for codes from now on, where the first one is right."""
    person_id = _person(asking)
    try:
        context.people.set_second_factor(person_id, secret, code)
    except VerityError as error:
        return _second_factor(page, context.people.person(person_id), secret, page.said(error))
    note(context, asking, Deed.SECOND_FACTOR_SET)
    return RedirectResponse("/account", 303)


@router.post("/account/second-factor/remove")
def remove_second_factor(
    page: PageHere, asking: Reader, context: Context, password: Field
) -> Response:
    """Ask for no codes any more."""
    try:
        context.people.remove_second_factor(_person(asking), password)
    except VerityError as error:
        return _account(page, asking, context, AccountSaid(factor_problem=page.said(error)))
    note(context, asking, Deed.SECOND_FACTOR_REMOVE)
    return RedirectResponse("/account", 303)


@router.post("/account/sessions/{session_id}/end")
def end_session(asking: Reader, context: Context, session_id: str) -> Response:
    """End one session of this person."""
    context.people.end_session(_person(asking), session_id)
    note(context, asking, Deed.SESSION_END)
    return RedirectResponse("/account", 303)


@router.post("/account/sign-out-everywhere")
def sign_out_everywhere(asking: Reader, context: Context) -> Response:
    """End all sessions of this person."""
    context.people.sign_out(_person(asking))
    note(context, asking, Deed.SESSION_END_ALL)
    return RedirectResponse("/", 303)


def _keys(page: Page, asking: Principal, context: Context, made: str = "") -> Response:
    found = context.keys.keys(asking.account_id)
    return page.show("keys.html", keys=found, roles=list(Role), made=made)


def _people(page: Page, asking: Principal, context: Context, link: str = "") -> Response:
    found = people_of(asking.account_id, context)
    return page.show("people.html", people=found, roles=list(Role), link=link)


@dataclass(frozen=True, slots=True)
class AccountSaid:
    """What the page of oneself says of a form that was just sent."""

    problem: str = ""  # of the password
    name_problem: str = ""
    factor_problem: str = ""
    is_saved: bool = False  # the password
    is_renamed: bool = False


def _account(
    page: Page, asking: Principal, context: Context, said: AccountSaid | None = None
) -> Response:
    person_id, provider = _person(asking), context.provider
    person = context.people.person(person_id)
    return page.show(
        "account.html",
        person=person,
        places=context.members.places(person_id),
        sessions=context.people.sessions(person_id),
        session_of_list=session_of_list,
        limits=limit_lines(context.quota.limited(asking.account_id)),
        days=days_of(context, asking, N_DAYS),
        has_second_factor=person.totp_secret is not None,
        said=said or AccountSaid(),
        provider="" if provider is None else provider.settings.name,
        links=[] if provider is None else context.federation(provider).links(person_id),
    )


def _second_factor(page: Page, person: PersonFacts, secret: str, problem: str = "") -> Response:
    picture = segno.make(setup_uri(secret, person.email)).svg_data_uri(scale=5)
    return page.show("second_factor.html", secret=secret, picture=picture, problem=problem)


def _person(asking: Principal) -> int:
    if asking.person_id is None or asking.key_id is not None:
        raise AccessError("A key has no page: this is for people.", "people_only")
    return asking.person_id
