"""Large files, sent in as many requests as it takes (tus 1.0.0), then named by a job as `upload:ID`."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from console.api.access_log import note
from console.api.context import Context
from console.api.principals import Analyst, Principal, Reader
from console.api.receiving import PartWriter, Receiving, Sender, moved, too_long
from console.api.tus import BODY_TYPE, CHECKSUMS, EXTENSIONS, VERSION, TusHeaders, standing
from console.people.deeds import Deed
from jobs.uploads import upload_source
from pipeline.errors import InputError
from storage import upload_rows
from storage.database import transaction
from storage.upload_rows import UploadFacts

router = APIRouter(prefix="/uploads", tags=["uploads"])
HOP_BYTES = 1 << 20  # gathered before a thread takes them: a hop for each packet would cost more
MOST_UPLOADS = 200
Tus = Annotated[TusHeaders, Header()]
_BODY = {
    "requestBody": {
        "content": {BODY_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class UploadShown(BaseModel):
    """A file that is sent."""

    upload_id: str
    source: str  # how a job names it
    name: str  # as the sender calls it: untrusted text
    size_bytes: int
    n_bytes: int  # that are here
    is_whole: bool
    sha256: str | None
    created_at: datetime
    expires_at: datetime  # unless a job that is not over names it

    @classmethod
    def of(cls, upload: UploadFacts) -> Self:
        """Return an upload as the API shows it."""
        return cls(
            upload_id=upload.upload_id,
            source=upload_source(upload.upload_id),
            name=upload.name,
            size_bytes=upload.size_bytes,
            n_bytes=upload.n_bytes,
            is_whole=upload.sha256 is not None,
            sha256=upload.sha256,
            created_at=upload.created_at,
            expires_at=upload.expires_at,
        )


class UploadPage(BaseModel):
    """Uploads, the newest first, and where the next page begins."""

    uploads: list[UploadShown]
    next: str | None


@router.options("", status_code=204)
def options(context: Context) -> Response:
    """Say which tus protocol is spoken, and how large a file may be."""
    said = {
        "tus-version": VERSION,
        "tus-extension": EXTENSIONS,
        "tus-max-size": str(context.receiving.limits.most_bytes),
        "tus-checksum-algorithm": ",".join(CHECKSUMS),
    }
    return Response(status_code=204, headers=said)


@router.post("", status_code=201, openapi_extra=_BODY)
async def begin(request: Request, asking: Analyst, context: Context, tus: Tus) -> Response:
    """Begin an upload; the body may bring its first bytes."""
    tus.require_version()
    receiving, sender = context.receiving, Sender(asking.account_id, asking.key_id)
    upload = await run_in_threadpool(
        receiving.begin, sender, tus.file_name, tus.length, tus.upload_metadata
    )
    await run_in_threadpool(note, context, asking, Deed.UPLOAD_ADD, f"upload:{upload.upload_id}")
    if tus.has_body:
        upload = await _take(receiving, upload, request, tus)
    location = {"location": f"/v1/uploads/{upload.upload_id}"}
    return Response(status_code=201, headers=standing(upload) | location)


@router.get("")
def list_uploads(
    asking: Reader,
    context: Context,
    before: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$")] = None,
    most: Annotated[int, Query(ge=1, le=MOST_UPLOADS)] = 50,
) -> UploadPage:
    """List the account's uploads, the newest first."""
    with transaction(context.engine) as connection:
        found = upload_rows.read_uploads(connection, asking.account_id, most, before)
    following = found[-1].upload_id if len(found) == most else None
    return UploadPage(uploads=[UploadShown.of(one) for one in found], next=following)


@router.head("/{upload_id}")
def head(upload_id: str, asking: Reader, context: Context) -> Response:
    """Say how far an upload is: where the next PATCH begins."""
    upload = context.receiving.require(asking.account_id, upload_id)
    return Response(headers=standing(upload) | {"cache-control": "no-store"})


@router.get("/{upload_id}")
def upload(upload_id: str, asking: Reader, context: Context) -> UploadShown:
    """Return one upload."""
    return UploadShown.of(context.receiving.require(asking.account_id, upload_id))


@router.patch("/{upload_id}", status_code=204, openapi_extra=_BODY)
async def send(
    upload_id: str, request: Request, asking: Analyst, context: Context, tus: Tus
) -> Response:
    """Send more of a file, from `Upload-Offset` on; what came is kept where the line breaks."""
    receiving = context.receiving
    upload = await run_in_threadpool(receiving.require, asking.account_id, upload_id)
    tus.require_version()
    tus.require_body_type()
    if tus.offset != upload.n_bytes:
        raise moved(upload)
    upload = await _take(receiving, upload, request, tus)
    return Response(status_code=204, headers=standing(upload))


@router.delete("/{upload_id}", status_code=204)
def remove(upload_id: str, asking: Analyst, context: Context) -> None:
    """Remove an upload."""
    _remove(upload_id, asking, context)


@router.post("/{upload_id}", status_code=204, openapi_extra=_BODY)
async def overridden(
    upload_id: str, request: Request, asking: Analyst, context: Context, tus: Tus
) -> Response:
    """Do what `X-HTTP-Method-Override` says: PATCH or DELETE, where these cannot be sent."""
    method = tus.x_http_method_override.upper()
    if method == "PATCH":
        return await send(upload_id, request, asking, context, tus)
    await run_in_threadpool(context.receiving.require, asking.account_id, upload_id)
    if method != "DELETE":
        raise InputError("X-HTTP-Method-Override is PATCH or DELETE here.", "upload_header")
    await run_in_threadpool(_remove, upload_id, asking, context)
    return Response(status_code=204)


def _remove(upload_id: str, asking: Principal, context: Context) -> None:
    context.receiving.remove(asking.account_id, upload_id)
    note(context, asking, Deed.UPLOAD_REMOVE, f"upload:{upload_id}")


async def _take(
    receiving: Receiving, upload: UploadFacts, request: Request, tus: TusHeaders
) -> UploadFacts:
    """Take a request's body; return the upload as it stands then."""
    checksum = tus.checksum()
    if tus.body_bytes is not None and upload.n_bytes + tus.body_bytes > upload.size_bytes:
        raise too_long(upload)  # before a byte of it is read
    writer = PartWriter(receiving, upload, is_checked=checksum is not None)
    gathered = bytearray()
    try:
        async for chunk in request.stream():
            if checksum is not None:
                checksum.update(chunk)
            gathered += chunk
            if len(gathered) >= HOP_BYTES:
                await run_in_threadpool(writer.write, bytes(gathered))
                gathered.clear()
    except ClientDisconnect:
        if checksum is not None:  # half of what was to be checked is worth nothing
            return upload
        await run_in_threadpool(writer.write, bytes(gathered))
        return await run_in_threadpool(writer.close)
    await run_in_threadpool(writer.write, bytes(gathered))
    if checksum is not None:
        checksum.check()
    return await run_in_threadpool(writer.close)
