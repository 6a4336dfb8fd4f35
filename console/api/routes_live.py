"""A recording that still goes on, piece by piece: what it shows so far, provisional until it ends."""

import functools
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.principals import Analyst, Principal
from console.api.routes_predict import UPLOAD_NAME, keep_form
from console.api.spending import file_left
from console.hearing import (
    MOST_LIVE_S,
    MOST_ROWS,
    HeardCell,
    HeardRow,
    cells_of,
    decide_so_far,
    rows_of,
)
from console.people.deeds import Deed
from pipeline.errors import InputError
from pipeline.vocabulary import Reason, VerdictKind

router = APIRouter(prefix="/predict", tags=["predict"])
_ROWS = TypeAdapter(list[HeardRow])


class PieceQuery(BaseModel):
    """Where a piece lies in its recording."""

    model_config = ConfigDict(extra="forbid")

    start_s: Annotated[float, Field(ge=0, le=MOST_LIVE_S, allow_inf_nan=False)] = 0.0
    from_s: Annotated[float, Field(ge=0, le=MOST_LIVE_S, allow_inf_nan=False)] = 0.0


class HeardSoFar(BaseModel):
    """What a recording showed so far; the answer is what `/v1/predict` says of all of it."""

    provisional: Literal[True] = True
    until_s: float
    voiced_s: float
    kind: VerdictKind  # what an item of these seconds would show
    reason: Reason
    llr: float | None  # > 0 supports a person speaking
    llr_limit: float
    cells: list[HeardCell]  # second by second
    heard: list[HeardRow]  # to be sent with the next piece
    note: str = "Provisional: the recording goes on. Send all of it to /v1/predict for an answer."


@router.post(
    "/live",
    dependencies=[Depends(file_left)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "file": {"type": "string", "format": "binary"},
                            "heard": {"type": "string"},
                        },
                        "required": ["file"],
                    }
                }
            },
        }
    },
)
async def predict_live(
    request: Request,
    asking: Analyst,
    context: Context,
    piece: Annotated[PieceQuery, Query()],
) -> HeardSoFar:
    """Analyse the newest seconds of a recording that goes on; say what it shows so far.

    `file` is the newest sound, at most 16 s, beginning `start_s` into the recording; segments that
    begin before `from_s` are only context. `heard` is the `heard` of the answer before, as JSON.
    Nothing is kept. Provisional: the answer is what `/v1/predict` says of the whole recording.
    """
    return await hear_piece(request, context, asking, piece)


async def hear_piece(
    request: Request, context: ApiContext, asking: Principal, piece: PieceQuery
) -> HeardSoFar:
    """Return what a recording shows with one more piece of it."""
    async with request.form(max_files=1, max_fields=4) as form:
        before = _heard_before(form.get("heard", "[]"))
        with context.examining.folder() as folder:
            path = folder / UPLOAD_NAME
            await keep_form(request, path)
            work = functools.partial(_hear, context, asking, path, piece, before)
            found = await context.slow_work.run(asking.account_id, work)
    if not before:
        await run_in_threadpool(note, context, asking, Deed.PREDICT_LIVE)
    return found


def _hear(
    context: ApiContext,
    asking: Principal,
    path: Path,
    piece: PieceQuery,
    before: list[HeardRow],
) -> HeardSoFar:
    def charge(audio_s: float) -> None:
        new_s = max(0.0, audio_s - max(0.0, piece.from_s - piece.start_s))
        context.quota.charge_live(asking.account_id, asking.key_id, new_s)

    report, card = context.examining.piece(path, charge)
    if report.failure is not None:
        raise InputError(report.failure.message, report.failure.code)
    rows = [*before, *rows_of(report, piece.start_s, piece.from_s)][-MOST_ROWS:]
    if not rows:
        raise InputError("This piece holds no sound.", "upload_empty")
    verdict = decide_so_far(rows, card)
    return HeardSoFar(
        until_s=max(row.end_s for row in rows),
        voiced_s=verdict.voiced_s,
        kind=verdict.kind,
        reason=verdict.reason,
        llr=verdict.llr,
        llr_limit=verdict.llr_limit,
        cells=cells_of(rows, card),
        heard=rows,
    )


def _heard_before(said: object) -> list[HeardRow]:
    if not isinstance(said, str):
        raise InputError("`heard` is JSON: the `heard` of the answer before.", "heard_invalid")
    try:
        rows = _ROWS.validate_json(said)
    except ValidationError as error:
        raise InputError(
            "`heard` is not the `heard` of the answer before.", "heard_invalid"
        ) from error
    return rows[-MOST_ROWS:]
