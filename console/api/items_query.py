"""Which of a job's items are asked for: by state or finding, in an order, searched; and from where."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from jobs.progress_desk import ItemsWanted
from pipeline.vocabulary import VerdictKind
from storage.item_pages import ItemOrder, Place
from storage.states import ItemState

MOST_ITEMS = 500
MOST_SEARCH_CHARS = 200
Show = Literal[
    "",
    "no_evidence",
    "synthetic",
    "partly_synthetic",
    "inconclusive",
    "not_applicable",
    "done",
    "failed",
    "running",
    "ready",
    "deferred",
    "cancelled",
]


class ItemsQuery(BaseModel):
    """Which of a job's items are wanted."""

    # the page before's `next`: an item, behind the number that the order goes by
    after: Annotated[
        str, Field(pattern=r"^((-?\d{1,9}(\.\d{1,20})?(e-?\d{1,2})?:)?\d{1,18})?$")
    ] = ""
    most: Annotated[int, Field(ge=1, le=MOST_ITEMS)] = 100
    show: Show = ""  # a finding, or a state
    order: ItemOrder = ItemOrder.LISTED
    search: Annotated[str, Field(max_length=MOST_SEARCH_CHARS)] = ""  # part of a title

    def to_wanted(self, *, with_listings: bool = True) -> ItemsWanted:
        """Return it as the desk takes it.

        Args:
            with_listings: also sources that were listed, which have no finding.
        """
        return ItemsWanted(
            self.most,
            shown_of(self.show),
            self.order,
            self.search,
            _place(self.after),
            with_listings,
        )


def after_text(place: Place | None) -> str | None:
    """Return where the next page begins, as it is asked for."""
    if place is None:
        return None
    return f"{place.key!r}:{place.item_id}" if place.key else str(place.item_id)


def shown_of(show: str) -> VerdictKind | ItemState | None:
    """Return the finding or state that is asked for; None: all."""
    if not show:
        return None
    return VerdictKind(show) if show in set(VerdictKind) else ItemState(show)


def _place(after: str) -> Place | None:
    if not after:
        return None
    key, _, item_id = after.rpartition(":")
    return Place(int(item_id), float(key or 0))
