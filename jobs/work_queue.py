"""The workers' side of the queue: claim, heartbeat, finish, fail, release (DESIGN.md §7).

The fence alone decides who may write; the lease only decides who may be reclaimed. Every write for
an item is one transaction whose first statement is the fenced update, so a late attempt gets
`StaleClaimError` and changes nothing. All state is in the database: a queue object may be made in
every process and thread that needs one. What people do with jobs is in `job_desk.py`.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from threading import Event

import numpy as np
from sqlalchemy import Connection, Engine

from jobs.audit_entries import ended_entry, started_entry
from jobs.earlier import EarlierAnalyses
from jobs.end_counts import count_end
from jobs.fair_claim import ClaimRules, claim_fairly
from jobs.hosts import host_of
from jobs.job_desk import JobDesk
from jobs.new_media import add_page, with_sealed
from jobs.notices import note_item
from jobs.queue_values import to_claim
from jobs.quota import QuotaDesk
from jobs.retry import (
    GIVE_UP_AFTER_LOSSES,
    TRIES_TO_REPORT,
    Count,
    RetryDecision,
    counted_as,
    retry_decision,
)
from jobs.spec import (
    Beat,
    BeatReply,
    ItemClaim,
    ItemResult,
    NewItem,
)
from pipeline.errors import (
    DatabaseError,
    ObjectStoreError,
    StaleClaimError,
    WorkerLostError,
)
from pipeline.vocabulary import Failure
from storage import (
    claim_rows,
    host_rows,
    item_rows,
    job_rows,
    object_rows,
    progress_rows,
    report_rows,
    secret_rows,
    skipped_rows,
)
from storage.audit_rows import append_audit
from storage.claim_rows import BeatFacts, ClaimOrder, EndedFacts, ExpiredFacts, ItemEnd
from storage.database import transaction
from storage.embedding_rows import SearchLimits, write_embeddings
from storage.item_rows import NewItemFacts
from storage.report_rows import Basis, StoredFile
from storage.states import AttemptEnd, ItemKind, ItemState, Priority
from storage.work_bell import WorkBell

LEASE_S = 15.0
TENDS_A_LEASE = 4  # `tend` at least this often, or its pauses look like outages of the database
ROWS_A_BATCH = 2000  # claims reclaimed in one transaction: locks stay short

# a list may say which of its items are looked at first
_PLACES = {priority.name.lower(): priority for priority in Priority}

_log = logging.getLogger(__name__)


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
        self._search = search or SearchLimits()
        self._bell = WorkBell(engine, may_listen=may_listen)
        self.desk = JobDesk(engine)  # what people do, in the same database
        self.earlier = EarlierAnalyses(engine)
        self.quota = QuotaDesk(engine)

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
        order = ClaimOrder(
            0, worker_id, self.lease_s, limit, kind, detectors=tuple(sorted(detectors))
        )
        with transaction(self._engine) as connection:
            claimed = claim_fairly(connection, order, self._rules)
            append_audit(connection, [started_entry(facts) for facts in claimed])
            return with_sealed(connection, [to_claim(it, self.lease_s) for it in claimed])

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
        self._tell({(int(beat.claim.job_id), beat.claim.account_id) for beat in by_id.values()})
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
                raise _stale(claim)
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
        verdict = None if result is None else result.report.verdict
        end = ItemEnd(
            state=ItemState.DONE,
            cause=AttemptEnd.DONE,
            stage="",
            verdict=verdict.kind.value if verdict else "",
            reason=verdict.reason.value if verdict else "",
            llr=verdict.llr if verdict else None,
            voiced_s=verdict.voiced_s if verdict else None,
        )
        self._end(claim, end, result)

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
        counted = counted_as(failure, cause)
        if cause == AttemptEnd.CANCELLED:
            state = ItemState.CANCELLED
        elif retry is None:
            state = ItemState.FAILED
        else:
            state = ItemState.DEFERRED if retry.delay_s > 0 else ItemState.READY
        end = ItemEnd(
            state=state,
            cause=cause,
            code=failure.code,
            message=failure.message,
            stage=failure.stage,
            delay_s=retry.delay_s if retry else 0.0,
            adds_crash=counted is Count.CRASH,
            adds_failure=counted is Count.FAILURE,
            adds_loss=counted is Count.LOSS,
            adds_outage=counted is Count.OUTAGE,
        )
        state = self._end(claim, end, result if state == ItemState.FAILED else None)
        if claim.host and retry is not None and retry.asked_pause_s > 0:
            with transaction(self._engine) as connection:
                host_rows.block_host(connection, claim.host, retry.asked_pause_s)
        return state

    def release(self, claim: ItemClaim) -> ItemState:
        """Give an item back unharmed; of a cancelled job it ends as cancelled.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was changed.
        """
        return self._end(claim, ItemEnd(ItemState.READY, AttemptEnd.RELEASED, stage=None), None)

    # what some worker does now and then

    def tend(self) -> int:
        """Fold counters, reclaim expired claims, cancel latecomers; return how many were reclaimed.

        Call it at least four times a lease from every worker; they do not get in each other's way.
        """
        with transaction(self._engine) as connection:
            job_rows.fold_changes(connection)
            host_rows.forget_full(connection, self._rules.host)
            secret_rows.forget_old(connection)
        with transaction(self._engine) as connection:
            late = item_rows.cancelled_jobs_with_work(connection)
        for job_id in late:
            self.desk.cancel_waiting(job_id)
        return self.reclaim_expired()

    def reclaim_expired(self) -> int:
        """Give items whose lease is over to others; return how many.

        After a gap in tending, such as an outage of the database, nothing is reclaimed for one
        lease: holders that are well renew their leases first.
        """
        with transaction(self._engine) as connection:
            may_reclaim = claim_rows.beat_pulse(
                connection, gap_s=self.lease_s * 2 / TENDS_A_LEASE, grace_s=self.lease_s
            )
        if not may_reclaim:
            return 0
        with transaction(self._engine) as connection:
            expired = claim_rows.lock_expired(connection, ROWS_A_BATCH)
            entries = []
            for item in expired:
                end = _lost(item)
                ended = claim_rows.end_attempt(connection, item.item_id, item.fence, end)
                assert ended is not None  # locked above
                count_end(connection, ended, end)
                entries.append(ended_entry(ended, end, item.fence, None))
            if expired:
                item_rows.ring(connection)
            append_audit(connection, entries)
        if expired:
            _log.warning("expired claims reclaimed", extra={"n_items": len(expired)})
        return len(expired)

    def close(self) -> None:
        """Stop listening for work."""
        self._bell.close()

    def _end(self, claim: ItemClaim, end: ItemEnd, result: ItemResult | None) -> ItemState:
        try:
            return self._end_once(claim, end, result)
        except (StaleClaimError, ObjectStoreError):
            if result is not None:  # its files were put, maybe long after they were swept
                with suppress(DatabaseError), transaction(self._engine) as connection:
                    object_rows.leave_to_sweep(connection, [file.key for file in result.files])
            raise

    def _end_once(self, claim: ItemClaim, end: ItemEnd, result: ItemResult | None) -> ItemState:
        item_id = int(claim.item_id)
        with transaction(self._engine) as connection:
            ended = claim_rows.end_attempt(connection, item_id, claim.fence, end)
            if ended is None:
                cause = claim_rows.read_attempt_end(connection, item_id, claim.fence)
                if cause == end.cause:
                    return end.state  # this very call was committed before, its answer was lost
                raise _stale(claim)
            if result is not None:
                _write_result(connection, ended, result)
                write_embeddings(connection, ended, result.report, self._search)
                if result.report.verdict is not None:
                    note_item(connection, ended, result.report.verdict, claim.title)
            count_end(connection, ended, end)
            if ended.state == ItemState.READY:
                item_rows.ring(connection)
            append_audit(connection, [ended_entry(ended, end, claim.fence, result)])
        self._tell({(ended.job_id, ended.account_id)})
        return ended.state

    def _tell(self, changed: set[tuple[int, str]]) -> None:
        """Tell whoever watches these jobs; what is not told is seen at the next look."""
        with suppress(DatabaseError), transaction(self._engine) as connection:
            progress_rows.ring(connection, changed)


def _write_result(connection: Connection, item: EndedFacts, result: ItemResult) -> None:
    files = [
        StoredFile(
            file.kind, file.key, file.sha256, file.size_bytes, file.file_name, file.content_type
        )
        for file in result.files
    ]
    missing = object_rows.share_objects(connection, [file.key for file in files])
    if missing:
        raise ObjectStoreError(
            f"{len(missing)} files of the report of item {item.item_id} were swept: put them again.",
            "object_swept",
        )
    basis = Basis(result.basis_sha256 or None, result.reused_item_id)
    report_rows.write_analysis(connection, item, result.report, basis)
    report_rows.write_report(connection, item, result.document, result.findings_sha256, files)


def _lost(item: ExpiredFacts) -> ItemEnd:
    """Return the end of an attempt whose worker is gone; an item given up is owed its report."""
    n_losses = item.n_losses + 1
    is_given_up = n_losses >= GIVE_UP_AFTER_LOSSES
    has_report = item.kind == ItemKind.MEDIA and n_losses < GIVE_UP_AFTER_LOSSES + TRIES_TO_REPORT
    message = (
        f"The worker was lost {n_losses} times while it held this item."
        if is_given_up
        else "The worker that held the item stopped sending signs of life."
    )
    return ItemEnd(
        state=ItemState.FAILED if is_given_up and not has_report else ItemState.READY,
        cause=AttemptEnd.DRIVER_LOST,
        code=WorkerLostError.default_code,
        message=message,
        stage=None,
        adds_loss=True,
        report_owed=message if is_given_up and has_report else "",
    )


def _stale(claim: ItemClaim) -> StaleClaimError:
    return StaleClaimError(
        f"Attempt {claim.attempt} of item {claim.item_id} no longer holds it; nothing was changed."
    )
