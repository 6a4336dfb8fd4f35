"""Items: what was found, how it was tried, and the reports."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from console.api.access_log import note
from console.api.context import Context
from console.api.etags import is_known
from console.api.owned import require_item
from console.api.principals import Reader
from console.people.deeds import Deed
from jobs.progress_desk import ItemProgress, ProgressDesk
from jobs.spec import ItemState, ItemStatus
from pipeline.errors import SourceNotFoundError
from storage.kept_objects import get_object
from storage.objects import FolderStore

router = APIRouter(prefix="/items", tags=["items"])
REPORT_TYPES = (
    *("application/json", "application/pdf", "text/csv", "application/octet-stream"),
    *("application/jose", "audio/wav"),
)
LINK_S = 300  # that a presigned link is good for
BYTES = {"schema": {"type": "string", "format": "binary"}}


class ItemShown(BaseModel):
    """One item."""

    item_id: str
    job_id: str
    source_uri: str
    title: str  # as the source names it: untrusted text
    state: ItemState
    stage: str
    progress: float
    verdict: str
    reason: str
    llr: float | None  # > 0 supports a person speaking
    voiced_s: float | None
    error_code: str
    error_message: str
    reports: list[str]  # kinds: json, pdf, csv

    @classmethod
    def of(cls, item: ItemStatus) -> Self:
        """Return an item as the API shows it."""
        return cls(
            item_id=item.item_id,
            job_id=item.job_id,
            source_uri=item.source_uri,
            title=item.title,
            state=item.state,
            stage=item.stage,
            progress=item.progress,
            verdict=item.verdict,
            reason=item.reason,
            llr=item.llr,
            voiced_s=item.voiced_s,
            error_code=item.error_code,
            error_message=item.error_message,
            reports=[file.kind for file in item.files],
        )


class ProvisionalCellShown(BaseModel):
    """Some seconds of one channel, as far as they were scored."""

    track: int
    channel: int
    start_s: float
    end_s: float
    llr: float  # mean over its segments; > 0 supports a person speaking


class ProvisionalShown(BaseModel):
    """What was scored of an item so far: it may still change, and is never a result."""

    total_s: float  # of the whole sound; 0 = not known yet
    llr_limit: float
    cells: list[ProvisionalCellShown]


class ItemDetail(ItemShown):
    """One item, and, while it is analysed, what was scored so far."""

    provisional: ProvisionalShown | None = None

    @classmethod
    def of_progress(cls, progress: ItemProgress) -> Self:
        """Return an item as the API shows it while it is watched."""
        found = progress.provisional
        shown = None
        if found is not None:
            shown = ProvisionalShown(
                total_s=found.total_s,
                llr_limit=found.llr_limit,
                cells=[
                    ProvisionalCellShown.model_validate(cell, from_attributes=True)
                    for cell in found.cells
                ],
            )
        return cls.of(progress.status).model_copy(update={"provisional": shown})


class Given(BaseModel):
    """How a report is given."""

    presigned: bool = False  # by a link to the object store, where it is one with links


class AttemptShown(BaseModel):
    """How one try of an item ended."""

    attempt: int
    worker_id: str
    started_at: datetime | None
    ended_at: datetime
    stage: str
    cause: str
    code: str
    message: str


@router.get("/{item_id}")
def item(item_id: str, asking: Reader, context: Context) -> ItemDetail:
    """Return one item, and, while it is analysed, what was scored so far (never a result)."""
    found = require_item(context, asking, item_id)
    progress = ProgressDesk(context.engine).items([found.item_id])
    return ItemDetail.of_progress(progress.get(found.item_id, ItemProgress(found, None)))


@router.get("/{item_id}/attempts")
def attempts(item_id: str, asking: Reader, context: Context) -> list[AttemptShown]:
    """Return how an item's attempts ended, oldest first."""
    require_item(context, asking, item_id)
    return [
        AttemptShown.model_validate(one, from_attributes=True)
        for one in context.desk.item_attempts(item_id)
    ]


@router.get(
    "/{item_id}/report.{kind}",
    response_class=Response,
    responses={
        200: {"content": dict.fromkeys(REPORT_TYPES, BYTES)},
        304: {"description": "It is the one that `If-None-Match` names"},
        307: {"description": "With `presigned=1`: where the object store gives it, for 5 minutes"},
    },
)
def report(
    item_id: str,
    kind: Annotated[str, Path(pattern=r"^[a-z0-9.-]{1,40}$")],
    asking: Reader,
    context: Context,
    given: Annotated[Given, Query()],
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Return a file of an item's report: json, pdf, csv, a clip, or a version such as v2-pdf.

    `presigned=1` leads to the object store itself, where that is S3.
    """
    found = require_item(context, asking, item_id)
    file = next((one for one in found.files if one.kind == kind), None)
    if file is None:
        raise SourceNotFoundError(f"Item {item_id} has no {kind} report.", "report_not_found")
    tag = f'"{file.sha256}"'
    if is_known(if_none_match, tag):
        return Response(status_code=304, headers={"etag": tag})
    note(context, asking, Deed.REPORT_READ, f"item:{item_id}.{kind}")
    if given.presigned and not isinstance(context.objects, FolderStore):  # a folder has no links
        link = context.objects.presign(file.key, file.file_name, file.content_type, LINK_S)
        return RedirectResponse(link, 307)
    headers = {"content-disposition": f'attachment; filename="{file.file_name}"', "etag": tag}
    return Response(
        get_object(context.objects, file.key), media_type=file.content_type, headers=headers
    )
