"""Signing in by an identity provider: out to it, back from it, and linking by one's own password."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from console.api.access_log import note, note_about
from console.api.addresses import address_of
from console.api.context import PROVIDER_BACK, ApiContext, Context
from console.api.principals import Principal, Reader, csrf_of
from console.api.sealed_cookies import drop_sealed, put_sealed, read_sealed
from console.api.signing_in import set_cookie
from console.pages.render import PageHere
from console.people.deeds import Deed
from console.people.federation import Entered
from console.people.provider import FLOW_LASTS_S, Flow, Identity, Provider
from console.people.roles import Role
from pipeline.errors import AccessError, SourceNotFoundError, VerityError

router = APIRouter()
FLOW = "verity_provider"  # names of cookies
LINK = "verity_link"
LINK_LASTS_S = 600.0  # to find one's password


@router.get("/sign-in/provider")
def leave(
    page: PageHere,
    context: Context,
    next: Annotated[str, Query(max_length=400)] = "/",  # noqa: A002
) -> Response:
    """Send a browser to the identity provider."""
    provider = _provider(context)
    flow = Flow.begin(own_path(next), time.time())
    try:
        answer = RedirectResponse(provider.address(flow), 303)
    except VerityError as error:
        return sign_in_form(page, context, error)
    kept = {
        "state": flow.state,
        "nonce": flow.nonce,
        "verifier": flow.verifier,
        "next": flow.next,
        "began_at": repr(flow.began_at),
    }
    put_sealed(context, answer, FLOW, kept, FLOW_LASTS_S)
    return answer


@router.get(PROVIDER_BACK)
def come_back(page: PageHere, request: Request, context: Context) -> Response:
    """Let somebody in whom the provider vouches for, or say why not."""
    provider = _provider(context)
    try:
        answer = _let_in(provider, request, context)
    except VerityError as error:
        answer = sign_in_form(page, context, error)
    drop_sealed(context, answer, FLOW)
    return answer


@router.post("/account/provider/remove")
def unlink(asking: Reader, context: Context) -> Response:
    """Let the provider vouch for this person no more."""
    if asking.person_id is None or asking.key_id is not None:
        raise AccessError("A key has no page: this is for people.", "people_only")
    context.federation(_provider(context)).unlink(asking.person_id)
    note(context, asking, Deed.IDENTITY_UNLINK)
    return RedirectResponse("/account", 303)


def sign_in_form(page: PageHere, context: ApiContext, error: VerityError) -> Response:
    """Return the form with what went wrong."""
    status = 503 if error.retryable else 401
    return page.show(
        "sign_in.html",
        status,
        problem=page.said(error),
        email="",
        next="/",
        provider=provider_name(context),
        is_linking=False,
    )


def provider_name(context: ApiContext) -> str:
    """Return what the provider's button says; "" = there is none."""
    return "" if context.provider is None else context.provider.settings.name


def own_path(wanted: str) -> str:
    """Return a path of ours, and "/" for everything else."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_ours and wanted.isprintable() else "/"


def is_linking(context: ApiContext, request: Request) -> bool:
    """Tell whether this browser came back from the provider, and links with the next password."""
    return context.provider is not None and _kept_link(context, request) is not None


def link_if_asked(
    context: ApiContext, request: Request, response: Response, asking: Principal
) -> None:
    """Link whom the provider vouched for in this browser to whoever just gave their password."""
    kept = _kept_link(context, request)
    if kept is None or context.provider is None or asking.person_id is None:
        return
    desk = context.federation(context.provider)
    if desk.link(asking.person_id, kept["issuer"], kept["subject"], kept["email"]):
        note(context, asking, Deed.IDENTITY_LINK)
    drop_sealed(context, response, LINK)


def _let_in(provider: Provider, request: Request, context: ApiContext) -> Response:
    flow = _kept_flow(context, request)
    identity = provider.identity(flow, dict(request.query_params), time.time())
    address = address_of(request, context.settings.trusted_proxies)
    browser = request.headers.get("user-agent", "")
    try:
        entered = context.federation(provider).enter(identity, browser, address)
    except AccessError as error:
        if error.code == "link_needed":
            return _ask_for_password(context, identity)
        note_about(context, identity.email, Deed.SESSION_REFUSED, address)
        raise
    _note(context, entered, identity, address)
    answer = RedirectResponse(flow.next, 303)
    set_cookie(context, answer, entered.signed_in.token)
    return answer


def _ask_for_password(context: ApiContext, identity: Identity) -> Response:
    answer = RedirectResponse("/sign-in", 303)
    kept = {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "email": identity.email,
        "until": repr(time.time() + LINK_LASTS_S),
    }
    put_sealed(context, answer, LINK, kept, LINK_LASTS_S)
    return answer


def _note(context: ApiContext, entered: Entered, identity: Identity, address: str) -> None:
    if entered.is_new:
        note_about(context, identity.email, Deed.PERSON_SIGN_UP, address)
    session = context.people.session_of(entered.signed_in.token)
    assert session is not None, "it was made just now"
    asking = Principal(
        session.account_id,
        Role(session.role),
        session.person_id,
        csrf=csrf_of(entered.signed_in.token),
        address=address,
    )
    note(context, asking, Deed.SESSION_START, "provider")


def _kept_flow(context: ApiContext, request: Request) -> Flow:
    kept = read_sealed(context, request, FLOW)
    if kept is None:
        raise AccessError(
            "The sign-in was not taken: it was begun in another browser, or too long ago. Try again.",
            "provider_refused",
        )
    return Flow(
        kept["state"], kept["nonce"], kept["verifier"], kept["next"], float(kept["began_at"])
    )


def _kept_link(context: ApiContext, request: Request) -> dict[str, str] | None:
    kept = read_sealed(context, request, LINK)
    return kept if kept is not None and time.time() < float(kept["until"]) else None


def _provider(context: ApiContext) -> Provider:
    if context.provider is None:
        raise SourceNotFoundError("Nobody signs in by a provider here.", "provider_not_found")
    return context.provider
