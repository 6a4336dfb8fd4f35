"""One file or link, answered at once: verdict, LLR, words and segments."""

import functools
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.examining import Upload
from console.api.principals import Analyst, Principal
from console.api.slow_routes import slowly
from console.api.spending import charging, file_left
from console.people.deeds import Deed
from jobs.archive_names import is_archive
from jobs.uploads import ARCHIVE_CODE
from pipeline.errors import InputError, MediaUnsupportedError
from reports.document import FailurePart, ReportDocument
from reports.findings import SegmentRow, VerdictFindings
from reports.languages import words_of
from reports.words import Words

router = APIRouter(prefix="/predict", tags=["predict"])
FORM_TYPE = "multipart/form-data"
CHUNK_BYTES = 1 << 20
MOST_NAME_CHARS = 255
UPLOAD_NAME = "upload"  # on disk: their name never becomes a path


class LinkBody(BaseModel):
    """A web link."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"url": "https://example.org/speech.mp3"}]}
    )

    url: Annotated[str, Field(max_length=4096)]


class Predicted(BaseModel):
    """What was found in one file."""

    title: str
    sha256: str | None
    duration_s: float | None
    verdict: VerdictFindings | None  # None: the file could not be analysed, see `failure`
    failure: FailurePart | None
    headline: str  # in the language that was asked for
    detail: str
    how_sure: list[str]
    not_examined: list[str]
    segments: list[SegmentRow]
    findings_sha256: str
    model: str
    note: str = "Machine output, not reviewed by an examiner."


@router.post(
    "",
    dependencies=[Depends(file_left)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                FORM_TYPE: {
                    "schema": {
                        "type": "object",
                        "properties": {"file": {"type": "string", "format": "binary"}},
                        "required": ["file"],
                    }
                },
            },
        }
    },
)
async def predict(
    request: Request,
    asking: Analyst,
    context: Context,
    content_type: Annotated[str, Header()] = "",
    name: Annotated[str, Query(max_length=MOST_NAME_CHARS)] = "",
    language: Annotated[str, Query(max_length=10)] = "en",
) -> Predicted:
    """Analyse one file (the body itself, or `file` of a form): any audio or video."""
    words = words_of(language)
    refuse_archive(name)
    with context.examining.folder() as folder:
        path = folder / UPLOAD_NAME
        if content_type.startswith(FORM_TYPE):
            title = await keep_form(request, path)
            refuse_archive(title)
        else:
            await keep_body(request, path)
            title = name
        upload = Upload(path, title or "upload")
        document = await examined(context, asking, upload, words)
    await run_in_threadpool(note, context, asking, Deed.PREDICT_FILE)
    return predicted(document)


async def examined(
    context: ApiContext, asking: Principal, upload: Upload, words: Words
) -> ReportDocument:
    """Return the report of a file that was sent, when one of the examiners had time for it."""
    work = functools.partial(
        context.examining.file, upload, asked_by(asking), words, charging(context, asking)
    )
    return await context.slow_work.run(asking.account_id, work)


@router.post("/link", dependencies=[Depends(file_left)])
@slowly
def predict_link(
    body: LinkBody,
    asking: Analyst,
    context: Context,
    language: Annotated[str, Query(max_length=10)] = "en",
) -> Predicted:
    """Analyse the first recording behind a web link."""
    document = context.examining.link(
        body.url, asked_by(asking), words_of(language), charging(context, asking)
    )
    note(context, asking, Deed.PREDICT_LINK)
    return predicted(document)


def refuse_archive(name: str) -> None:
    """Pass where a file is one recording by its name.

    Raises:
        MediaUnsupportedError: it is an archive (`media_is_archive`).
    """
    if is_archive(name):
        raise MediaUnsupportedError(
            "This file is an archive, and one recording is answered at once: unpack it, or submit it"
            " as a job with archives opened (`open_archives`).",
            ARCHIVE_CODE,
        )


def asked_by(asking: Principal) -> str:
    """Return how a report names who asked."""
    return f"key {asking.key_id}" if asking.key_id else f"person {asking.person_id}"


def predicted(document: ReportDocument) -> Predicted:
    """Return a report as this route answers it."""
    media, summary = document.findings.media, document.summary
    return Predicted(
        title=document.item.title,
        sha256=media.sha256 if media else None,
        duration_s=media.declared_duration_s if media else None,
        verdict=document.findings.verdict,
        failure=document.failure,
        headline=summary.headline,
        detail=summary.detail,
        how_sure=list(summary.how_sure),
        not_examined=list(summary.not_examined),
        segments=list(document.findings.segments),
        findings_sha256=document.findings_sha256,
        model=document.method.detector if document.method else "",
    )


async def keep_body(request: Request, path: Path) -> None:
    """Write a request's body to disk as it comes."""
    n_bytes = 0
    with path.open("wb") as file:
        async for chunk in request.stream():
            n_bytes += len(chunk)
            await run_in_threadpool(file.write, chunk)
    if not n_bytes:
        raise InputError("Nothing was sent: the body is the file itself.", "upload_empty")


async def keep_form(request: Request, path: Path) -> str:
    """Write the form's one file to disk and return its name."""
    async with request.form(max_files=1, max_fields=4) as form:
        sent = form.get("file")
        if not isinstance(sent, UploadFile):
            raise InputError("The form has no file: name its field `file`.", "upload_empty")
        with path.open("wb") as file:
            while chunk := await sent.read(CHUNK_BYTES):
                await run_in_threadpool(file.write, chunk)
        return (sent.filename or "")[:MOST_NAME_CHARS]
