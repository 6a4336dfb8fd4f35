"""Delete media and reports: on request, or by the rule of a job or of the installation.

Each item goes in a transaction of its own, with a tombstone and a row of the audit log; whatever is
interrupted goes on with the next call. Objects follow later: the sweep takes those that nobody names.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event

from sqlalchemy import Engine

from pipeline.errors import InputError, SourceNotFoundError
from storage import retention_rows, upload_rows
from storage.audit_rows import AuditEntry, append_audit
from storage.database import transaction
from storage.job_rows import read_job
from storage.retention_rows import Deletion, Tombstone

PAGE_ITEMS = 500


@dataclass(frozen=True, slots=True)
class KeepRule:
    """How many days things are kept where their job says nothing; None: for ever."""

    media_days: int | None
    report_days: int | None


@dataclass(frozen=True, slots=True)
class _Outcome:
    is_final: bool | None  # False: the item is worked on; None: there is none
    tombstones: tuple[Tombstone, ...] = ()


def delete_item(
    engine: Engine, item_id: str, asked_by: str, *, only_media: bool = False
) -> tuple[Tombstone, ...]:
    """Delete an item's medium and report; return what was there, nothing the second time.

    Raises:
        SourceNotFoundError: there is no such item (`item_not_found`).
        InputError: it is still worked on (`item_running`).
    """
    number = int(item_id) if item_id.isdecimal() and len(item_id) < 19 else -1
    deletion = Deletion("request", asked_by)
    outcome = _delete(engine, number, deletion, media=True, report=not only_media)
    if outcome.is_final is None:
        raise SourceNotFoundError(f"There is no item {item_id}.", "item_not_found")
    if not outcome.is_final:
        raise InputError(
            f"Item {item_id} is still being worked on: wait for its end, or cancel its job.",
            "item_running",
        )
    return outcome.tombstones


def delete_job(
    engine: Engine, job_id: str, asked_by: str, *, only_media: bool = False
) -> Iterator[tuple[Tombstone, ...]]:
    """Delete the media and reports of a job, item by item, as the result is walked.

    Raises:
        SourceNotFoundError: there is no such job (`job_not_found`).
        InputError: it is not over (`item_running`); nothing was deleted.
    """
    number = int(job_id) if job_id.isdecimal() and len(job_id) < 19 else -1
    with transaction(engine) as connection:
        job = read_job(connection, number)
    if job is None:
        raise SourceNotFoundError(f"There is no job {job_id}.", "job_not_found")
    if job.n_listing or job.n_total > job.n_done + job.n_failed + job.n_cancelled:
        raise InputError(f"Job {job_id} is not over: cancel it, then delete it.", "item_running")
    deletion = Deletion("request", asked_by)

    def page(after: int) -> list[int]:
        with transaction(engine) as connection:
            return retention_rows.items_of_job(connection, number, after, PAGE_ITEMS)

    for item_id in _walk(page):
        yield _delete(engine, item_id, deletion, media=True, report=not only_media).tombstones


@dataclass(frozen=True, slots=True)
class Expired:
    """How much a rule deleted."""

    n_media: int
    n_reports: int


def apply_rule(engine: Engine, rule: KeepRule, stop: Event | None = None) -> Expired:
    """Delete what has been kept long enough.

    Several at once share the work. An item that is worked on is left for the next time.
    """
    deletion = Deletion("rule", "")
    gone = {True: 0, False: 0}

    def media_page(after: int) -> list[int]:
        with transaction(engine) as connection:
            return retention_rows.due_media(connection, rule.media_days, after, PAGE_ITEMS)

    def report_page(after: int) -> list[int]:
        with transaction(engine) as connection:
            return retention_rows.due_reports(connection, rule.report_days, after, PAGE_ITEMS)

    for is_media, page in ((True, media_page), (False, report_page)):
        for item_id in _walk(page):
            if stop is not None and stop.is_set():
                break
            outcome = _delete(engine, item_id, deletion, media=is_media, report=not is_media)
            gone[is_media] += len(outcome.tombstones)
    return Expired(gone[True], gone[False])


def _walk(page: Callable[[int], list[int]]) -> Iterator[int]:
    after = 0
    while ids := page(after):
        yield from ids
        after = ids[-1]


def _delete(
    engine: Engine, item_id: int, deletion: Deletion, *, media: bool, report: bool
) -> _Outcome:
    """Delete in one transaction."""
    with transaction(engine) as connection:
        is_final = retention_rows.lock_final(connection, item_id)
        if not is_final:
            return _Outcome(is_final)
        gone = [
            delete(connection, item_id, deletion)
            for delete, is_asked in (
                (retention_rows.delete_media, media),
                (retention_rows.delete_report, report),
            )
            if is_asked
        ]
        if media:
            upload_rows.drop_upload_of_item(connection, item_id)
        found = tuple(tombstone for tombstone in gone if tombstone is not None)
        append_audit(connection, [_entry(tombstone, deletion) for tombstone in found])
    return _Outcome(is_final, found)


def _entry(tombstone: Tombstone, deletion: Deletion) -> AuditEntry:
    facts = {
        "why": deletion.why,
        "asked_by": deletion.asked_by,
        "media_sha256": tombstone.media_sha256 or "",
        "findings_sha256": tombstone.findings_sha256 or "",
        **{f"file {name}": sha256 for name, sha256 in tombstone.files.items()},
    }
    return AuditEntry(
        f"{tombstone.what}_deleted",
        tombstone.account_id,
        tombstone.job_id,
        tombstone.item_id,
        {name: fact for name, fact in facts.items() if fact},
    )
