"""Ends one attempt: one transaction, the fenced update first, the audit log with the commit last."""

from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

from jobs.audit_entries import ended_entry
from jobs.notices import note_item
from jobs.spec import ItemClaim, ItemResult
from pipeline.errors import DatabaseError, ObjectStoreError, StaleClaimError
from storage import (
    end_rows,
    object_rows,
    progress_rows,
    provisional_rows,
    report_rows,
)
from storage.audit_rows import append_audit, hashed_facts
from storage.database import STEADY, committing, kept_plans, one_trip, send, transaction
from storage.embedding_rows import SearchLimits, write_embeddings
from storage.end_rows import EndedFacts, ItemEnd, LastWords
from storage.report_rows import Basis, StoredFile
from storage.states import ItemState


@dataclass(frozen=True, slots=True)
class Ender:
    """Writes how attempts end, with what they found."""

    engine: Engine
    search: SearchLimits

    def end(self, claim: ItemClaim, end: ItemEnd, result: ItemResult | None = None) -> ItemState:
        """End an attempt; return where the item stands. Twice is once.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was changed.
            ObjectStoreError: a file of the result was swept meanwhile: put it again.
        """
        try:
            return self._end_once(claim, end, result)
        except (StaleClaimError, ObjectStoreError):
            if result is not None:  # its files were put, maybe long after they were swept
                with suppress(DatabaseError), transaction(self.engine) as connection:
                    object_rows.leave_to_sweep(connection, [file.key for file in result.files])
            raise

    def _end_once(self, claim: ItemClaim, end: ItemEnd, result: ItemResult | None) -> ItemState:
        ended = self._end_barely(claim, end) if result is None else self._end(claim, end, result)
        if ended is not None:
            return ended.state
        with transaction(self.engine) as connection:
            cause = end_rows.read_attempt_end(connection, int(claim.item_id), claim.fence)
            if cause == end.cause:  # this very call was committed before, its answer was lost
                with committing(connection):
                    pass  # what it committed is on disk now at the latest
                return end.state
        raise stale(claim)

    def _end_barely(self, claim: ItemClaim, end: ItemEnd) -> EndedFacts | None:
        """End an attempt that has no result, all in one round trip; None: it is late."""
        item_id = int(claim.item_id)
        ended = EndedFacts(item_id, int(claim.job_id), claim.account_id, claim.kind, end.state)
        cancelled = replace(ended, state=ItemState.CANCELLED)
        words = LastWords(
            *(hashed_facts(ended_entry(it, end, claim.fence, None)) for it in (ended, cancelled))
        )
        with transaction(self.engine) as connection, committing(connection):
            send(connection, STEADY)
            asked = end_rows.ask_end(connection, item_id, claim.fence, end, words)
            provisional_rows.forget(connection, item_id, claim.fence)
        return end_rows.ended_by(asked)

    def _end(self, claim: ItemClaim, end: ItemEnd, result: ItemResult) -> EndedFacts | None:
        """End an attempt and write what it found; None: it is late."""
        item_id = int(claim.item_id)
        with transaction(self.engine) as connection:
            ended = end_rows.end_attempt(connection, item_id, claim.fence, end)
            if ended is None:
                return None
            with kept_plans(connection):
                _write_analysis(connection, ended, result)
            with committing(connection):
                with kept_plans(connection):
                    _write_report(connection, ended, result)
                    write_embeddings(connection, ended, result.report, self.search)
                    if result.report.verdict is not None:
                        note_item(connection, ended, result.report.verdict, claim.title)
                provisional_rows.forget(connection, item_id, claim.fence)
                progress_rows.ring(connection, {(ended.job_id, ended.account_id)})
                append_audit(connection, [ended_entry(ended, end, claim.fence, result)])
        return ended


def stale(claim: ItemClaim) -> StaleClaimError:
    """Return what a late attempt is told."""
    return StaleClaimError(
        f"Attempt {claim.attempt} of item {claim.item_id} no longer holds it; nothing was changed."
    )


def _write_analysis(connection: Connection, item: EndedFacts, result: ItemResult) -> None:
    """Write what was found, once the files of its report are known to be there."""
    keys = {file.key for file in result.files}
    with one_trip(connection):
        shared = object_rows.ask_shared(connection, sorted(keys))
        report_rows.write_sources(connection, item, result.report)
    missing = keys - {row["key"] for row in shared}
    if missing:
        raise ObjectStoreError(
            f"{len(missing)} files of the report of item {item.item_id} were swept: put them again.",
            "object_swept",
        )
    basis = Basis(result.basis_sha256 or None, result.reused_item_id)
    report_rows.write_analysis(connection, item, result.report, basis)


def _write_report(connection: Connection, item: EndedFacts, result: ItemResult) -> None:
    """Write the report and name its files; nothing is read, so that it may go in one trip."""
    files = [
        StoredFile(
            file.kind, file.key, file.sha256, file.size_bytes, file.file_name, file.content_type
        )
        for file in result.files
    ]
    report_rows.write_report(connection, item, result.document, result.findings_sha256, files)
