"""Try it: one file, recording or link, answered on the same page."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Header, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.examining import Upload
from console.api.principals import Analyst
from console.api.routes_live import PieceQuery, hear_piece
from console.api.routes_predict import (
    FORM_TYPE,
    UPLOAD_NAME,
    asked_by,
    examined,
    keep_body,
    keep_form,
)
from console.api.slow_routes import slowly
from console.api.spending import charging, file_left
from console.hearing import MOST_LIVE_S
from console.pages.finding import FindingShown, show_finding
from console.pages.provisional import show_provisional
from console.pages.render import Page, PageHere
from console.people.deeds import Deed
from jobs.provisional import Provisional, ProvisionalCell
from reports.languages import words_of
from reports.wording import cell_words

router = APIRouter()
LEAST_SHOWN_S = 30.0  # of the timeline of a recording that goes on: it fills as one speaks


@router.get("/try")
def try_page(page: PageHere, asking: Analyst, context: Context) -> Response:
    """Show the form."""
    return _try_page(page, context)


@router.post("/try/file")
async def try_file(
    page: PageHere,
    request: Request,
    asking: Analyst,
    context: Context,
    content_type: Annotated[str, Header()] = "",
) -> Response:
    """Analyse a file or a recording; return the finding as a part of the page."""
    words = words_of(page.language)
    with context.examining.folder() as folder:
        path = folder / UPLOAD_NAME
        if content_type.startswith(FORM_TYPE):
            title = await keep_form(request, path)
        else:
            await keep_body(request, path)
            title = "recording"
        upload = Upload(path, title or "upload")
        document = await examined(context, asking, upload, words)
    await run_in_threadpool(note, context, asking, Deed.PREDICT_FILE)
    return page.show("parts/finding.html", f=show_finding(document, words))


@router.post("/try/live", dependencies=[Depends(file_left)])
async def try_live(
    page: PageHere,
    request: Request,
    asking: Analyst,
    context: Context,
    piece: Annotated[PieceQuery, Query()],
) -> Response:
    """Analyse the newest seconds of a recording that goes on; return what it shows so far."""
    found = await hear_piece(request, context, asking, piece)
    cells = tuple(
        ProvisionalCell(0, 0, cell.start_s, cell.end_s, cell.llr)
        for cell in found.cells
        if cell.llr is not None
    )
    shown = Provisional(max(found.until_s, LEAST_SHOWN_S), found.llr_limit, cells)
    return page.show(
        "parts/live.html",
        found=found,
        p=show_provisional(shown, page.language),
        strength=cell_words(found.llr, found.llr_limit, words_of(page.language)),
        heard=json.dumps(
            [row.model_dump(mode="json", exclude_defaults=True) for row in found.heard]
        ),
    )


@router.post("/try/link")
@slowly
def try_link(
    page: PageHere,
    asking: Analyst,
    context: Context,
    url: Annotated[str, Form(max_length=4096)],
) -> Response:
    """Analyse what is behind a link; return the finding, in the whole page where no script asks."""
    words = words_of(page.language)
    document = context.examining.link(
        url.strip(), asked_by(asking), words, charging(context, asking)
    )
    note(context, asking, Deed.PREDICT_LINK)
    shown = show_finding(document, words)
    if page.request.headers.get("hx-request") != "true":
        return _try_page(page, context, shown)
    return page.show("parts/finding.html", f=shown)


def _try_page(page: Page, context: ApiContext, shown: FindingShown | None = None) -> Response:
    most_bytes = context.settings.upload_bytes
    size = f"{most_bytes >> 20} MB"
    return page.show("try.html", size=size, most_bytes=most_bytes, most_live_s=MOST_LIVE_S, f=shown)
