"""What an account and its keys may use and used; operators limit accounts, admins limit keys."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.limits import Limits
from console.api.principals import Admin, Operator, Principal, Reader
from console.api.spending import headers_of
from console.people.deeds import Deed
from pipeline.errors import SourceNotFoundError
from storage import key_rows, quota_rows
from storage.database import transaction
from storage.quota_rows import (
    Level,
    Period,
    Quota,
    Resource,
    Standing,
    Subject,
    UsageFacts,
)

router = APIRouter(tags=["usage"])
MOST_DAYS = 366
Count = Annotated[int | None, Field(ge=0, le=2_000_000_000)]
Bytes = Annotated[int | None, Field(ge=0, le=10**15)]
Seconds = Annotated[float | None, Field(ge=0, le=1e12, allow_inf_nan=False)]


class DayShown(BaseModel):
    """One day (UTC)."""

    day: date
    n_requests: int
    n_items: int  # that were listed, or answered at once
    audio_s: float  # of recordings that were scored


class StandingShown(BaseModel):
    """How much of something was used in a period, and how much may be."""

    subject: Subject  # a key's limits hold beside its account's
    resource: Resource
    period: Period  # `now`: what lies there
    limit: float | None  # None: no limit
    used: float
    left: float | None
    resets_at: datetime | None
    level: Level  # `warning` from 80 % on

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """Return a standing as the API shows it."""
        return cls.model_validate(standing, from_attributes=True)


class UsageShown(BaseModel):
    """What the account, and the asking key, may use and used; the last day first."""

    requests_a_minute: int | None  # None: no limit
    quotas: list[StandingShown]
    days: list[DayShown]


class QuotaBody(BaseModel):
    """All limits of an account or key; one that is left out is none."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"items_a_day": 5000, "audio_s_a_month": 720000.0, "stored_bytes": 10**10}]
        },
    )

    items_a_day: Count = None
    items_a_month: Count = None
    audio_s_a_day: Seconds = None
    audio_s_a_month: Seconds = None
    requests_a_day: Count = None
    requests_a_month: Count = None
    stored_bytes: Bytes = None
    # None: the installation's limit, of a key its account's; 0: no limit
    requests_a_minute: Annotated[int | None, Field(ge=0, le=1_000_000)] = None

    @property
    def quota(self) -> Quota:
        """Return what is counted in the database."""
        return Quota(**self.model_dump(exclude={"requests_a_minute"}))


class QuotaShown(QuotaBody):
    """The limits of an account or key, and how they stand."""

    model_config = ConfigDict(json_schema_extra={"examples": []})

    quotas: list[StandingShown]


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
    found = await run_in_threadpool(days_of, context, asking, days)
    quotas = await run_in_threadpool(context.quota.standings, asking.account_id, asking.key_id)
    request.state.quota_headers = headers_of(quotas)
    return UsageShown(
        requests_a_minute=await limits.limit_of(asking.account_id) or None,
        quotas=[StandingShown.of(one) for one in quotas],
        days=[DayShown.model_validate(one, from_attributes=True) for one in found],
    )


@router.get("/accounts/{account_id}/quota")
def account_quota(account_id: str, asking: Operator, context: Context) -> QuotaShown:
    """Return an account's limits and how they stand."""
    quota = context.quota.quota(account_id)
    with transaction(context.engine) as connection:
        a_minute = quota_rows.read_requests_a_minute(connection, account_id)
    return _shown(quota, a_minute, context.quota.standings(account_id))


@router.put("/accounts/{account_id}/quota", status_code=204)
async def set_quota(
    account_id: str, body: QuotaBody, request: Request, asking: Operator, context: Context
) -> None:
    """Set all limits of an account; other servers take those of requests within half a minute."""
    await run_in_threadpool(_set, context, asking, account_id, body)
    limits_of(request).forget_limit(account_id)


@router.get("/keys/{key_id}/quota")
def key_quota(key_id: str, asking: Admin, context: Context) -> QuotaShown:
    """Return the limits of a key of the account and how they stand."""
    quota = context.quota.quota(asking.account_id, key_id)
    (key,) = (one for one in context.keys.keys(asking.account_id) if one.key_id == key_id)
    found = context.quota.standings(asking.account_id, key_id)
    of_key = [one for one in found if one.subject is Subject.KEY]
    return _shown(quota, key.requests_a_minute, of_key)


@router.put("/keys/{key_id}/quota", status_code=204)
async def set_key_quota(
    key_id: str, body: QuotaBody, request: Request, asking: Admin, context: Context
) -> None:
    """Set all limits of a key of the account; they hold beside the account's own."""
    await run_in_threadpool(_set_key, context, asking, key_id, body)
    limits_of(request).forget_limit(key_id)


def limits_of(request: Request) -> Limits:
    """Return the buckets of the app that answers."""
    limits = request.app.state.limits
    assert isinstance(limits, Limits)
    return limits


def days_of(context: ApiContext, asking: Principal, days: int) -> Sequence[UsageFacts]:
    """Return what the account used on each of the last days, the last first."""
    with transaction(context.engine) as connection:
        return quota_rows.read_usage(connection, asking.account_id, days)


def _shown(quota: Quota, a_minute: int | None, standings: list[Standing]) -> QuotaShown:
    return QuotaShown(
        items_a_day=quota.items_a_day,
        items_a_month=quota.items_a_month,
        audio_s_a_day=quota.audio_s_a_day,
        audio_s_a_month=quota.audio_s_a_month,
        requests_a_day=quota.requests_a_day,
        requests_a_month=quota.requests_a_month,
        stored_bytes=quota.stored_bytes,
        requests_a_minute=a_minute,
        quotas=[StandingShown.of(one) for one in standings],
    )


def _set(context: ApiContext, asking: Principal, account_id: str, body: QuotaBody) -> None:
    context.quota.set_quota(body.quota, account_id)
    with transaction(context.engine) as connection:
        there = quota_rows.put_requests_a_minute(connection, account_id, body.requests_a_minute)
    if not there:
        raise SourceNotFoundError(f"There is no account {account_id[:40]}.", "account_not_found")
    note(context, asking, Deed.QUOTA_SET, f"account:{account_id}")


def _set_key(context: ApiContext, asking: Principal, key_id: str, body: QuotaBody) -> None:
    context.quota.set_quota(body.quota, asking.account_id, key_id)
    with transaction(context.engine) as connection:
        key_rows.limit_key(connection, key_id, body.requests_a_minute)
    note(context, asking, Deed.QUOTA_SET, f"key:{key_id}")
