"""What a listing adds to the queue: everything, or only what is new or has changed.

"Seen" is the source key of `jobs.sources.items`: (source, extractor, full URL or guid, ETag or
length). A medium is met once; one whose item failed for a reason that may pass (a premiere, a site
that is out of order) is met again after a growing pause, eight times in about five days.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from jobs.quota import QUOTA_USED_UP, refusal, room_for_items
from jobs.source_options import SourceOptions
from jobs.spec import ItemClaim
from storage import item_rows, job_rows, quota_rows, secret_rows, seen_rows
from storage.item_rows import NewItemFacts
from storage.job_rows import CountChange
from storage.quota_rows import Spending

# failures after which the next sweeps look again; what the sender must change is not among them
PASSING_CODES = frozenset(
    {
        *("premiere", "live", "not_live", "rate_limited", "bot_wall", "site_failed"),
        *("fetch_failed", "fetch_too_slow", "site_not_understood", "site_reader_failed"),
        *("disk_full", "no_room_for_medium", "object_store_failed", "outage", "worker_lost"),
        *("memory_short", "quota_used_up"),
    }
)


def add_page(connection: Connection, claim: ItemClaim, page: Sequence[NewItemFacts]) -> CountChange:
    """Add a page's items, and charge them; those over a quota are added as failed.

    Args:
        connection: in the transaction that holds the listing.
        claim: the listing.
        page: its items; source keys begin with `media:`.
    """
    _, key_id = job_rows.owner_of_job(connection, int(claim.job_id))
    limit = room_for_items(quota_rows.lock_standings(connection, claim.account_id, key_id))
    added = _insert_new(connection, claim, page)
    n_paid = len(added)
    if limit is not None and limit.left is not None and limit.left < n_paid:
        n_paid = int(limit.left)
        item_rows.refuse_items(connection, added[n_paid:], QUOTA_USED_UP, refusal(limit))
    if n_paid:
        quota_rows.add_use(connection, claim.account_id, key_id, Spending(n_items=n_paid))
    n_refused = len(added) - n_paid
    outcome = job_rows.failed_as(QUOTA_USED_UP) if n_refused else ""
    return CountChange(n_total=len(added), n_failed=n_refused, outcome=outcome)


def _insert_new(
    connection: Connection, claim: ItemClaim, page: Sequence[NewItemFacts]
) -> list[int]:
    """Add the page's items that the listing asks for; return the ids of new ones, in order."""
    job_id, account_id = int(claim.job_id), claim.account_id
    if not SourceOptions.from_facts(claim.facts).only_new:
        return item_rows.insert_items(connection, job_id, account_id, page)
    by_key = {item.source_key.removeprefix(seen_rows.MEDIA_KEY): item for item in page}
    new = seen_rows.meet(connection, account_id, list(by_key), PASSING_CODES)
    added = item_rows.insert_items(
        connection, job_id, account_id, [item for key, item in by_key.items() if key in new]
    )
    seen_rows.name_items(connection, account_id, job_id, new)
    return added


def with_sealed(connection: Connection, claims: Sequence[ItemClaim]) -> list[ItemClaim]:
    """Return the claims with the sealed cookies and proxies that their options name."""
    named: dict[str, tuple[str, ...]] = {}
    for claim in claims:
        options = SourceOptions.from_facts(claim.facts)
        named_ids = (options.cookies_id, options.proxy_id, options.s3_keys_id)
        ids = tuple(it for it in named_ids if it)
        if ids:
            named[claim.item_id] = ids
    if not named:
        return list(claims)
    found = secret_rows.read_sealed(connection, {it for ids in named.values() for it in ids})
    return [
        replace(
            claim,
            sealed={
                secret_id: sealed
                for (account_id, secret_id), sealed in found.items()
                # another account's secret is none of this one's business
                if account_id == claim.account_id and secret_id in named.get(claim.item_id, ())
            },
        )
        for claim in claims
    ]
