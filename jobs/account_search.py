"""Searches all items of an account, over all of its jobs, within a time that a reader waits."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from jobs.queue_values import to_status
from jobs.spec import ItemStatus
from storage import account_pages, item_rows
from storage.account_pages import AccountOrder, AccountPlace
from storage.database import transaction

PATIENCE_S = 1.5  # then what was found is shown, and the next page looks on


@dataclass(frozen=True, slots=True)
class AccountItems:
    """A page of an account's items."""

    items: list[ItemStatus]
    job_names: Mapping[str, str]  # of the items' jobs, by id
    following: AccountPlace | None  # behind which the next page begins; None: the end


def find_items(
    engine: Engine, wanted: AccountOrder, patience_s: float = PATIENCE_S
) -> AccountItems:
    """Return an account's items that match, the newest job first.

    Args:
        engine: of the database.
        wanted: which, and from where.
        patience_s: after which no other step is begun; a page may then hold few or none and still
            have a next one.
    """
    until = time.monotonic() + patience_s
    item_ids: list[int] = []
    step = wanted
    with transaction(engine) as connection:
        while True:
            found = account_pages.read_account_page(connection, step)
            item_ids += found.item_ids
            following = found.following
            if not found.is_cut or time.monotonic() > until:
                break
            step = replace(step, most=wanted.most - len(item_ids), after=following)
        items = [to_status(row) for row in item_rows.read_items_by_id(connection, item_ids)]
        jobs = {int(item.job_id) for item in items}
        names = account_pages.read_job_names(connection, wanted.account_id, sorted(jobs))
    return AccountItems(items, {str(job_id): name for job_id, name in names.items()}, following)
