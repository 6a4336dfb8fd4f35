"""Beyond one report: what sounds alike, what else was found in the same bytes, and looking closer."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from console.api.access_log import note
from console.api.context import Context
from console.api.job_options import MAX_MODEL_CHARS
from console.api.owned import require_item
from console.api.principals import Analyst, Reader
from console.api.routes_jobs import JobShown, shown
from console.installed_models import named_detector
from console.people.deeds import Deed
from console.searching import Answer, search_like, trust_sentence
from console.searching import Query as LikeQuery
from jobs.closer import LEAST_HOP_S, CloserLook, look_closer
from storage import closer_rows
from storage.closer_rows import OtherAnalysis
from storage.database import transaction

router = APIRouter(prefix="/items", tags=["items"])
MOST_LIKE = 20
MOST_OTHERS = 50


class LikeWanted(BaseModel):
    """A search by likeness."""

    from_s: Annotated[float | None, Field(ge=0, le=1e6)] = None  # None: the whole item
    to_s: Annotated[float | None, Field(ge=0, le=1e6)] = None
    most: Annotated[int, Field(ge=1, le=MOST_LIKE)] = 8


class HitShown(BaseModel):
    """An item that sounds alike."""

    item_id: str
    job_id: str
    title: str
    verdict: str
    llr: float | None
    likeness: float  # cosine, -1 to 1
    at_s: float
    second_by_second: float | None
    is_same_file: bool
    is_near: bool  # perhaps the same recording


class LikeShown(BaseModel):
    """What sounds alike in the account, and how far to trust that."""

    hits: list[HitShown]
    trust: str  # what was measured, in English
    is_measured: bool  # whether anything was, for this detector
    n_systems: int
    system_at_1: float  # nearest clip of the same system, mean over systems that were never met
    chance: float


class OtherShown(BaseModel):
    """Another analysis of the same bytes."""

    item_id: str
    job_id: str
    verdict: str
    llr: float | None
    hop_s: float
    detector: str
    analysed_at: datetime
    is_reused: bool


class CloserBody(BaseModel):
    """How to look again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"hop_s": 0.25}]})

    hop_s: Annotated[float, Field(ge=LEAST_HOP_S, le=1.0)] = LEAST_HOP_S
    # a detector of `/v1/models`, by name or SHA-256; "": the one that the fleet runs
    model: Annotated[str, Field(max_length=MAX_MODEL_CHARS)] = ""


@router.get("/{item_id}/like")
def like(
    item_id: str, asking: Reader, context: Context, wanted: Annotated[LikeWanted, Query()]
) -> LikeShown:
    """Return the account's items that sound like this one, or like a stretch of it."""
    item = require_item(context, asking, item_id)
    query = LikeQuery(int(item.item_id), wanted.from_s, wanted.to_s)
    return _like(search_like(context.engine, query, wanted.most, asking.account_id))


@router.get("/{item_id}/same-bytes")
def same_bytes(item_id: str, asking: Reader, context: Context) -> list[OtherShown]:
    """Return the account's other analyses of the same bytes, the newest first."""
    item = require_item(context, asking, item_id)
    with transaction(context.engine) as connection:
        asked = closer_rows.read_asked(connection, int(item.item_id))
        if asked is None or asked.media_sha256 is None:
            return []
        found = closer_rows.read_others(
            connection, asking.account_id, asked.media_sha256, int(item.item_id), MOST_OTHERS
        )
    return [_other(one) for one in found]


@router.post("/{item_id}/closer", status_code=201)
def closer(item_id: str, body: CloserBody, asking: Analyst, context: Context) -> JobShown:
    """Analyse an item again as a job of one item: segments that lie closer, or another detector."""
    require_item(context, asking, item_id)
    look = CloserLook(
        body.hop_s, named_detector(context.environment.storage.models_folder, body.model)
    )
    job = look_closer(context.engine, asking.account_id, item_id, look, asking.key_id)
    note(context, asking, Deed.ITEM_CLOSER, f"item:{item_id}")
    return shown(job)


def _like(answer: Answer) -> LikeShown:
    trust = answer.trust
    return LikeShown(
        hits=[
            HitShown(
                item_id=str(hit.item_id),
                job_id=str(hit.job_id),
                title=hit.title,
                verdict=hit.verdict,
                llr=hit.llr,
                likeness=round(hit.likeness, 3),
                at_s=hit.at_s,
                second_by_second=hit.second_by_second,
                is_same_file=hit.is_same_file,
                is_near=hit.is_near,
            )
            for hit in answer.hits
        ],
        trust=trust_sentence(answer),
        is_measured=trust is not None,
        n_systems=trust.n_systems if trust else 0,
        system_at_1=trust.system_at_1 if trust else 0.0,
        chance=trust.chance if trust else 0.0,
    )


def _other(found: OtherAnalysis) -> OtherShown:
    return OtherShown(
        item_id=str(found.item_id),
        job_id=str(found.job_id),
        verdict=found.verdict,
        llr=found.llr,
        hop_s=found.hop_s,
        detector=found.detector,
        analysed_at=found.analysed_at,
        is_reused=found.is_reused,
    )
