"""What a job would be before it is submitted: items, bytes, minutes, and what quota would be left."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from console.api.context import ApiContext, Context
from console.api.estimating import Patience
from console.api.principals import Analyst, Principal
from console.api.slow_routes import slowly
from jobs.estimate import Tally, count_uploads, minutes_for
from jobs.source_options import SourceOptions
from jobs.sources.access import SourceAccess
from jobs.spec import MAX_SOURCES
from reports.languages import words_of
from storage import secret_rows
from storage.database import transaction
from storage.quota_rows import Period, Resource, Standing, Subject

router = APIRouter(prefix="/jobs", tags=["jobs"])
MOST_ITEMS = 20_000
MOST_SECONDS = 30.0
PROBLEMS_SHOWN = 20


class EstimateBody(BaseModel):
    """What would be analysed, and how long to count: sources, and files that are not sent yet."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"sources": ["https://example.org/podcast.xml"]}]},
    )

    sources: Annotated[list[str], Field(max_length=MAX_SOURCES)]
    n_files: Annotated[int, Field(ge=0, le=1_000_000)] = 0  # that are not sent yet
    file_bytes: Annotated[int, Field(ge=0, le=1 << 50)] = 0  # of those
    language: Annotated[str, Field(max_length=10)] = "en"  # of what is wrong with sources
    only_new: bool = False
    most_items: Annotated[int, Field(ge=1, le=MOST_ITEMS)] = 2000
    seconds: Annotated[float, Field(ge=0.5, le=MOST_SECONDS)] = 10.0


class SourceProblem(BaseModel):
    """A source that cannot be listed."""

    source: str
    code: str
    message: str
    meaning: str  # of the code, in the language that was asked for; "": there are no words for it


class QuotaAfter(BaseModel):
    """What a limit would leave."""

    subject: Subject  # the account's, or this key's
    resource: Resource
    period: Period
    limit: float
    left: float  # below 0: that much would be refused
    # of sound nobody knows before it is decoded: there it is what is left now


class Estimated(BaseModel):
    """What a job of these sources would be."""

    n_items: int
    is_all: bool  # False: at least so many; counting ended before the sources did
    n_bytes: int  # of the items whose source tells their size
    n_sized: int  # how many those are, and files that are not sent yet
    minutes: float | None  # about; None: the fleet's pace is not known
    problems: list[SourceProblem]  # the first ones
    quota: list[QuotaAfter]  # of everything that is limited


@router.post("/estimate")
@slowly
def estimate(body: EstimateBody, asking: Analyst, context: Context) -> Estimated:
    """Count what sources hold, up to a number and a time; nothing is fetched or kept."""
    meanings = words_of(body.language).errors
    wanted = SourceOptions(only_new=body.only_new)
    options = context.connections.require_sources(asking.account_id, body.sources, wanted)
    tally = Tally()
    with transaction(context.engine) as connection:
        sources = count_uploads(connection, asking.account_id, body.sources, tally)
    context.estimating.count(
        sources,
        _access_for(context, asking, options),
        options,
        tally,
        Patience(body.most_items, body.seconds),
    )
    n_items = tally.n_items + body.n_files
    with transaction(context.engine) as connection:
        minutes = minutes_for(connection, n_items)
    needs = {Resource.ITEMS: n_items, Resource.STORED: body.file_bytes}
    return Estimated(
        n_items=n_items,
        is_all=tally.is_all,
        n_bytes=tally.n_bytes + body.file_bytes,
        n_sized=tally.n_sized + body.n_files,
        minutes=minutes,
        problems=[
            SourceProblem(
                source=source,
                code=error.code,
                message=error.message,
                meaning=meanings.get(error.code, ""),
            )
            for source, error in tally.problems[:PROBLEMS_SHOWN]
        ],
        quota=[
            _after(one, needs)
            for one in context.quota.standings(asking.account_id, asking.key_id)
            if one.limit is not None
        ],
    )


def _after(standing: Standing, needs: Mapping[Resource, int]) -> QuotaAfter:
    assert standing.limit is not None, "what has no limit leaves all"
    return QuotaAfter(
        subject=standing.subject,
        resource=standing.resource,
        period=standing.period,
        limit=standing.limit,
        left=standing.limit - standing.used - needs.get(standing.resource, 0),
    )


def _access_for(context: ApiContext, asking: Principal, options: SourceOptions) -> SourceAccess:
    """Return what a listing reaches, with the keys of the account's own connection."""
    with transaction(context.engine) as connection:
        found = secret_rows.read_sealed(connection, [it for it in [options.s3_keys_id] if it])
    own = {
        secret_id: sealed
        for (account_id, secret_id), sealed in found.items()
        if account_id == asking.account_id
    }
    return replace(context.examining.access, sealed=own)
