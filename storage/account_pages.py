"""Pages of all items of an account in SQL: by a part of name or address, by SHA-256, by finding or state.

The newest job first, the newest item in it first. No index of the queue's table is there for this: jobs
are walked by theirs, and the items of each by that of their job, so that a page reads what it shows, and a
search at most `LOOKED_AT` rows. An account with a hundred thousand items is read in some such steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from pipeline.vocabulary import VerdictKind
from storage.states import ItemState
from storage.stored_text import storable

LOOKED_AT = 20_000  # names that one step looks through
LEAST_HASH_CHARS = 8  # of a SHA-256's beginning
HASH_CHARS = 64
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class AccountPlace:
    """The last item of a page, behind which the next one begins."""

    job_id: int
    item_id: int


@dataclass(frozen=True, slots=True)
class AccountOrder:
    """Which of an account's items are wanted, and from where."""

    account_id: str
    most: int
    search: str = ""  # part of a title or of an address, whatever its case
    sha256: str = ""  # of the medium, or its beginning, in lower case
    shown: VerdictKind | ItemState | None = None
    after: AccountPlace | None = None


@dataclass(frozen=True, slots=True)
class FoundItems:
    """What one step found."""

    item_ids: tuple[int, ...]
    following: AccountPlace | None  # None: there are no more
    is_cut: bool  # it looked at `LOOKED_AT` rows and may have found fewer than were wanted


def is_hash(written: str) -> bool:
    """Tell whether this is a SHA-256 or a beginning of one that is long enough to look up."""
    return LEAST_HASH_CHARS <= len(written) <= HASH_CHARS and set(written) <= _HEX


def read_account_page(connection: Connection, wanted: AccountOrder) -> FoundItems:
    """Return a page of an account's items, of listings those that failed."""
    values: dict[str, object] = {
        "account_id": wanted.account_id,
        "most": wanted.most + 1,
        "looked": LOOKED_AT,
        "search": storable(wanted.search),
        "after_job": wanted.after.job_id if wanted.after else None,
        "after_item": wanted.after.item_id if wanted.after else None,
    }
    if wanted.sha256:
        values |= {"least": wanted.sha256, "above": _next_hash(wanted.sha256)}
        query = _BY_HASH.format(what=_what(wanted.shown))
    elif wanted.search:
        query = _SEARCHED.format(what=_what(wanted.shown))
    else:
        query = _ALL.format(what=_what(wanted.shown))
    rows = connection.execute(text(query), values).all()
    matching = [row for row in rows if row.matches]
    page = tuple(int(row.item_id) for row in matching[: wanted.most])
    if len(matching) > wanted.most:
        last = matching[wanted.most - 1]
        return FoundItems(page, AccountPlace(last.job_id, last.item_id), is_cut=False)
    if rows and not rows[-1].matches and rows[-1].n_looked == LOOKED_AT:
        return FoundItems(page, AccountPlace(rows[-1].job_id, rows[-1].item_id), is_cut=True)
    return FoundItems(page, None, is_cut=False)


_NAMES = text("SELECT job_id, name FROM job WHERE job_id = ANY(:jobs) AND account_id = :account_id")


def read_job_names(
    connection: Connection, account_id: str, job_ids: Sequence[int]
) -> Mapping[int, str]:
    """Return the names of an account's jobs."""
    values = {"jobs": list(job_ids), "account_id": account_id}
    return {row.job_id: row.name for row in connection.execute(_NAMES, values)}


# The inner walk is read in its own order: an outer sort would read whole jobs first.
_WALK = """
SELECT i.item_id, i.job_id, i.title, i.source_uri FROM (
    SELECT job_id FROM job WHERE account_id = :account_id
      AND (CAST(:after_job AS bigint) IS NULL OR job_id <= :after_job)
    ORDER BY job_id DESC
) j CROSS JOIN LATERAL (
    SELECT item_id, job_id, title, source_uri FROM any_item
    WHERE job_id = j.job_id AND ({what})
      AND (j.job_id IS DISTINCT FROM CAST(:after_job AS bigint) OR item_id < :after_item)
    ORDER BY item_id DESC
) i
"""
_ALL = f"SELECT item_id, job_id, true AS matches, 0 AS n_looked FROM ({_WALK} LIMIT :most) page"  # noqa: S608 (words of our own)
_SEARCHED = f"""
WITH looked AS MATERIALIZED (
    SELECT walk.*, row_number() OVER () AS place FROM ({_WALK} LIMIT :looked) walk
), found AS (
    SELECT item_id, job_id, place FROM looked
    WHERE strpos(lower(title), lower(:search)) > 0 OR strpos(lower(source_uri), lower(:search)) > 0
    ORDER BY place LIMIT :most
)
SELECT item_id, job_id, true AS matches, 0 AS n_looked, place FROM found
UNION ALL
(SELECT item_id, job_id, false, place, place + 1 FROM looked ORDER BY place DESC LIMIT 1)
ORDER BY place"""  # noqa: S608 (words of our own; values are bound)
# a beginning is looked up as a range of the index of media: in hexadecimal digits every collation agrees
_BY_HASH = """
SELECT item_id, job_id, true AS matches, 0 AS n_looked FROM any_item
WHERE item_id = ANY(ARRAY(
    SELECT a.item_id FROM media m JOIN analysis a USING (media_id)
    WHERE m.account_id = :account_id AND m.sha256 >= :least AND m.sha256 < :above
)) AND account_id = :account_id AND ({what})
  AND (CAST(:after_job AS bigint) IS NULL OR (job_id, item_id) < (:after_job, :after_item))
ORDER BY job_id DESC, item_id DESC LIMIT :most"""


def _what(shown: VerdictKind | ItemState | None) -> str:
    if shown is None:
        return "kind = 'media' OR state = 'failed'"
    if isinstance(shown, VerdictKind):
        return f"state = 'done' AND verdict = '{shown.value}'"
    if shown is ItemState.FAILED:  # a listing that failed is shown, others are not
        return "state = 'failed'"
    return f"state = '{shown.value}' AND kind = 'media'"


def _next_hash(beginning: str) -> str:
    """Return what comes behind every hash that begins so."""
    following = int(beginning, 16) + 1
    is_last = following == 16 ** len(beginning)
    return "g" if is_last else f"{following:0{len(beginning)}x}"
