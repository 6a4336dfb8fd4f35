"""Subscriptions: webhooks and e-mail on final states, and what was sent."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from console.api.access_log import note
from console.api.context import Context
from console.api.principals import Analyst, Reader
from console.people.deeds import Deed
from jobs.notice_spec import Channel, NoticeEvent, NoticeState

router = APIRouter(tags=["notices"])
BeforeNotice = Annotated[int | None, Query(ge=1, le=10**18)]


class SubscriptionBody(BaseModel):
    """Where to, and of what."""

    model_config = ConfigDict(extra="forbid")

    target: Annotated[str, Field(max_length=2048)]
    events: Annotated[list[NoticeEvent], Field(min_length=1)]


class SubscriptionMade(BaseModel):
    """A new subscription: the only answer that holds a webhook's secret."""

    subscription_id: str
    secret: str


class SubscriptionShown(BaseModel):
    """A subscription without its secret."""

    subscription_id: str
    channel: Channel
    target: str
    events: list[NoticeEvent]
    created_at: datetime


class Again(BaseModel):
    """How many notices will be sent again."""

    n_again: int


class NoticeShown(BaseModel):
    """What was sent, waits, or was given up."""

    notice_id: int
    event: str
    subject: str
    target: str
    state: NoticeState
    sweep_id: str  # of a digest; "": something else
    n_tries: int
    last_error: str
    created_at: datetime
    next_at: datetime
    ended_at: datetime | None


@router.post("/subscriptions", status_code=201)
def subscribe(body: SubscriptionBody, asking: Analyst, context: Context) -> SubscriptionMade:
    """Subscribe an http(s) URL or an e-mail address."""
    number, secret = context.notices.subscribe(body.target, body.events, asking.account_id)
    note(context, asking, Deed.SUBSCRIPTION_ADD, f"subscription:{number}")
    return SubscriptionMade(subscription_id=number, secret=secret)


@router.get("/subscriptions")
def subscriptions(asking: Reader, context: Context) -> list[SubscriptionShown]:
    """List the account's subscriptions."""
    return [
        SubscriptionShown.model_validate(one, from_attributes=True)
        for one in context.notices.subscriptions(asking.account_id)
    ]


@router.delete("/subscriptions/{subscription_id}", status_code=204)
def unsubscribe(subscription_id: str, asking: Analyst, context: Context) -> None:
    """Tell a subscriber nothing more."""
    context.notices.unsubscribe(subscription_id, asking.account_id)
    note(context, asking, Deed.SUBSCRIPTION_REMOVE, f"subscription:{subscription_id}")


@router.get("/notices")
def notices(
    asking: Reader,
    context: Context,
    state: NoticeState | None = None,
    most: Annotated[int, Query(ge=1, le=500)] = 50,
    before: BeforeNotice = None,
) -> list[NoticeShown]:
    """Return the account's notices, newest first; those before a notice's id where one is given."""
    return [
        NoticeShown.model_validate(one, from_attributes=True)
        for one in context.notices.sent(asking.account_id, state, most, before)
    ]


@router.post("/notices/replay")
def replay_dead(asking: Analyst, context: Context) -> Again:
    """Send again all notices that were given up."""
    n_again = context.notices.replay(None, asking.account_id)
    note(context, asking, Deed.NOTICE_REPLAY)
    return Again(n_again=n_again)


@router.post("/notices/{notice_id}/replay")
def replay(notice_id: str, asking: Analyst, context: Context) -> Again:
    """Send an ended notice again."""
    n_again = context.notices.replay(notice_id, asking.account_id)
    note(context, asking, Deed.NOTICE_REPLAY, f"notice:{notice_id}")
    return Again(n_again=n_again)
