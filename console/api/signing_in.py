"""Signs browsers in, for the API and the pages alike: throttled, written down, with a cookie."""

from fastapi import Request, Response

from console.api.access_log import note, note_about
from console.api.addresses import address_of
from console.api.context import ApiContext
from console.api.principals import Principal, cookie_name, csrf_of
from console.people.deeds import Deed
from console.people.desk import SESSION_LASTS_S
from console.people.roles import Role
from pipeline.errors import AccessError


def sign_in_browser(
    context: ApiContext, request: Request, email: str, password: str, code: str
) -> tuple[str, Principal]:
    """Return a new session's token and whose it is.

    Raises:
        AccessError: as `PeopleDesk.sign_in`.
    """
    address = address_of(request, context.settings.trusted_proxies)
    browser = request.headers.get("user-agent", "")
    try:
        signed_in = context.people.sign_in(email, password, code, browser, address)
    except AccessError as error:
        # not what the throttle refuses: the log would grow as fast as anybody can ask
        if error.code == "sign_in_wrong":
            note_about(context, email, Deed.SESSION_REFUSED, address)
        raise
    session = context.people.session_of(signed_in.token)
    assert session is not None, "it was made just now"
    asking = Principal(
        session.account_id,
        Role(session.role),
        session.person_id,
        csrf=csrf_of(signed_in.token),
        address=address,
    )
    note(context, asking, Deed.SESSION_START)
    return signed_in.token, asking


def set_cookie(context: ApiContext, response: Response, token: str) -> None:
    """Give a browser its session."""
    response.set_cookie(
        cookie_name(context.settings.is_https),
        token,
        max_age=int(SESSION_LASTS_S),
        secure=context.settings.is_https,
        httponly=True,
        samesite="lax",
        path="/",
    )
