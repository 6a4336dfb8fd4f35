"""The people's side of the queue: submit, look, cancel, pause, resume, retry.

Nothing here holds a claim; what workers do is in `work_queue.py`. All state is in the database.
"""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, Engine

from jobs.hosts import host_of
from jobs.queue_values import to_attempt, to_job, to_status
from jobs.quota import QUOTA_USED_UP, refusal, require_begin, room_for_items
from jobs.spec import Attempt, ItemStatus, Job, JobSpec
from jobs.uploads import is_upload, upload_items
from pipeline.errors import AccessError, InputError, SourceNotFoundError
from storage import (
    archive_rows,
    item_rows,
    job_rows,
    progress_rows,
    quota_rows,
    report_rows,
    secret_rows,
    skipped_rows,
    upload_rows,
)
from storage.account_rows import DEFAULT_ACCOUNT, require_account
from storage.database import transaction
from storage.item_rows import NewItemFacts, RetriedFacts
from storage.job_rows import CountChange, JobFacts, NewJobFacts
from storage.quota_rows import Spending
from storage.report_rows import StoredReport
from storage.secret_rows import SealedSecret
from storage.states import ItemKind, Priority

ROWS_A_BATCH = 2000  # items changed in one transaction: locks stay short
PAGE_ITEMS = 500


class JobDesk:
    """Where jobs are handed in and asked about; holds no state but its database."""

    def __init__(self, engine: Engine) -> None:
        """Use the queue in a migrated database."""
        self._engine = engine

    def submit(
        self,
        spec: JobSpec,
        account_id: str = "default",
        secrets: Sequence[SealedSecret] = (),
        key_id: str | None = None,
    ) -> Job:
        """Queue a job; it starts with one listing for each source.

        Args:
            spec: what is asked for.
            account_id: whose job.
            secrets: sealed cookies and proxy, which `spec.source_options` names by their ids.
            key_id: the API key that asks; its items count for it too.

        Raises:
            InputError: there is no such account.
            AccessError: nothing is left of items, sound or storage (`quota_used_up`).
        """
        with transaction(self._engine) as connection:
            return submit_job(connection, spec, account_id, secrets, key_id)

    def job_status(self, job_id: str) -> Job:
        """Return a job as it stands, counters exact.

        Raises:
            SourceNotFoundError: there is no such job.
        """
        with transaction(self._engine) as connection:
            return to_job(_require_job(connection, job_id))

    def list_jobs(
        self, account_id: str = "default", most: int = 50, before: str | None = None
    ) -> list[Job]:
        """Return an account's jobs, newest first."""
        with transaction(self._engine) as connection:
            page = job_rows.read_jobs(connection, account_id, most, int(before) if before else None)
        return [to_job(facts) for facts in page]

    def has_open_work(self, detectors: Collection[str] = ()) -> bool:
        """Tell whether a worker with these detectors has to do, now or later, in an unpaused job."""
        with transaction(self._engine) as connection:
            return item_rows.has_open_work(connection, detectors)

    def list_items(self, job_id: str) -> Iterator[ItemStatus]:
        """Return a job's items in the order in which they were listed, read page by page.

        Raises:
            SourceNotFoundError: there is no such job.
        """
        with transaction(self._engine) as connection:
            number = _require_job(connection, job_id).job_id
        return self._walk_items(number)

    def item_status(self, item_id: str) -> ItemStatus:
        """Return one item.

        Raises:
            SourceNotFoundError: there is no such item.
        """
        facts = None
        if _is_id(item_id):
            with transaction(self._engine) as connection:
                facts = item_rows.read_item(connection, int(item_id))
        if facts is None:
            raise SourceNotFoundError(f"There is no item {item_id}.", "item_not_found")
        return to_status(facts)

    def item_attempts(self, item_id: str) -> list[Attempt]:
        """Return how an item's attempts ended, oldest first; none for an item that is not there."""
        if not _is_id(item_id):
            return []
        with transaction(self._engine) as connection:
            rows = item_rows.read_attempts(connection, int(item_id))
        return [to_attempt(row) for row in rows]

    def keep_secrets(
        self, secrets: Sequence[SealedSecret], account_id: str = DEFAULT_ACCOUNT
    ) -> None:
        """Keep sealed secrets of an account itself, for jobs that come again."""
        with transaction(self._engine) as connection:
            for secret in secrets:
                secret_rows.insert_secret(connection, account_id, None, secret)

    def skipped(self, job_id: str) -> list[tuple[str, str]]:
        """Return (name, why) of what a job's listings left out.

        Raises:
            SourceNotFoundError: there is no such job.
        """
        with transaction(self._engine) as connection:
            number = _require_job(connection, job_id).job_id
            return skipped_rows.read_skipped(connection, number)

    def reports_of(self, job_id: str) -> Iterator[StoredReport]:
        """Return a job's committed reports, read page by page.

        Raises:
            SourceNotFoundError: there is no such job.
        """
        with transaction(self._engine) as connection:
            number = _require_job(connection, job_id).job_id
        return report_rows.reports_of(self._engine, number)

    def cancel(self, job_id: str) -> Job:
        """Cancel what waits now and tell running items at their next heartbeat; twice is once.

        Raises:
            SourceNotFoundError: there is no such job.
            InputError: the job is over (`job_over`); its end stays what it was.
        """
        with transaction(self._engine) as connection:
            number = _require_job(connection, job_id).job_id
            job_rows.lock_job(connection, number)  # `retry_failed` waits, or was before us
            facts = _require_job(connection, job_id)
            if facts.cancelled_at is None and to_job(facts).is_over:
                raise InputError(f"Job {job_id} is already over.", "job_over")
            job_rows.mark_job(connection, number, cancelled=True)
        self.cancel_waiting(number)
        return self._changed(job_id)

    def set_priority(self, job_id: str, priority: Priority) -> Job:
        """Give a job another priority; what runs goes on.

        Raises:
            SourceNotFoundError: there is no such job.
        """
        with transaction(self._engine) as connection:
            number = _require_job(connection, job_id).job_id
            job_rows.set_priority(connection, number, priority)
            item_rows.ring(connection)
        return self._changed(job_id)

    def pause(self, job_id: str) -> Job:
        """Claim nothing more of a job; running items are told at their next heartbeat."""
        return self._set_paused(job_id, paused=True)

    def resume(self, job_id: str) -> Job:
        """Let a paused job go on."""
        return self._set_paused(job_id, paused=False)

    def retry_failed(self, job_id: str, code: str = "") -> Job:
        """Queue a job's failed items again, all or those with a code, with a clean count of tries.

        Raises:
            SourceNotFoundError: there is no such job.
            InputError: the job was cancelled.
            AccessError: only items that a quota refused failed, and nothing is left
                (`quota_used_up`).
        """
        with transaction(self._engine) as connection:
            number = _require_job(connection, job_id).job_id
            job_rows.lock_job(connection, number)  # the folder waits, and sees what is added here
            if _require_job(connection, job_id).cancelled_at is not None:
                raise InputError(
                    f"Job {job_id} was cancelled: submit it again instead.", "job_cancelled"
                )
            archive_rows.restore_failed(connection, number)
            retried = _retry_within_quota(connection, number, code)
            for again in retried:
                n_lists = again.n_items if again.kind == ItemKind.LIST else 0
                change = CountChange(  # a failed listing was counted as an item
                    n_listing=n_lists,
                    n_total=-n_lists,
                    n_failed=-again.n_items,
                    outcome=job_rows.failed_as(again.error_code),
                )
                job_rows.append_change(connection, number, change)
            if retried:
                job_rows.reopen_job(connection, number)
                item_rows.ring(connection)
        return self._changed(job_id)

    def cancel_waiting(self, job_id: int) -> None:
        """Cancel what waits of a job that is marked as cancelled, a batch at a time."""
        while True:
            with transaction(self._engine) as connection:
                kinds = item_rows.cancel_waiting(connection, job_id, ROWS_A_BATCH)
                n_lists = kinds.count(ItemKind.LIST)
                change = CountChange(n_listing=-n_lists, n_cancelled=len(kinds) - n_lists)
                if kinds:
                    job_rows.append_change(connection, job_id, change)
            if len(kinds) < ROWS_A_BATCH:
                return

    def _set_paused(self, job_id: str, *, paused: bool) -> Job:
        with transaction(self._engine) as connection:
            number = _require_job(connection, job_id).job_id
            job_rows.mark_job(connection, number, paused=paused)
            if not paused:
                item_rows.ring(connection)
        return self._changed(job_id)

    def _changed(self, job_id: str) -> Job:
        """Return a job that was just changed; tell whoever watches it."""
        with transaction(self._engine) as connection:
            facts = _require_job(connection, job_id)
            progress_rows.ring(connection, {(facts.job_id, facts.account_id)})
        return to_job(facts)

    def _walk_items(self, job_id: int) -> Iterator[ItemStatus]:
        after = 0
        while True:
            with transaction(self._engine) as connection:
                page = item_rows.read_items(connection, job_id, after, PAGE_ITEMS)
            yield from map(to_status, page)
            if len(page) < PAGE_ITEMS:
                return
            after = page[-1].item_id


def submit_job(
    connection: Connection,
    spec: JobSpec,
    account_id: str,
    secrets: Sequence[SealedSecret] = (),
    key_id: str | None = None,
) -> Job:
    """Queue a job inside the caller's transaction; see `JobDesk.submit`."""
    n_uploads = sum(map(is_upload, set(spec.sources)))  # the items that are known already
    require_begin(connection, account_id, key_id, n_uploads or 1)
    job_id = enter_job(connection, spec, account_id, key_id)
    for secret in secrets:
        secret_rows.insert_secret(connection, account_id, job_id, secret)
    facts = job_rows.read_job(connection, job_id)
    assert facts is not None  # written above
    return to_job(facts)


def enter_job(
    connection: Connection, spec: JobSpec, account_id: str, key_id: str | None = None
) -> int:
    """Write a job and its listings inside the caller's transaction; return its id.

    Quotas are the caller's to ask: a sweep's job is entered in any case, and its items are refused
    by name.

    Raises:
        InputError: there is no such account, or an upload is not whole.
        SourceNotFoundError: an upload is not there, or is another account's.
    """
    require_account(connection, account_id)
    job_id = job_rows.insert_job(
        connection,
        NewJobFacts(
            account_id,
            spec.name,
            spec.sources,
            spec.priority,
            spec.options,
            spec.max_running,
            may_reuse=not spec.fresh,
            keep_media_days=spec.keep_media_days,
            keep_report_days=spec.keep_report_days,
            key_id=key_id,
            detector=spec.detector,
        ),
    )
    uploads = upload_items(connection, account_id, spec.sources, spec.source_options)
    n_media = sum(it.kind is ItemKind.MEDIA for it in uploads)
    upload_rows.use_uploads(connection, [it.facts["upload_id"] for it in uploads], job_id)
    listings = [
        NewItemFacts(
            ItemKind.LIST,
            source,
            source,
            f"list:{number}",
            spec.source_options.to_facts(),
            host_of(source),
        )
        for number, source in enumerate(spec.sources)
        if not is_upload(source)
    ]
    item_rows.insert_items(connection, job_id, account_id, listings + uploads)
    if n_media:
        quota_rows.add_use(connection, account_id, key_id, Spending(n_items=n_media))
    n_listing = len(listings) + len(uploads) - n_media
    change = CountChange(n_listing=n_listing, n_total=n_media)
    job_rows.append_change(connection, job_id, change)
    item_rows.ring(connection)
    progress_rows.ring(connection, {(job_id, account_id)})
    return job_id


def _retry_within_quota(connection: Connection, job_id: int, code: str) -> list[RetriedFacts]:
    """Make failed items ready again; those that a quota refused before, as far as it leaves room."""
    n_refused = item_rows.count_refused(connection, job_id, code)
    if not n_refused:
        return item_rows.retry_failed(connection, job_id, 0, code)
    account_id, key_id = job_rows.owner_of_job(connection, job_id)
    limit = room_for_items(quota_rows.lock_standings(connection, account_id, key_id))
    n_paid = n_refused if limit is None else min(n_refused, int(limit.left or 0))
    retried = item_rows.retry_failed(connection, job_id, n_paid, code)
    if limit is not None and not retried:
        raise AccessError(refusal(limit), QUOTA_USED_UP, limit.reset_s)
    if n_paid:
        quota_rows.add_use(connection, account_id, key_id, Spending(n_items=n_paid))
    return retried


def _require_job(connection: Connection, job_id: str) -> JobFacts:
    facts = None
    if _is_id(job_id):
        facts = job_rows.read_job(connection, int(job_id))
    if facts is None:
        raise SourceNotFoundError(f"There is no job {job_id}.", "job_not_found")
    return facts


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
