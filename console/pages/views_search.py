"""Search over all jobs of an account: by name, address, SHA-256 or finding, and by likeness of a voice."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from console.api.context import ApiContext, Context
from console.api.owned import require_item
from console.api.principals import Principal, Reader
from console.api.routes_item_more import LikeShown, LikeWanted, like
from console.api.routes_search import SearchQuery, place_text, search_items
from console.pages.render import Page, PageHere
from console.pages.views_jobs import N_ITEMS, SHOWS, VERDICTS
from console.searching import parse_query
from pipeline.errors import VerityError

router = APIRouter()
MOST_LIKE_CHARS = 60
N_LIKE = 20


class PageQuery(SearchQuery):
    """What the page is asked for."""

    like: Annotated[str, Field(max_length=MOST_LIKE_CHARS)] = ""  # ITEM or ITEM@12.5-14


@router.get("/search")
def search(
    page: PageHere, asking: Reader, context: Context, wanted: Annotated[PageQuery, Query()]
) -> Response:
    """Show the forms, and what was found."""
    if wanted.like.strip():
        return _show_like(page, asking, context, wanted)
    if not (wanted.search.strip() or wanted.show):
        return _show(page, wanted)
    found = search_items(context, asking, wanted.model_copy(update={"most": N_ITEMS}))
    return page.show(
        "search.html",
        wanted=wanted,
        shows=SHOWS,
        verdicts=VERDICTS,
        found=found,
        following=place_text(found.following),
        like=None,
        problem="",
    )


def _show_like(page: Page, asking: Principal, context: ApiContext, wanted: PageQuery) -> Response:
    try:
        query = parse_query(wanted.like.strip())
        require_item(context, asking, str(query.item_id))
        near = LikeWanted(from_s=query.from_s, to_s=query.to_s, most=N_LIKE)
        found = like(str(query.item_id), asking, context, near)
    except VerityError as error:
        return _show(page, wanted, problem=page.said(error))
    return _show(page, wanted, like=found)


def _show(
    page: Page, wanted: PageQuery, like: LikeShown | None = None, problem: str = ""
) -> Response:
    return page.show(
        "search.html",
        wanted=wanted,
        shows=SHOWS,
        verdicts=VERDICTS,
        found=None,
        following=None,
        like=like,
        problem=problem,
    )
