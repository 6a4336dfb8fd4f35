"""What an attempt's end does to the counters of its job."""

from sqlalchemy import Connection

from storage import job_rows
from storage.claim_rows import EndedFacts, ItemEnd
from storage.job_rows import CountChange
from storage.states import ItemKind, ItemState


def count_end(connection: Connection, ended: EndedFacts, end: ItemEnd) -> None:
    """Append what an attempt's end does to its job's counters."""
    state, is_list = ended.state, ended.kind == ItemKind.LIST
    if state not in (ItemState.DONE, ItemState.FAILED, ItemState.CANCELLED):
        return
    failed_as = job_rows.failed_as(end.code)
    if not is_list:
        change = CountChange(
            n_done=int(state == ItemState.DONE),
            n_failed=int(state == ItemState.FAILED),
            n_cancelled=int(state == ItemState.CANCELLED),
            outcome={ItemState.DONE: end.verdict, ItemState.FAILED: failed_as}.get(state, ""),
        )
    elif state == ItemState.FAILED:  # shown as a failed item
        change = CountChange(n_listing=-1, n_total=1, n_failed=1, outcome=failed_as)
    else:
        change = CountChange(n_listing=-1)
    job_rows.append_change(connection, ended.job_id, change)
