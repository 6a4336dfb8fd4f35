"""What an account has that sounds like an item, or like a stretch of it: for the command line and others.

Two questions, one list. "Made alike" goes by the cosine of whole items, or of single segments where a
stretch was named. "The same recording" goes second by second, with the query laid over the other item.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine, text

from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import FloatArray
from storage.database import transaction
from storage.embedding_rows import (
    MOST_SEGMENTS,
    ItemVectors,
    NearRow,
    SearchLimits,
    fill_page,
    find_nearest,
    mean_direction,
    read_found_items,
    read_item_vectors,
)
from storage.search_trust import SearchTrust, near_from, read_trust

ITEMS_A_PAGE = 200  # that are filled in one transaction
WIDER = 3  # times as many neighbours are asked for as are shown: several segments are of one item
LEAST_ALIGNED = 3  # seconds that both must have before a recording is called perhaps the same
SHIFTS = 2  # seconds that a whole item may begin earlier or later in the other
MOST_QUERY = 120  # segments of the query that are laid over others
MOST_BEGINNING = 8 * (MOST_QUERY + SHIFTS)  # of an item that a whole one is laid over, all channels


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched by."""

    item_id: int
    from_s: float | None = None  # None: the whole item
    to_s: float | None = None

    @property
    def is_stretch(self) -> bool:
        """Whether a part of the item was named."""
        return self.from_s is not None


@dataclass(frozen=True, slots=True)
class Hit:
    """An item that was found."""

    item_id: int
    job_id: int
    title: str
    source_uri: str
    verdict: str
    llr: float | None
    likeness: float  # cosine of what is nearest in it, -1 to 1
    at_s: float  # where that lies
    second_by_second: float | None  # mean cosine; None: too little of both
    n_seconds: int  # that both have, laid over each other
    recording_at_s: float | None  # where the query lies in it, if it is the same recording
    is_same_file: bool  # byte for byte

    @property
    def is_near(self) -> bool:
        """Whether it is perhaps the same recording."""
        aligned = self.second_by_second
        return self.is_same_file or (aligned is not None and aligned >= near_from(self.n_seconds))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search gave."""

    hits: tuple[Hit, ...]  # most alike first
    n_segments: int  # of the query
    detector: str  # the name of the model whose embeddings were compared
    trust: SearchTrust | None  # None: not measured for this detector


def parse_query(written: str) -> Query:
    """Return what `ITEM` or `ITEM@12.5-14` names, times in seconds.

    Raises:
        InputError: it has another form (`input_invalid`).
    """
    item, _, stretch = written.partition("@")
    form = "--like has the form ITEM or ITEM@12.5-14 (seconds), such as 4711@12.5-14."
    if not (item.isascii() and item.isdigit() and len(item) < 19):
        raise InputError(form, "input_invalid")
    if not stretch:
        if "@" in written:
            raise InputError(form, "input_invalid")
        return Query(int(item))
    try:
        from_s, to_s = (float(part) for part in stretch.split("-"))
    except ValueError as error:
        raise InputError(form, "input_invalid") from error
    if not (np.isfinite(from_s) and np.isfinite(to_s) and 0 <= from_s < to_s):
        raise InputError(f"{form} The first time lies before the second.", "input_invalid")
    return Query(int(item), from_s, to_s)


_ACCOUNT = text("SELECT account_id FROM any_item WHERE item_id = :item_id")
_NAME = text("SELECT name FROM model WHERE sha256 = :sha256")
_SAME_FILE = text("""
SELECT other.item_id FROM analysis this JOIN analysis other
    ON other.media_id = this.media_id AND other.account_id = this.account_id
WHERE this.item_id = :item_id AND other.item_id = ANY(:items)
""")


def search_like(engine: Engine, query: Query, most: int, account_id: str | None = None) -> Answer:
    """Return the items of the query's account that are most like it.

    Args:
        engine: of the database.
        query: an item, or a stretch of one.
        most: how many items.
        account_id: whose item it must be; None: an operator asks, any account's own items answer.

    Raises:
        SourceNotFoundError: there is no such item, or it is another account's.
        InputError: nothing was judged in it, or in the stretch.
    """
    with transaction(engine) as connection:
        owner = connection.scalar(_ACCOUNT, {"item_id": query.item_id})
        if owner is None or (account_id is not None and owner != account_id):
            raise SourceNotFoundError(f"There is no item {query.item_id}.", "item_not_found")
        like = read_item_vectors(connection, owner, query.item_id, query.from_s, query.to_s)
        wanted = None if like is None else mean_direction(like.vectors)
        if like is None or wanted is None:
            where = "that stretch of item" if query.is_stretch else "item"
            raise InputError(
                f"No voice was judged in {where} {query.item_id}, so there is nothing to search by: "
                "name another item or stretch.",
                "input_invalid",
            )
        near = find_nearest(connection, like, wanted, "items", most * WIDER)
        parts = find_nearest(connection, like, wanted, "segments", most * WIDER * 2)
        best = _best_of_items(near, parts, is_stretch=query.is_stretch)[:most]
        facts = read_found_items(connection, owner, [row.item_id for row in best])
        same_files = set(
            connection.scalars(
                _SAME_FILE, {"item_id": query.item_id, "items": [row.item_id for row in best]}
            )
        )
        hits = []
        for row in best:
            if row.item_id not in facts:  # deleted meanwhile
                continue
            heard = MOST_SEGMENTS if query.is_stretch else MOST_BEGINNING
            other = read_item_vectors(connection, owner, row.item_id, most=heard)
            aligned, n_seconds, at_s = lay_over(like, other, may_shift=query.is_stretch)
            known = facts[row.item_id]
            hits.append(
                Hit(
                    row.item_id,
                    known["job_id"],
                    known["title"],
                    known["source_uri"],
                    known["verdict"],
                    known["llr"],
                    row.cosine,
                    row.start_s,
                    aligned,
                    n_seconds,
                    at_s,
                    row.item_id in same_files,
                )
            )
        name = str(connection.scalar(_NAME, {"sha256": like.detector}) or "")
    return Answer(tuple(hits), len(like.vectors), name, read_trust(name))


def _best_of_items(
    near: Iterable[NearRow], parts: Iterable[NearRow], *, is_stretch: bool
) -> list[NearRow]:
    """Return the nearest place of each item, nearest first.

    A whole item is asked for by the items' own vectors; a single segment that happens to be near
    would outdo the mean of all. A stretch is short itself: segments answer it too.
    """
    best: dict[int, NearRow] = {}
    for row in (*near, *(parts if is_stretch else ())):
        if row.item_id not in best or row.cosine > best[row.item_id].cosine:
            best[row.item_id] = row
    return sorted(best.values(), key=lambda row: (-row.cosine, row.item_id))


def lay_over(
    like: ItemVectors, other: ItemVectors | None, *, may_shift: bool
) -> tuple[float | None, int, float | None]:
    """Return how alike the seconds are where both lie best over each other, how many, and from where.

    Args:
        like: the query.
        other: an item's segments; None: it has none any more.
        may_shift: the query may lie anywhere in the other, as a stretch may.

    Returns:
        mean cosine, number of seconds, and the first of them; None where fewer than `LEAST_ALIGNED`
        seconds lie over each other.
    """
    if other is None or other.vectors.shape[1] != like.vectors.shape[1]:
        return None, 0, None
    query: FloatArray = like.vectors[:MOST_QUERY]
    cosine = query @ other.vectors.T  # (n_query, n_other)
    n_query, n_other = cosine.shape
    least = min(n_query, n_other)
    if least < LEAST_ALIGNED:
        return None, 0, None
    shifts = range(-SHIFTS, SHIFTS + 1) if not may_shift else range(n_other - least + 1)
    best: tuple[float, int, int] | None = None
    for shift in shifts:
        diagonal = np.diagonal(cosine, shift)
        if len(diagonal) < max(LEAST_ALIGNED, least - SHIFTS):
            continue
        mean = float(diagonal.mean())
        if best is None or mean > best[0]:
            best = mean, len(diagonal), max(shift, 0)
    return (None, 0, None) if best is None else (best[0], best[1], float(other.start_s[best[2]]))


def fill_missing(engine: Engine, limits: SearchLimits) -> int:
    """Write the vectors of all items that have none; return how many items were looked at."""
    after = n_items = 0
    while True:
        with transaction(engine) as connection:
            page = fill_page(connection, after, ITEMS_A_PAGE, limits)
        if not page:
            return n_items
        after, n_items = page[-1], n_items + len(page)


def trust_sentence(answer: Answer) -> str:
    """Return how far the answer can be trusted, by what was measured."""
    trust = answer.trust
    if trust is None:
        name = answer.detector or "this detector"
        return (
            f"How far to trust this was not measured for {name}: python -m training "
            "search-precision measures it. Likeness is no evidence for synthesis."
        )
    found = ", ".join(
        f"{share:.0%} {_COPIES.get(name, name)}" for name, share in trust.recording_at_1
    )
    return (
        f"Made alike: weak. Of {trust.n_systems} systems that were never met, the nearest clip was of the "
        f"same system for {trust.system_at_1:.0%} of systems ({trust.clips_at_1:.0%} of clips; a blind "
        f"draw {trust.chance:.0%}), of the ten nearest {trust.system_at_10:.0%}. The same recording came "
        f"first for {found}. Measured on clips of 2 to 3.6 s. A hint where to listen, no evidence for "
        "synthesis."
    )


_COPIES = {
    "web": "of copies through web codecs",
    "degraded": "of heavily degraded ones",
    "clean, cut 0.5 s later": "of those cut half a second later",
}
