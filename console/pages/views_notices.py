"""Who is told of what: subscriptions made and removed, what was sent, what was given up, sent again."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from console.api import routes_notices
from console.api.context import ApiContext, Context
from console.api.principals import Analyst, Principal, Reader
from console.api.routes_notices import BeforeNotice, NoticeShown, SubscriptionBody
from console.pages.render import Page, PageHere
from jobs.notice_spec import MOST_TARGET_CHARS, Channel, NoticeEvent, NoticeState
from pipeline.errors import VerityError

router = APIRouter()
N_NOTICES = 50  # on a page
_PLACES = {"job": "/jobs/", "item": "/items/"}


class SubscriptionForm(BaseModel):
    """The form of a subscription."""

    target: Annotated[str, Field(max_length=MOST_TARGET_CHARS)] = ""
    events: list[NoticeEvent] = []
    csrf: str = ""


class NoticesWanted(BaseModel):
    """Which notices are shown."""

    state: Annotated[str, Field(pattern="^(waiting|sent|dead)?$")] = ""  # of a form: "" is all
    before: BeforeNotice = None
    again: Annotated[int | None, Field(ge=0, le=10**9)] = None  # that were just queued again


@dataclass(frozen=True, slots=True)
class Said:
    """What a form's answer says above the rest."""

    typed: SubscriptionForm = field(default_factory=SubscriptionForm)  # what stands in it still
    problem: str = ""
    secret: str = ""  # of a new webhook, shown once
    target: str = ""  # where that goes


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice, and where to look at what it tells of."""

    notice: NoticeShown
    kind: str  # job, item or run
    number: str  # of that
    link: str  # "": nothing that has a page


@router.get("/notices")
def notices(
    page: PageHere, asking: Reader, context: Context, wanted: Annotated[NoticesWanted, Query()]
) -> Response:
    """Show subscriptions, the form for a new one, and what was sent."""
    return _show(page, asking, context, wanted)


@router.post("/notices")
def subscribe(
    page: PageHere, asking: Analyst, context: Context, form: Annotated[SubscriptionForm, Form()]
) -> Response:
    """Subscribe; a webhook's secret is in this answer and nowhere else."""
    target = form.target.strip()
    if not form.events:
        said = Said(form, page.words["notices.choose"])
        return _show(page, asking, context, said=said)
    try:
        body = SubscriptionBody.model_construct(target=target, events=form.events)
        made = routes_notices.subscribe(body, asking, context)
    except VerityError as error:
        typed = form.model_copy(update={"target": target})
        return _show(page, asking, context, said=Said(typed, page.said(error)))
    if not made.secret:
        return RedirectResponse("/notices", 303)
    return _show(page, asking, context, said=Said(secret=made.secret, target=target))


@router.post("/notices/subscriptions/{subscription_id}/remove")
def unsubscribe(asking: Analyst, context: Context, subscription_id: str) -> Response:
    """Tell a subscriber nothing more."""
    routes_notices.unsubscribe(subscription_id, asking, context)
    return RedirectResponse("/notices", 303)


@router.post("/notices/replay")
def replay_dead(asking: Analyst, context: Context) -> Response:
    """Send again all that was given up."""
    n_again = routes_notices.replay_dead(asking, context).n_again
    return RedirectResponse(f"/notices?again={n_again}#sent", 303)


@router.post("/notices/{notice_id}/replay")
def replay(asking: Analyst, context: Context, notice_id: str) -> Response:
    """Send a notice again."""
    n_again = routes_notices.replay(notice_id, asking, context).n_again
    return RedirectResponse(f"/notices?again={n_again}#sent", 303)


def _show(
    page: Page,
    asking: Principal,
    context: ApiContext,
    wanted: NoticesWanted | None = None,
    said: Said | None = None,
) -> Response:
    wanted = wanted or NoticesWanted()
    state = NoticeState(wanted.state) if wanted.state else None
    found = routes_notices.notices(asking, context, state, N_NOTICES, wanted.before)
    following = found[-1].notice_id if len(found) == N_NOTICES else None
    return page.show(
        "notices.html",
        subscriptions=routes_notices.subscriptions(asking, context),
        notices=[_line(one) for one in found],
        following=following,
        wanted=wanted,
        states=list(NoticeState),
        events=list(NoticeEvent),
        has_mail=context.jobs_settings.mail.is_set,
        email=Channel.EMAIL,
        said=said or Said(),
    )


def _line(notice: NoticeShown) -> NoticeLine:
    kind, _, rest = notice.subject.partition(":")
    number = rest.partition(":")[0]  # of a job, its end follows
    link = f"{_PLACES[kind]}{number}" if kind in _PLACES else ""
    if kind == "run" and notice.sweep_id:
        link = f"/sweeps/{notice.sweep_id}/runs/{number}"
    return NoticeLine(notice, kind, number, link)
