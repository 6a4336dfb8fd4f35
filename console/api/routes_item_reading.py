"""An item second by second: the finding in words, and any stretch of it in bounded answers."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from console.api.access_log import note
from console.api.context import Context
from console.api.item_sound import sound_of
from console.api.item_values import (
    MOST_CELLS,
    CellsWanted,
    FindingShown,
    LaneShown,
    RowPage,
    RowsWanted,
    SpanShown,
    TimelineShown,
    finding_shown,
    row_shown,
)
from console.api.owned import require_item
from console.api.principals import Reader
from console.people.deeds import Deed
from pipeline.errors import SourceNotFoundError
from reports.as_spans import SPAN_FORMATS
from reports.languages import words_of
from reports.segment_lanes import rows_between, stretch_of
from reports.wording import cell_words

router = APIRouter(prefix="/items", tags=["items"])
BYTES = {"schema": {"type": "string", "format": "binary"}}
TEXT_TYPES = {"csv": "text/csv", "webvtt": "text/vtt"}
Language = Annotated[str, Query(max_length=10)]


@router.get("/{item_id}/finding")
def finding(
    item_id: str, asking: Reader, context: Context, language: Language = "en"
) -> FindingShown:
    """Return what was found in an item, in words."""
    item = require_item(context, asking, item_id)
    report = context.items.shelf.read(item)
    sound = sound_of(context, asking.account_id, item, report)
    note(context, asking, Deed.REPORT_READ, f"item:{item_id}")
    return finding_shown(item, report, sound, words_of(language))


@router.get("/{item_id}/timeline")
def timeline(
    item_id: str, asking: Reader, context: Context, wanted: Annotated[CellsWanted, Query()]
) -> TimelineShown:
    """Return a stretch of an item's timeline, in as many cells as a screen shows."""
    item = require_item(context, asking, item_id)
    report = context.items.shelf.read(item)
    span_s = (wanted.from_s, wanted.to_s)
    limit = report.llr_limit
    found = stretch_of(report.lanes, span_s, report.end_s, wanted.cells, limit, report.window_s)
    verdict, words = report.document.findings.verdict, words_of(wanted.language)
    return TimelineShown(
        from_s=found.from_s,
        cell_s=found.cell_s,
        n_cells=found.n_cells,
        window_s=found.window_s,
        end_s=report.end_s,
        llr_limit=limit,
        lanes=[LaneShown.model_validate(lane, from_attributes=True) for lane in found.lanes],
        spans=[
            SpanShown(words=cell_words(span.llr, limit, words), **span.model_dump())
            for span in (verdict.spans if verdict else ())
            if span.end_s > wanted.from_s and span.start_s < wanted.to_s
        ][:MOST_CELLS],
    )


@router.get("/{item_id}/segments")
def segments(
    item_id: str, asking: Reader, context: Context, wanted: Annotated[RowsWanted, Query()]
) -> RowPage:
    """Return the segments that begin between two times, of all lanes; a page holds whole times."""
    item = require_item(context, asking, item_id)
    report = context.items.shelf.read(item)
    rows = sorted(
        (row for lane in report.lanes for row in rows_between(lane, wanted.from_s, wanted.to_s)),
        key=lambda row: (row.start_s, row.track, row.channel, row.variant),
    )
    next_s = None
    if len(rows) > wanted.most:
        next_s = rows[wanted.most].start_s
        rows = [row for row in rows[: wanted.most] if row.start_s < next_s]
    limit, words = report.llr_limit, words_of(wanted.language)
    return RowPage(rows=[row_shown(row, limit, words) for row in rows], next_s=next_s)


@router.get(
    "/{item_id}/spans.{form}",
    response_class=Response,
    responses={200: {"content": dict.fromkeys(("text/csv", "text/plain", "text/vtt"), BYTES)}},
)
def spans(
    item_id: str,
    form: Annotated[str, Path(pattern=r"^[a-z]{1,20}$")],
    asking: Reader,
    context: Context,
    language: Language = "en",
) -> Response:
    """Return the marked stretches for another program: csv, textgrid, audacity or webvtt."""
    item = require_item(context, asking, item_id)
    report = context.items.shelf.read(item)
    if form not in SPAN_FORMATS:
        raise SourceNotFoundError(f"There are no stretches as {form}.", "report_not_found")
    ending, write = SPAN_FORMATS[form]
    headers = {
        "content-disposition": f'attachment; filename="verity-{item.job_id}-{item_id}{ending}"'
    }
    note(context, asking, Deed.REPORT_READ, f"item:{item_id}.{form}")
    media_type = TEXT_TYPES.get(form, "text/plain")
    return Response(
        write(report.document, words_of(language)), media_type=media_type, headers=headers
    )
