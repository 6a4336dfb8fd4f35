"""What an account may use and used; the installation's operators set limits."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.limits import Limits
from console.api.principals import Operator, Principal, Reader
from console.people.deeds import Deed
from pipeline.errors import SourceNotFoundError
from storage import quota_rows
from storage.database import transaction
from storage.quota_rows import UsageFacts

router = APIRouter(tags=["usage"])
MOST_DAYS = 366


class DayShown(BaseModel):
    """One day (UTC)."""

    day: date
    n_requests: int
    n_items: int  # that were listed for jobs submitted on that day


class UsageShown(BaseModel):
    """What the account may use and used, the last day first."""

    requests_a_minute: int | None  # None: no limit
    days: list[DayShown]


class QuotaBody(BaseModel):
    """Limits of an account."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"requests_a_minute": 1200}]}
    )

    # None: the installation's limit; 0: no limit
    requests_a_minute: Annotated[int | None, Field(ge=0, le=1_000_000)]


@router.get("/usage")
async def usage(
    request: Request,
    asking: Reader,
    context: Context,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 30,
) -> UsageShown:
    """Return what the account may use and used."""
    limits = limits_of(request)
    await limits.keep_counts()
    found = await run_in_threadpool(_read, context, asking, days)
    return UsageShown(
        requests_a_minute=await limits.limit_of(asking.account_id) or None,
        days=[DayShown.model_validate(one, from_attributes=True) for one in found],
    )


@router.put("/accounts/{account_id}/quota", status_code=204)
async def set_quota(
    account_id: str, body: QuotaBody, request: Request, asking: Operator, context: Context
) -> None:
    """Set an account's limits; other servers take them within half a minute."""
    await run_in_threadpool(_set, context, asking, account_id, body)
    limits_of(request).forget_limit(account_id)


def limits_of(request: Request) -> Limits:
    """Return the buckets of the app that answers."""
    limits = request.app.state.limits
    assert isinstance(limits, Limits)
    return limits


def _read(context: ApiContext, asking: Principal, days: int) -> list[UsageFacts]:
    with transaction(context.engine) as connection:
        return quota_rows.read_usage(connection, asking.account_id, days)


def _set(context: ApiContext, asking: Principal, account_id: str, body: QuotaBody) -> None:
    with transaction(context.engine) as connection:
        there = quota_rows.put_requests_a_minute(connection, account_id, body.requests_a_minute)
    if not there:
        raise SourceNotFoundError(f"There is no account {account_id[:40]}.", "account_not_found")
    note(context, asking, Deed.QUOTA_SET, f"account:{account_id}")
