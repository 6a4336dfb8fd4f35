"""Signing in, signing up, signing out, forgotten passwords."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, SecretStr

from console.api.access_log import note, note_about
from console.api.addresses import address_of
from console.api.context import Context
from console.api.principals import Reader, cookie_name
from console.api.signing_in import set_cookie, sign_in_browser
from console.pages.mail import send_reset
from console.pages.render import PageHere
from console.pages.views_federation import is_linking, link_if_asked, own_path, provider_name
from console.people.deeds import Deed
from pipeline.errors import VerityError

router = APIRouter()
Text = Annotated[str, Field(max_length=400)]
Posted = Annotated[str, Form(max_length=400)]


class SignInForm(BaseModel):
    """Somebody known."""

    email: Text
    password: SecretStr
    code: Text = ""
    next: Text = "/"  # where to go then
    csrf: str = ""


class SignUpForm(BaseModel):
    """Somebody new."""

    email: Text
    password: SecretStr
    name: Text = ""
    invitation: Text = ""
    csrf: str = ""


@router.get("/sign-in")
def sign_in_page(
    page: PageHere,
    request: Request,
    context: Context,
    next: Annotated[str, Query(max_length=400)] = "/",  # noqa: A002
) -> Response:
    """Show the form."""
    return page.show(
        "sign_in.html",
        problem="",
        email="",
        next=next,
        provider=provider_name(context),
        is_linking=is_linking(context, request),
    )


@router.post("/sign-in")
def sign_in(
    page: PageHere, request: Request, context: Context, form: Annotated[SignInForm, Form()]
) -> Response:
    """Sign this browser in, or show the form again with what is wrong."""
    try:
        password = form.password.get_secret_value()
        token, asking = sign_in_browser(context, request, form.email, password, form.code)
    except VerityError as error:
        return page.show(
            "sign_in.html",
            401,
            problem=page.said(error),
            email=form.email,
            next=form.next,
            provider=provider_name(context),
            is_linking=is_linking(context, request),
        )
    answer = RedirectResponse(own_path(form.next), 303)
    set_cookie(context, answer, token)
    link_if_asked(context, request, answer, asking)
    return answer


@router.get("/sign-up")
def sign_up_page(
    page: PageHere, context: Context, invitation: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Show the form, or that it is closed."""
    is_open = bool(invitation) or context.people.may_sign_up()
    return page.show(
        "sign_up.html", problem="", email="", name="", invitation=invitation, is_open=is_open
    )


@router.post("/sign-up")
def sign_up(
    page: PageHere, request: Request, context: Context, form: Annotated[SignUpForm, Form()]
) -> Response:
    """Make a person and sign this browser in."""
    password = form.password.get_secret_value()
    try:
        context.people.sign_up(form.email, password, form.name, form.invitation)
    except VerityError as error:
        return page.show(
            "sign_up.html",
            422,
            problem=page.said(error),
            email=form.email,
            name=form.name,
            invitation=form.invitation,
            is_open=True,
        )
    address = address_of(request, context.settings.trusted_proxies)
    note_about(context, form.email, Deed.PERSON_SIGN_UP, address)
    known = SignInForm(email=form.email, password=form.password)
    return sign_in(page, request, context, known)


@router.post("/sign-out")
def sign_out(asking: Reader, context: Context) -> Response:
    """End this browser's session."""
    if asking.person_id is not None:
        context.people.sign_out(asking.person_id, asking.session_sha256)
        note(context, asking, Deed.SESSION_END)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(cookie_name(context.settings.is_https), path="/")
    return answer


@router.get("/forgot")
def forgot_page(page: PageHere) -> Response:
    """Show the form."""
    return page.show("forgot.html", is_sent=False)


@router.post("/forgot")
def forgot(page: PageHere, request: Request, context: Context, email: Posted) -> Response:
    """Send a link, if there is such a person; say the same in any case."""
    link = context.people.ask_reset(email)
    if link is not None:
        send_reset(context, request, link.email, link.token)
    return page.show("forgot.html", is_sent=True)


@router.get("/reset/{token}")
def reset_page(page: PageHere, token: str) -> Response:
    """Show the form."""
    return page.show("reset.html", problem="", token=token)


@router.post("/reset/{token}")
def reset(
    page: PageHere, request: Request, context: Context, token: str, password: Posted
) -> Response:
    """Set the password and lead to the sign-in form."""
    try:
        email = context.people.reset_password(token, password)
    except VerityError as error:
        return page.show("reset.html", 422, problem=page.said(error), token=token)
    address = address_of(request, context.settings.trusted_proxies)
    note_about(context, email, Deed.PASSWORD_RESET, address)
    return RedirectResponse("/sign-in", 303)
