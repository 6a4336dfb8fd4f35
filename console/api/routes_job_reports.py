"""The report of a whole job, by file: PDF, JSON, sheets, their signatures, and all as one signed zip."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi import Path as InPath
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.etags import is_known
from console.api.job_shelf import OpenFile, Wanted
from console.api.owned import require_job
from console.api.principals import Reader
from console.api.slow_routes import slowly
from console.job_files import JobReportOrder, write_job_archive, write_job_files
from console.people.deeds import Deed
from console.queue_access import QueueAccess
from console.signing import signing_key
from console.stamping import stamper_of
from jobs.spec import Job
from pipeline.errors import SourceNotFoundError
from reports.languages import words_of
from reports.paper import Paper

router = APIRouter(prefix="/jobs", tags=["jobs"])
# a time stamp beside a signature: .jws.tsr, .jws.2.tsr; those of PDF and zip are inside
KINDS = r"^(pdf|zip|(json|xlsx|csv)(\.jws((\.\d{1,2})?\.tsr)?)?)$"
ReportKind = Annotated[str, InPath(pattern=KINDS, examples=["pdf", "json.jws", "zip"])]
TYPES = {
    "pdf": "application/pdf",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "zip": "application/zip",
    "jws": "application/jose",
    "tsr": "application/timestamp-reply",
}
BYTES = {"schema": {"type": "string", "format": "binary"}}
CHUNK = 1 << 20

_log = logging.getLogger(__name__)


class JobReportWishes(BaseModel):
    """How the report is written."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"language": "de", "paper": "us-letter", "against": "12"}]}
    )

    language: Annotated[str, Field(max_length=10, examples=["en", "ko"])] = "en"
    paper: Paper = Paper.A4
    # the job to compare with; "": the one before
    against: Annotated[str, Field(pattern=r"^\d{0,18}$", examples=["12"])] = ""
    with_items: bool = True  # in the zip
    # of a signature: the SHA-256 of the file that it is to be of, as that file's ETag says
    of: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


class _FileAnswer(StreamingResponse):
    """Sends a file of the shelf, then closes it and gives the turn back, whoever went away."""

    def __init__(self, found: OpenFile, kind: str, tag: str, turn: ExitStack) -> None:
        self._turn = turn
        headers = {
            "content-length": str(found.size_bytes),
            "content-disposition": f'attachment; filename="{found.name}"',
            "etag": tag,
        }
        media_type = TYPES[kind.rsplit(".", 1)[-1]]
        super().__init__(_pieces(found), headers=headers, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._turn:
            await super().__call__(scope, receive, send)


@router.get(
    "/{job_id}/report.{kind}",
    response_class=Response,
    responses={
        200: {"content": dict.fromkeys(TYPES.values(), BYTES)},
        304: {"description": "It is the one that `If-None-Match` names"},
    },
)
@slowly
def job_report(
    job_id: str,
    kind: ReportKind,
    asking: Reader,
    context: Context,
    wishes: Annotated[JobReportWishes, Query()],
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Return a file of a job's report; of a job that goes on, with what is there.

    Writing it takes a minute for 100 000 items. What was written is given again for ten minutes while the
    job stands as it did, so that files and signatures, asked for one by one, belong together. `busy` says
    that too many are being written.
    """
    job = require_job(context, asking, job_id)
    if wishes.against:
        require_job(context, asking, wishes.against)
    language = words_of(wishes.language).language
    is_zip = kind == "zip"
    wanted = Wanted(
        *(job.account_id, job.job_id, wishes.against, language, wishes.paper, is_zip),
        with_items=is_zip and wishes.with_items,
    )
    shelf, is_evidence = context.job_shelf, kind.endswith((".jws", ".tsr"))
    with ExitStack() as stack:
        shelf.take_turn(job.account_id)
        stack.callback(shelf.end_turn, job.account_id)
        stood = None if is_evidence else _standing(job)  # a signature is of what was given last
        if is_evidence and wishes.of and not shelf.has(wanted, kind.split(".")[0], wishes.of):
            raise SourceNotFoundError(
                f"This server has not written that {kind.split('.')[0]}, or not lately: take it anew.",
                "report_not_found",
            )
        found = shelf.open(wanted, kind, stood, lambda folder: _write(context, wanted, folder))
        if found is None:
            raise SourceNotFoundError(f"Job {job_id} has no {kind} report.", "report_not_found")
        stack.callback(found.file.close)
        tag = f'"{found.sha256}"'
        if is_known(if_none_match, tag):
            return Response(status_code=304, headers={"etag": tag})
        note(context, asking, Deed.REPORT_READ, f"job:{job_id}.{kind}")
        return _FileAnswer(found, kind, tag, stack.pop_all())


def _standing(job: Job) -> str:
    """Return what makes a report of a job another one."""
    counts = job.counts
    ended = (counts.total, counts.done, counts.failed, counts.cancelled, counts.listing)
    return f"{job.state} {ended} {job.ended_at}"


def _write(context: ApiContext, wanted: Wanted, folder: Path) -> Mapping[str, Path]:
    """Write a report into a folder, as `verity reports` does; return its files by kind."""
    settings = context.environment
    storage = settings.storage
    access = QueueAccess(context.desk, context.objects, context.engine)
    against = int(wanted.against) if wanted.against else None
    key = None
    if storage.is_signing or wanted.is_zip:
        key = signing_key(storage.keys, storage.signer, storage.signing_pin)
    with ExitStack() as stack:
        is_stamping = storage.evidence.is_stamping and key is not None
        stamper = stack.enter_context(stamper_of(settings)) if is_stamping else None
        order = JobReportOrder(
            int(wanted.job_id), against, wanted.language, wanted.paper, key, stamper
        )
        if wanted.is_zip:
            assert key is not None, "a zip is signed"
            path = folder / f"verity-{wanted.job_id}.zip"
            job, archive = write_job_archive(access, order, path, key, with_items=wanted.with_items)
            files, problems = {"zip": path}, (*job.problems, *archive.problems)
        else:
            job = write_job_files(access, order, folder)
            files = {file.kind.removeprefix("job-"): file.path for file in job.files}
            problems = job.problems
    for problem in dict.fromkeys(problems):
        _log.warning("job report without a time stamp", extra={"reason": problem})
    return files


def _pieces(found: OpenFile) -> Iterator[bytes]:
    while piece := found.file.read(CHUNK):
        yield piece
