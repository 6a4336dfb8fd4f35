"""The workers' side of the queue: claim, heartbeat, finish, fail, release (DESIGN.md §7).

The fence alone decides who may write; the lease only decides who may be reclaimed. Every write for
an item is one transaction whose first statement is the fenced update, so a late attempt gets
`StaleClaimError` and changes nothing. All state is in the database: a queue object may be made in
every process and thread that needs one. What people do with jobs is in `job_desk.py`.
"""

from collections.abc import Collection, Iterable, Sequence
from threading import Event

import numpy as np
from sqlalchemy import Engine

from jobs.attempt_ends import GIVEN_BACK, end_of_failure, end_of_success
from jobs.audit_entries import started_entry
from jobs.earlier import EarlierAnalyses
from jobs.ending import Ender, stale
from jobs.fair_claim import ClaimRules, claim_fairly, note_turns
from jobs.hosts import host_of
from jobs.job_desk import JobDesk
from jobs.new_media import add_page, with_sealed
from jobs.queue_values import to_claim
from jobs.quota import QuotaDesk
from jobs.retry import RetryDecision, retry_decision
from jobs.spec import (
    Beat,
    BeatReply,
    ItemClaim,
    ItemResult,
    NewItem,
)
from jobs.tending import Tender
from pipeline.vocabulary import Failure
from storage import claim_rows, host_rows, item_rows, job_rows, progress_rows, skipped_rows
from storage.audit_rows import append_audit
from storage.claim_rows import BeatFacts, ClaimOrder
from storage.database import committing, transaction
from storage.embedding_rows import SearchLimits
from storage.item_rows import NewItemFacts
from storage.states import AttemptEnd, ItemKind, ItemState, Priority
from storage.work_bell import WorkBell

LEASE_S = 15.0

# a list may say which of its items are looked at first
_PLACES = {priority.name.lower(): priority for priority in Priority}


class WorkQueue:
    """The face of the queue for one process; holds no state but its settings and a bell."""

    def __init__(
        self,
        engine: Engine,
        lease_s: float = LEASE_S,
        rng: np.random.Generator | None = None,
        rules: ClaimRules | None = None,
        *,
        may_listen: bool = True,
        search: SearchLimits | None = None,
    ) -> None:
        """Use the queue in a migrated database.

        Args:
            engine: of that database.
            lease_s: how long a claim stays without a heartbeat; the same in the whole fleet.
            rng: for the jitter of retries.
            rules: who is served next, and how often a host is asked; the same in the whole fleet.
            may_listen: False: idle workers poll.
            search: how much of each result later searches can find.
        """
        self._engine = engine
        self.lease_s = lease_s
        self._rng = rng or np.random.default_rng()
        self._rules = rules or ClaimRules()
        self._bell = WorkBell(engine, may_listen=may_listen)
        self.desk = JobDesk(engine)  # what people do, in the same database
        self.earlier = EarlierAnalyses(engine)
        self.quota = QuotaDesk(engine)
        self._ender = Ender(engine, search or SearchLimits())
        self._tender = Tender(engine, self.desk, lease_s, self._rules.host)

    def claim(
        self,
        worker_id: str,
        limit: int = 1,
        kind: ItemKind | None = None,
        detectors: Collection[str] = (),
    ) -> list[ItemClaim]:
        """Take up to `limit` items: the account, then the job that has least of the fleet first.

        Args:
            worker_id: who holds them, as attempts show it.
            limit: how many at most.
            kind: only listings, or only media; None: whatever comes first.
            detectors: SHA-256 of those that the worker has; jobs that want another are others'.
        """
        order = ClaimOrder(worker_id, self.lease_s, limit, kind, (), tuple(sorted(detectors)))
        with transaction(self._engine) as connection:
            claimed = claim_fairly(connection, order, self._rules)
            if not claimed.items:
                return []
            claims = with_sealed(connection, [to_claim(it, self.lease_s) for it in claimed.items])
            with committing(connection):
                note_turns(connection, claimed, self._rules)
                append_audit(connection, [started_entry(facts) for facts in claimed.items])
        return claims

    def wait_for_work(self, timeout_s: float, stop: Event | None = None) -> bool:
        """Sleep until work may have arrived; then `claim`, whatever this returns."""
        return self._bell.wait(timeout_s, stop)

    def heartbeat(self, beats: Iterable[Beat]) -> BeatReply:
        """Renew the leases of held items; return which are lost, cancelled or paused."""
        by_id = {int(beat.claim.item_id): beat for beat in beats}
        facts = [
            BeatFacts(
                item_id,
                beat.claim.fence,
                beat.stage,
                beat.progress,
                beat.cursor,
                beat.provisional,
            )
            for item_id, beat in by_id.items()
        ]
        with transaction(self._engine) as connection:
            held = claim_rows.renew_leases(connection, facts, self.lease_s)
            jobs = {(int(beat.claim.job_id), beat.claim.account_id) for beat in by_id.values()}
            with committing(connection):
                claim_rows.store_provisional(connection, facts, held)
                progress_rows.ring(connection, jobs)
        lost = by_id.keys() - {item.item_id for item in held}
        return BeatReply(
            lost=frozenset(map(str, lost)),
            cancelled=frozenset(str(item.item_id) for item in held if item.is_cancelled),
            paused=frozenset(str(item.item_id) for item in held if item.is_paused),
        )

    def add_items(
        self,
        claim: ItemClaim,
        items: Sequence[NewItem],
        cursor: str | None = None,
        skipped: Sequence[tuple[str, str]] = (),
    ) -> int:
        """Add a page of what a listing found; return how many are new.

        The same page added again adds nothing, so a listing that is tried again loses nothing and
        doubles nothing. With `cursor`, the next try goes on behind this page. Of a listing of new
        media alone only those are added that no such listing has met (`jobs.new_media`). What goes
        over a quota of items is added as failed (`quota_used_up`): the listing and the job go on.

        Args:
            claim: the listing.
            items: what it found.
            cursor: its place, or None.
            skipped: (name, why) of what it left out.

        Raises:
            StaleClaimError: the listing is held by a newer attempt, or has ended.
        """
        item_id = int(claim.item_id)
        page = [
            NewItemFacts(
                ItemKind.MEDIA,
                it.source_uri,
                it.title,
                f"media:{it.source_key}",
                it.facts,
                host_of(it.source_uri),
                _PLACES.get(it.facts.get("priority", ""), Priority.BATCH),
            )
            for it in items
        ]
        with transaction(self._engine) as connection:
            if not claim_rows.lock_held(connection, item_id, claim.fence):
                raise stale(claim)
            added = add_page(connection, claim, page)
            skipped_rows.add_skipped(connection, int(claim.job_id), skipped)
            if cursor is not None:
                claim_rows.store_cursor(connection, item_id, cursor)
            if added.n_total:
                job_rows.append_change(connection, int(claim.job_id), added)
                item_rows.ring(connection)
                progress_rows.ring(connection, {(int(claim.job_id), claim.account_id)})
        return added.n_total

    def finish(self, claim: ItemClaim, result: ItemResult | None = None) -> None:
        """End an attempt well: a medium with its result, a listing without.

        Twice is once: the second call finds its own end and returns.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was changed.
            ObjectStoreError: a file of the result was swept meanwhile: put it again.
        """
        self._ender.end(claim, end_of_success(result), result)

    def decide_retry(
        self,
        claim: ItemClaim,
        failure: Failure,
        cause: AttemptEnd = AttemptEnd.FAILED,
        retry_after_s: float | None = None,
    ) -> RetryDecision | None:
        """Return when `fail` should try the item again, or None: it is final and gets a report."""
        return retry_decision(failure, cause, claim.tries, self._rng, retry_after_s)

    def fail(
        self,
        claim: ItemClaim,
        failure: Failure,
        cause: AttemptEnd = AttemptEnd.FAILED,
        retry: RetryDecision | None = None,
        result: ItemResult | None = None,
    ) -> ItemState:
        """End an attempt badly: try again as `retry` says, or, without one, for good.

        Args:
            claim: the attempt.
            failure: what people are told.
            cause: how it ended; CANCELLED ends the item as cancelled.
            retry: from `decide_retry`.
            result: a failed item has a report too, where it is final.

        Returns:
            Where the item stands now.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was changed.
        """
        end = end_of_failure(failure, cause, retry)
        state = self._ender.end(claim, end, result if end.state == ItemState.FAILED else None)
        if claim.host and retry is not None and retry.asked_pause_s > 0:
            with transaction(self._engine) as connection:
                host_rows.block_host(connection, claim.host, retry.asked_pause_s)
        return state

    def release(self, claim: ItemClaim) -> ItemState:
        """Give an item back unharmed; of a cancelled job it ends as cancelled.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was changed.
        """
        return self._ender.end(claim, GIVEN_BACK)

    def tend(self) -> int:
        """Fold counters, reclaim expired claims, cancel latecomers; return how many were reclaimed.

        Call it at least four times a lease from every worker; they do not get in each other's way.
        """
        return self._tender.tend()

    def reclaim_expired(self) -> int:
        """Give items whose lease is over to others; return how many (see `jobs.tending`)."""
        return self._tender.reclaim_expired()

    def close(self) -> None:
        """Stop listening for work."""
        self._bell.close()
