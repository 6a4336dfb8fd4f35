"""Search the audit log in SQL: by account, event, job and item, the newest row first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """Which rows of the audit log are wanted."""

    account_id: str | None
    event: str = ""
    job_id: int | None = None
    item_id: int | None = None
    before: int | None = None  # only rows older than this one
    most: int = 100


@dataclass(frozen=True, slots=True)
class AuditFound:
    """One row of the audit log."""

    number: int
    at: datetime
    event: str
    account_id: str
    job_id: int
    item_id: int
    facts: dict[str, Any]
    sha256: str


# The log has indexes by number, item and account: more would slow each attempt of the fleet. A search
# by event or job looks through a window of it, and says where the next one begins.
AUDIT_WINDOW = 50_000
_AUDIT = """
SELECT number, at, event, account_id, job_id, item_id, facts, sha256 FROM audit
WHERE number < :before AND number >= :from_number {account}
  AND (:event = '' OR event = :event)
  AND (CAST(:job_id AS bigint) IS NULL OR job_id = :job_id)
  AND (CAST(:item_id AS bigint) IS NULL OR item_id = :item_id)
ORDER BY number DESC LIMIT :most
"""
_OF_ACCOUNT = text(_AUDIT.format(account="AND account_id = :account_id"))
_OF_ALL = text(_AUDIT.format(account=""))


def search_audit(
    connection: Connection, wanted: AuditSearch
) -> tuple[list[AuditFound], int | None]:
    """Return rows, the newest first, and before which row the search goes on; None: nowhere."""
    head: int = connection.scalar(text("SELECT coalesce(max(number), 0) FROM audit"))
    before = min(head + 1, wanted.before or head + 1)
    # whatever an index finds needs no window: every row of it is wanted
    is_filtered = bool(wanted.event) or wanted.job_id is not None
    is_found = wanted.item_id is not None or not is_filtered
    from_number = 1 if is_found else max(1, before - AUDIT_WINDOW)
    values = {
        "before": before,
        "from_number": from_number,
        "event": wanted.event,
        "job_id": wanted.job_id,
        "item_id": wanted.item_id,
        "most": wanted.most,
    }
    if wanted.account_id is None:
        rows = connection.execute(_OF_ALL, values)
    else:
        rows = connection.execute(_OF_ACCOUNT, values | {"account_id": wanted.account_id})
    found = [AuditFound(**row) for row in rows.mappings()]
    if len(found) == wanted.most:
        return found, found[-1].number
    return found, from_number if from_number > 1 else None
