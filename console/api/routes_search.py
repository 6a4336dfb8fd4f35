"""All items of an account: by a part of their names or addresses, by SHA-256, by finding or state."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from console.api.context import ApiContext, Context
from console.api.items_query import MOST_ITEMS, MOST_SEARCH_CHARS, Show, shown_of
from console.api.principals import Principal, Reader
from console.api.routes_items import ItemShown
from jobs.account_search import AccountItems, find_items
from storage.account_pages import AccountOrder, AccountPlace, is_hash

router = APIRouter(prefix="/items", tags=["items"])


class SearchQuery(BaseModel):
    """What is looked for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"search": "minister", "show": "synthetic"}]}
    )

    # part of a title or address; or a SHA-256 of a medium, or its first eight characters or more
    search: Annotated[str, Field(max_length=MOST_SEARCH_CHARS)] = ""
    show: Show = ""  # a finding, or a state
    # the page before's `next`
    after: Annotated[str, Field(pattern=r"^(\d{1,18}:\d{1,18})?$")] = ""
    most: Annotated[int, Field(ge=1, le=MOST_ITEMS)] = 100


class FoundItem(ItemShown):
    """An item, and what its job is called."""

    job_name: str


class FoundPage(BaseModel):
    """Items, the newest job's first, and where the next page begins.

    A page may hold few or none and still have a next one: a search looks for a second or two.
    """

    items: list[FoundItem]
    next: str | None


@router.get("")
def search(asking: Reader, context: Context, wanted: Annotated[SearchQuery, Query()]) -> FoundPage:
    """Find the account's items over all jobs: by name, address, SHA-256, finding or state."""
    found = search_items(context, asking, wanted)
    return FoundPage(
        items=[
            FoundItem(
                **ItemShown.of(one).model_dump(), job_name=found.job_names.get(one.job_id, "")
            )
            for one in found.items
        ],
        next=place_text(found.following),
    )


def search_items(context: ApiContext, asking: Principal, wanted: SearchQuery) -> AccountItems:
    """Return what somebody looks for in their account."""
    written = wanted.search.strip()
    digits = written.lower()
    sha256 = digits if is_hash(digits) else ""
    order = AccountOrder(
        asking.account_id,
        wanted.most,
        "" if sha256 else written,
        sha256,
        shown_of(wanted.show),
        _place(wanted.after),
    )
    return find_items(context.engine, order)


def place_text(place: AccountPlace | None) -> str | None:
    """Return where the next page begins, as it is asked for."""
    return None if place is None else f"{place.job_id}:{place.item_id}"


def _place(after: str) -> AccountPlace | None:
    if not after:
        return None
    job_id, _, item_id = after.partition(":")
    return AccountPlace(int(job_id), int(item_id))
