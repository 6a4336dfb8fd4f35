"""Pages of a job's items in SQL: by state or finding, in an order, searched by title; by keyset.

Each page begins behind the last row of the one before and is read from an index in its order, so that
the thousandth page costs what the first does. A search looks through `LOOKED_AT` items at a time, and so
does a finding or state in the order of titles: such a page may hold few or none and still have a next one.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, text

from pipeline.vocabulary import VerdictKind
from storage.states import ItemState
from storage.stored_text import storable
from storage.tables import SHORT_TITLE

LOOKED_AT = 20_000  # titles that one page of a search looks through


class ItemOrder(StrEnum):
    """In which order items are shown."""

    LISTED = "listed"  # as their source names them
    LOWEST = "lowest"  # by LLR, evidence of synthesis first; only what has one
    HIGHEST = "highest"  # by LLR, support of a person first; only what has one
    TITLE = "title"  # by the first hundred characters of their titles, whatever their case


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page, behind which the next one begins."""

    item_id: int
    key: float = 0.0  # of the order: LLR, or priority of what waits


@dataclass(frozen=True, slots=True)
class PageOrder:
    """Which of a job's items are wanted, in which order, and from where."""

    job_id: int
    account_id: str
    most: int
    shown: VerdictKind | ItemState | None = None
    order: ItemOrder = ItemOrder.LISTED
    search: str = ""  # part of a title, whatever its case
    after: Place | None = None
    with_listings: bool = False  # also sources that were listed, where nothing is left out


@dataclass(frozen=True, slots=True)
class FoundPage:
    """The items of a page."""

    item_ids: tuple[int, ...]
    following: Place | None  # None: this is the last page


def read_page(connection: Connection, wanted: PageOrder) -> FoundPage:
    """Return a page of a job's items, of listings those that failed, or all if they are wanted."""
    query, values = page_query(wanted)
    rows = connection.execute(text(query), values).mappings().all()
    matching = [row for row in rows if row["matches"]]
    page = tuple(int(row["item_id"]) for row in matching[: wanted.most])
    if len(matching) > wanted.most:
        return FoundPage(page, _place(matching[wanted.most - 1]))
    is_cut = bool(rows) and int(rows[-1]["n_looked"]) == LOOKED_AT
    return FoundPage(page, _place(rows[-1]) if is_cut else None)


def _place(row: RowMapping) -> Place:
    return Place(int(row["item_id"]), float(row["key"]))


def page_query(wanted: PageOrder) -> tuple[str, dict[str, object]]:
    """Return the statement of a page, one row more than it shows, and its values.

    Its rows: item_id, key, matches, n_looked; the last one may be where a search stopped looking.
    """
    looked, values = _in_order(wanted)
    values |= {"job_id": wanted.job_id, "most": wanted.most + 1}
    is_sifted = wanted.order is ItemOrder.TITLE and wanted.shown is not None
    if not (wanted.search or is_sifted):
        return f"SELECT item_id, key, true AS matches, 0 AS n_looked FROM ({looked}) page", values  # noqa: S608 (words of our own; values are bound)
    values |= {"most": LOOKED_AT, "found": wanted.most + 1, "search": storable(wanted.search)}
    fits = "AND fits" if is_sifted else ""
    return (
        f"""
WITH looked AS MATERIALIZED (
    SELECT page.*, row_number() OVER () AS place FROM ({looked}) page
), found AS (
    SELECT item_id, key, place FROM looked WHERE strpos(lower(title), lower(:search)) > 0 {fits}
    ORDER BY place LIMIT :found
)
SELECT item_id, key, true AS matches, 0 AS n_looked, place FROM found
UNION ALL
(SELECT item_id, key, false, place, place + 1 FROM looked ORDER BY place DESC LIMIT 1)
ORDER BY place""",  # noqa: S608 (words of our own; values are bound)
        values,
    )


def _in_order(wanted: PageOrder) -> tuple[str, dict[str, object]]:
    """Return a statement that reads `:most` rows from an index in its order, and its values."""
    values: dict[str, object] = {}
    if wanted.after is not None:
        values = {"after": wanted.after.item_id, "after_key": wanted.after.key}
    shown = wanted.shown
    if wanted.order is ItemOrder.TITLE:
        return _by_title(wanted), values
    if wanted.order is not ItemOrder.LISTED:
        kinds = [shown] if isinstance(shown, VerdictKind) else list(VerdictKind)
        if isinstance(shown, ItemState) and shown is not ItemState.DONE:
            kinds = []  # what has not been heard has no LLR
        return _by_llr(wanted, kinds), values
    what = "true" if wanted.with_listings else "kind = 'media' OR state = 'failed'"
    key, behind, order = "0", "item_id > :after", "item_id"
    if isinstance(shown, VerdictKind):
        what = f"state = 'done' AND verdict = '{shown.value}'"
    elif shown is ItemState.READY:  # in the order in which they are worked on
        what, key = "state = 'ready' AND kind = 'media'", "priority"
        behind, order = "(priority, item_id) > (:after_key, :after)", "priority, item_id"
        # as the column is: a number of another type would not be looked up in the index
        values |= {"after_key": min(max(int(wanted.after.key), 0), 99)} if wanted.after else {}
    elif shown is ItemState.RUNNING:
        what = "state = 'running' AND kind = 'media' AND account_id = :account_id"
        values["account_id"] = wanted.account_id
    elif shown is not None:
        what = f"state = '{shown.value}'"
        if shown is not ItemState.FAILED:  # a listing that failed is shown, others are not
            what += " AND kind = 'media'"
    return _select(key, what, behind if wanted.after else "", order), values


def _by_title(wanted: PageOrder) -> str:
    """Return a statement that reads media from the index of titles, and tells which are wanted."""
    shown = wanted.shown
    fits = "true" if shown is None else f"state = '{shown.value}'"
    if isinstance(shown, VerdictKind):
        fits = f"state = 'done' AND verdict = '{shown.value}'"
    behind = ""
    if wanted.after is not None:
        behind = (
            f" AND ({SHORT_TITLE.text}, item_id) >"  # noqa: S608 (words of our own)
            f" ((SELECT {SHORT_TITLE.text} FROM any_item WHERE item_id = :after), :after)"
        )
    return (
        f"SELECT item_id, 0 AS key, title, {fits} AS fits FROM any_item"  # noqa: S608
        f" WHERE job_id = :job_id AND kind = 'media'{behind}"
        f" ORDER BY {SHORT_TITLE.text}, item_id LIMIT :most"
    )


def _by_llr(wanted: PageOrder, kinds: list[VerdictKind]) -> str:
    """Return a statement that merges the findings' own orders; each is one step in their index."""
    is_up = wanted.order is ItemOrder.LOWEST
    sign, way = (">", "") if is_up else ("<", " DESC")
    order = f"llr{way}, item_id{way}"
    behind = f"(llr, item_id) {sign} (:after_key, :after)" if wanted.after else ""
    parts = [
        _select(
            "llr",
            f"state = 'done' AND verdict = '{kind.value}' AND llr IS NOT NULL",
            behind,
            order,
        )
        for kind in kinds
    ]
    if not parts:
        return "SELECT 0 AS item_id, 0 AS key, '' AS title WHERE false LIMIT :most"
    merged = " UNION ALL ".join(f"({part})" for part in parts)
    return (
        f"SELECT item_id, key, title FROM ({merged}) merged"  # noqa: S608
        f" ORDER BY key{way}, item_id{way} LIMIT :most"
    )


def _select(key: str, what: str, behind: str, order: str) -> str:
    behind = f" AND {behind}" if behind else ""
    return (
        f"SELECT item_id, {key} AS key, title FROM any_item"  # noqa: S608
        f" WHERE job_id = :job_id AND ({what}){behind} ORDER BY {order} LIMIT :most"
    )
