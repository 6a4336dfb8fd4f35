"""The first page: what the tool can and cannot say; for those who are signed in, their work."""

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from console.api.context import Context
from console.pages.render import LANGUAGE_COOKIE, PageHere
from console.pages.words import languages

router = APIRouter()
N_NEWEST = 5
YEAR_S = 365 * 24 * 3600


@router.get("/")
def home(page: PageHere, context: Context) -> Response:
    """Show the first page."""
    newest = context.desk.list_jobs(page.asking.account_id, N_NEWEST) if page.asking else []
    is_first = page.asking is None and context.people.is_new()
    return page.show(
        "home.html", newest=newest, is_first=is_first, may_sign_up=context.people.may_sign_up()
    )


@router.post("/language")
def choose_language(language: str = Form(max_length=10), back: str = Form("/")) -> Response:
    """Remember a language in this browser."""
    # browsers read a backslash as a slash: two at the beginning would name another site
    is_ours = back.startswith("/") and not back.startswith("//") and "\\" not in back
    target = back if is_ours and back.isprintable() else "/"
    answer = RedirectResponse(target, 303)
    if language in languages():
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_S, samesite="lax", httponly=True)
    return answer
