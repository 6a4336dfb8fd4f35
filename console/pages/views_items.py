"""The page of one item: what was found, second by second with its sound, and what people say of it."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from console.api.access_log import note
from console.api.context import Context
from console.api.item_sound import sound_of
from console.api.item_values import finding_shown
from console.api.owned import require_item
from console.api.principals import Analyst, Examiner, Reader
from console.api.report_shelf import newest_json
from console.api.routes_item_more import CloserBody, LikeWanted, closer, like, same_bytes
from console.api.routes_item_voices import (
    MOST_WHY,
    Agreement,
    FeedbackBody,
    OpinionBody,
    feedback,
    give_feedback,
    give_opinion,
    take_feedback_back,
)
from console.pages.item_parts import downloads_of, explained_of, quality_of, stage_of
from console.pages.option_forms import detectors_here
from console.pages.render import PageHere
from console.people.deeds import Deed
from pipeline.errors import InputError
from reports.languages import words_of
from reports.opinion import Opinion
from reports.page_strongest import strongest_text
from reports.provenance import provenance_sentence
from reports.review_part import MAX_TEXT

router = APIRouter()
HOPS_S = (0.25, 0.5, 1.0)


class FeedbackForm(BaseModel):
    """The form of a reader's word."""

    opinion: Agreement
    why: Annotated[str, Field(max_length=MOST_WHY)] = ""
    csrf: str = ""


class CloserForm(CloserBody):
    """The form of a closer look."""

    csrf: str = ""


class OpinionForm(BaseModel):
    """The form of an examiner's opinion."""

    opinion: Opinion
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    csrf: str = ""


@router.get("/items/{item_id}")
def item(page: PageHere, asking: Reader, context: Context, item_id: str) -> Response:
    """Show an item with its report."""
    found = require_item(context, asking, item_id)
    attempts = context.desk.item_attempts(item_id)
    if newest_json(found) is None:
        return page.show("item_waiting.html", item=found, attempts=attempts)
    words = words_of(page.language)
    report = context.items.shelf.read(found)
    provenance = report.document.provenance
    sound = sound_of(context, asking.account_id, found, report)
    shown = finding_shown(found, report, sound, words)
    note(context, asking, Deed.REPORT_READ, f"item:{item_id}")
    return page.show(
        "item.html",
        item=found,
        finding=shown,
        document=report.document,
        report_words=words,
        provenance=provenance and provenance_sentence(provenance, words),
        stage=stage_of(shown, report.document.pictures, page.words),
        sound=sound,
        quality=quality_of(report, words),
        explained=explained_of(report, words),
        explained_text=strongest_text(report.document, words),
        downloads=downloads_of(found, sound),
        others=same_bytes(item_id, asking, context),
        feedback=feedback(item_id, asking, context),
        hops=HOPS_S,
        detectors=detectors_here(context),
        attempts=attempts,
    )


@router.get("/items/{item_id}/like")
def items_alike(page: PageHere, asking: Reader, context: Context, item_id: str) -> Response:
    """Return what sounds alike, as a part of the page: asked for when the rest is there."""
    require_item(context, asking, item_id)
    try:
        found = like(item_id, asking, context, LikeWanted())
    except InputError:  # nothing was judged in it, so there is nothing to search by
        found = None
    return page.show("parts/item_like.html", like=found)


@router.post("/items/{item_id}/feedback")
def say(
    item_id: str, asking: Analyst, context: Context, form: Annotated[FeedbackForm, Form()]
) -> Response:
    """Keep a reader's word, and lead back."""
    give_feedback(item_id, FeedbackBody(opinion=form.opinion, why=form.why), asking, context)
    return RedirectResponse(f"/items/{item_id}#feedback", 303)


@router.post("/items/{item_id}/feedback/remove")
def unsay(item_id: str, asking: Analyst, context: Context) -> Response:
    """Take a reader's word back, and lead back."""
    take_feedback_back(item_id, asking, context)
    return RedirectResponse(f"/items/{item_id}#feedback", 303)


@router.post("/items/{item_id}/opinions")
def examine(
    item_id: str, asking: Examiner, context: Context, form: Annotated[OpinionForm, Form()]
) -> Response:
    """Sign an examiner's opinion, and lead back."""
    give_opinion(item_id, OpinionBody(opinion=form.opinion, text=form.text), asking, context)
    return RedirectResponse(f"/items/{item_id}#opinions", 303)


@router.post("/items/{item_id}/closer")
def look(
    item_id: str, asking: Analyst, context: Context, form: Annotated[CloserForm, Form()]
) -> Response:
    """Queue a closer look, and lead to its job."""
    found = closer(item_id, CloserBody(hop_s=form.hop_s, model=form.model), asking, context)
    return RedirectResponse(f"/jobs/{found.job_id}", 303)
