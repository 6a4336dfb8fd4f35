"""Puts the pages together: an app of its own beside the API, with errors as pages."""

import logging
import math
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from console.api.context import ApiContext
from console.api.plain_text import plain_text
from console.api.principals import SAFE_METHODS, principal_or_none
from console.api.problems import status_of
from console.pages import (
    views_account,
    views_admin,
    views_admin_evidence,
    views_connections,
    views_federation,
    views_home,
    views_items,
    views_jobs,
    views_live,
    views_notices,
    views_quotas,
    views_search,
    views_sign,
    views_sweeps,
    views_try,
)
from console.pages.render import Page, bare_page, page_before
from pipeline.errors import AccessError, VerityError

_log = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static"


def create_pages(context: ApiContext) -> FastAPI:
    """Return the pages over open desks."""
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(plain_text), Depends(same_site)],
    )
    app.state.context = context
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for views in (
        views_home,
        views_sign,
        views_try,
        views_live,  # before `/jobs/{job_id}`
        views_jobs,
        views_items,
        views_search,
        views_sweeps,
        views_notices,
        views_account,
    ):
        app.include_router(views.router)
    for views in (
        *(views_federation, views_connections, views_admin_evidence, views_admin),
        views_quotas,
    ):
        app.include_router(views.router)
    app.add_exception_handler(VerityError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    return app


def same_site(request: Request) -> None:
    """Refuse changes that another site's page asks for, before anybody is signed in as well.

    Raises:
        AccessError: a browser says that the request comes from elsewhere.
    """
    said = request.headers.get("sec-fetch-site", "same-origin")
    if request.method not in SAFE_METHODS and said not in {"same-origin", "none"}:
        raise AccessError("This request comes from another site.", "cross_site")


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, VerityError)
    if error.code == "sign_in_needed":
        return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)
    page = page_here(request)
    retry_s = math.ceil(error.retry_after_s) if error.retry_after_s else None
    answer = _show(request, status_of(error), page.said(error), retry_s)
    if retry_s is not None:
        answer.headers["retry-after"] = str(retry_s)
    return answer


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _show(request, 422, page_here(request).said(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not hasattr(request.state, "asking"):  # no page was reached that would have asked
        with suppress(VerityError):
            await principal_or_none(request, request.app.state.context)
    page = page_here(request)
    is_nothing = error.status_code in (404, 405)  # a form's place is no page
    said = page.words["error.not_found"] if is_nothing else str(error.detail)
    return _show(request, error.status_code, said)


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("page failed unexpectedly", exc_info=error)
    return _show(request, 500, page_here(request).words["error.unexpected"])


def _show(request: Request, status: int, message: str, retry_s: int | None = None) -> Response:
    is_part = request.headers.get("hx-request") == "true"
    template = "parts/error.html" if is_part else "error.html"
    return page_here(request).show(
        template,
        status,
        message=message,
        retry_s=retry_s,
        again=f"{request.url.path}?{request.url.query}" if request.method == "GET" else "",
        back=page_before(request),
    )


def page_here(request: Request) -> Page:
    """Return the page of whoever asked, as far as that was found out before the error."""
    return bare_page(request, getattr(request.state, "asking", None))
