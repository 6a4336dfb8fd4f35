"""What some worker does now and then: fold counters, cancel latecomers, reclaim expired claims."""

import logging
from dataclasses import dataclass

from sqlalchemy import Engine

from jobs.attempt_ends import end_of_loss
from jobs.audit_entries import ended_entry
from jobs.job_desk import JobDesk
from storage import (
    claim_rows,
    end_rows,
    host_rows,
    item_rows,
    job_rows,
    provisional_rows,
    secret_rows,
)
from storage.audit_rows import append_audit
from storage.database import committing, one_trip, transaction
from storage.host_rows import HostPace

TENDS_A_LEASE = 4  # tend at least this often, or its pauses look like outages of the database
ROWS_A_BATCH = 2000  # claims reclaimed in one transaction: locks stay short

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tender:
    """Tends the queue; several do not get in each other's way."""

    engine: Engine
    desk: JobDesk
    lease_s: float
    host_pace: HostPace

    def tend(self) -> int:
        """Fold counters, reclaim expired claims, cancel latecomers; return how many were reclaimed."""
        with transaction(self.engine) as connection:
            job_rows.fold_changes(connection)
            with one_trip(connection):
                host_rows.forget_full(connection, self.host_pace)
                secret_rows.forget_old(connection)
        with transaction(self.engine) as connection:
            late = item_rows.cancelled_jobs_with_work(connection)
        for job_id in late:
            self.desk.cancel_waiting(job_id)
        return self.reclaim_expired()

    def reclaim_expired(self) -> int:
        """Give items whose lease is over to others; return how many.

        After a gap in tending, such as an outage of the database, nothing is reclaimed for one
        lease: holders that are well renew their leases first.
        """
        with transaction(self.engine) as connection:
            may_reclaim = claim_rows.beat_pulse(
                connection, gap_s=self.lease_s * 2 / TENDS_A_LEASE, grace_s=self.lease_s
            )
        if not may_reclaim:
            return 0
        with transaction(self.engine) as connection:
            expired = claim_rows.lock_expired(connection, ROWS_A_BATCH)
            if not expired:
                return 0
            entries = []
            for item in expired:
                end = end_of_loss(item)
                ended = end_rows.end_attempt(connection, item.item_id, item.fence, end)
                assert ended is not None  # locked above
                provisional_rows.forget(connection, item.item_id, item.fence)
                entries.append(ended_entry(ended, end, item.fence, None))
            with committing(connection):
                item_rows.ring(connection)
                append_audit(connection, entries)
        _log.warning("expired claims reclaimed", extra={"n_items": len(expired)})
        return len(expired)
