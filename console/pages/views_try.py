"""Try it: one file, recording or link, answered on the same page."""

from typing import Annotated

from fastapi import APIRouter, Form, Header, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from console.api.access_log import note
from console.api.context import Context
from console.api.examining import Upload
from console.api.principals import Analyst
from console.api.routes_predict import FORM_TYPE, UPLOAD_NAME, asked_by, keep_body, keep_form
from console.api.spending import charging
from console.pages.finding import show_finding
from console.pages.render import PageHere
from console.people.deeds import Deed
from reports.languages import words_of

router = APIRouter()


@router.get("/try")
def try_page(page: PageHere, asking: Analyst, context: Context) -> Response:
    """Show the form."""
    size = f"{context.settings.upload_bytes >> 20} MB"
    return page.show("try.html", size=size)


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
        document = await run_in_threadpool(
            context.examining.file, upload, asked_by(asking), words, charging(context, asking)
        )
    await run_in_threadpool(note, context, asking, Deed.PREDICT_FILE)
    return page.show("parts/finding.html", f=show_finding(document, words))


@router.post("/try/link")
def try_link(
    page: PageHere,
    asking: Analyst,
    context: Context,
    url: Annotated[str, Form(max_length=4096)],
) -> Response:
    """Analyse what is behind a link; return the finding as a part of the page."""
    words = words_of(page.language)
    document = context.examining.link(
        url.strip(), asked_by(asking), words, charging(context, asking)
    )
    note(context, asking, Deed.PREDICT_LINK)
    return page.show("parts/finding.html", f=show_finding(document, words))
