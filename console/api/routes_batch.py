"""Many files, and links, as one job: a form for what is small enough for one request.

Larger files, and lines that break, take resumable uploads (`routes_uploads.py`), then a job over them.
"""

import json
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from console.api.context import Context
from console.api.file_forms import FILE_FIELD, FORM_TYPE, FileForm
from console.api.principals import Analyst
from console.api.receiving import Sender
from console.api.repeats import IdempotencyKey
from console.api.routes_jobs import JobBody, JobShown, submit_once
from pipeline.errors import InputError

router = APIRouter(prefix="/jobs", tags=["jobs"])
HOP_BYTES = 1 << 20  # gathered before a thread takes them
LINK_FIELD = "link"
_OPTIONS = frozenset(JobBody.model_fields) - {"sources"}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            FORM_TYPE: {
                "schema": {
                    "type": "object",
                    "properties": {
                        FILE_FIELD: {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                        },
                        LINK_FIELD: {"type": "array", "items": {"type": "string"}},
                        **{name: {"type": "string"} for name in sorted(_OPTIONS)},
                    },
                }
            }
        },
    }
}


@router.post("/batch", status_code=201, openapi_extra=_FORM)
async def batch(
    request: Request,
    asking: Analyst,
    context: Context,
    content_type: Annotated[str, Header()] = "",
    idempotency_key: IdempotencyKey = "",
) -> JobShown:
    """Queue a job of files (`file`, any number) and links (`link`), with a job's options as fields."""
    sender = Sender(asking.account_id, asking.key_id)
    said = request.headers.get("content-length", "")
    most_bytes = min(int(said) if said.isdecimal() else 1 << 62, context.settings.upload_bytes)
    form = FileForm(context.receiving, sender, content_type, most_bytes)
    try:
        gathered = bytearray()
        async for chunk in request.stream():
            gathered += chunk
            if len(gathered) >= HOP_BYTES:
                await run_in_threadpool(form.write, bytes(gathered))
                gathered.clear()
        await run_in_threadpool(form.write, bytes(gathered))
        form.close()
        body, asked = _job_of(form), _asked(form)
        job = await run_in_threadpool(submit_once, body, asking, context, idempotency_key, asked)
    except BaseException:  # whatever went wrong, the files are of no job
        await run_in_threadpool(form.drop)
        raise
    if job.sources != body.sources:  # of the same form that came before: it has the files
        await run_in_threadpool(form.drop)
    return job


def _asked(form: FileForm) -> str:
    """Return a form as text that is the same where it says the same of the same bytes."""
    files = [(upload.name, upload.sha256) for upload in form.uploads]
    return json.dumps([files, form.fields], sort_keys=True)


def _job_of(form: FileForm) -> JobBody:
    """Return the job that a form asks for.

    Raises:
        InputError: its fields say what no job is.
    """
    said = {name: values[-1] for name, values in form.fields.items() if name in _OPTIONS}
    links = [line.strip() for value in form.fields.get(LINK_FIELD, []) for line in value.split()]
    if unknown := set(form.fields) - _OPTIONS - {LINK_FIELD}:
        raise InputError(f"The form has an unknown field {min(unknown)[:40]!r}.", "request_invalid")
    try:
        return JobBody.model_validate({"sources": form.sources + links} | said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{where}: {first['msg']}", "request_invalid") from error
